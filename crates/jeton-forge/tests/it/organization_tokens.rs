//! Tokens of Apps for what belongs to an organisation as a whole.

use jeton_domain::{InstallationId, Permissions};
use jeton_forge::{ForgeError, Probe};
use jeton_forge_sim::{FaultKind, FaultRule, InstallSpec};

use crate::world::World;

const MINT: &str = "POST /app/installations/{id}/access_tokens";

fn runners() -> Permissions {
    Permissions::parse_list("organization_self_hosted_runners=write").unwrap()
}

/// `acme` lets the App do this and read its files, on all repositories.
async fn world() -> (World, InstallationId) {
    let w = World::new().await;
    let granted = [
        ("organization_self_hosted_runners", "write"),
        ("contents", "write"),
        ("members", "read"),
    ];
    let id = w
        .sim
        .github()
        .install(w.sim_app.id, "umbrella", InstallSpec::all().permissions(granted));
    (w, InstallationId(id))
}

#[tokio::test]
async fn a_token_has_permissions_of_the_organisation_alone() {
    let (w, id) = world().await;
    let minted = w.app.mint_for_organization(id, &runners()).await.unwrap();
    assert_eq!(minted.permissions, runners().with_implied_metadata());
    assert!(minted.all_repositories && minted.repositories.is_none());
    assert!(matches!(w.app.probe(&minted.token).await, Probe::Live(_)));
    assert!(!format!("{minted:?}").contains(minted.token.expose()));
    let both = Permissions::parse_list("organization_self_hosted_runners=read,members=read").unwrap();
    assert_eq!(
        w.app.mint_for_organization(id, &both).await.unwrap().permissions,
        both.with_implied_metadata()
    );
}

#[tokio::test]
async fn an_installation_on_a_selection_says_so() {
    let w = World::new().await;
    let spec = InstallSpec::selected(["tools"]).permissions([("organization_secrets", "write")]);
    w.sim.github().add_repository("hooli", "tools", true).unwrap();
    let id = w.sim.github().install(w.sim_app.id, "hooli", spec);
    let secrets = Permissions::parse_list("organization_secrets=write").unwrap();
    let minted = w.app.mint_for_organization(InstallationId(id), &secrets).await.unwrap();
    assert!(!minted.all_repositories);
}

#[tokio::test]
async fn what_would_reach_into_repositories_is_never_asked_for() {
    let (w, id) = world().await;
    let before = w.sim.calls().total();
    for list in [
        "contents=read",
        "organization_self_hosted_runners=write,contents=read",
        "administration=write",
        "members_of_repositories=read",
    ] {
        let permissions = Permissions::parse_list(list).unwrap();
        let refused = w.app.mint_for_organization(id, &permissions).await;
        assert!(matches!(refused, Err(ForgeError::Request(_))), "{list}: {refused:?}");
    }
    let nothing = w.app.mint_for_organization(id, &Permissions::default()).await;
    assert!(matches!(nothing, Err(ForgeError::Request(_))), "{nothing:?}");
    assert_eq!(w.sim.calls().total(), before);
}

#[tokio::test]
async fn a_wider_token_is_thrown_away() {
    let (w, id) = world().await;
    for (fault, is_right) in [
        (
            FaultKind::WiderToken,
            (|error| matches!(error, ForgeError::TooWide { .. })) as fn(&ForgeError) -> bool,
        ),
        (FaultKind::AlreadyExpired, |error| {
            matches!(error, ForgeError::Garbled { .. })
        }),
    ] {
        w.sim.faults().add(FaultRule::new(fault.clone()).on(MINT).times(1));
        let error = w.app.mint_for_organization(id, &runners()).await.unwrap_err();
        assert!(is_right(&error), "{fault:?}: {error:?}");
        assert!(w.sim.github().live_tokens().is_empty(), "{fault:?}");
    }
}

#[tokio::test]
async fn what_the_owner_did_not_grant_is_refused() {
    let w = World::new().await;
    let refused = w.app.mint_for_organization(w.installation, &runners()).await;
    assert!(matches!(refused, Err(ForgeError::Unprocessable { .. })), "{refused:?}");
}
