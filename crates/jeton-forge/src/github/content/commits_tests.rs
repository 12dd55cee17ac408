use http::{HeaderMap, HeaderValue};
use jeton_domain::ForgeEndpoint;
use jeton_outbound::Answer;
use jiff::RoundMode;
use serde_json::{Value, json};

use super::{Unreadable, page_number, page_token, read, second};
use crate::content::{CommitPage, ReadError};

fn page(body: &Value, link: Option<&'static str>) -> Result<CommitPage, Unreadable> {
    let mut headers = HeaderMap::new();
    if let Some(link) = link {
        headers.insert("link", HeaderValue::from_static(link));
    }
    let answer = Answer {
        status: 200,
        headers,
        body: body.to_string().into_bytes().into(),
    };
    read(&answer, &ForgeEndpoint::github_com(), 3)
}

fn commit(digit: &str, author: &Value, committer: &Value) -> Value {
    json!({
        "sha": digit.repeat(40),
        "html_url": format!("https://github.com/acme/tools/commit/{digit}"),
        "commit": {"message": "One\n\nTwo\n", "author": author, "committer": committer, "tree": {"sha": "a".repeat(40)}},
        "author": null, "committer": {"login": "web-flow"},
        "parents": [{"sha": "b".repeat(40), "url": "x"}, {"sha": "c".repeat(40)}],
    })
}

fn person(name: &str, date: &str) -> Value {
    json!({"name": name, "email": format!("{name}@x.example"), "date": date})
}

#[test]
fn a_commit_is_read_whole() {
    let one = commit(
        "1",
        &person("ann", "2026-01-01T02:00:00+02:00"),
        &person("bob", "2026-01-02T00:00:00Z"),
    );
    let found = page(&json!([one]), None).unwrap();
    assert!(found.filtered && found.next.is_none());
    let commit = &found.commits[0];
    assert_eq!(commit.id.to_string(), "1".repeat(40));
    assert_eq!(commit.message, "One\n\nTwo\n");
    assert_eq!(
        (commit.author.name.as_str(), commit.committer.email.as_str()),
        ("ann", "bob@x.example")
    );
    assert_eq!(commit.author.at.strftime("%H:%M %:z").to_string(), "02:00 +02:00");
    assert_eq!(commit.committer.at.timestamp().to_string(), "2026-01-02T00:00:00Z");
    let parents: Vec<String> = commit.parents.iter().map(ToString::to_string).collect();
    assert_eq!(parents, ["b".repeat(40), "c".repeat(40)]);
    assert_eq!(commit.url.as_deref(), Some("https://github.com/acme/tools/commit/1"));
}

#[test]
fn an_odd_commit_does_not_hide_the_others() {
    let date = "2026-01-01T00:00:00Z";
    let nameless = json!({"name": null, "email": null, "date": date});
    let mut elsewhere = commit("4", &person("ann", date), &person("ann", date));
    elsewhere["html_url"] = json!("javascript:alert(1)");
    let found = page(
        &json!([
            commit("1", &Value::Null, &person("bob", date)),
            commit("2", &person("ann", "never"), &person("bob", date)),
            commit("3", &nameless, &Value::Null),
            elsewhere,
        ]),
        None,
    )
    .unwrap();
    let names: Vec<_> = found.commits.iter().map(|one| one.author.name.as_str()).collect();
    assert_eq!(names, ["bob", "ann", "", "ann"]);
    assert!(
        found
            .commits
            .iter()
            .all(|one| one.author.at.timestamp() == date.parse().unwrap())
    );
    assert_eq!(found.commits[3].url, None);
}

#[test]
fn damaged_pages_are_refused() {
    let timeless = commit("1", &person("ann", "never"), &Value::Null);
    let mut unnamed = commit("1", &person("ann", "2026-01-01T00:00:00Z"), &Value::Null);
    unnamed["parents"] = json!([{"sha": "7"}]);
    let many = vec![commit("1", &person("ann", "2026-01-01T00:00:00Z"), &Value::Null); 101];
    for body in [json!([timeless]), json!([unnamed]), json!(many), json!({}), json!(null)] {
        assert!(page(&body, None).is_err());
    }
}

#[test]
fn there_is_a_next_page_when_github_says_so_and_this_one_has_something() {
    let one = json!([commit("1", &person("ann", "2026-01-01T00:00:00Z"), &Value::Null)]);
    let link = Some("<https://evil.example/?page=99>; rel=\"next\"");
    assert_eq!(page(&one, link).unwrap().next.as_deref(), Some("4"));
    assert_eq!(page(&json!([]), link).unwrap().next, None);
    assert_eq!(
        page(&one, Some("<https://x.example/?page=1>; rel=\"prev\""))
            .unwrap()
            .next,
        None
    );
}

#[test]
fn only_page_numbers_are_cursors() {
    assert_eq!(page_number(None), Ok(1));
    assert_eq!(page_number(page_token(6).as_deref()), Ok(7));
    assert_eq!(page_number(page_token(0).as_deref()), Ok(1));
    assert_eq!(page_token(usize::MAX), None);
    assert_eq!(page_number(Some("7")), Ok(7));
    for bad in ["", "0", "-1", "x", "99999999999", "1&sha=x"] {
        assert!(matches!(page_number(Some(bad)), Err(ReadError::Garbled(_))), "{bad}");
    }
}

#[test]
fn a_filter_never_widens_by_rounding() {
    let time = "2026-01-01T00:00:00.25Z".parse().unwrap();
    assert_eq!(second(time, RoundMode::Ceil), "2026-01-01T00:00:01Z");
    assert_eq!(second(time, RoundMode::Floor), "2026-01-01T00:00:00Z");
    let whole = "2026-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(second(whole, RoundMode::Ceil), second(whole, RoundMode::Floor));
}
