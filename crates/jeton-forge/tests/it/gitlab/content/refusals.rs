use futures_util::TryStreamExt as _;
use jeton_domain::{Code, FilePath, ObjectId};
use jeton_forge::content::{NameKind, ReadError};
use jeton_forge_sim::{AccessLevel, CommitSpec, FaultKind, FaultRule, GitLabTokenSpec, Visibility};

use super::{Fits, Reader, odd, world};
use crate::gitlab::shows;

#[tokio::test]
async fn who_may_not_read_hears_why() {
    let (w, project, _) = world().await;
    let commit: ObjectId = w.sim.commit_files(project, &odd()).unwrap().parse().unwrap();
    let stranger = Reader::new(&w, "lab/sub/group/tools", None);
    let error = stranger.resolve(None).await.unwrap_err();
    assert!(
        matches!(&error, ReadError::NotFound(why) if why.code == Code::ContentRepositoryNotFound),
        "{error:?}"
    );
    let error = stranger.open(&commit, "README.md").await.unwrap_err();
    assert!(
        matches!(&error, ReadError::NotFound(why) if why.code == Code::ContentRepositoryNotFound),
        "{error:?}"
    );
    let bot = w
        .sim
        .add_token(&GitLabTokenSpec::project(w.project, AccessLevel::Reporter))
        .unwrap();
    let elsewhere = Reader::new(&w, "lab/sub/group/tools", Some(&bot.token));
    for error in [
        elsewhere.resolve(Some("main")).await.unwrap_err(),
        elsewhere.open(&commit, "README.md").await.unwrap_err(),
        elsewhere.list(&commit, "", true).await.unwrap_err(),
        elsewhere.blob(&commit, "README.md", None).await.unwrap_err(),
    ] {
        assert!(
            matches!(&error, ReadError::NotFound(why) if why.code == Code::CredentialNotVisible),
            "{error:?}"
        );
    }
    let narrow = w.personal(&["read_user"]);
    let narrow = Reader::new(&w, "lab/sub/group/tools", Some(&narrow.token));
    for error in [
        narrow.resolve(None).await.unwrap_err(),
        narrow.open(&commit, "README.md").await.unwrap_err(),
        narrow.blob(&commit, "README.md", None).await.unwrap_err(),
    ] {
        assert!(
            matches!(&error, ReadError::Forbidden(why) if why.code == Code::CredentialScope),
            "{error:?}"
        );
    }
    let files = w.personal(&["read_repository"]);
    let files = Reader::new(&w, "lab/sub/group/tools", Some(&files.token));
    assert!(files.open(&commit, "README.md").await.is_ok() && files.list(&commit, "", true).await.is_ok());
    assert!(matches!(files.resolve(None).await, Err(ReadError::Forbidden(_))));
    let dead = w.personal(&["read_api"]);
    w.sim.revoke_token(dead.id).unwrap();
    let dead = Reader::new(&w, "lab/sub/group/tools", Some(&dead.token));
    for error in [
        dead.resolve(None).await.unwrap_err(),
        dead.open(&commit, "README.md").await.unwrap_err(),
    ] {
        assert!(
            matches!(&error, ReadError::Unauthorized(why) if why.code == Code::CredentialRevoked),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn what_is_public_needs_no_credential() {
    let (w, ..) = world().await;
    let open = w.sim.add_empty_project("acme/open", Visibility::Public).unwrap();
    let commit: ObjectId = w.sim.commit_files(open, &odd()).unwrap().parse().unwrap();
    let stranger = Reader::new(&w, "acme/open", None);
    assert_eq!(stranger.resolve(Some("main")).await, Ok(commit));
    assert_eq!(
        stranger.blob(&commit, "README.md", None).await.unwrap(),
        b"in README.md\n"
    );
    assert_eq!(stranger.kind("main").await, NameKind::Branch);
}

#[tokio::test]
async fn trouble_is_told_from_refusal_on_every_call() {
    let (w, project, token) = world().await;
    let commit: ObjectId = w.sim.commit_files(project, &odd()).unwrap().parse().unwrap();
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    let is_down = |error: &ReadError| matches!(error, ReadError::Down(_));
    let is_garbled = |error: &ReadError| matches!(error, ReadError::Garbled(_));
    let is_limited = |error: &ReadError| matches!(error, ReadError::Limited { until, object_only: false, .. } if *until > reader.now);
    let redirect = FaultKind::Redirect {
        location: "http://127.0.0.1:1/elsewhere".to_owned(),
    };
    let limit = FaultKind::PrimaryLimit429 {
        reset_in: jiff::SignedDuration::from_secs(30),
    };
    let kinds: [(FaultKind, Fits<'_>); 4] = [
        (FaultKind::BadGateway, &is_down),
        (FaultKind::CutBeforeAnswer, &is_down),
        (limit, &is_limited),
        (redirect, &is_garbled),
    ];
    for (kind, fits) in kinds {
        w.sim.faults().add(FaultRule::new(kind.clone()));
        for error in [
            reader.resolve(None).await.unwrap_err(),
            reader.open(&commit, "README.md").await.unwrap_err(),
            reader.blob(&commit, "README.md", None).await.unwrap_err(),
            reader.list(&commit, "", true).await.unwrap_err(),
        ] {
            assert!(fits(&error), "{kind:?}: {error:?}");
            assert!(!shows(&error, &token));
        }
        w.sim.faults().clear();
    }
    for kind in [FaultKind::Garbage, FaultKind::EmptyBody] {
        w.sim.faults().add(FaultRule::new(kind.clone()));
        for error in [
            reader.resolve(None).await.unwrap_err(),
            reader.open(&commit, "README.md").await.unwrap_err(),
            reader.list(&commit, "", true).await.unwrap_err(),
        ] {
            assert!(is_garbled(&error), "{kind:?}: {error:?}");
        }
        w.sim.faults().clear();
    }
}

/// The limit on blobs of more than 10 MB is about the blob, and says so.
#[tokio::test]
async fn a_large_blob_is_limited_alone() {
    let (w, project, token) = world().await;
    let bytes = vec![b'x'; 10 * 1024 * 1024 + 1];
    let commit: ObjectId = w
        .sim
        .commit_files(
            project,
            &CommitSpec::new("large").file("large", &bytes).file("small", "s"),
        )
        .unwrap()
        .parse()
        .unwrap();
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    let (_, size, id) = reader.open(&commit, "large").await.unwrap();
    assert_eq!(size, Some(bytes.len() as u64));
    // the first of the five was the question that would have brought a smaller file along
    for _ in 0..4 {
        assert!(reader.blob(&commit, "large", id.as_ref()).await.unwrap() == bytes);
    }
    let error = reader.blob(&commit, "large", id.as_ref()).await.unwrap_err();
    assert!(
        matches!(&error, ReadError::Limited { object_only: true, until, .. } if *until > reader.now),
        "{error:?}"
    );
    assert_eq!(
        reader.open(&commit, "large").await.unwrap().1,
        size,
        "what it is can still be told"
    );
    assert_eq!(reader.blob(&commit, "small", None).await.unwrap(), b"s");
}

#[tokio::test]
async fn a_cut_file_ends_with_an_error() {
    let (w, project, token) = world().await;
    let bytes = vec![b'x'; 100_000];
    let commit = w
        .sim
        .commit_files(project, &CommitSpec::new("f").file("f", &bytes))
        .unwrap();
    let commit: ObjectId = commit.parse().unwrap();
    let reader = Reader::new(&w, "lab/sub/group/tools", Some(&token));
    w.sim.faults().add(FaultRule::new(FaultKind::CutInBody));
    let path = FilePath::parse("f").unwrap();
    let stream = reader
        .api()
        .blob(&reader.place(), &commit, &path, None)
        .await
        .answer
        .unwrap();
    let read: Result<Vec<_>, _> = stream.bytes.try_collect().await;
    assert!(read.is_err(), "{read:?}");
}
