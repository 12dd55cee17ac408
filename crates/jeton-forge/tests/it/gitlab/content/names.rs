use jeton_domain::{Code, FilePath, ObjectId};
use jeton_forge::content::{CommitsAsk, NameKind, ReadError, Resolved, Told};
use jeton_forge_sim::CommitSpec;

use super::{Reader, world};

#[tokio::test]
async fn names_mean_what_git_says() {
    let (w, project, token) = world().await;
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    assert_eq!(reader.resolve(None).await, Err(ReadError::Empty));
    assert_eq!(reader.resolve(Some("main")).await, Err(ReadError::Empty));
    let first = w
        .sim
        .commit_files(project, &CommitSpec::new("1").file("a", "1"))
        .unwrap();
    w.sim.tag(project, "v1", &first, Some("one")).unwrap();
    w.sim.tag(project, "both", &first, None).unwrap();
    let second = w
        .sim
        .commit_files(project, &CommitSpec::new("2").file("a", "2"))
        .unwrap();
    w.sim.add_branch(project, "feature/x", &first).unwrap();
    w.sim.add_branch(project, "both", &second).unwrap();
    w.sim.add_branch(project, "v1", &first).unwrap();
    for (name, want) in [
        (None, &second),
        (Some("main"), &second),
        (Some("refs/heads/main"), &second),
        (Some("feature/x"), &first),
        (Some("heads/both"), &second),
        (Some("tags/both"), &first),
        (Some("refs/tags/v1"), &first),
        (Some(&first[..10]), &first),
    ] {
        assert_eq!(
            reader.resolve(name).await.map(|id| id.to_string()).as_ref(),
            Ok(want),
            "{name:?}"
        );
    }
    for (name, want) in [
        ("main", NameKind::Branch),
        ("feature/x", NameKind::Branch),
        ("both", NameKind::Both),
        ("v1", NameKind::Branch),
        ("tags/both", NameKind::Tag),
        ("refs/heads/both", NameKind::Branch),
        ("tags/main", NameKind::Neither),
        (&first[..10], NameKind::Neither),
    ] {
        assert_eq!(reader.kind(name).await, want, "{name}");
    }
    let error = reader.resolve(Some("no/such")).await.unwrap_err();
    assert!(
        matches!(&error, ReadError::NoSuchName(why) if why.code == Code::ContentRefNotFound),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_name_that_is_known_costs_no_body() {
    let (w, project, token) = world().await;
    w.sim
        .commit_files(project, &CommitSpec::new("1").file("a", "1"))
        .unwrap();
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    let Told { answer, quota } = reader.api().resolve(&reader.place(), None, None).await;
    let Ok(Resolved::At { etag: Some(etag), .. }) = answer else {
        panic!("{answer:?}");
    };
    assert!(quota.is_some_and(|quota| quota.remaining < quota.limit), "{quota:?}");
    let again = reader.api().resolve(&reader.place(), None, Some(&etag)).await;
    assert_eq!(again.answer, Ok(Resolved::Unchanged));
    let second = w
        .sim
        .commit_files(project, &CommitSpec::new("2").file("a", "2"))
        .unwrap();
    let changed = reader.api().resolve(&reader.place(), None, Some(&etag)).await;
    assert!(
        matches!(&changed.answer, Ok(Resolved::At { commit, .. }) if commit.to_string() == second),
        "{changed:?}"
    );
}

#[tokio::test]
async fn history_comes_in_pages_with_its_zones() {
    let (w, project, token) = world().await;
    let start: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut last = String::new();
    for n in 0..120 {
        let at = start.checked_add(jiff::SignedDuration::from_hours(n)).unwrap();
        let path = if n % 10 == 0 { "ten" } else { "other" };
        let spec = CommitSpec::new(format!("commit {n}\n\nwith a body"))
            .file(path, n.to_string())
            .author("Zoë", "zoe@example.com")
            .at(at, 330);
        last = w.sim.commit_files(project, &spec).unwrap();
    }
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    let (from, root, ten): (ObjectId, _, _) =
        (last.parse().unwrap(), FilePath::root(), FilePath::parse("ten").unwrap());
    let ask = CommitsAsk {
        from: &from,
        path: &root,
        since: None,
        until: None,
        page: None,
    };
    let first = reader.api().commits(&reader.place(), &ask).await.answer.unwrap();
    assert!(first.filtered && first.commits.len() == 100);
    assert_eq!(first.commits[0].id, from);
    assert_eq!(first.commits[0].message.trim_end(), "commit 119\n\nwith a body");
    assert_eq!(first.commits[0].author.at.offset().seconds(), 330 * 60);
    assert_eq!(first.commits[0].author.email, "zoe@example.com");
    assert_eq!(first.commits[0].parents, [first.commits[1].id]);
    let url = first.commits[0].url.clone().unwrap();
    assert!(url.starts_with(&w.sim.web_url()), "{url}");
    let rest = CommitsAsk {
        page: first.next.as_deref(),
        ..ask
    };
    let rest = reader.api().commits(&reader.place(), &rest).await.answer.unwrap();
    assert_eq!((rest.commits.len(), &rest.next), (20, &None));
    assert!(rest.commits[19].parents.is_empty());
    let tens = CommitsAsk { path: &ten, ..ask };
    assert_eq!(
        reader
            .api()
            .commits(&reader.place(), &tens)
            .await
            .answer
            .unwrap()
            .commits
            .len(),
        12
    );
    let some = CommitsAsk {
        since: Some("2026-01-02T00:00:00Z".parse().unwrap()),
        until: Some("2026-01-02T05:00:00Z".parse().unwrap()),
        ..ask
    };
    assert_eq!(
        reader
            .api()
            .commits(&reader.place(), &some)
            .await
            .answer
            .unwrap()
            .commits
            .len(),
        6
    );
    for bad in ["0", "1", "-1", "x", "99999999999", "2&sudo=root"] {
        let bad = CommitsAsk { page: Some(bad), ..ask };
        let error = reader.api().commits(&reader.place(), &bad).await.answer.unwrap_err();
        assert!(
            matches!(&error, ReadError::NotFound(why) if why.code == Code::ContentCursor),
            "{error:?}"
        );
    }
}
