//! The whole life of an account, on each forge, with and without JavaScript.

use jeton_browser::{Forge, Page, Role};
use serde_json::json;

use crate::{
    account_form::{act_and_see, begin, fill_in, never_shows, show_the_steps, to_the_list},
    stage::{Stage, in_a_browser},
};

async fn life(s: &Stage, forge: Forge, script: bool, width: u32) {
    let mut page = s.operator().await;
    page.with_script(script).await;
    page.width(width).await;
    let (token, label) = (s.w.token(forge), format!("work-{}", forge.word()));

    page.open("/settings/accounts").await;
    page.sees("There is no account yet").await;
    page.follow("Add the first account").await;
    begin(&mut page, &s.w, forge).await;
    show_the_steps(&mut page).await;
    fill_in(&mut page, &token, &label).await;
    if script {
        page.until_true("document.getElementById('pasted').innerText.length > 10")
            .await;
        page.sees(forge.name()).await;
    }
    act_and_see(&mut page, "Test connection", "What the test found").await;
    page.sees("Works").await;
    never_shows(&mut page, &token).await;
    if script {
        assert_eq!(page.value("Token").await, token, "it stays in its field");
    } else {
        page.sees("Paste the token again").await;
        assert_eq!(page.value("Token").await, "");
        page.fill("Token", &token).await;
    }
    assert_eq!(page.value("Label").await, label);
    page.press("Save").await;
    page.sees("The account is stored.").await;
    never_shows(&mut page, &token).await;

    let address = page.path().await;
    let (address, _) = address.split_once('?').unwrap();
    to_the_list(&mut page).await;
    page.sees(&label).await;
    page.sees("1 account").await;
    find(&mut page, &label).await;
    page.follow(&label).await;
    change(&mut page, &label).await;
    renew(s, &mut page, forge, &token).await;
    page.open(address).await;
    depend_on_it(s, &label).await;
    remove(&mut page, &label).await;
    let gone = s.w.t.get(&format!("/v1/accounts/{label}")).await;
    assert_eq!(gone.status, 404, "{}", gone.text);
}

/// In the list, by its name.
async fn find(page: &mut Page, label: &str) {
    page.fill("Search", "nothing like it").await;
    act_and_see(page, "Show", "No account is like that.").await;
    page.fill("Search", "work").await;
    act_and_see(page, "Show", label).await;
    assert!(
        page.path().await.contains("q=work"),
        "the address can be kept: {}",
        page.path().await
    );
    assert_eq!(page.value("Search").await, "work");
}

async fn change(page: &mut Page, label: &str) {
    page.sees("The last look").await;
    act_and_see(page, "Test connection", "The forge was asked.").await;
    page.follow("Edit").await;
    page.fill("Note", "for the dashboards").await;
    page.fill("Serves", "acme\nacme/tools").await;
    page.press("Save").await;
    page.sees("The change is saved.").await;
    page.sees("for the dashboards").await;
    page.press("Make default").await;
    page.sees("is the default on its forge").await;
    page.press("Switch off").await;
    page.sees("is switched off").await;
    page.press("Switch on").await;
    page.sees("is switched on").await;
    page.sees(label).await;
}

/// GitLab renews; at the others somebody makes a new token and puts it in.
async fn renew(s: &Stage, page: &mut Page, forge: Forge, old: &str) {
    if forge == Forge::GitLab {
        page.press("Renew now").await;
        page.sees("The token was renewed").await;
        assert!(!s.w.gitlab.is_live(old));
        return;
    }
    page.follow("Replace token").await;
    let new = s.w.token(forge);
    page.fill("New token", &new).await;
    page.press("Test it and put it in").await;
    page.sees("The new token is in").await;
    never_shows(page, &new).await;
}

async fn depend_on_it(s: &Stage, label: &str) {
    let body = json!({"account": label, "repositories": ["acme/tools"]});
    let granted = s.w.t.try_issue(body).await;
    assert_eq!(granted.status, 201, "{}", granted.text);
}

async fn remove(page: &mut Page, label: &str) {
    page.follow("Remove").await;
    page.sees("What depends on it").await;
    page.sees("It is the default").await;
    page.sees("Its token is held by").await;
    page.follow("Keep it").await;
    page.follow("Remove").await;
    page.press(&format!("Remove {label}")).await;
    if page.has(Role::Heading, "What uses it").await {
        page.press(&format!("Remove {label} all the same")).await;
    }
    page.sees("The account was removed.").await;
    page.sees("There is no account yet").await;
}

in_a_browser! {
    async fn of_github(s) {
        life(s, Forge::GitHub, true, 1440).await;
    }

    async fn of_gitlab(s) {
        life(s, Forge::GitLab, true, 820).await;
    }

    async fn of_bitbucket(s) {
        life(s, Forge::Bitbucket, true, 390).await;
    }

    async fn of_github_without_javascript(s) {
        life(s, Forge::GitHub, false, 390).await;
    }

    async fn of_gitlab_without_javascript(s) {
        life(s, Forge::GitLab, false, 1440).await;
    }

    async fn of_bitbucket_without_javascript(s) {
        life(s, Forge::Bitbucket, false, 820).await;
    }
}
