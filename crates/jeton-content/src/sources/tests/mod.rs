//! The loop over sources, with a forge that says what it is told to.

mod believing;
mod endpoints;
mod holding;
pub(super) mod world;

use std::sync::Arc;

use futures_util::{FutureExt as _, StreamExt as _};
use jeton_domain::{Code, Coded as _, Credential, FilePath, Fingerprint, ForgeEndpoint, ForgeKind, RepoPath, Secret};
use jeton_forge::content::{ReadError, Resolved};
use jiff::Timestamp;

use self::world::{commit, key_of, limited, minutes, not_found, other, said, unauthorized, way, world};
use super::{Failed, Known, Right, SourceKey, Way, gate::GateKey, source::Means};
use crate::ContentError;

#[tokio::test]
async fn a_public_repository_is_read_though_a_token_is_bad() {
    let w = world(&["a"]);
    w.fake.say("a", unauthorized());
    assert_eq!(w.resolve().await.unwrap(), SourceKey::Anonymous);
    assert_eq!((&*w.way.source(), w.way.notices().len()), ("anonymous", 1));
    assert!(
        w.way.notices()[0].cause.starts_with("account:a: "),
        "{:?}",
        w.way.notices()
    );
    assert_eq!(w.fake.take_calls(), ["a repository", "- repository"]);
    w.resolve().await.unwrap();
    assert_eq!(w.fake.take_calls(), ["- repository"], "it is passed over for a minute");
    w.clock.forward(minutes(2));
    w.fake.say("a", Ok(()));
    w.fake.say("-", not_found());
    assert_eq!(w.resolve().await.unwrap(), key_of("a"));
    assert!(w.way.notices().is_empty());
}

#[tokio::test]
async fn who_reads_the_repository_is_asked_first() {
    let w = world(&["a", "b"]);
    w.fake.say("a", not_found());
    assert_eq!(w.resolve().await.unwrap(), key_of("b"));
    assert_eq!(w.fake.take_calls(), ["a repository", "b repository"]);
    w.clock.forward(minutes(2));
    assert_eq!(w.resolve().await.unwrap(), key_of("b"));
    assert_eq!(w.fake.take_calls(), ["b repository"]);
    assert!(w.way.notices().is_empty(), "not to read everything is nothing wrong");
}

#[tokio::test]
async fn what_is_shown_to_nobody_is_not_asked_for_again_at_once() {
    let w = world(&["a"]);
    w.fake
        .say("a", Err(ReadError::Forbidden(said(Code::ForgeForbidden).into())));
    w.fake.say("-", not_found());
    assert!(matches!(w.resolve().await, Err(Failed::NotFound(_))));
    assert_eq!(w.fake.take_calls().len(), 2);
    assert!(matches!(w.resolve().await, Err(Failed::NotFound(_))));
    let error = other(w.list().await.unwrap_err());
    assert_eq!(error.code(), Code::ContentRepositoryNotFound);
    assert!(w.fake.take_calls().is_empty());
    let ContentError::RepositoryNotFound { tried, diagnoses, .. } = w.way.not_shown() else {
        panic!("{error}")
    };
    assert_eq!(tried, ["account:a", "anonymous"]);
    assert_eq!(
        diagnoses.len(),
        1,
        "only what says more than `not found`: {diagnoses:?}"
    );
    w.clock.forward(minutes(1));
    w.fake.say("a", Ok(()));
    assert_eq!(w.resolve().await.unwrap(), key_of("a"));
}

#[tokio::test]
async fn of_equals_who_has_most_left_is_asked() {
    let w = world(&["a", "b"]);
    w.fake.left("a", 50);
    w.resolve().await.unwrap();
    let other = way(&w.shared, 1, &["a", "b"]);
    let elsewhere = RepoPath::parse(ForgeKind::GitHub, "acme/other").unwrap();
    let mut elsewhere = Way::new(Arc::clone(&w.shared), None, other.who, other.forge.clone(), elsewhere);
    for token in ["a", "b"] {
        let fingerprint = Fingerprint::of(&Secret::new(token));
        let source = other.sources.iter().find(|one| one.key == key_of(token)).unwrap();
        let Means::Given(credential) = &source.means else {
            panic!()
        };
        let gate = GateKey::Token(Arc::clone(&other.endpoint), fingerprint);
        let means = Means::Given(Arc::clone(credential));
        elsewhere.add(&source.name, source.key.clone(), gate, means, None);
    }
    elsewhere.add_anonymous(None);
    w.fake.take_calls();
    elsewhere.resolve(None, None).await.unwrap();
    assert_eq!(
        w.fake.take_calls(),
        ["b repository"],
        "nobody was seen to read this one"
    );
    w.resolve().await.unwrap();
    assert_eq!(
        w.fake.take_calls(),
        ["a repository"],
        "and this one was read by the other"
    );
}

