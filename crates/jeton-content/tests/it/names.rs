//! Branches, tags and commits.

use jeton_content::ContentError;
use jeton_forge_sim::CommitSpec;
use jiff::SignedDuration;

use crate::world::{REPOSITORY, World, whole};

async fn read(world: &World, name: &str) -> Result<Vec<u8>, ContentError> {
    let read = world.content.file(REPOSITORY, Some(name), "who").await?;
    Ok(whole(&read.value.blob).await)
}

#[tokio::test]
async fn every_kind_of_name_is_understood_and_the_default_branch_is_no_word() {
    let world = World::new().await;
    let commit = world.write("who", b"main");
    world.github().set_default_branch("acme", "site", "main").unwrap();
    let github = world.github();
    github.add_branch("acme", "site", "feature/x").unwrap();
    let spec = CommitSpec::new("on a branch")
        .branch("feature/x")
        .file("who", "feature");
    github.commit("acme", "site", &spec).unwrap();
    github.tag("acme", "site", "v1", &commit, None).unwrap();
    github.tag("acme", "site", "v1.1", &commit, Some("annotated")).unwrap();
    github.set_default_branch("acme", "site", "feature/x").unwrap();
    assert_eq!(world.bytes("who").await, b"feature");
    for name in [
        "main",
        "refs/heads/main",
        "v1",
        "v1.1",
        "refs/tags/v1",
        &commit,
        &commit[..10],
    ] {
        assert_eq!(read(&world, name).await.unwrap(), b"main", "{name}");
    }
    assert_eq!(read(&world, "feature/x").await.unwrap(), b"feature");
    assert_eq!(read(&world, "HEAD").await.unwrap(), b"feature");
}

#[tokio::test]
async fn a_name_of_two_things_is_refused_and_its_long_form_is_not() {
    let world = World::new().await;
    let first = world.write("who", b"tag");
    world.github().tag("acme", "site", "twin", &first, None).unwrap();
    world.write("who", b"branch");
    world.github().add_branch("acme", "site", "twin").unwrap();
    assert!(matches!(
        read(&world, "twin").await,
        Err(ContentError::RefAmbiguous { .. })
    ));
    assert_eq!(read(&world, "refs/tags/twin").await.unwrap(), b"tag");
    assert_eq!(read(&world, "refs/heads/twin").await.unwrap(), b"branch");
}

#[tokio::test]
async fn what_names_nothing_is_told_apart() {
    let world = World::new().await;
    for name in ["none", "0123456789abcdef0123456789abcdef01234567"] {
        let error = read(&world, name).await.unwrap_err();
        assert!(matches!(error, ContentError::RefNotFound { .. }), "{name}: {error:?}");
    }
    for bad in ["a b", "main~1", "-x", "a..b", "main:who"] {
        let error = read(&world, bad).await.unwrap_err();
        assert!(matches!(error, ContentError::Invalid(_)), "{bad}: {error:?}");
    }
    let error = world.content.file("acme/none", None, "who").await.unwrap_err();
    assert!(matches!(error, ContentError::RepositoryNotFound { .. }), "{error:?}");
    world.github().add_empty_repository("acme", "empty", false).unwrap();
    let error = world.content.file("acme/empty", None, "who").await.unwrap_err();
    assert!(matches!(error, ContentError::Empty(_)), "{error:?}");
}

#[tokio::test]
async fn another_repositorys_commit_opens_nothing() {
    let world = World::new().await;
    world.github().add_repository("acme", "other", false).unwrap();
    let commit = world.write("who", b"site");
    assert_eq!(read(&world, &commit).await.unwrap(), b"site");
    let error = world
        .content
        .file("acme/other", Some(&commit), "who")
        .await
        .unwrap_err();
    assert!(matches!(error, ContentError::RefNotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn content_that_is_here_is_not_shown_when_the_repository_went_away() {
    let world = World::new().await;
    let commit = world.write("who", b"site");
    assert_eq!(read(&world, &commit).await.unwrap(), b"site");
    assert!(world.github().remove_repository("acme", "site"));
    world.clock.pass(SignedDuration::from_mins(6));
    let error = read(&world, &commit).await.unwrap_err();
    assert!(matches!(error, ContentError::RepositoryNotFound { .. }), "{error:?}");
}
