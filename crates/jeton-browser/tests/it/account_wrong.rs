//! Adding an account when something is wrong: the token, the words, or the forge.

use jeton_browser::{ALL, Forge, Key, Page};
use jeton_forge_sim::{FaultKind, FaultRule};

use crate::{
    account_form::{act_and_see, begin, fill_in, never_shows},
    stage::{Stage, in_a_browser},
};

/// Something that has the shape of a forge's token and is none.
fn unknown_token(s: &Stage, forge: Forge) -> String {
    let token = s.w.token(forge);
    match forge {
        Forge::GitHub => {
            let all = s.w.t.sim.github().personal_tokens();
            assert!(s.w.t.sim.github().revoke_personal_token(all.last().unwrap().id));
        }
        Forge::GitLab => s.w.gitlab.revoke_token(s.w.gitlab.tokens().last().unwrap().id).unwrap(),
        Forge::Bitbucket => {
            let spec = jeton_forge_sim::BitbucketTokenSpec::api_token(s.w.at_bitbucket);
            let dead = s.w.bitbucket.add_token(&spec).unwrap();
            s.w.bitbucket.revoke_token(dead.id).unwrap();
            return dead.token;
        }
    }
    token
}

async fn wrong_tokens(s: &Stage, script: bool) {
    let mut page = s.operator().await;
    page.with_script(script).await;
    for forge in ALL {
        let token = unknown_token(s, forge);
        for (token, button) in [
            (token.as_str(), "Test connection"),
            (&token, "Save"),
            ("no token at all", "Save"),
        ] {
            begin(&mut page, &s.w, forge).await;
            fill_in(&mut page, token, "work").await;
            page.tick("Push commits", true).await;
            page.act(button).await;
            page.sees(if button == "Save" {
                "That did not work"
            } else {
                "What the test found"
            })
            .await;
            never_shows(&mut page, token).await;
            kept(&mut page, &s.w.web_url(forge)).await;
            assert_eq!(page.value("Token").await, if script { token } else { "" });
        }
    }
    let all = s.w.t.get("/v1/accounts").await;
    assert_eq!(all.json()["accounts"], serde_json::json!([]), "nothing was stored");
}

/// What was typed is still there.
async fn kept(page: &mut Page, address: &str) {
    assert_eq!(page.value("Address of the forge").await, address);
    assert_eq!(page.value("Label").await, "work");
    assert!(page.is_on(jeton_browser::Role::Box, "Push commits").await);
    assert!(page.is_on(jeton_browser::Role::Radio, "Everybody").await);
}

async fn a_forge_that_is_down(s: &Stage, script: bool) {
    let mut page = s.operator().await;
    page.with_script(script).await;
    // The answer tells of a failure that is not ours, with its status.
    page.expect_trouble("answered 50");
    for forge in ALL {
        let token = s.w.token(forge);
        let down = s.w.faults(forge).add(FaultRule::new(FaultKind::BadGateway));
        begin(&mut page, &s.w, forge).await;
        fill_in(&mut page, &token, forge.word()).await;
        act_and_see(&mut page, "Test connection", "What the test found").await;
        page.sees("No clear word").await;
        if !script {
            page.fill("Token", &token).await;
        }
        act_and_see(&mut page, "Save", "That did not work").await;
        never_shows(&mut page, &token).await;
        if !script {
            page.fill("Token", &token).await;
        }
        page.press("Save without a test").await;
        page.sees("The account is stored.").await;
        s.w.faults(forge).remove(down);
        act_and_see(&mut page, "Test connection", "The forge was asked.").await;
        page.sees("Works").await;
    }
}

