//! What organizations demand of tokens.

use std::net::{IpAddr, Ipv4Addr};

use jeton_forge_sim::{OrgPolicy, PersonalTokenSpec, SamlSso};
use jiff::SignedDuration;
use serde_json::json;

use crate::common::{Answer, World, send};

const TOOLS: &str = "/repos/acme/tools";
const SITE: &str = "/repos/acme/site";
const NO_SSO: &str = "Resource protected by organization SAML enforcement. You must grant your Personal Access token \
                      access to this organization.";

fn change(w: &World, change: impl FnOnce(&mut OrgPolicy)) {
    w.sim.github().change_org_policy("acme", change);
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn sso_url(answer: &Answer) -> &str {
    answer.header("x-github-sso").strip_prefix("required; url=").unwrap()
}

#[tokio::test]
async fn an_unauthorised_token_is_sent_to_single_sign_on() {
    let w = World::with_octocat().await;
    let token = w.classic(["repo", "read:org"]);
    change(&w, |policy| policy.saml_sso = SamlSso::Required);
    for path in [TOOLS, SITE, "/repos/acme/tools/contents/", "/orgs/acme"] {
        let answer = w.get(&token, path).await;
        answer.is(403, NO_SSO);
        assert!(
            sso_url(&answer).starts_with("https://github.com/orgs/acme/sso?authorization_request="),
            "{path}"
        );
    }
    let (first, second) = (w.get(&token, TOOLS).await, w.get(&token, TOOLS).await);
    assert_ne!(sso_url(&first), sso_url(&second));
    assert_eq!(w.get(&token, "/user").await.status, 200);
    w.sim.github().authorize_sso(token.id, "acme", true).unwrap();
    assert_eq!(w.get(&token, TOOLS).await.status, 200);
    w.sim.github().authorize_sso(token.id, "acme", false).unwrap();
    assert_eq!(w.get(&token, TOOLS).await.status, 403);
    assert!(w.sim.github().authorize_sso(token.id, "nowhere", true).is_err());
}

#[tokio::test]
async fn single_sign_on_can_hide_what_is_private() {
    let w = World::with_octocat().await;
    let token = w.classic(["repo"]);
    change(&w, |policy| policy.saml_sso = SamlSso::RequiredAndHidden);
    let hidden = w.get(&token, TOOLS).await;
    hidden.is(404, "Not Found");
    assert!(!hidden.has("x-github-sso"));
    w.get(&token, SITE).await.is(403, NO_SSO);
}

#[tokio::test]
async fn single_sign_on_is_for_members_and_not_for_fine_grained_tokens() {
    let w = World::with_octocat().await;
    change(&w, |policy| policy.saml_sso = SamlSso::Required);
    assert_eq!(w.get(&w.fine([]), TOOLS).await.status, 200);
    let made = w.make(PersonalTokenSpec::classic(["repo"]).sso("acme"));
    assert_eq!(w.get(&made, TOOLS).await.status, 200);
    let stranger = w
        .sim
        .github()
        .add_personal_token("stranger", PersonalTokenSpec::classic(["repo"]));
    assert_eq!(w.get(&stranger, SITE).await.status, 200);
    w.get(&stranger, TOOLS).await.is(404, "Not Found");
    let oauth = w.get(&w.make(PersonalTokenSpec::oauth(["repo"])), TOOLS).await;
    assert_eq!(oauth.message(), NO_SSO.replace("Personal Access token", "OAuth token"));
}

#[tokio::test]
async fn an_address_that_is_not_on_the_list_reads_nothing_with_a_token() {
    let w = World::with_octocat().await;
    let (classic, fine) = (w.classic(["repo"]), w.fine([("contents", "read")]));
    let installation = w.token(&json!({})).await;
    let words = "Although you appear to have the correct authorization credentials, the `acme` organization has an IP \
                 allow list enabled, and your IP address is not permitted to access this resource.";
    change(&w, |policy| {
        policy.ip_allow_list = Some(vec![IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))]);
    });
    for path in [TOOLS, SITE, "/repos/acme/tools/branches/main"] {
        w.get(&classic, path).await.is(403, words);
        w.get(&fine, path).await.is(403, words);
        w.as_token(&installation, "GET", path).await.is(403, words);
    }
    assert_eq!(send(w.request("GET", SITE)).await.status, 200, "without a token");
    assert_eq!(w.get(&classic, "/repos/other/open").await.status, 200);
    change(&w, |policy| {
        policy.ip_allow_list = Some(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    });
    assert_eq!(w.get(&classic, TOOLS).await.status, 200);
}

#[tokio::test]
async fn a_fine_grained_token_that_lives_too_long_is_refused_even_in_public() {
    let w = World::with_octocat().await;
    change(&w, |policy| policy.max_fine_grained_days = Some(366));
    let spec = || PersonalTokenSpec::fine_grained("acme", [("contents", "read")]);
    let long = w.make(spec().expires_in(days(367)));
    for (token, path) in [(&long, TOOLS), (&long, SITE), (&w.make(spec()), SITE)] {
        w.get(token, path).await.is(
            403,
            &format!(
                "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's \
                 lifetime is greater than 366 days. Please adjust your token's lifetime at the following URL: \
                 https://github.com/settings/personal-access-tokens/{}",
                token.id
            ),
        );
    }
    let short = w.make(spec().expires_in(days(366)));
    assert_eq!(w.get(&short, TOOLS).await.status, 200);
    assert_eq!(w.get(&w.classic(["repo"]), TOOLS).await.status, 200);
}

#[tokio::test]
async fn classic_tokens_can_be_forbidden() {
    let w = World::with_octocat().await;
    let token = w.classic(["repo", "read:org"]);
    change(&w, |policy| policy.forbid_classic = true);
    for path in [TOOLS, SITE, "/orgs/acme"] {
        let refused = w.get(&token, path).await;
        assert_eq!(refused.status, 403);
        assert!(
            refused
                .message()
                .starts_with("`acme` forbids access via a personal access token (classic)")
        );
    }
    assert_eq!(w.get(&w.fine([]), TOOLS).await.status, 200);
    assert_eq!(
        w.get(&w.make(PersonalTokenSpec::oauth(["repo"])), TOOLS).await.status,
        200
    );
    let listed = w.get(&token, "/user/repos").await;
    assert_eq!((listed.status.as_u16(), listed.text.as_str()), (200, "[]"));
}

#[tokio::test]
async fn a_fine_grained_token_waits_for_its_approval() {
    let w = World::with_octocat().await;
    let before = w.fine([("contents", "read")]);
    change(&w, |policy| policy.approve_fine_grained = true);
    let token = w.fine([("contents", "read")]);
    assert!(
        w.sim
            .github()
            .personal_tokens()
            .iter()
            .any(|t| t.id == token.id && t.pending && t.live)
    );
    w.get(&token, TOOLS).await.is(404, "Not Found");
    assert_eq!(w.get(&token, SITE).await.status, 200);
    assert_eq!(w.get(&token, "/user").await.status, 200);
    assert_eq!(w.get(&before, TOOLS).await.status, 200);
    assert!(w.sim.github().approve_personal_token(token.id, true));
    assert_eq!(w.get(&token, TOOLS).await.status, 200);
}
