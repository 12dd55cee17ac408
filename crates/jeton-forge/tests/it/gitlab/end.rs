//! Ending tokens at GitLab, and what every kind of answer is taken for.

use jeton_domain::{Clock as _, Code, Credential, CredentialKind};
use jeton_forge::{AccountForge as _, GitLabAccounts, HttpOptions, TokenEnded};
use jeton_forge_sim::{AccessLevel, FaultKind, FaultRule, GitLabTokenSpec};

use super::{World, accounts_for, credential, outbound, shows};
use crate::{raw::answer_each, world::TestClock};

const END: &str = "DELETE /api/v4/personal_access_tokens/self";

async fn end(t: &World, credential: &Credential) -> TokenEnded {
    t.accounts.end_token(credential, t.clock.now()).await
}

#[tokio::test]
async fn a_token_ends_itself_whatever_its_scope_and_whosever_it_is() {
    let t = World::new().await;
    let group = t.sim.add_group("ops", jeton_forge_sim::Visibility::Private).unwrap();
    for (spec, kind) in [
        (
            GitLabTokenSpec::personal(t.alice).scopes(["read_user"]),
            CredentialKind::GitLabPersonal,
        ),
        (
            GitLabTokenSpec::project(t.project, AccessLevel::Guest),
            CredentialKind::GitLabProject,
        ),
        (
            GitLabTokenSpec::group(group, AccessLevel::Guest),
            CredentialKind::GitLabGroup,
        ),
    ] {
        let token = t.sim.add_token(&spec).unwrap();
        let credential = Credential {
            kind,
            ..t.credential(&token.token)
        };
        assert_eq!(t.accounts.cannot_end(&credential.forge, kind), None);
        assert_eq!(end(&t, &credential).await, TokenEnded::Ended);
        assert!(!t.sim.is_live(&token.token));
        assert_eq!(end(&t, &credential).await, TokenEnded::WasDead, "again does no harm");
    }
    assert_eq!(t.sim.calls().count(END), 6);
}

#[tokio::test]
async fn an_expired_token_was_dead() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    t.sim.expire_token(token.id).unwrap();
    assert_eq!(end(&t, &t.credential(&token.token)).await, TokenEnded::WasDead);
}

#[tokio::test]
async fn other_kinds_are_not_sent_and_a_person_is_told_where() {
    let t = World::new().await;
    for (kind, page) in [
        (CredentialKind::GitLabOAuth, "/-/user_settings/applications"),
        (CredentialKind::GitLabDeploy, "Deploy tokens"),
        (CredentialKind::GitLabRunner, "jeton runner remove"),
        (CredentialKind::GitLabJob, "ends with its job"),
    ] {
        let credential = Credential {
            kind,
            ..t.credential("x")
        };
        let TokenEnded::Unsupported(found) = end(&t, &credential).await else {
            panic!("{kind}");
        };
        assert_eq!(Some(&found), t.accounts.cannot_end(&credential.forge, kind).as_ref());
        assert_eq!(found.code, Code::OldTokenUnsupported);
        assert!(found.remedy.contains(page), "{}", found.remedy);
    }
    assert_eq!(t.sim.calls().total(), 0);
}

#[tokio::test]
async fn what_says_nothing_is_asked_again_later() {
    let t = World::new().await;
    for (kind, lives) in [
        (FaultKind::CutBeforeAnswer, false),
        (FaultKind::CutBeforeHandling, true),
        (FaultKind::BadGateway, true),
        (
            FaultKind::Status {
                status: 503,
                message: "no".to_owned(),
            },
            true,
        ),
        (FaultKind::SecondaryLimit { retry_after: 30 }, true),
    ] {
        let token = t.personal(&["api"]);
        let fault = t.sim.faults().add(FaultRule::new(kind.clone()).on(END));
        let found = accounts_for(&kind)
            .end_token(&t.credential(&token.token), t.clock.now())
            .await;
        t.sim.faults().remove(fault);
        assert!(matches!(found, TokenEnded::Later(_)), "{kind:?}: {found:?}");
        assert_eq!(t.sim.is_live(&token.token), lives, "{kind:?}");
        assert!(!shows(&found, &token.token));
        let again = end(&t, &t.credential(&token.token)).await;
        assert_eq!(again, if lives { TokenEnded::Ended } else { TokenEnded::WasDead });
    }
}

#[tokio::test]
async fn only_gitlabs_own_word_counts() {
    for (response, want) in [
        (
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>Sign in</html>",
            "Later",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n{\"message\":\"No API key found in request\"}",
            "Later",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n{\"error\":\"404 Not Found\"}",
            "Unsupported",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n{\"message\":\"403 Forbidden\"}",
            "Refused",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n{\"error\":\"dpop_error\",\"error_description\":\"no proof\"}",
            "Refused",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n{\"message\":\"401 Unauthorized\"}",
            "WasDead",
        ),
    ] {
        let (url, server) = answer_each(&[response]).await;
        let accounts = GitLabAccounts::new(outbound(HttpOptions::default()));
        let found = accounts
            .end_token(
                &credential(&url.replace("/api/v3", "/lab"), "s3cret"),
                TestClock::new().now(),
            )
            .await;
        let request = server.await.unwrap().remove(0);
        assert!(
            request.starts_with("DELETE /lab/api/v4/personal_access_tokens/self HTTP/1.1"),
            "{request}"
        );
        assert!(format!("{found:?}").starts_with(want), "{response}: {found:?}");
    }
}
