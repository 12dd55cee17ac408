//! `jeton doctor runner`: says what is missing and where to set it, and makes nothing.

use jeton_forge_sim::PersonalTokenSpec;
use serde_json::Value;

use crate::{
    account_cli_world::run,
    cli_runner_world::{CiWorld, alone, forge, refused},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_source_of_the_server_is_looked_at_by_reading_alone() {
    let w = CiWorld::start().await;
    let host = w.host();
    let ask = ["doctor", "runner", "acme/tools", "--forge", &host];
    let ran = w.run("", &ask);
    assert!(ran.stdout.contains("app:runners: "), "{}{}", ran.stdout, ran.stderr);
    assert!(w.t.sim.github().runner_tokens().is_empty() && w.t.sim.github().runners().is_empty());
    let ran = w.run("", &[&ask[..], &["--app", "ci", "--verbose"]].concat());
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    for shown in ["app:ci: will not do", "needs: ", "error: ", "help: ", "code: "] {
        assert!(ran.stdout.contains(shown), "{shown} in {}", ran.stdout);
    }
    let ran = w.run("", &["doctor", "runner", "acme/tools", "--forge", "git.example.com"]);
    refused(&ran, 1, "runner.no_source");
    refused(&w.run("", &["doctor", "runner"]), 1, "request.invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_403_of_a_job_is_explained_without_a_server() {
    let (sim, dir) = (forge().await, tempfile::tempdir().unwrap());
    let (github, url) = (sim.github(), sim.web_url());
    let own = github.add_workflow_token("acme", "tools", [("contents", "write")]);
    let mut job = alone(&url, &own);
    job.extend([("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "acme/tools")]);
    let ran = run(&dir, &job, "", &["doctor", "runner", "--alone", "--verbose"]);
    assert_eq!(ran.status, 1, "{}{}", ran.stdout, ran.stderr);
    for shown in ["GITHUB_TOKEN: will not do", "runner.workflow_token", "help: ", "ASKED"] {
        assert!(ran.stdout.contains(shown), "{shown} in {}{}", ran.stdout, ran.stderr);
    }
    assert!(!ran.stdout.contains(&own));
    let looked = |spec: PersonalTokenSpec| {
        let token = github.add_personal_token("mona", spec).token;
        let ask = ["doctor", "runner", "acme/tools", "--alone", "--format", "json"];
        let ran = run(&dir, &alone(&url, &token), "", &ask);
        let found: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        (ran.status, found["fit"].as_str().unwrap().to_owned())
    };
    assert_eq!(looked(PersonalTokenSpec::classic(["repo"])), (0, "yes".to_owned()));
    // What is fine-grained shows what it may write only by writing.
    let fine = PersonalTokenSpec::fine_grained("acme", [("administration", "write")]);
    assert_eq!(looked(fine), (2, "unknown".to_owned()));
    assert!(github.runner_tokens().is_empty(), "nothing was made");
}
