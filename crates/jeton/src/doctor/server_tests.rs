use std::{collections::BTreeMap, fs, sync::Arc};

use jeton_domain::Action;
use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_testkit::{DatabaseKind, TestJeton};
use jeton_web::{DoctorFinding, DoctorLevel, Examiner as _};

use super::ServerExaminer;
use crate::config::{Config, ConfigSources};

/// A server, and its doctor with a configuration that lies in this directory.
fn examiner(t: &TestJeton, directory: &std::path::Path) -> ServerExaminer {
    let state = directory.join("state").display().to_string();
    let sources = ConfigSources {
        env: BTreeMap::from([
            ("HOME".to_owned(), "/nowhere".to_owned()),
            ("JETON_STATE__DIR".to_owned(), state),
        ]),
        default_config_files: vec![directory.join("jeton.toml")],
        ..ConfigSources::default()
    };
    ServerExaminer {
        config: Arc::new(Config::load(sources.clone()).unwrap()),
        sources: Some(sources),
        vault: Arc::clone(&t.node.vault),
        broker: t.node.broker.clone(),
        clock: Arc::new(t.clock.clone()),
    }
}

fn find<'a>(findings: &'a [DoctorFinding], check: &str) -> &'a DoctorFinding {
    let found = findings.iter().find(|finding| finding.check == check);
    found.unwrap_or_else(|| panic!("{check}: {findings:#?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_finds_itself_in_order_and_never_in_its_own_way() {
    let directory = tempfile::tempdir().unwrap();
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    t.install("acme", &["a"]);
    let examiner = examiner(&t, directory.path());
    // Not what the configuration says: the demo, for one, takes a free port.
    let addresses = ["127.0.0.1:12345".to_owned(), "/run/jeton.sock".to_owned()];
    let findings = examiner.examine(&addresses).await;
    for check in [
        "configuration",
        "state",
        "sealing key",
        "operator key",
        "database",
        "address",
        "forge",
        "app",
        "server",
        "account",
    ] {
        assert_eq!(find(&findings, check).level, DoctorLevel::Ok, "{findings:#?}");
    }
    let address = &find(&findings, "address").what;
    assert!(
        address.starts_with("jeton ") && address.ends_with(" serves 127.0.0.1:12345"),
        "{findings:#?}"
    );
    for (check, right) in [
        ("account", Action::AccountRead),
        ("app", Action::AppRead),
        ("sealing key", Action::KeyRead),
    ] {
        assert!(
            find(&findings, check).needs().contains(&right),
            "{check} names what only some may see"
        );
    }
    assert!(
        find(&findings, "database").what.contains("can be read and written"),
        "{findings:#?}"
    );
    assert!(
        find(&findings, "app")
            .what
            .contains("ci: 1 installation(s), nothing is wrong"),
        "{findings:#?}"
    );
    assert!(examiner.database().starts_with("SQLite, "), "{}", examiner.database());
    assert!(
        fs::read_dir(directory.path()).unwrap().next().is_none(),
        "nothing is made"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_changed_since_the_start_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    let examiner = examiner(&t, directory.path());
    fs::write(directory.path().join("jeton.toml"), "[server]\nlsiten = 'x'\n").unwrap();
    t.sim.github().rotate_app_key(t.app.id);
    let findings = examiner.examine(&[]).await;
    let configuration = find(&findings, "configuration");
    assert_eq!(
        (configuration.level, configuration.code.as_deref()),
        (DoctorLevel::Fail, Some("config.unknown_key"))
    );
    let app = find(&findings, "app");
    assert_eq!(
        (app.level, app.code.as_deref()),
        (DoctorLevel::Fail, Some("app.key_rejected")),
        "{app:?}"
    );
    assert_eq!(
        find(&findings, "server").level,
        DoctorLevel::Ok,
        "the server goes on with what it has"
    );
    assert!(t.delete("/v1/apps/ci").await.status == 200);
    assert_eq!(
        find(&examiner.examine(&[]).await, "app").code.as_deref(),
        Some("app.none")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forge_that_fails_is_a_finding_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    t.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    let findings = examiner(&t, directory.path()).examine(&[]).await;
    assert_eq!(
        find(&findings, "app").code.as_deref(),
        Some("forge.unavailable"),
        "{findings:#?}"
    );
}
