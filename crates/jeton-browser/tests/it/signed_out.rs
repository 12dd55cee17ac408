//! What was typed survives a sign-in that ends, a newer one, and a server that does not answer.

use jeton_browser::{PASSWORD, Page, Person, Role};

use crate::stage::in_a_browser;

const ADD: &str = "/settings/add-client";
const RULES: &str = "/settings/policies/explain";

/// Ends every sign-in of theirs, as another browser does.
async fn sign_in_anew(page: &mut Page, name: &str) {
    page.open("/sign-in").await;
    if page.has(Role::Button, "Sign out").await {
        page.press("Sign out").await;
        page.open("/sign-in").await;
    }
    page.fill("Name", name).await;
    page.fill("Password", PASSWORD).await;
    page.press("Sign in").await;
}

/// Takes the cookie away and leaves the page as it is.
async fn forget(page: &mut Page) {
    page.evaluate(
        "fetch('/sign-out', {method: 'POST', redirect: 'manual', body: new URLSearchParams({csrf: \
         document.querySelector('input[name=csrf]').value})}).then(() => true)",
    )
    .await;
}

/// Signs in from within the page, as another tab does.
async fn sign_in_beside(page: &mut Page, name: &str) {
    page.evaluate(&format!(
        "fetch('/sign-in', {{method: 'POST', redirect: 'manual', body: new URLSearchParams({{name: '{name}', password: \
         '{PASSWORD}'}})}}).then(() => true)"
    ))
    .await;
}

in_a_browser! {
    async fn a_sign_in_that_ended_costs_nothing_that_was_typed(s) {
        let mut page = s.operator().await;
        page.open(ADD).await;
        page.fill("Name", "ci").await;
        forget(&mut page).await;
        page.tap(Role::Button, "Add the client").await;
        page.sees("You are signed out.").await;
        assert_eq!((page.path().await.as_str(), page.value("Name").await.as_str()), (ADD, "ci"));
        assert!(page.has(Role::Link, "Sign in in a new tab").await);
        sign_in_beside(&mut page, "root").await;
        page.press("Add the client").await;
        page.sees("The client is added").await;

        // And where only a part of the page is renewed.
        page.open(RULES).await;
        page.select("What they would do", "app.read").await;
        page.fill("Repositories", "acme/tools").await;
        forget(&mut page).await;
        page.tap(Role::Button, "Explain").await;
        page.sees("You are signed out.").await;
        assert_eq!(page.value("Repositories").await, "acme/tools");
        sign_in_beside(&mut page, "root").await;
        page.tap(Role::Button, "Explain").await;
        page.sees("Policies, the nearest first").await;
        assert!(!page.text().await.contains("You are signed out."));
    }

    async fn somebody_else_who_signed_in_meanwhile_is_named(s) {
        let _ada = Person::signed_in(&s.w.t, &s.chromium, "ada", "operator").await;
        let mut page = s.operator().await;
        page.open(ADD).await;
        page.fill("Name", "ci").await;
        sign_in_beside(&mut page, "ada").await;
        page.tap(Role::Button, "Add the client").await;
        page.sees("Since this page was opened, ada has signed in here.").await;
        assert_eq!(page.value("Name").await, "ci");
        page.press("Add the client").await;
        page.sees("The client is added").await;
    }

    async fn without_javascript_the_answer_says_why(s) {
        let mut page = s.operator().await;
        page.open(ADD).await;
        let before = page.evaluate("document.querySelector('input[name=csrf]').value").await;
        sign_in_anew(&mut page, "root").await;
        page.with_script(false).await;
        page.open(ADD).await;
        page.fill("Name", "ci").await;
        page.evaluate(&format!("document.querySelectorAll('input[name=csrf]').forEach(field => field.value = {before})")).await;
        page.press("Add the client").await;
        assert_eq!(page.status(), 403);
        page.sees("This page is older than your sign-in").await;
        page.follow("Open the page anew").await;
        assert_eq!(page.path().await, ADD);
    }

    async fn a_server_that_does_not_answer_takes_nothing_away(s) {
        let mut page = s.operator().await;
        // The browser says that it could not send.
        page.expect_trouble("");
        page.open(RULES).await;
        page.select("What they would do", "app.read").await;
        page.tap(Role::Button, "Explain").await;
        page.sees("Policies, the nearest first").await;
        page.evaluate("void (XMLHttpRequest.prototype.send = function () { this.onerror(); })").await;
        page.tap(Role::Button, "Explain").await;
        page.sees("The server did not answer. Nothing on this page has changed; try again.").await;
        page.sees("Policies, the nearest first").await;
        page.tap(Role::Button, "Explain").await;
        assert_eq!(page.evaluate("document.querySelectorAll('.said').length").await, 1);
        assert_eq!(page.evaluate("document.querySelectorAll('[aria-busy=true], [aria-disabled=true]').length").await, 0);
    }

    async fn a_long_wait_is_told(s) {
        let mut page = s.operator().await;
        page.open("/record/verify").await;
        page.evaluate("void (XMLHttpRequest.prototype.send = function () {})").await;
        page.tap(Role::Button, "Verify").await;
        page.sees("The whole record is being read.").await;
        assert_eq!(page.evaluate("document.querySelector('#verdict').textContent.includes('being read')").await, false);
        assert_eq!(page.evaluate("document.querySelectorAll('button[aria-disabled=true]').length").await, 1);
    }
}
