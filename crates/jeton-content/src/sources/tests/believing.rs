//! What is believed of an answer, and what it shows.

use jeton_domain::{Code, FilePath};
use jeton_forge::content::ReadError;

use super::world::{commit, key_of, main_branch, not_found, said, world};
use crate::sources::{Failed, Right};

#[tokio::test]
async fn what_is_not_found_is_believed_of_who_reads_the_repository() {
    let w = world(&["a", "b"]);
    w.fake.say_of_thing("a", not_found());
    assert!(matches!(w.list().await, Err(Failed::NotFound(_))));
    assert_eq!(
        w.fake.take_calls(),
        ["a list", "a repository"],
        "it has to show that it reads it"
    );
    assert!(matches!(w.list().await, Err(Failed::NotFound(_))));
    assert_eq!(w.fake.take_calls(), ["a list", "a repository"], "each time");
    w.fake.say("a", not_found());
    assert!(w.list().await.is_ok(), "it may not read any more, and the other may");
    assert_eq!(w.fake.take_calls(), ["a list", "a repository", "b list"]);
}

#[tokio::test]
async fn a_name_that_is_not_there_hides_no_repository() {
    let w = world(&["a"]);
    w.fake.say_of_thing("a", not_found());
    let name = main_branch();
    assert!(matches!(
        w.way.resolve(Some(&name), None).await,
        Err(Failed::NoSuchName(_))
    ));
    assert_eq!(w.fake.take_calls(), ["a ref main", "a repository"]);
    assert_eq!(w.resolve().await.unwrap(), key_of("a"));
}

#[tokio::test]
async fn a_client_that_knows_a_name_to_be_none_has_not_read_the_repository() {
    let w = world(&["a"]);
    let no_such_name = || Err(ReadError::NoSuchName(said(Code::ContentRefNotFound).into()));
    let name = main_branch();
    w.fake.say_of_thing("a", no_such_name());
    w.fake.say("a", not_found());
    w.fake.say("-", not_found());
    assert!(matches!(
        w.way.resolve(Some(&name), None).await,
        Err(Failed::NotFound(_))
    ));
    assert_eq!(w.fake.take_calls()[..2], ["a ref main", "a repository"]);
    assert_eq!(w.way.right(w.way.now()), Right::Missing);

    let w = world(&["a"]);
    w.fake.say_of_thing("a", no_such_name());
    assert!(matches!(
        w.way.resolve(Some(&name), None).await,
        Err(Failed::NoSuchName(_))
    ));
    assert_eq!(w.way.right(w.way.now()), Right::Fresh, "the repository was read");
}

#[tokio::test]
async fn what_a_client_may_find_out_by_itself_shows_nothing() {
    let w = world(&["a"]);
    w.fake.say("a", Err(ReadError::Empty));
    assert!(matches!(w.resolve().await, Err(Failed::Empty)));
    assert_eq!(w.way.right(w.way.now()), Right::Missing);
    w.fake.say_of_thing("a", Err(ReadError::TooLarge { limit: 1 }));
    assert!(matches!(w.list().await, Err(Failed::TooLarge { limit: 1 })));
    assert_eq!(w.way.right(w.way.now()), Right::Missing);
    w.fake.say_of_thing("a", Ok(()));
    w.way.name_kind(&main_branch()).await.unwrap();
    w.way.open(&commit(), &FilePath::root()).await.unwrap();
    assert_eq!(w.way.right(w.way.now()), Right::Missing);
    w.way.open(&commit(), &FilePath::parse("src").unwrap()).await.unwrap();
    assert_eq!(w.way.right(w.way.now()), Right::Fresh);
}

#[tokio::test]
async fn what_is_not_there_is_not_said_of_a_repository_without_commits() {
    let w = world(&["a"]);
    w.fake.say_of_thing("a", not_found());
    w.fake.say("a", Err(ReadError::Empty));
    assert!(matches!(w.list().await, Err(Failed::Empty)));
    assert_eq!(w.way.right(w.way.now()), Right::Missing);
}
