use jeton_domain::{Code, FilePath};
use jeton_forge::content::{CommitsAsk, NameKind, ReadError};
use jeton_forge_sim::CommitSpec;

use super::Reader;
use crate::bitbucket::World;

#[tokio::test]
async fn names_mean_what_git_says() {
    let w = World::new().await;
    let empty = w.sim.add_empty_repository("acme", "empty", false).unwrap();
    let reader = Reader::new(&w, "acme/empty", None);
    assert_eq!(reader.resolve(None).await, Err(ReadError::Empty));
    let first = w.sim.commit_files(empty, &CommitSpec::new("1").file("a", "1")).unwrap();
    w.sim.tag(empty, "v1", &first, Some("one")).unwrap();
    w.sim.tag(empty, "release/1", &first, None).unwrap();
    w.sim.tag(empty, "both", &first, None).unwrap();
    let second = w.sim.commit_files(empty, &CommitSpec::new("2").file("a", "2")).unwrap();
    w.sim.add_branch(empty, "feature/x", &first).unwrap();
    w.sim.add_branch(empty, "both", &second).unwrap();
    for (name, want, calls) in [
        (None, &second, 1),
        (Some("main"), &second, 1),
        (Some("refs/heads/main"), &second, 1),
        (Some("feature/x"), &first, 1),
        (Some("release/1"), &first, 2),
        (Some("v1"), &first, 2),
        (Some("heads/both"), &second, 1),
        (Some("tags/both"), &first, 1),
        (Some(&first[..10]), &first, 2),
    ] {
        let before = w.sim.calls().total();
        let found = reader.resolve(name).await.map(|id| id.to_string());
        assert_eq!(
            (found.as_ref(), w.sim.calls().total() - before),
            (Ok(want), calls),
            "{name:?}"
        );
    }
    for (name, want) in [
        ("main", NameKind::Branch),
        ("feature/x", NameKind::Branch),
        ("both", NameKind::Both),
        ("v1", NameKind::Tag),
        ("tags/both", NameKind::Tag),
        ("refs/heads/both", NameKind::Branch),
        ("tags/main", NameKind::Neither),
        (&first[..10], NameKind::Neither),
    ] {
        assert_eq!(reader.kind(name).await, want, "{name}");
    }
    for missing in ["no", "no/such", "repository", "tags/main"] {
        let error = reader.resolve(Some(missing)).await.unwrap_err();
        assert!(
            matches!(&error, ReadError::NoSuchName(why) if why.code == Code::ContentRefNotFound),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn history_comes_in_pages_that_stay_as_they_were() {
    let w = World::new().await;
    let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let repository = w.sim.add_empty_repository("acme", "old", false).unwrap();
    let mut last = String::new();
    for n in 0..120 {
        let at = start.checked_add(jiff::SignedDuration::from_hours(n)).unwrap();
        let path = if n % 10 == 0 { "ten" } else { "other" };
        let spec = CommitSpec::new(format!("commit {n}\n\nwith a body"))
            .file(path, n.to_string())
            .author("Zoë", "zoe@example.com")
            .at(at, -330);
        last = w.sim.commit_files(repository, &spec).unwrap();
    }
    let reader = Reader::new(&w, "acme/old", None);
    let (from, root, ten) = (last.parse().unwrap(), FilePath::root(), FilePath::parse("ten").unwrap());
    let ask = CommitsAsk {
        from: &from,
        path: &root,
        since: Some(start),
        until: None,
        page: None,
    };
    let page = async |ask: &CommitsAsk<'_>| reader.api().commits(&reader.place(), ask).await.answer;
    let first = page(&ask).await.unwrap();
    assert!(!first.filtered && first.commits.len() == 100);
    let newest = &first.commits[0];
    assert_eq!(
        (newest.id, newest.message.trim_end()),
        (from, "commit 119\n\nwith a body")
    );
    assert_eq!(
        (newest.author.name.as_str(), newest.author.email.as_str()),
        ("Zoë", "zoe@example.com")
    );
    assert_eq!(newest.committer.at.offset().seconds(), -330 * 60);
    assert_eq!(newest.parents, [first.commits[1].id]);
    assert!(newest.url.as_ref().unwrap().starts_with(&w.sim.web_url()));
    w.sim
        .commit_files(repository, &CommitSpec::new("meanwhile").file("a", "a"))
        .unwrap();
    let rest = CommitsAsk {
        page: first.next.as_deref(),
        ..ask
    };
    let rest = page(&rest).await.unwrap();
    assert_eq!((rest.commits.len(), &rest.next), (20, &None));
    assert_eq!(first.commits[99].parents, [rest.commits[0].id]);
    assert_eq!(page(&CommitsAsk { path: &ten, ..ask }).await.unwrap().commits.len(), 12);
    for bad in [
        "",
        "page=2&access_token=x",
        "include=main",
        "../../other?page=2",
        "https://evil.example/?page=2",
    ] {
        let error = page(&CommitsAsk { page: Some(bad), ..ask }).await.unwrap_err();
        assert!(
            matches!(&error, ReadError::NotFound(why) if why.code == Code::ContentCursor),
            "{bad}: {error:?}"
        );
    }
}
