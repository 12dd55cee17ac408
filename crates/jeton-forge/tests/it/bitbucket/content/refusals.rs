use futures_util::TryStreamExt as _;
use jeton_domain::{Code, CredentialKind, FilePath};
use jeton_forge::content::ReadError;
use jeton_forge_sim::{BitbucketTokenSpec, CommitSpec, FaultKind, FaultRule};

use super::{Fits, Reader, commit, odd, reading, tools};
use crate::bitbucket::World;

#[tokio::test]
async fn who_may_not_read_hears_why() {
    let w = World::new().await;
    let commit = commit(&w, &odd());
    let stranger = Reader::new(&w, "acme/tools", None);
    for error in [
        stranger.resolve(None).await.unwrap_err(),
        stranger.resolve(Some("main")).await.unwrap_err(),
        stranger.open(&commit, "Notes.md").await.unwrap_err(),
        stranger.blob(&commit, "Notes.md").await.unwrap_err(),
    ] {
        assert!(
            matches!(&error, ReadError::NotFound(why) if why.code == Code::ContentRepositoryNotFound),
            "{error:?}"
        );
    }
    let none = Reader::new(&w, "acme/none", Some(reading(&w)));
    let error = none.resolve(Some("main")).await.unwrap_err();
    assert!(
        matches!(&error, ReadError::NotFound(why) if why.code == Code::CredentialNotVisible),
        "{error:?}"
    );
    let narrow = w.api_token(&["read:user"]);
    let narrow = w.credential(CredentialKind::BitbucketApiToken, &narrow.token);
    let error = Reader::new(&w, "acme/tools", Some(narrow))
        .resolve(None)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ReadError::Forbidden(why) if why.code == Code::CredentialScope),
        "{error:?}"
    );
    let access = w
        .sim
        .add_token(&BitbucketTokenSpec::repository_token(w.tools).scopes(["repository"]))
        .unwrap();
    let access = w.credential(CredentialKind::BitbucketRepository, &access.token);
    assert_eq!(
        Reader::new(&w, "acme/tools", Some(access)).resolve(None).await,
        Ok(commit)
    );
    let dead = w.api_token(&["read:repository"]);
    w.sim.revoke_token(dead.id).unwrap();
    let dead = Reader::new(
        &w,
        "acme/tools",
        Some(w.credential(CredentialKind::BitbucketApiToken, &dead.token)),
    );
    for error in [
        dead.resolve(None).await.unwrap_err(),
        dead.blob(&commit, "Notes.md").await.unwrap_err(),
    ] {
        assert!(matches!(error, ReadError::Unauthorized(_)), "{error:?}");
    }
}

/// Nothing is sent with a credential that Bitbucket would refuse for its form.
#[tokio::test]
async fn a_credential_of_the_wrong_form_is_not_sent() {
    let w = World::new().await;
    let mut nameless = reading(&w);
    nameless.email = None;
    let mut old = reading(&w);
    old.kind = CredentialKind::BitbucketAppPassword;
    let before = w.sim.calls().total();
    let error = Reader::new(&w, "acme/tools", Some(nameless))
        .resolve(None)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ReadError::Forbidden(why) if why.code == Code::CredentialUsername),
        "{error:?}"
    );
    let error = Reader::new(&w, "acme/tools", Some(old))
        .resolve(None)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ReadError::Unauthorized(why) if why.code == Code::CredentialAppPassword),
        "{error:?}"
    );
    assert_eq!(w.sim.calls().total(), before);
}

#[tokio::test]
async fn a_file_of_lfs_is_named_as_one() {
    let w = World::new().await;
    let pointer = w.sim.add_lfs_object(w.tools, b"large".to_vec()).unwrap();
    let commit = commit(&w, &CommitSpec::new("lfs").file("large.bin", pointer));
    let reader = tools(&w);
    for error in [
        reader.blob(&commit, "large.bin").await.unwrap_err(),
        reader.open(&commit, "large.bin").await.unwrap_err(),
    ] {
        let ReadError::Garbled(why) = &error else {
            panic!("{error:?}");
        };
        assert!(
            why.cause.contains("Git LFS") && why.cause.contains("large.bin"),
            "{why:?}"
        );
        assert!(!why.cause.contains("signature"));
    }
}

#[tokio::test]
async fn trouble_is_told_from_refusal_on_every_call() {
    let w = World::new().await;
    let commit = commit(&w, &odd());
    let reader = tools(&w);
    let is_down = |error: &ReadError| matches!(error, ReadError::Down(_));
    let is_garbled = |error: &ReadError| matches!(error, ReadError::Garbled(_));
    let is_limited = |error: &ReadError| matches!(error, ReadError::Limited { until, object_only: false, .. } if *until > reader.now);
    let kinds: [(FaultKind, Fits<'_>); 3] = [
        (FaultKind::BadGateway, &is_down),
        (FaultKind::CutBeforeAnswer, &is_down),
        (FaultKind::SecondaryLimit429 { retry_after: 30 }, &is_limited),
    ];
    for (kind, fits) in kinds {
        w.sim.faults().add(FaultRule::new(kind.clone()));
        for error in [
            reader.resolve(None).await.unwrap_err(),
            reader.resolve(Some("main")).await.unwrap_err(),
            reader.open(&commit, "Notes.md").await.unwrap_err(),
            reader.blob(&commit, "Notes.md").await.unwrap_err(),
            reader.list(&commit, "", true).await.unwrap_err(),
        ] {
            assert!(fits(&error), "{kind:?}: {error:?}");
        }
        w.sim.faults().clear();
    }
    for kind in [FaultKind::Garbage, FaultKind::EmptyBody] {
        w.sim.faults().add(FaultRule::new(kind.clone()));
        for error in [
            reader.resolve(Some("main")).await.unwrap_err(),
            reader.open(&commit, "Notes.md").await.unwrap_err(),
            reader.list(&commit, "", true).await.unwrap_err(),
        ] {
            assert!(is_garbled(&error), "{kind:?}: {error:?}");
        }
        w.sim.faults().clear();
    }
    w.sim.faults().add(FaultRule::new(FaultKind::CutInBody));
    let path = FilePath::parse("Notes.md").unwrap();
    let stream = reader
        .api()
        .blob(&reader.place(), &commit, &path, None)
        .await
        .answer
        .unwrap();
    let read: Result<Vec<_>, _> = stream.bytes.try_collect().await;
    assert!(read.is_err(), "{read:?}");
}
