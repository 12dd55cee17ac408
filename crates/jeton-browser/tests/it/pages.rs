//! What holds for every page.

use jeton_browser::{Page, Theme};

use crate::stage::{Stage, in_a_browser};

/// Every page that somebody with all rights can ask for, on a server on which something is going on.
const PATHS: [&str; 41] = [
    "/",
    "/profile",
    "/grants",
    "/grants?show=all&holder=client:dashboards",
    "/apps",
    "/apps/new",
    "/apps/ci",
    "/apps/ci/remove",
    "/record",
    "/record?event=token.refused",
    "/record/verify",
    "/settings/accounts",
    "/settings/accounts?q=nothing-has-this-name",
    "/settings/accounts/new",
    "/settings/accounts/new?forge=gitlab&purpose=push",
    "/settings/accounts/release-scripts",
    "/settings/accounts/left-on-a-laptop",
    "/settings/accounts/mirror",
    "/settings/accounts/mirror/edit",
    "/settings/accounts/builds/replace",
    "/settings/accounts/builds/remove",
    "/settings/accounts/builds/edit",
    "/settings/clients",
    "/settings/add-client",
    "/settings/clients/dashboards",
    "/settings/clients/dashboards/revoke",
    "/settings/policies",
    "/settings/add-policy",
    "/settings/policies/explain",
    "/settings/policies/builds",
    "/settings/policies/builds/edit",
    "/settings/policies/builds/remove",
    "/settings/users",
    "/settings/add-user",
    "/settings/users/root",
    "/doctor",
    "/runners",
    "/docs",
    "/settings/accounts/nobody",
    "/settings/accounts?after=%00",
    "/no/such/page",
];

/// What a page weighs at most, with all that it loads.
const WEIGHT: i64 = 100 * 1024;

/// Looks at every page: what is wrong with each, all together, so that one look shows all of it.
async fn look_at_all(s: &Stage, mut look: impl AsyncFnMut(&mut Page, &str) -> Vec<String>) {
    s.w.fill().await;
    let mut wrong = Vec::new();
    let mut root = s.operator().await;
    let mut stranger = s.stranger().await;
    for path in PATHS {
        wrong.extend(look(&mut root, path).await);
    }
    for path in ["/", "/sign-in", "/setup?link=x", "/docs"] {
        wrong.extend(look(&mut stranger, path).await);
    }
    assert!(wrong.is_empty(), "{} findings: {wrong:#?}", wrong.len());
}

in_a_browser! {
    async fn every_page_is_there(s) {
        look_at_all(s, async |page, path| {
            let status = page.open(path).await;
            let wanted = match path {
                "/no/such/page" | "/settings/accounts/nobody" => status == 404,
                "/settings/accounts?after=%00" => status == 200 || status == 400,
                "/setup?link=x" => status == 403,
                _ => status == 200,
            };
            let mut wrong = Vec::new();
            if !wanted {
                wrong.push(format!("{path}: {status}"));
            }
            for (what, holds) in [
                ("one heading of the first level", "document.querySelectorAll('h1').length === 1"),
                ("a title", "document.title.includes('jeton') || document.title.length > 3"),
                ("no script in the markup", "[...document.scripts].every(script => script.src && !script.textContent)"),
                ("no style in the markup", "!document.querySelector('style, [style]')"),
                ("each id once", "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size === document.querySelectorAll('[id]').length"),
            ] {
                if page.evaluate(holds).await != true {
                    wrong.push(format!("{path}: not {what}"));
                }
            }
            wrong
        })
        .await;
    }

    async fn no_page_is_wider_than_a_phone(s) {
        look_at_all(s, async |page, path| {
            page.open(path).await;
            let mut wrong = Vec::new();
            for width in [320, 390] {
                page.width(width).await;
                let (by, what) = page.overflow().await;
                if by > 0 {
                    wrong.push(format!("{path}: {by} pixels too wide at {width}: {what:#?}"));
                }
            }
            wrong
        })
        .await;
    }

    async fn every_page_weighs_less_than_100_kb_with_all_that_it_loads(s) {
        look_at_all(s, async |page, path| {
            let weights = page.weigh(path).await;
            let sum: i64 = weights.values().sum();
            let is_measured = weights.keys().any(|address| address.contains("/assets/"));
            let fits = sum < WEIGHT;
            if fits && is_measured { Vec::new() } else { vec![format!("{path}: {sum} bytes: {weights:?}")] }
        })
        .await;
    }

    async fn nobody_stumbles_over_a_page_at_a_desk(s) {
        look_at_all(s, async |page, path| stumbling_blocks(page, path, 1440).await).await;
    }

    async fn nobody_stumbles_over_a_page_on_a_phone(s) {
        look_at_all(s, async |page, path| stumbling_blocks(page, path, 390).await).await;
    }

    async fn pages_hold_still_and_keep_to_the_systems_colours_where_asked(s) {
        look_at_all(s, async |page, path| {
            page.prefer(&[("prefers-reduced-motion", "reduce"), ("forced-colors", "active")]).await;
            page.open(path).await;
            let moving = page
                .evaluate(
                    "[...document.querySelectorAll('*')].filter(e => { const s = getComputedStyle(e); \
                     const t = s.transitionDuration.split(',').concat(s.animationDuration.split(',')); \
                     return t.some(d => parseFloat(d) > 0.02); }).map(e => e.outerHTML.slice(0, 120))",
                )
                .await;
            let moving = moving.as_array().cloned().unwrap_or_default();
            let mut wrong: Vec<String> = moving.iter().take(3).map(|part| format!("{path} moves: {part}")).collect();
            if page.text().await.trim().len() < 20 {
                wrong.push(format!("{path}: nothing to read"));
            }
            wrong
        })
        .await;
    }
}

async fn stumbling_blocks(page: &mut Page, path: &str, width: u32) -> Vec<String> {
    page.width(width).await;
    page.open(path).await;
    let mut wrong = Vec::new();
    for theme in Theme::BOTH {
        page.theme(theme).await;
        let found = page.stumbling_blocks().await;
        wrong.extend(
            found
                .into_iter()
                .map(|line| format!("{path} ({}): {line}", theme.word())),
        );
    }
    wrong
}
