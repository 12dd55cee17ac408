//! Targets of an account and the check of a repository, on a phone.

use jeton_browser::{Forge, Page, Role, Theme};
use jeton_forge_sim::PersonalTokenSpec;

use crate::stage::in_a_browser;

/// That nobody stumbles over the page as it is, however it is shown.
async fn is_sound(page: &mut Page) {
    for theme in Theme::BOTH {
        page.theme(theme).await;
        for width in [320, 390, 1440] {
            page.width(width).await;
            let (by, what) = page.overflow().await;
            assert_eq!(by, 0, "{width}: {what:#?}");
            let found = page.stumbling_blocks().await;
            assert!(found.is_empty(), "{} {width}: {found:#?}", theme.word());
        }
    }
    page.width(390).await;
}

in_a_browser! {
    async fn a_target_is_added_and_removed_where_one_is(s) {
        s.w.stored(Forge::GitHub, "work").await;
        let mut page = s.operator().await;
        page.width(390).await;
        page.open("/settings/accounts/work").await;
        page.tap(Role::Disclosure, "Add a target").await;
        page.fill("Repository or owner", "acme/tools").await;
        page.fill("Name of the secret", "MY-TOKEN").await;
        page.expect_trouble("400");
        page.act("Push and add").await;
        page.sees("MY_TOKEN").await;
        assert_eq!(page.value("Repository or owner").await, "acme/tools");
        is_sound(&mut page).await;
        page.fill("Name of the secret", "MY_TOKEN").await;
        page.act("Push and add").await;
        page.sees("The target is added").await;
        page.sees("Has the token").await;
        is_sound(&mut page).await;
        page.act("Remove the target MY_TOKEN of the repository acme/tools on").await;
        page.sees("The target is removed").await;
        page.check().await;
    }

    async fn a_check_says_what_is_missing(s) {
        let weak = s.w.at_github(PersonalTokenSpec::classic(["read:user"])).token;
        let mut account = s.w.given(Forge::GitHub, &weak);
        account["label"] = "weak".into();
        assert_eq!(s.w.t.post("/v1/accounts", account).await.status, 201);
        let mut page = s.operator().await;
        page.width(390).await;
        page.open("/runners").await;
        is_sound(&mut page).await;
        page.fill("Forge", s.w.web_url(Forge::GitHub).trim_start_matches("http://")).await;
        page.fill("Repository or owner", "acme/tools").await;
        page.act("Check").await;
        page.sees("It would be refused").await;
        assert!(page.has(Role::Button, "Check").await);
        is_sound(&mut page).await;
        page.check().await;
    }
}
