use jeton_domain::{Access, InstallationId};
use jeton_forge::{ForgeError, HttpOptions, Unprocessable};
use jeton_forge_sim::InstallSpec;

use crate::world::{World, client, name, names, read};

#[tokio::test]
async fn the_app_tells_who_it_is() {
    let w = World::new().await;
    let info = w.app.get_app().await.unwrap();
    assert_eq!(info.id, w.sim_app.id);
    assert_eq!(info.slug, w.sim_app.slug);
    assert_eq!(info.client_id.as_deref(), Some(w.sim_app.client_id.as_str()));
    assert_eq!(info.owner, "sim-apps");
    assert_eq!(info.permissions.get("contents"), Some(Access::Write));
}

#[tokio::test]
async fn client_id_and_pkcs8_work_as_well() {
    let w = World::new().await;
    let app = client(
        &w.sim.api_url(),
        &w.sim_app.client_id,
        &w.sim_app.private_key_pkcs8_pem,
        HttpOptions::default(),
        &w.clock,
    );
    assert_eq!(app.get_app().await.unwrap().id, w.sim_app.id);
    assert_eq!(app.key_fingerprint(), w.app.key_fingerprint());
}

#[tokio::test]
async fn a_name_for_this_machine_is_resolved_and_reached() {
    let w = World::new().await;
    let url = format!("http://localhost:{}/api/v3", w.sim.address().port());
    let app = client(
        &url,
        "1",
        &w.sim_app.private_key_pkcs1_pem,
        HttpOptions::default(),
        &w.clock,
    );
    // no App has the id 1, which only a server that was reached can say
    assert!(matches!(app.get_app().await, Err(ForgeError::BadCredentials { .. })));
}

#[tokio::test]
async fn a_key_that_was_replaced_is_refused() {
    let w = World::new().await;
    w.sim.github().rotate_app_key(w.sim_app.id);
    let error = w.app.get_app().await.unwrap_err();
    assert!(matches!(error, ForgeError::BadCredentials { .. }), "{error:?}");
    assert_eq!(w.sim.calls().total(), 1, "a refused key is not tried again");
}

#[tokio::test]
async fn the_installation_is_found_by_owner_repository_and_number() {
    let w = World::new().await;
    let by_owner = w.app.find_installation_by_owner("Acme").await.unwrap().unwrap();
    assert_eq!(by_owner.id, w.installation);
    assert_eq!(by_owner.owner, "acme");
    assert!(!by_owner.all_repositories && !by_owner.suspended);
    assert_eq!(by_owner.permissions.get("contents"), Some(Access::Write));
    let by_repository = w
        .app
        .find_installation_by_repository("acme", &name("tools"))
        .await
        .unwrap();
    assert_eq!(by_repository.as_ref(), Some(&by_owner));
    let by_number = w.app.get_installation(w.installation).await.unwrap();
    assert_eq!(by_number.as_ref(), Some(&by_owner));
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    let w = World::new().await;
    assert_eq!(w.app.find_installation_by_owner("nobody").await.unwrap(), None);
    assert_eq!(
        w.app
            .find_installation_by_repository("acme", &name("payroll"))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        w.app
            .find_installation_by_repository("acme", &name("nowhere"))
            .await
            .unwrap(),
        None
    );
    assert_eq!(w.app.get_installation(InstallationId(1)).await.unwrap(), None);
}

#[tokio::test]
async fn no_name_leaves_its_place_in_the_path() {
    let w = World::new().await;
    for odd in [
        "a/b",
        "a%2Fb",
        "a b",
        "a?b",
        "a#b",
        "..%2f",
        "é",
        "acme/installation?x=",
    ] {
        assert_eq!(w.app.find_installation_by_owner(odd).await.unwrap(), None, "{odd}");
    }
    let before = w.sim.calls().total();
    for bad in ["", ".", ".."] {
        let outcome = w.app.find_installation_by_owner(bad).await;
        assert!(matches!(outcome, Err(ForgeError::Request(_))), "{bad:?}: {outcome:?}");
    }
    assert_eq!(w.sim.calls().total(), before);
}

#[tokio::test]
async fn a_renamed_repository_is_followed() {
    let w = World::new().await;
    let id = w.sim.github().install(w.sim_app.id, "umbrella", InstallSpec::all());
    w.sim.github().add_repository("umbrella", "old", true).unwrap();
    w.sim.github().rename_repository("umbrella", "old", "new").unwrap();
    let found = w
        .app
        .find_installation_by_repository("umbrella", &name("old"))
        .await
        .unwrap();
    assert_eq!(found.unwrap().id, InstallationId(id));
}

#[tokio::test]
async fn a_new_installation_has_a_new_number() {
    let w = World::new().await;
    let id = w.sim.github().reinstall(w.installation.0);
    assert_eq!(w.app.get_installation(w.installation).await.unwrap(), None);
    let error = w
        .app
        .mint(w.installation, &names(&["tools"]), &read())
        .await
        .unwrap_err();
    assert!(matches!(error, ForgeError::NotFound { .. }), "{error:?}");
    let found = w.app.find_installation_by_owner("acme").await.unwrap().unwrap();
    assert_eq!(found.id, InstallationId(id));
    assert!(w.app.mint(found.id, &names(&["tools"]), &read()).await.is_ok());
}

#[tokio::test]
async fn lists_page_by_page_up_to_the_limit() {
    let w = World::new().await;
    for n in 0..104 {
        w.sim
            .github()
            .install(w.sim_app.id, &format!("owner-{n}"), InstallSpec::all());
    }
    let all = w.app.list_installations(10).await.unwrap();
    assert!(all.complete);
    assert_eq!(all.installations.len(), 105);
    assert_eq!(w.sim.calls().count("GET /app/installations"), 2);
    let some = w.app.list_installations(1).await.unwrap();
    assert!(!some.complete);
    assert_eq!(some.installations.len(), 100);
    let none = w.app.list_installations(0).await.unwrap();
    assert!(!none.complete && none.installations.is_empty());
}

#[tokio::test]
async fn a_suspended_installation_is_seen_and_mints_nothing() {
    let w = World::new().await;
    w.sim.github().suspend(w.installation.0);
    assert!(w.app.get_installation(w.installation).await.unwrap().unwrap().suspended);
    let error = w
        .app
        .mint(w.installation, &names(&["tools"]), &read())
        .await
        .unwrap_err();
    assert!(matches!(error, ForgeError::Suspended { .. }), "{error:?}");
    w.sim.github().unsuspend(w.installation.0);
    assert!(w.app.mint(w.installation, &names(&["tools"]), &read()).await.is_ok());
}

#[tokio::test]
async fn what_the_installation_lacks_is_told_apart() {
    let w = World::new().await;
    let secrets = jeton_domain::Permissions::parse_list("secrets=write").unwrap();
    let about = |error: ForgeError| match error {
        ForgeError::Unprocessable { about, .. } => about,
        other => panic!("{other:?}"),
    };
    let lacking = w
        .app
        .mint(w.installation, &names(&["tools"]), &secrets)
        .await
        .unwrap_err();
    assert_eq!(about(lacking), Unprocessable::PermissionsNotGranted);
    let outside = w
        .app
        .mint(w.installation, &names(&["tools", "payroll"]), &read())
        .await
        .unwrap_err();
    assert_eq!(about(outside), Unprocessable::RepositoriesNotAccessible);
}
