//! What an operator does besides accounts.

use jeton_browser::{PASSWORD, Role};
use serde_json::json;

use crate::stage::{Stage, in_a_browser};

async fn a_client(s: &Stage, script: bool) {
    s.w.t.install("acme", &[]);
    let mut page = s.operator().await;
    page.with_script(script).await;
    page.open("/settings/clients").await;
    page.follow("Add").await;
    page.fill("Name", "ci").await;
    page.press("Add the client").await;
    let key = "[...document.querySelectorAll('main code, main input')].map(e => e.value || e.textContent.trim()).find(t => t.startsWith('jtn'))";
    let key = page.evaluate(key).await;
    let key = key
        .as_str()
        .unwrap_or_else(|| panic!("the key is shown: no"))
        .to_owned();
    page.follow("I have kept it").await;
    assert!(!page.html().await.contains(&key), "it is shown once");

    let ask = || json!({"repositories": ["acme/tools"], "permissions": {"contents": "read"}});
    let refused = s.w.t.post_as(&key, "/v1/tokens", ask()).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    page.open("/settings/policies/explain").await;
    page.choose("A client").await;
    page.fill("The client's name", "ci").await;
    page.select("What they would do", "token.mint").await;
    page.fill("Repositories", "acme/tools").await;
    page.act("Explain").await;
    page.sees("No policy allows it").await;
    s.w.t
        .policy(json!({
            "name": "ci-reads", "callers": {"client": "ci"}, "actions": ["token.mint"], "repositories": ["acme/*"],
            "permissions": {"contents": "read"},
        }))
        .await;
    page.act("Explain").await;
    page.sees("The policy ci-reads allows it").await;
    assert_eq!(s.w.t.post_as(&key, "/v1/tokens", ask()).await.status, 201);

    page.open("/grants").await;
    page.sees("client:ci").await;
    page.sees("acme/tools").await;
    page.open("/settings/clients/ci/revoke").await;
    page.tick("End what it holds, too", true).await;
    page.press("Revoke the client").await;
    assert_eq!(page.status(), 200);
    assert_eq!(s.w.t.post_as(&key, "/v1/tokens", ask()).await.status, 401);
    page.open("/grants").await;
    assert!(
        !page.text().await.contains("acme/tools"),
        "nobody holds anything any more"
    );
    page.open("/record").await;
    assert!(!page.html().await.contains(&key));
    page.open("/record/verify").await;
    page.act("Verify").await;
    page.sees("Nothing was changed").await;
}

in_a_browser! {
    async fn a_client_comes_and_goes(s) {
        a_client(s, true).await;
    }

    async fn a_client_comes_and_goes_without_javascript(s) {
        a_client(s, false).await;
    }

    async fn a_member_is_offered_what_is_theirs(s) {
        let mut page = jeton_browser::Person::signed_in(&s.w.t, &s.chromium, "mia", "member").await.page;
        page.open("/").await;
        for name in ["Users", "Record", "Doctor"] {
            assert!(!page.has(Role::Link, name).await, "{name}");
        }
        for path in ["/record", "/settings/users", "/doctor", "/apps"] {
            assert_eq!(page.open(path).await, 403, "{path}");
            assert!(page.has(Role::Button, "Sign out").await, "the page has its frame");
            assert!(!page.text().await.contains(PASSWORD));
        }
    }
}