async fn hostile_words(s: &Stage, script: bool) {
    let mut page = s.operator().await;
    page.with_script(script).await;
    page.width(390).await;
    let token = s.w.token(Forge::GitHub);
    let markup = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;";
    let turned = "gpj.\u{202e}exe\u{200f}";
    let long = "a".repeat(10_000);
    for label in [markup, turned, &long, "\u{0}\u{7}x", "A B", "../../etc", "%00"] {
        begin(&mut page, &s.w, Forge::GitHub).await;
        fill_in(&mut page, &token, label).await;
        act_and_see(&mut page, "Save", "That did not work").await;
        let (by, what) = page.overflow().await;
        assert!(by <= 0, "{label:.40}: {by} pixels too wide: {what:#?}");
        never_shows(&mut page, &token).await;
        assert_eq!(
            page.evaluate("document.querySelectorAll('main script, main img').length")
                .await,
            0
        );
    }
    begin(&mut page, &s.w, Forge::GitHub).await;
    fill_in(&mut page, &token, "fine").await;
    page.tap(jeton_browser::Role::Disclosure, "More settings").await;
    page.fill("Note", markup).await;
    page.press("Save").await;
    page.sees("The account is stored.").await;
    for path in [
        "/settings/accounts",
        "/settings/accounts/fine",
        "/settings/accounts/fine/edit",
        "/settings/accounts/fine/remove",
    ] {
        page.open(path).await;
        if !path.ends_with("remove") {
            assert!(page.html().await.contains("alert(1)"), "{path}");
        }
        assert_eq!(
            page.evaluate("document.querySelectorAll('main script, main img').length")
                .await,
            0,
            "{path}"
        );
        let (by, what) = page.overflow().await;
        assert!(by <= 0, "{path}: {by} pixels too wide: {what:#?}");
    }
}

in_a_browser! {
    async fn a_wrong_token_costs_nothing_that_was_typed(s) {
        wrong_tokens(s, true).await;
    }

    async fn a_wrong_token_costs_nothing_that_was_typed_without_javascript(s) {
        wrong_tokens(s, false).await;
    }

    async fn a_forge_that_is_down_is_no_reason_to_wait(s) {
        a_forge_that_is_down(s, true).await;
    }

    async fn a_forge_that_is_down_is_no_reason_to_wait_without_javascript(s) {
        a_forge_that_is_down(s, false).await;
    }

    async fn hostile_words_stay_words(s) {
        hostile_words(s, true).await;
    }

    async fn hostile_words_stay_words_without_javascript(s) {
        hostile_words(s, false).await;
    }

    async fn a_token_of_another_forge_is_recognised_in_the_field(s) {
        let mut page = s.operator().await;
        begin(&mut page, &s.w, Forge::GitHub).await;
        let token = s.w.token(Forge::GitLab);
        page.fill("Token", &token).await;
        page.tap(jeton_browser::Role::Button, "Choose GitLab").await;
        assert!(page.is_on(jeton_browser::Role::Radio, "GitLab").await);
        assert_eq!(page.value("Token").await, token);
        let whole = s.w.token(Forge::GitHub);
        page.choose("GitHub").await;
        page.fill("Token", &whole[..whole.len() - 3]).await;
        page.until_true("!!document.querySelector('#pasted .notice')").await;
        never_shows(&mut page, &whole[..whole.len() - 3]).await;
    }

    async fn an_account_is_added_by_keyboard_alone(s) {
        let mut page = s.operator().await;
        page.open("/settings/accounts").await;
        page.tab_to(|focus| focus.tag == "a" && focus.name == "Add account").await;
        page.key_to_load(Key::Enter).await;
        page.tab_to(|focus| focus.kind == "radio").await;
        page.key(Key::Space).await;
        page.key(Key::Down).await;
        page.tab_to(|focus| focus.name.starts_with("My forge is self-hosted")).await;
        page.key(Key::Space).await;
        page.tab_to(|focus| focus.name == "Address of the forge").await;
        page.type_text(&s.w.web_url(Forge::GitLab)).await;
        page.tab_to(|focus| focus.name == "Push commits").await;
        page.key(Key::Space).await;
        page.tab_to(|focus| focus.kind == "password").await;
        page.type_text(&s.w.token(Forge::GitLab)).await;
        page.tab_to(|focus| focus.name.starts_with("Label")).await;
        page.type_text("by-keyboard").await;
        page.tab_to(|focus| focus.tag == "button" && focus.name == "Test connection").await;
        page.key(Key::Space).await;
        page.sees("What the test found").await;
        page.tab_back_to(|focus| focus.tag == "button" && focus.name == "Save").await;
        page.key_to_load(Key::Enter).await;
        page.sees("The account is stored.").await;
        page.sees("by-keyboard").await;
        page.sees("you alone").await;
    }
}
