//! What answers tell about a token.

use jeton_forge_sim::{ExpirationForm, PersonalTokenSpec};
use jiff::SignedDuration;

use crate::common::{World, send};

const EXPIRATION: &str = "github-authentication-token-expiration";

#[tokio::test]
async fn scopes_are_told_on_every_answer_to_a_token_that_has_some() {
    let w = World::with_octocat().await;
    let classic = w.classic(["repo", "read:org", "gist"]);
    for (path, status) in [("/", 200), ("/user", 200), ("/repos/acme/none", 404), ("/nowhere", 404)] {
        let answer = w.get(&classic, path).await;
        assert_eq!(answer.status, status, "{path}");
        if path != "/nowhere" {
            assert_eq!(answer.header("x-oauth-scopes"), "gist, read:org, repo", "{path}");
            assert!(answer.has("x-accepted-oauth-scopes"));
        }
    }
    let repo = w.get(&classic, "/repos/acme/tools").await;
    assert_eq!(repo.header("x-accepted-oauth-scopes"), "repo");
    let none = w.get(&w.classic([]), "/user").await;
    assert_eq!(none.header("x-oauth-scopes"), "");
    let oauth = w.make(PersonalTokenSpec::oauth(["user"]));
    assert_eq!(w.get(&oauth, "/").await.header("x-oauth-scopes"), "user");
}

#[tokio::test]
async fn tokens_with_permissions_hear_of_permissions_instead() {
    let w = World::with_octocat().await;
    let fine = w.fine([("contents", "read")]);
    let contents = w.get(&fine, "/repos/acme/tools/contents/").await;
    assert_eq!(contents.header("x-accepted-github-permissions"), "contents=read");
    assert!(!contents.has("x-oauth-scopes") && !contents.has("x-accepted-oauth-scopes"));
    let refused = w.get(&fine, "/repos/acme/tools/actions/secrets").await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("x-accepted-github-permissions"), "secrets=read");
    let app_user = w.make(PersonalTokenSpec::app_user(w.app.id));
    assert_eq!(w.get(&app_user, "/user").await.header("x-oauth-scopes"), "");
}

#[tokio::test]
async fn the_end_of_a_token_is_told_in_either_form_or_not_at_all() {
    let w = World::with_octocat().await;
    let day = SignedDuration::from_hours(24);
    let spec = || PersonalTokenSpec::classic(["repo"]).expires_in(day);
    let utc = w.get(&w.make(spec()), "/user").await;
    assert_eq!(utc.header(EXPIRATION), "2026-06-02 12:00:00 UTC");
    let offset = w.make(spec().expiration_form(ExpirationForm::Offset(2)));
    let offset = w.get(&offset, "/rate_limit").await;
    assert_eq!(offset.header(EXPIRATION), "2026-06-02 14:00:00 +0200");
    let fine = w.make(PersonalTokenSpec::fine_grained("acme", [("contents", "read")]).expires_in(day));
    let refused = w.get(&fine, "/repos/acme/none").await;
    assert_eq!(
        (refused.status.as_u16(), refused.header(EXPIRATION)),
        (404, "2026-06-02 12:00:00 UTC")
    );
    assert!(!w.get(&w.classic([]), "/user").await.has(EXPIRATION));
}

#[tokio::test]
async fn the_version_of_the_api_is_checked_and_echoed() {
    let w = World::with_octocat().await;
    let token = w.classic([]).token;
    let get = |version: &str| {
        let request = w.request("GET", "/user").bearer_auth(&token);
        send(request.header("x-github-api-version", version))
    };
    for version in ["2022-11-28", "2026-03-10"] {
        let answer = get(version).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-github-api-version-selected"), version);
        assert!(answer.has("x-github-request-id"));
    }
    assert_eq!(get("2021-01-01").await.status, 400);
}
