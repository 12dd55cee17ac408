//! What registering would come to, by reading alone.

use jeton_ci::SourceAsk;
use jeton_domain::{Code, Fitness};
use jeton_forge_sim::{FaultKind, FaultRule, OrgRole, PersonalTokenSpec};

use crate::world::{DatabaseKind, World, acme, operator, tools};

async fn sqlite() -> World {
    let w = World::start(DatabaseKind::Sqlite).await;
    w.repository("tools");
    w
}

/// The calls that could have changed something.
fn writes(w: &World) -> Vec<String> {
    let all = w.sim.calls().all();
    let routes = all.into_keys();
    routes.filter(|route| !route.starts_with("GET ")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apps_rights_are_read_and_nothing_is_minted() {
    let w = sqlite().await;
    w.add_app("good", &[("administration", "write"), ("metadata", "read")])
        .await;
    w.add_app("weak", &[("administration", "read"), ("metadata", "read")])
        .await;
    w.app("nowhere", &[("administration", "write"), ("metadata", "read")])
        .await;
    w.sim.calls().reset();
    let report =
        w.ci.examine_runners(&operator(), None, &tools(), &SourceAsk::default())
            .await
            .unwrap();
    assert_eq!(writes(&w), Vec::<String>::new());
    assert_eq!(report.fit, Fitness::Yes);
    let of = |name: &str| report.sources.iter().find(|one| one.source == name).unwrap();
    assert_eq!(
        (of("app:good").fit, of("app:weak").fit, of("app:nowhere").fit),
        (Fitness::Yes, Fitness::No, Fitness::No)
    );
    assert!(of("app:good").why.contains("shows only when one is registered"));
    assert_eq!(of("app:weak").diagnoses.len(), 1);
    assert!(of("app:weak").needs.contains("administration: write"));
    let report =
        w.ci.examine_runners(&operator(), None, &acme(), &SourceAsk::default())
            .await
            .unwrap();
    assert_eq!(report.fit, Fitness::No);
    assert_eq!(writes(&w), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_looked_at_by_reading_alone() {
    let w = sqlite().await;
    let github = w.sim.github();
    github.add_user("mona");
    github.add_member("acme", "mona", OrgRole::Admin).unwrap();
    w.github_account("mona", "mona", PersonalTokenSpec::classic(["repo"]))
        .await;
    let host = w.github_host();
    w.sim.calls().reset();
    let report =
        w.ci.examine_runners(&operator(), Some(&host), &tools(), &SourceAsk::default())
            .await
            .unwrap();
    assert_eq!(report.fit, Fitness::Yes, "{report:?}");
    assert_eq!(writes(&w), Vec::<String>::new());
    assert_eq!(report.scope, "the repository acme/tools");
    w.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    let report =
        w.ci.examine_runners(&operator(), Some(&host), &tools(), &SourceAsk::default())
            .await
            .unwrap();
    assert_eq!(report.fit, Fitness::Unknown, "{report:?}");
    assert_eq!(report.sources[0].diagnoses[0].code, Code::ForgeUnavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gitlab_is_looked_at_too() {
    let w = sqlite().await;
    let g = w.gitlab().await;
    let report =
        w.ci.examine_runners(&operator(), Some(&g.host), &tools(), &SourceAsk::default())
            .await
            .unwrap();
    assert_eq!(report.fit, Fitness::Yes, "{report:?}");
    assert_eq!(report.scope, "the project acme/tools");
    assert!(g.sim.runners().is_empty());
    assert!(g.sim.calls().all().keys().all(|route| route.starts_with("GET ")));
}
