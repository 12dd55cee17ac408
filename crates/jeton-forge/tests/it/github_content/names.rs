//! Branches, tags and commits by their names.

use jeton_domain::{FilePath, ObjectId, RefName};
use jeton_forge::content::{NameKind, ReadError, Resolved};
use jeton_forge_sim::CommitSpec;

use super::{Reader, kind};

fn name(text: &str) -> RefName {
    RefName::parse(text).unwrap()
}

/// Commits of `main`, `feature/x` and `old`, with tags; `both` is a branch at the first and a tag at the second.
async fn named() -> (Reader, [ObjectId; 3]) {
    let r = Reader::new().await;
    let github = r.github();
    let make = |branch: &str| {
        let spec = CommitSpec::new("One").branch(branch).file("a", branch);
        github.commit("acme", "tools", &spec).unwrap()
    };
    let ids = ["main", "feature/x", "old"].map(make);
    let tag = |tag, target, message| github.tag("acme", "tools", tag, target, message).unwrap();
    tag("v1", &ids[0], Some("Version 1"));
    tag("v2", &ids[1], None);
    tag("same", &ids[2], None);
    tag("both", &ids[1], None);
    github.add_branch_at("acme", "tools", "both", &ids[0]).unwrap();
    github.add_branch_at("acme", "tools", "same", &ids[2]).unwrap();
    github.add_branch_at("acme", "tools", "c#1+ü%20", &ids[2]).unwrap();
    (r, ids.map(|id| id.parse().unwrap()))
}

#[tokio::test]
async fn every_way_to_write_a_name_leads_to_its_commit() {
    let (r, [main, feature, old]) = named().await;
    let short = main.to_string()[..10].to_owned();
    for (text, expected) in [
        ("main", main),
        ("heads/main", main),
        ("refs/heads/main", main),
        ("feature/x", feature),
        ("heads/feature/x", feature),
        ("refs/heads/feature/x", feature),
        ("old", old),
        ("v1", main),
        ("tags/v1", main),
        ("refs/tags/v1", main),
        ("v2", feature),
        ("heads/both", main),
        ("tags/both", feature),
        ("refs/tags/both", feature),
        ("c#1+ü%20", old),
        ("heads/c#1+ü%20", old),
        (&short, main),
    ] {
        assert_eq!(r.resolve(text).await, Ok(expected), "{text}");
    }
}

#[tokio::test]
async fn a_repository_need_not_have_a_branch_called_main() {
    let (r, [main, _, old]) = named().await;
    assert_eq!(r.head().await, main);
    r.github().set_default_branch("acme", "tools", "old").unwrap();
    r.github().remove_branch("acme", "tools", "main").unwrap();
    assert_eq!(r.head().await, old);
    assert_ne!(kind(r.resolve("heads/main").await), "empty");
}

#[tokio::test]
async fn a_commit_comes_with_its_tree_and_unchanged_costs_nothing() {
    let (r, [main, ..]) = named().await;
    for name in [None, Some(name("main")), Some(name("refs/heads/main"))] {
        let told = r.forge().resolve(&r.at(), name.as_ref(), None).await;
        let before = told.quota.unwrap();
        let Resolved::At {
            commit,
            tree: Some(tree),
            etag: Some(etag),
            ..
        } = told.answer.unwrap()
        else {
            panic!("no tree or no tag")
        };
        assert_eq!(commit, main);
        let listed = r
            .forge()
            .list(
                &r.at(),
                &jeton_forge::content::ListAsk {
                    commit: &commit,
                    directory: &super::path(""),
                    tree: Some(&tree),
                    deep: false,
                    page: None,
                },
            )
            .await;
        assert_eq!(listed.answer.unwrap().entries.len(), 2);
        let again = r.forge().resolve(&r.at(), name.as_ref(), Some(&etag)).await;
        assert_eq!(again.answer, Ok(Resolved::Unchanged));
        assert_eq!(
            again.quota.unwrap().remaining,
            before.remaining - 1,
            "only the listing cost something"
        );
    }
    let etag = match r.forge().resolve(&r.at(), None, None).await.answer {
        Ok(Resolved::At { etag, .. }) => etag,
        other => panic!("{other:?}"),
    };
    let new = r.github().commit_file("acme", "tools", "a", "new").unwrap();
    let changed = r.forge().resolve(&r.at(), None, etag.as_deref()).await;
    assert_eq!(super::commit_of(changed), Ok(new.parse().unwrap()));
}

#[tokio::test]
async fn what_has_a_name_is_told_apart() {
    let (r, _) = named().await;
    for (text, expected, calls) in [
        ("main", NameKind::Branch, 2),
        ("feature/x", NameKind::Branch, 2),
        ("feature", NameKind::Neither, 2),
        ("v1", NameKind::Tag, 2),
        ("v", NameKind::Neither, 2),
        ("both", NameKind::Both, 2),
        ("same", NameKind::Branch, 2),
        ("Main", NameKind::Neither, 2),
        ("0123abc", NameKind::Neither, 2),
        ("c#1+ü%20", NameKind::Branch, 2),
        ("heads/both", NameKind::Branch, 0),
        ("refs/tags/both", NameKind::Tag, 0),
        ("refs/pull/1/head", NameKind::Neither, 0),
    ] {
        let before = r.calls();
        let told = r.forge().name_kind(&r.at(), &name(text)).await;
        assert_eq!(told.answer, Ok(expected), "{text}");
        assert_eq!(r.calls() - before, calls, "{text}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_apart_as_far_as_github_does() {
    let (r, _) = named().await;
    assert_eq!(kind(r.resolve("heads/nope").await), "no such name");
    assert_eq!(kind(r.resolve("tags/main").await), "no such name");
    assert_eq!(kind(r.resolve("nope").await), "not found");
    r.github().add_empty_repository("acme", "new", false).unwrap();
    let r = r.of("acme/new");
    assert_eq!(kind(r.resolve("main").await), "empty");
    assert_eq!(kind(r.forge().resolve(&r.at(), None, None).await.answer), "empty");
    assert_eq!(kind(r.forge().name_kind(&r.at(), &name("main")).await.answer), "empty");
    let r = r.of("acme/absent");
    assert_eq!(kind(r.resolve("main").await), "not found");
    assert_eq!(kind(r.forge().resolve(&r.at(), None, None).await.answer), "not found");
    assert_eq!(
        kind(r.forge().name_kind(&r.at(), &name("main")).await.answer),
        "not found"
    );
}

/// Who may read what is called otherwise is a question of its own: the old name opens nothing, and tells the new one.
#[tokio::test]
async fn a_renamed_repository_is_told_by_its_new_name_and_not_followed() {
    let (r, [main, ..]) = named().await;
    r.github().rename_repository("acme", "tools", "instruments").unwrap();
    let moved = Some(ReadError::Moved {
        to: Some("acme/instruments".to_owned()),
    });
    assert_eq!(r.forge().resolve(&r.at(), None, None).await.answer.err(), moved);
    let path = FilePath::parse("a").unwrap();
    assert_eq!(r.forge().open(&r.at(), &main, &path).await.answer.err(), moved);
    let blob = r.forge().blob(&r.at(), &main, &path, Some(&main)).await;
    assert_eq!(blob.answer.err(), moved);
}
