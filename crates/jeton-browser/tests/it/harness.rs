//! That the tests would notice.

use jeton_browser::Role;

use crate::stage::in_a_browser;

in_a_browser! {
    async fn trouble_is_noticed(s) {
        let mut page = s.stranger().await;
        for words in ["wrote to the console", "a script failed", "Content Security Policy", "another place", "answered 404"] {
            page.expect_trouble(words);
        }
        page.open("/sign-in").await;
        assert_eq!(page.troubles(), []);
        page.evaluate("console.error('planted')").await;
        page.evaluate("void setTimeout(() => { throw new Error('planted'); })").await;
        page.evaluate("void document.body.append(Object.assign(document.createElement('img'), {src: 'http://127.0.0.9:1/x.png'}))").await;
        page.evaluate("fetch('/assets/none.css').then(answer => answer.text())").await;
        page.evaluate("void (location = 'http://127.0.0.9:1/')").await;
        let mut missing = Vec::new();
        for _ in 0..100 {
            page.check().await;
            let seen: String = page.troubles().iter().map(ToString::to_string).collect();
            missing = ["wrote to the console", "a script failed", "Content Security Policy", "another place", "answered 404"]
                .into_iter()
                .filter(|words| !seen.contains(words))
                .collect();
            if missing.is_empty() {
                break;
            }
            tokio::task::yield_now().await;
        }
        assert_eq!(missing, Vec::<&str>::new(), "{:#?}", page.troubles());
    }

    async fn without_script_none_runs(s) {
        let mut page = s.stranger().await;
        page.with_script(false).await;
        page.open("/sign-in").await;
        let listen = "void document.addEventListener('click', () => document.title = 'a script ran')";
        page.evaluate(listen).await;
        page.tap(Role::Heading, "Sign in").await;
        assert_eq!(page.evaluate("document.title").await, "Sign in · jeton");
        page.with_script(true).await;
        page.open("/sign-in").await;
        page.evaluate(listen).await;
        page.tap(Role::Heading, "Sign in").await;
        page.until_true("document.title === 'a script ran'").await;
    }

    async fn what_is_too_wide_is_noticed(s) {
        let mut page = s.stranger().await;
        page.width(390).await;
        page.open("/sign-in").await;
        assert_eq!(page.overflow().await.0, 0);
        page.evaluate("void (document.querySelector('h1').style.width = '500px')").await;
        let (by, what) = page.overflow().await;
        assert!(by > 0 && what.iter().any(|part| part.contains("<h1")), "{by} {what:?}");
    }

    async fn what_people_stumble_over_is_noticed(s) {
        let mut page = s.stranger().await;
        page.open("/sign-in").await;
        page.evaluate("document.querySelectorAll('label').forEach(label => label.remove())").await;
        let found = page.stumbling_blocks().await;
        assert!(found.iter().any(|line| line.starts_with("label (")), "{found:#?}");
    }
}