#[tokio::test]
async fn a_limit_is_obeyed_and_the_caller_hears_when_to_come_back() {
    let w = world(&["a", "b"]);
    w.fake.say("a", limited(10, false));
    w.fake.say("b", limited(5, false));
    w.fake.say("-", not_found());
    let error = other(w.resolve().await.unwrap_err());
    let ContentError::Forge(diagnosis) = &error else {
        panic!("{error}")
    };
    assert_eq!(diagnosis.code, Code::ForgeRateLimited);
    assert_eq!(
        diagnosis.retry_at,
        Some(Timestamp::UNIX_EPOCH + minutes(5)),
        "the soonest"
    );
    assert_eq!(w.fake.take_calls().len(), 3);
    w.fake.say("a", Ok(()));
    w.fake.say("b", Ok(()));
    assert_eq!(other(w.resolve().await.unwrap_err()).code(), Code::ForgeRateLimited);
    assert!(w.fake.take_calls().is_empty(), "nobody is asked before");
    w.clock.forward(minutes(5));
    assert_eq!(w.resolve().await.unwrap(), key_of("b"));
    w.clock.forward(minutes(-600));
    assert!(
        w.resolve().await.is_ok(),
        "a clock that is set back closes nothing for ever"
    );
}

#[tokio::test]
async fn what_is_left_at_zero_closes_too() {
    let w = world(&["a"]);
    w.fake.left("a", 0);
    w.fake.say("-", not_found());
    w.resolve().await.unwrap();
    w.fake.take_calls();
    let error = other(w.resolve().await.unwrap_err());
    assert_eq!(error.code(), Code::ForgeRateLimited);
    assert_eq!(w.fake.take_calls(), ["- repository"]);
    w.clock.forward(minutes(40));
    w.fake.left("a", 99);
    assert!(w.resolve().await.is_ok());
}

#[tokio::test]
async fn a_limit_of_one_object_is_nobody_elses() {
    let w = world(&["a"]);
    w.fake.say_of_thing("a", limited(10, true));
    let error = other(w.list().await.unwrap_err());
    assert_eq!(error.code(), Code::ForgeRateLimited);
    assert_eq!(w.fake.take_calls(), ["a list"]);
    assert_eq!(w.resolve().await.unwrap(), key_of("a"));
}

#[tokio::test]
async fn nobody_else_is_asked_when_the_forge_is_down() {
    let w = world(&["a", "b"]);
    w.fake
        .say("a", Err(ReadError::Down(said(Code::ForgeUnavailable).into())));
    assert_eq!(other(w.resolve().await.unwrap_err()).code(), Code::ForgeUnavailable);
    assert_eq!(w.fake.take_calls(), ["a repository"]);
}

#[tokio::test]
async fn a_right_is_seen_grows_old_and_ends() {
    let w = world(&["a", "b"]);
    assert_eq!(w.way.right(w.way.now()), Right::Missing);
    w.fake.say("b", unauthorized());
    w.fake.say("-", not_found());
    w.resolve().await.unwrap();
    assert_eq!(w.way.right(w.way.now()), Right::Fresh);
    assert!(w.way.is_current(w.way.now()));
    w.clock.forward(minutes(2));
    assert_eq!(w.way.right(w.way.now()), Right::Due);
    assert!(!w.way.is_current(w.way.now()));
    let of_another = way(&w.shared, 1, &["b"]);
    assert_eq!(
        of_another.right(w.way.now()),
        Right::Missing,
        "who may not ask as `a` has not its right"
    );
    assert_eq!(way(&w.shared, 1, &["a"]).right(w.way.now()), Right::Due, "who may has");
    w.clock.forward(minutes(4));
    assert_eq!(w.way.right(w.way.now()), Right::Missing);
    w.resolve().await.unwrap();
    assert_eq!(w.way.right(w.way.now()), Right::Fresh);
    w.clock.forward(minutes(-60));
    assert_eq!(
        w.way.right(w.way.now()),
        Right::Missing,
        "a clock that was set back makes no right last"
    );
    w.resolve().await.unwrap();
    w.fake.say("a", unauthorized());
    assert!(matches!(w.resolve().await, Err(Failed::NotFound(_))));
    assert_eq!(
        w.way.right(w.way.now()),
        Right::Missing,
        "a token that is refused reads nothing"
    );
}

