//! Runners for a single job.

use std::time::Duration;

use jeton_ci::{CiError, JitWish, SourceAsk};
use jeton_domain::{Code, Coded as _};
use jeton_forge_sim::{FaultKind, FaultRule};

use crate::{
    both_databases,
    world::{World, operator, tools},
};

const JIT: &str = "POST /repos/{owner}/{repo}/actions/runners/generate-jitconfig";

fn wish(name: &str) -> JitWish {
    JitWish {
        forge: None,
        scope: tools(),
        source: SourceAsk::default(),
        name: name.to_owned(),
        runner_group_id: None,
        labels: vec!["self-hosted".to_owned()],
        work_folder: None,
    }
}

async fn with_app(w: &World) {
    w.repository("tools");
    w.add_app("ci", &[("administration", "write"), ("metadata", "read")])
        .await;
}

both_databases! {
    async fn a_configuration_is_on_record_and_nobody_elses(w: World) {
        with_app(&w).await;
        let first = w.ci.jit_config(&operator(), wish("one")).await.unwrap();
        let second = w.ci.jit_config(&operator(), wish("two")).await.unwrap();
        assert_ne!(first.fingerprint, second.fingerprint);
        let entry = w.newest("runner.jit_given").await;
        assert_eq!((&entry["runner"], &entry["source"]), (&"two".into(), &"app:ci".into()));
        let secret = second.encoded_jit_config.expose();
        assert!(!w.database.holds(secret) && !format!("{second:?}").contains(secret));
        let error = w.ci.jit_config(&operator(), wish("two")).await.unwrap_err();
        assert_eq!(error.code(), Code::RunnerNameTaken);
        assert_eq!(error.tried().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_neither_asked_for_again_nor_of_another() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    w.add_app("second", &[("administration", "write"), ("metadata", "read")])
        .await;
    w.sim
        .faults()
        .add(FaultRule::new(FaultKind::CutBeforeAnswer).on(JIT).times(1));
    let error = w.ci.jit_config(&operator(), wish("one")).await.unwrap_err();
    assert_eq!(error.code(), Code::RunnerUnclear);
    assert!(error.remedy().unwrap().starts_with("Ask again with another name"));
    assert_eq!(w.sim.calls().count(JIT), 1);
    assert_eq!(w.count("runner.jit_given").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_github_would_not_take_is_refused_before() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    let labels = |labels: Vec<String>| JitWish { labels, ..wish("one") };
    let folder = JitWish {
        work_folder: Some("a\nb".to_owned()),
        ..wish("one")
    };
    let long = "x".repeat(65);
    for bad in [
        wish(""),
        wish("a b"),
        wish("../a"),
        wish("ä"),
        wish(&long),
        labels(vec![]),
        labels(vec!["a".to_owned(); 101]),
        labels(vec!["a,b".to_owned()]),
        labels(vec!["x".repeat(257)]),
        labels(vec!["a\u{0}".to_owned()]),
        folder,
    ] {
        let error = w.ci.jit_config(&operator(), bad).await.unwrap_err();
        assert_eq!(error.code(), Code::RunnerInvalid, "{error}");
    }
    assert_eq!(w.sim.calls().count(JIT), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_made_is_on_record_also_when_the_caller_hangs_up() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    w.ci.jit_config(&operator(), wish("first")).await.unwrap();
    let slow = FaultKind::Latency(Duration::from_millis(300));
    w.sim.faults().add(FaultRule::new(slow).on(JIT));
    let ci = w.ci.clone();
    let caller = tokio::spawn(async move { ci.jit_config(&operator(), wish("second")).await });
    while w.count("runner.jit_asked").await < 2 {
        tokio::task::yield_now().await;
    }
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    w.ci.drain().await;
    assert_eq!(w.count("runner.jit_given").await, 2);
    assert_eq!(w.newest("runner.jit_given").await["runner"], "second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_put_on_record_does_not_leave_and_is_named() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    w.ci.jit_config(&operator(), wish("first")).await.unwrap();
    // Before the forge is asked.
    w.gate.away_while(|| true);
    let error = w.ci.jit_config(&operator(), wish("second")).await.unwrap_err();
    assert!(matches!(error, CiError::Access(_)), "{error:?}");
    assert_eq!(w.sim.calls().count(JIT), 1);
    // After it.
    let sim = w.sim.clone();
    w.gate.away_while(move || sim.calls().count(JIT) > 1);
    let error = w.ci.jit_config(&operator(), wish("third")).await.unwrap_err();
    assert_eq!(w.sim.calls().count(JIT), 2);
    assert!(error.to_string().contains("made the runner `third` (id "), "{error}");
    assert!(
        error.remedy().unwrap().starts_with("Ask again with another name."),
        "{error:?}"
    );
    w.gate.away_while(|| false);
    assert_eq!(w.newest("runner.jit_asked").await["runner"], "third");
    assert_eq!(w.count("runner.jit_given").await, 1);
}
