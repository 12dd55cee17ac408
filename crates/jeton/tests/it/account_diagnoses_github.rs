//! GitHub's refusals.

use jeton_forge_sim::{LoginLockout, PersonalTokenSpec, RepoRole, SamlSso};
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    account_diagnoses::{Table, fresh, on_tools},
    account_world::{Forge, with},
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn classic() -> PersonalTokenSpec {
    PersonalTokenSpec::classic(["repo"])
}

fn fine() -> PersonalTokenSpec {
    PersonalTokenSpec::fine_grained("acme", [("contents", "read")])
}

pub(super) async fn github(table: &mut Table) {
    of_tokens(table).await;
    Box::pin(of_organisations(table)).await;
}

/// What is wrong with the token, or with its owner's role.
async fn of_tokens(table: &mut Table) {
    let w = fresh().await;
    let github = w.t.sim.github();
    let given = |token: &str| w.given(Forge::GitHub, token);
    let revoked = w.at_github(classic());
    github.revoke_personal_token(revoked.id);
    let answer = on_tools(&w, given(&revoked.token)).await;
    table.check(
        "GitHub: wrong, expired or revoked, which it does not tell apart",
        "credential.invalid",
        &[],
        &answer,
    );

    let soon = w.at_github(fine().expires_in(2 * DAY));
    w.t.account("soon", given(&soon.token)).await;
    w.t.clock.advance(3 * DAY);
    let checked = w.test("soon").await;
    table.row(
        "GitHub: expired, and its end was known",
        "credential.expired",
        &["2026-11-04"],
        checked["check"]["diagnoses"][0].clone(),
    );

    let nothing = w.at_github(PersonalTokenSpec::classic(["public_repo"]));
    let answer = on_tools(&w, given(&nothing.token)).await;
    table.check(
        "GitHub: private repository, classic token without `repo`",
        "credential.not_visible",
        &["acme/tools", "repo"],
        &answer,
    );
    w.t.sim.github().add_repository("acme", "other", true).unwrap();
    let selected = w.at_github(fine().selected(["other"]));
    let answer = on_tools(&w, given(&selected.token)).await;
    table.check(
        "GitHub: fine-grained token whose selection leaves the repository out",
        "credential.not_visible",
        &["acme/tools"],
        &answer,
    );

    let fine_token = w.at_github(fine());
    let answer = on_tools(&w, given(&fine_token.token)).await;
    table.check(
        "GitHub: fine-grained token without the permission",
        "credential.insufficient_scope",
        &["Administration"],
        &answer,
    );
    let org = w.at_github(PersonalTokenSpec::classic(["public_repo"]));
    github.add_repository("acme", "open", false).unwrap();
    let more = json!({"purposes": ["register_runners"], "repository": "acme/open"});
    let answer = w.t.post("/v1/accounts/test", with(given(&org.token), &more)).await;
    table.check(
        "GitHub: classic token without the scope, public repository",
        "credential.insufficient_scope",
        &["repo"],
        &answer,
    );

    github.add_user("bob");
    github.add_collaborator("acme", "tools", "bob", RepoRole::Read).unwrap();
    let small = github.add_personal_token("bob", classic());
    let answer = on_tools(&w, given(&small.token)).await;
    table.check(
        "GitHub: the owner's role is too small",
        "credential.insufficient_role",
        &["acme/tools", "write for pushing", "admin for registering"],
        &answer,
    );
}

/// What an organisation demands, and a lockout.
async fn of_organisations(table: &mut Table) {
    let w = fresh().await;
    let github = w.t.sim.github();
    let given = |token: &str| w.given(Forge::GitHub, token);
    let token = w.at_github(classic());
    github.change_org_policy("acme", |policy| policy.saml_sso = SamlSso::Required);
    let answer = on_tools(&w, given(&token.token)).await;
    table.check(
        "GitHub: single sign-on not authorised, with its link",
        "credential.sso_required",
        &["acme"],
        &answer,
    );
    github.change_org_policy("acme", |policy| policy.saml_sso = SamlSso::RequiredAndHidden);
    let answer = w.t.post("/v1/accounts/test", given(&token.token)).await;
    table.check(
        "GitHub: single sign-on, lists with parts left out",
        "credential.sso_required",
        &[],
        &answer,
    );
    let answer = on_tools(&w, given(&token.token)).await;
    table.check(
        "GitHub: single sign-on, the repository hidden",
        "credential.not_visible",
        &["acme/tools", "single sign-on"],
        &answer,
    );
    github.change_org_policy("acme", |policy| {
        policy.saml_sso = SamlSso::Off;
        policy.ip_allow_list = Some(Vec::new());
    });
    let answer = on_tools(&w, given(&token.token)).await;
    table.check(
        "GitHub: the address is not on the allow list",
        "credential.ip_not_allowed",
        &["acme"],
        &answer,
    );
    github.change_org_policy("acme", |policy| {
        policy.ip_allow_list = None;
        policy.forbid_classic = true;
    });
    let answer = on_tools(&w, given(&token.token)).await;
    table.check(
        "GitHub: classic tokens forbidden",
        "credential.classic_forbidden",
        &["acme", "fine-grained"],
        &answer,
    );
    github.change_org_policy("acme", |policy| {
        policy.forbid_classic = false;
        policy.max_fine_grained_days = Some(366);
    });
    let forever = w.at_github(fine().expires_in(400 * DAY));
    let answer = on_tools(&w, given(&forever.token)).await;
    table.check(
        "GitHub: fine-grained token that lives too long",
        "credential.lifetime_over_policy",
        &["acme", "366"],
        &answer,
    );
    github.change_org_policy("acme", |policy| {
        policy.max_fine_grained_days = None;
        policy.approve_fine_grained = true;
    });
    let pending = w.at_github(fine());
    let answer = on_tools(&w, given(&pending.token)).await;
    table.check(
        "GitHub: fine-grained token that waits for approval",
        "credential.not_approved",
        &["acme"],
        &answer,
    );

    github.set_login_lockout(Some(LoginLockout {
        after: 1,
        lasts: SignedDuration::from_mins(15),
    }));
    let revoked = w.at_github(classic());
    github.revoke_personal_token(revoked.id);
    on_tools(&w, given(&revoked.token)).await;
    let answer = on_tools(&w, given(&token.token)).await;
    table.check(
        "GitHub: locked out after many bad tries",
        "credential.locked_out",
        &[],
        &answer,
    );
}
