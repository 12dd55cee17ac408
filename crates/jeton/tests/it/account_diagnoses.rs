//! Every way in which a forge refuses a token, as a person reads it: code, cause, remedy and page, in `account_diagnoses.txt`.
//! `JETON_REGENERATE=1` writes that file anew.

use std::{fmt::Write as _, path::PathBuf};

use jeton_testkit::{Answer, DatabaseKind, TestJeton};
use serde_json::{Value, json};

use crate::{
    account_diagnoses_github::github,
    account_diagnoses_others::{bitbucket, gitlab},
    account_world::{World, with},
};

/// A case: what happens, the code that it must be told as, the words that the person needs, and what came out.
pub(super) struct Row {
    title: &'static str,
    code: &'static str,
    names: Vec<String>,
    found: Value,
}

#[derive(Default)]
pub(super) struct Table(Vec<Row>);

impl Table {
    /// A test of a token; the finding of this code must be among those of the answer.
    pub(super) fn check(&mut self, title: &'static str, code: &'static str, names: &[&str], answer: &Answer) {
        assert_eq!(answer.status, 200, "{title}: {}", answer.text);
        let body = answer.json();
        let all = body["check"]["diagnoses"].as_array().into_iter().flatten();
        let online = all.chain(body["findings"].as_array().into_iter().flatten());
        let found = online.clone().find(|one| one["code"] == code);
        let found = found.unwrap_or_else(|| panic!("{title}: no {code} in {body:#}"));
        self.row(title, code, names, found.clone());
    }

    pub(super) fn row(&mut self, title: &'static str, code: &'static str, names: &[&str], found: Value) {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.0.push(Row {
            title,
            code,
            names,
            found,
        });
    }
}

/// Asks for a test on `acme/tools`, for reading, pushing and runners.
pub(super) async fn on_tools(w: &World, given: Value) -> Answer {
    let more = json!({"purposes": ["read_content", "push", "register_runners"], "repository": "acme/tools"});
    w.t.post("/v1/accounts/test", with(given, &more)).await
}

pub(super) async fn fresh() -> World {
    World::around(TestJeton::start(DatabaseKind::Sqlite).await).await
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/account_diagnoses.txt")
}

/// Without what differs in each run: ports, one-time links and the forges' numbers.
fn steady(text: &str) -> String {
    const LINK: &str = "authorization_request=";
    let marks = ["127.0.0.1:", "personal-access-tokens/", "with the number ", LINK];
    let mut steady = String::new();
    let mut rest = text;
    let first = |rest: &str| marks.iter().filter_map(|mark| Some((rest.find(mark)?, *mark))).min();
    while let Some((at, mark)) = first(rest) {
        let (before, after) = rest.split_at(at + mark.len());
        let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len());
        let (part, after) = after.split_at(end);
        let differs = mark == LINK || part.bytes().all(|byte| byte.is_ascii_digit());
        steady.push_str(before);
        steady.push_str(if differs { "…" } else { part });
        rest = after;
    }
    steady + rest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_can_act_on_every_refusal() {
    let mut table = Table::default();
    Box::pin(github(&mut table)).await;
    Box::pin(gitlab(&mut table)).await;
    Box::pin(bitbucket(&mut table)).await;
    let mut page = String::new();
    let mut wrong = Vec::new();
    for row in &table.0 {
        let found = &row.found;
        assert_eq!(found["code"], row.code, "{}", row.title);
        let field = |name: &str| found[name].as_str().unwrap_or_default();
        let (cause, remedy, url) = (
            [field("cause"), field("detail")].concat(),
            field("remedy"),
            field("url"),
        );
        let all = format!("{cause} {remedy} {url}");
        let absent = row.names.iter().filter(|name| !all.contains(name.as_str()));
        wrong.extend(absent.map(|name| format!("{}: `{name}` is not in: {all}", row.title)));
        if cause.len() < 15 || remedy.len() < 30 {
            wrong.push(format!("{}: says little: {all}", row.title));
        }
        let forge = row.title.split(':').next().unwrap_or_default();
        let others = ["GitHub", "GitLab", "Bitbucket"]
            .into_iter()
            .filter(|other| *other != forge);
        let named = others.filter(|other| all.contains(other));
        wrong.extend(named.map(|other| format!("{}: speaks of {other}: {all}", row.title)));
        writeln!(
            page,
            "{}\n  {}\n  cause:  {cause}\n  remedy: {remedy}",
            row.title, row.code
        )
        .unwrap();
        if !url.is_empty() {
            writeln!(page, "  page:   {url}").unwrap();
        }
        page.push('\n');
    }
    let page = steady(page.trim_end()) + "\n";
    #[expect(clippy::disallowed_methods, reason = "whoever changes a remedy says so by this")]
    let regenerate = std::env::var_os("JETON_REGENERATE").is_some();
    if regenerate {
        std::fs::write(file(), &page).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let known = std::fs::read_to_string(file()).unwrap_or_default();
    assert_eq!(
        page, known,
        "the findings read otherwise; look at each, then run this with JETON_REGENERATE=1"
    );
}