#[tokio::test]
async fn a_mark_is_shown_only_to_who_gave_it() {
    let w = world(&["a", "b"]);
    let known = Known {
        source: key_of("b"),
        etag: "mark".to_owned(),
    };
    w.resolve().await.unwrap();
    w.fake.take_calls();
    let (resolved, source) = w.way.resolve(None, Some(&known)).await.unwrap();
    assert_eq!((resolved, source), (Resolved::Unchanged, key_of("b")));
    assert_eq!(w.fake.take_calls(), ["b if not mark"]);
    w.fake.say("b", unauthorized());
    let (resolved, source) = w.way.resolve(None, Some(&known)).await.unwrap();
    assert!(matches!(resolved, Resolved::At { .. }) && source == key_of("a"));
    assert_eq!(w.fake.take_calls(), ["b if not mark", "a repository"]);
}

#[tokio::test]
async fn a_file_on_its_way_is_a_call_until_it_is_here() {
    let w = world(&["a"]);
    let (commit, path) = (commit(), FilePath::parse("a").unwrap());
    let mut stream = w.way.blob(&commit, &path, None).await.unwrap();
    assert!(w.resolve().now_or_never().is_none(), "one call at a time");
    while let Some(piece) = stream.bytes.next().await {
        piece.unwrap();
    }
    assert!(w.resolve().now_or_never().unwrap().is_ok());
    assert!(stream.bytes.next().await.is_none());
    let stream = w.way.blob(&commit, &path, None).await.unwrap();
    assert!(w.resolve().now_or_never().is_none());
    drop(stream);
    assert!(w.resolve().now_or_never().unwrap().is_ok(), "nobody wants it any more");
}

#[tokio::test]
async fn alone_one_token_is_asked_and_then_nobody() {
    let w = world(&["a"]);
    let Means::Given(credential) = &w.way.sources[0].means else {
        panic!()
    };
    let path = RepoPath::parse(ForgeKind::GitHub, "acme/app").unwrap();
    let alone = |forge, path: &RepoPath| {
        Way::alone_with(
            Arc::clone(&w.shared),
            forge,
            path.clone(),
            Some(Credential::clone(credential)),
        )
    };
    let way = alone(ForgeEndpoint::github_com(), &path).unwrap();
    assert_eq!(
        (&**way.key(), &*way.source()),
        ("github https://api.github.com acme/app", "environment")
    );
    way.resolve(None, None).await.unwrap();
    assert!(way.is_current(way.now()));
    w.fake.say("a", unauthorized());
    way.resolve(None, None).await.unwrap();
    assert_eq!((&*way.source(), way.notices().len()), ("anonymous", 1));
    assert!(
        alone(ForgeEndpoint::gitlab_com(), &path).is_err(),
        "a token goes nowhere else"
    );
}

#[tokio::test]
async fn who_used_their_share_leaves_the_rest_to_others() {
    let w = world(&["a"]);
    w.fake.say("-", not_found());
    let other_way = way(&w.shared, 1, &["a"]);
    other_way.resolve(None, None).await.unwrap();
    w.fake.left("a", 10);
    w.resolve().await.unwrap();
    for _ in 0..5 {
        w.resolve().await.unwrap();
    }
    let error = other(w.resolve().await.unwrap_err());
    let ContentError::Share { retry_after, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(retry_after, minutes(40));
    assert!(other_way.resolve(None, None).await.is_ok());
    let known = Known {
        source: key_of("a"),
        etag: "mark".to_owned(),
    };
    for _ in 0..20 {
        assert!(
            other_way.resolve(None, Some(&known)).await.is_ok(),
            "what is not new costs nothing"
        );
    }
}
