//! `jeton doctor` beside a server that runs: what it asks that server, accounts among it.

use jeton_forge_sim::{AppSpec, InstallSpec};
use serde_json::Value;

use crate::account_cli_world::{World, classic};

/// The findings of one check.
fn of<'a>(report: &'a Value, check: &str) -> Vec<&'a Value> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.filter(|finding| finding["check"] == check).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_that_are_refused_are_told() {
    let world = World::start().await;
    // With an App, the only forge to be asked is the simulated one.
    let github = world.sim.github();
    let app = github.add_app(AppSpec::new("ci"));
    github.add_repository("acme", "tools", true).unwrap();
    github.install(app.id, "acme", InstallSpec::all());
    let (id, url) = (app.id.to_string(), world.sim.api_url());
    let add = ["app", "add", "ci", "--app-id", &id, "--key-stdin", "--api-url", &url];
    let added = world.run_with(&app.private_key_pkcs1_pem, &add);
    assert_eq!(added.status, 0, "{}", added.stderr);

    let doctor = || {
        let ran = world.run(&["doctor", "--format", "json"]);
        serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
    };
    let report = doctor();
    let well = of(&report, "account");
    assert!(well.len() == 1 && well[0]["level"] == "ok", "{report:#}");

    let token = github.add_personal_token("ada", classic(["repo"]));
    let added = world.add_with("work", &token.token, &[]);
    assert_eq!(added.status, 0, "{}", added.stderr);
    assert!(github.revoke_personal_token(token.id));
    assert_ne!(
        world.run(&["account", "test", "work"]).status,
        0,
        "the forge refuses it"
    );
    let report = doctor();
    let refused = of(&report, "account");
    assert!(refused.len() == 1 && refused[0]["level"] == "warn", "{report:#}");
    assert_eq!(refused[0]["what"], "1 account is refused by its forge: work");
    assert_eq!(refused[0]["code"], "credential.invalid");
    assert!(!report.to_string().contains(&token.token));
}
