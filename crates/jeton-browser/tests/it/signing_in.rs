//! First run, signing in and out.

use jeton_browser::{PASSWORD, Page, Role, invite};

use crate::stage::{Stage, in_a_browser};

async fn sign_in(page: &mut Page, name: &str, password: &str) {
    page.fill("Name", name).await;
    page.fill("Password", password).await;
    page.press("Sign in").await;
}

async fn the_first_administrator(s: &Stage, script: bool) {
    let link = s.w.t.broker.access().first_setup().await.unwrap().unwrap();
    let mut page = s.stranger().await;
    page.with_script(script).await;
    assert_eq!(page.open(&format!("/setup?link={}", link.expose())).await, 200);
    page.fill("Name", "root").await;
    page.fill("Password", PASSWORD).await;
    page.fill("The same password again", "correct horse batterx").await;
    page.press("Set the password and sign in").await;
    assert_eq!(page.status(), 400);
    assert_eq!(page.value("Name").await, "root");
    assert_eq!(page.value("Password").await, "", "a password is not sent back");
    page.fill("Password", PASSWORD).await;
    page.fill("The same password again", PASSWORD).await;
    page.press("Set the password and sign in").await;
    assert_eq!((page.status(), page.path().await.as_str()), (200, "/"));
    assert!(page.has(Role::Button, "Sign out").await, "the browser kept the cookie");
    let cookies = page.evaluate("document.cookie").await;
    assert_eq!(cookies, "", "no script reads it");
}

in_a_browser! {
    async fn the_first_administrator_comes_in(s) {
        the_first_administrator(s, true).await;
    }

    async fn the_first_administrator_comes_in_without_javascript(s) {
        the_first_administrator(s, false).await;
    }

    async fn people_come_back_to_the_page_that_they_asked_for(s) {
        let link = invite(&s.w.t, "ada", "operator").await;
        let mut page = s.stranger().await;
        page.open(&format!("/setup?link={link}")).await;
        page.fill("Password", PASSWORD).await;
        page.fill("The same password again", PASSWORD).await;
        page.press("Set the password and sign in").await;
        page.press("Sign out").await;
        assert!(!page.has(Role::Button, "Sign out").await);
        page.open("/settings/accounts?forge=gitlab").await;
        assert!(page.path().await.starts_with("/sign-in?next="), "{}", page.path().await);
        sign_in(&mut page, "ada", "not the password").await;
        assert_eq!((page.status(), page.value("Name").await.as_str()), (403, "ada"));
        assert_eq!(page.value("Password").await, "");
        sign_in(&mut page, "ada", PASSWORD).await;
        assert_eq!(page.path().await, "/settings/accounts?forge=gitlab");
        for next in ["//127.0.0.9:1/", "https://127.0.0.9:1/", "/\\127.0.0.9:1/", "\\\\127.0.0.9:1", "/\t/127.0.0.9:1/", "javascript:alert(1)"] {
            page.press("Sign out").await;
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            page.open(&format!("/sign-in?next={next}")).await;
            sign_in(&mut page, "ada", PASSWORD).await;
            // A request to another place would have failed the test as well.
            assert_eq!(page.path().await, "/", "{next}");
        }
    }

    async fn a_form_without_its_token_does_nothing(s) {
        let mut page = s.operator().await;
        page.open("/").await;
        page.evaluate("document.querySelectorAll('input[name=csrf]').forEach(input => input.remove())").await;
        page.press("Sign out").await;
        assert_eq!(page.status(), 403);
        page.open("/").await;
        assert!(page.has(Role::Button, "Sign out").await, "still signed in");
    }

    async fn signing_in_needs_no_mouse(s) {
        let link = invite(&s.w.t, "ada", "member").await;
        let mut page = s.stranger().await;
        page.open(&format!("/setup?link={link}")).await;
        page.tab_to(|focus| focus.kind == "password").await;
        page.type_text(PASSWORD).await;
        page.tab_to(|focus| focus.kind == "password").await;
        page.type_text(PASSWORD).await;
        page.key_to_load(jeton_browser::Key::Enter).await;
        assert_eq!(page.path().await, "/");
        page.tab_to(|focus| focus.name == "Sign out").await;
        page.key_to_load(jeton_browser::Key::Space).await;
        assert!(!page.has(Role::Button, "Sign out").await);
    }
}
