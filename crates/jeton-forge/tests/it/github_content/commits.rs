//! Histories.

use std::fmt::Write as _;

use jeton_forge::content::{Commit, CommitPage, CommitsAsk, ReadError};
use jeton_forge_sim::CommitSpec;
use jiff::Timestamp;

use super::{Reader, kind, path};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn page(
    r: &Reader,
    below: &str,
    filter: (Option<&str>, Option<&str>),
    page: Option<&str>,
) -> Result<CommitPage, ReadError> {
    let (from, below) = (r.head().await, path(below));
    let ask = CommitsAsk {
        from: &from,
        path: &below,
        since: filter.0.map(at),
        until: filter.1.map(at),
        page,
    };
    r.forge().commits(&r.at(), &ask).await.answer
}

fn titles(commits: &[Commit]) -> Vec<&str> {
    commits.iter().map(|one| one.message.trim_end()).collect()
}

#[tokio::test]
async fn a_history_comes_in_pages_that_leave_none_out() {
    let r = Reader::new().await;
    let mut stream = String::new();
    for number in 0..230 {
        let second = 1_770_000_000 + number * 60;
        writeln!(
            stream,
            "commit refs/heads/main\ncommitter Ada <ada@example.com> {second} +0200"
        )
        .unwrap();
        writeln!(stream, "data 3\n{number:03}\nM 644 inline f\ndata 3\n{number:03}").unwrap();
    }
    stream.push_str("done\n");
    r.github().import("acme", "tools", stream.as_bytes()).unwrap();
    let (mut seen, mut next) = (Vec::new(), None::<String>);
    loop {
        let found = page(&r, "", (None, None), next.as_deref()).await.unwrap();
        assert!(found.filtered && found.commits.len() <= 100);
        seen.extend(found.commits);
        next = found.next;
        if next.is_none() {
            break;
        }
    }
    let expected: Vec<String> = (0..230).rev().map(|number| format!("{number:03}")).collect();
    assert_eq!(titles(&seen), expected);
    assert!(seen.windows(2).all(|pair| pair[0].parents == [pair[1].id]));
    // beyond the end there is nothing, and no further page
    let beyond = page(&r, "", (None, None), Some("9")).await.unwrap();
    assert_eq!((beyond.commits.len(), beyond.next), (0, None));
}

#[tokio::test]
async fn github_filters_by_place_and_time() {
    let r = Reader::new().await;
    for (title, file, time) in [
        ("First", "src/a b#?.rs", "2027-01-01T00:00:00Z"),
        ("Second", "docs/b", "2027-01-02T12:00:00Z"),
        ("Third", "src/c", "2027-01-02T23:30:00Z"),
    ] {
        let spec = CommitSpec::new(title)
            .file(file, title)
            .author("Grün", "g@x.example")
            .at(at(time), 120);
        r.github().commit("acme", "tools", &spec).unwrap();
    }
    let seen = async |below: &str, since: Option<&str>, until: Option<&str>| {
        let found = page(&r, below, (since, until), None).await.unwrap();
        titles(&found.commits).join(" ")
    };
    assert_eq!(seen("src", None, None).await, "Third First");
    assert_eq!(seen("src/a b#?.rs", None, None).await, "First");
    assert_eq!(seen("nope", None, None).await, "");
    // both ends belong to it, to the second
    let (second, third) = (Some("2027-01-02T12:00:00Z"), Some("2027-01-02T23:30:00Z"));
    assert_eq!(seen("", second, third).await, "Third Second");
    assert_eq!(seen("", Some("2027-01-02T12:00:00.5Z"), third).await, "Third");
    assert_eq!(seen("", second, Some("2027-01-02T23:29:59.9Z")).await, "Second");
    assert_eq!(seen("src", second, None).await, "Third");
    let found = page(&r, "", (second, None), None).await.unwrap();
    let last = &found.commits[0];
    assert_eq!(
        (last.author.name.as_str(), last.author.email.as_str()),
        ("Grün", "g@x.example")
    );
    assert_eq!(last.committer.at.timestamp(), at("2027-01-02T23:30:00Z"));
    let link = last.url.as_deref().unwrap();
    assert!(
        link.starts_with(&r.people.sim.web_url()) && link.ends_with(&last.id.to_string()),
        "{link}"
    );
}

#[tokio::test]
async fn what_has_no_history_is_told() {
    let r = Reader::new().await;
    assert_eq!(kind(page(&r, "", (None, None), Some("zero")).await), "garbled");
    let (from, root) = ("ab".repeat(20).parse().unwrap(), path(""));
    let ask = CommitsAsk {
        from: &from,
        path: &root,
        since: None,
        until: None,
        page: None,
    };
    assert_eq!(kind(r.forge().commits(&r.at(), &ask).await.answer), "not found");
    r.github().add_empty_repository("acme", "new", true).unwrap();
    let r = r.of("acme/new");
    assert_eq!(kind(r.forge().commits(&r.at(), &ask).await.answer), "empty");
}
