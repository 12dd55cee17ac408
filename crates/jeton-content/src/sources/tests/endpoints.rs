//! Which repository is which.

use std::sync::Arc;

use jeton_domain::{Code, Coded as _, Credential, ForgeEndpoint, ForgeKind, IdentityKey, RepoPath};
use jeton_forge::content::ReadError;

use super::world::{World, other, world};
use crate::sources::{Right, Way, source::Means};

fn way_to(w: &World, forge: ForgeEndpoint, repository: &str) -> Way {
    let path = RepoPath::parse(forge.kind(), repository).unwrap();
    let mut way = Way::new(Arc::clone(&w.shared), None, IdentityKey::Operator, forge, path);
    way.add_anonymous(None);
    way
}

/// What somebody can serve under the host of a public forge.
fn page() -> ForgeEndpoint {
    ForgeEndpoint::gitlab("https://gitlab.com/mallory/x/-/raw/main/f").unwrap()
}

#[tokio::test]
async fn what_is_said_under_one_address_of_a_host_counts_for_no_other() {
    let w = world(&[]);
    let (real, made_up) = (
        way_to(&w, ForgeEndpoint::gitlab_com(), "acme/app"),
        way_to(&w, page(), "acme/app"),
    );
    assert_eq!(real.host(), made_up.host());
    assert_ne!(real.key(), made_up.key());
    assert_ne!(real.endpoint_key(), made_up.endpoint_key());
    assert!(!Arc::ptr_eq(&real.sources[0].gate, &made_up.sources[0].gate));
    made_up.resolve(None, None).await.unwrap();
    assert_eq!(made_up.right(w.way.now()), Right::Fresh);
    assert_eq!(real.right(w.way.now()), Right::Missing);
    let again = way_to(&w, ForgeEndpoint::gitlab_com(), "Acme/APP");
    assert!(Arc::ptr_eq(&real.sources[0].gate, &again.sources[0].gate));
    assert!(Arc::ptr_eq(&real.sources[0].sight, &again.sources[0].sight));
}

#[tokio::test]
async fn a_letter_that_only_looks_like_one_is_another() {
    let w = world(&[]);
    let key = |repository| Arc::clone(way_to(&w, ForgeEndpoint::gitlab_com(), repository).key());
    assert_eq!(key("Kelvin/app"), key("kelvin/APP"));
    assert_ne!(
        key("\u{212A}elvin/app"),
        key("kelvin/app"),
        "the sign of Kelvin is no K"
    );
}

#[tokio::test]
async fn a_token_goes_to_no_other_address_of_its_host() {
    let w = world(&["a"]);
    let Means::Given(credential) = &w.way.sources[0].means else {
        panic!()
    };
    let path = RepoPath::parse(ForgeKind::GitLab, "acme/app").unwrap();
    let alone = |forge: ForgeEndpoint, of: ForgeEndpoint| {
        let credential = Credential {
            forge: of,
            ..Credential::clone(credential)
        };
        Way::alone_with(Arc::clone(&w.shared), forge, path.clone(), Some(credential))
    };
    assert!(alone(page(), ForgeEndpoint::gitlab_com()).is_err());
    assert!(alone(ForgeEndpoint::gitlab_com(), page()).is_err());
    assert!(alone(page(), page()).is_ok());
}

#[tokio::test]
async fn a_repository_that_has_moved_is_to_be_asked_for_by_its_new_name() {
    let w = world(&["a"]);
    w.resolve().await.unwrap();
    w.fake.take_calls();
    let to = Some("acme/renamed\n".to_owned());
    w.fake.say("a", Err(ReadError::Moved { to }));
    let error = other(w.resolve().await.unwrap_err());
    assert_eq!(error.code(), Code::ContentRepositoryNotFound);
    let remedy = error.remedy().unwrap();
    assert!(
        remedy.contains("Acme/App is called `acme/renamed` now. Ask for `acme/renamed`."),
        "{remedy}"
    );
    assert_eq!(w.fake.take_calls(), ["a repository"]);
    assert_eq!(
        w.way.right(w.way.now()),
        Right::Missing,
        "what was read under the old name is shown no longer"
    );
    w.fake.say("a", Err(ReadError::Moved { to: None }));
    w.clock.forward(super::world::minutes(2));
    let remedy = other(w.resolve().await.unwrap_err()).remedy().unwrap();
    assert!(remedy.contains("ask for it by that name"), "{remedy}");
}
