//! Filling in the page on which accounts are added, as a person would.

use jeton_browser::{EMAIL, Forge, Key, Page, Role, World};

/// Goes to the page and chooses the forge; the self-hosted one of the simulator.
pub(crate) async fn begin(page: &mut Page, w: &World, forge: Forge) {
    assert_eq!(page.open("/settings/accounts/new").await, 200);
    page.choose(forge.name()).await;
    page.tick("My forge is self-hosted", true).await;
    page.fill("Address of the forge", &w.web_url(forge)).await;
    // On to the next field, as anybody would: what was typed counts from then on.
    page.key(Key::Tab).await;
    if forge == Forge::Bitbucket {
        page.fill("E-mail address", EMAIL).await;
    }
}

/// The rest: the token, its label, and that it is everybody's.
pub(crate) async fn fill_in(page: &mut Page, token: &str, label: &str) {
    page.fill("Token", token).await;
    page.fill("Label", label).await;
    page.choose("Everybody").await;
}

/// Shows the steps; with scripts they show by themselves.
pub(crate) async fn show_the_steps(page: &mut Page) {
    if !page.has_script() {
        page.press("Show the steps").await;
    }
    page.sees("For this,").await;
}

/// That a token stands nowhere on the page but, where the page was not left, in the field into which it was pasted.
pub(crate) async fn never_shows(page: &mut Page, token: &str) {
    let html = page.html().await;
    assert!(
        !html.contains(token),
        "the token is in the markup of {}",
        page.path().await
    );
    let attribute = "[...document.querySelectorAll('input')].every(input => !input.defaultValue.includes(TOKEN))";
    let quoted = serde_json::to_string(token).unwrap();
    assert_eq!(page.evaluate(&attribute.replace("TOKEN", &quoted)).await, true);
    let hidden = "[...document.querySelectorAll('input[name=token]')].every(input => input.type === 'password' && input.autocomplete === 'off')";
    assert_eq!(
        page.evaluate(hidden).await,
        true,
        "what is typed there is not shown, and not offered again"
    );
}

/// What a test or a save that does not work answers with: with scripts in place, else as a page.
pub(crate) async fn act_and_see(page: &mut Page, button: &str, words: &str) {
    page.act(button).await;
    page.sees(words).await;
}

/// Where accounts are listed, by a click where there is room for one.
pub(crate) async fn to_the_list(page: &mut Page) {
    if page.has(Role::Link, "Provider accounts").await {
        page.follow("Provider accounts").await;
    } else {
        page.open("/settings/accounts").await;
    }
    assert_eq!((page.status(), page.path().await.as_str()), (200, "/settings/accounts"));
}
