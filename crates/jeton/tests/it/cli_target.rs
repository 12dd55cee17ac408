//! `jeton account target`, and the end of old tokens.

use jeton_forge_sim::{PersonalTokenSpec, SecretScope};

use crate::cli_runner_world::{CiWorld, refused};

/// `jeton account target` with these arguments.
fn target<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["account", "target"], more].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_token_reaches_its_targets() {
    let w = CiWorld::start().await;
    let web = w.t.sim.web_url();
    let scope = SecretScope::repository("acme", "tools");
    let value = || w.t.sim.github().secret_value(&scope, "DEPLOY").unwrap();
    let old = w.token("octocat", PersonalTokenSpec::classic(["repo"]));
    assert_eq!(
        w.run(&old, &["account", "add", "work", "--base-url", &web, "--shared"])
            .status,
        0
    );
    assert!(
        w.run("", &target(&["list", "work"]))
            .stderr
            .contains("work has no targets")
    );
    let add = target(&["add", "work", "DEPLOY", "acme/tools", "--app", "runners"]);
    let ran = w.run("", &add);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("DEPLOY of acme/tools at "), "{}", ran.stderr);
    assert_eq!(value(), old.as_bytes());
    refused(&w.run("", &add), 1, "target.exists");
    refused(
        &w.run("", &target(&["add", "gone", "A", "acme/tools"])),
        1,
        "account.not_found",
    );
    let ran = w.run("", &target(&["add", "work", &old, "acme/tools"]));
    assert!(ran.status == 1 && !ran.stderr.contains(&old), "{}", ran.stderr);

    let new = w.token("octocat", PersonalTokenSpec::classic(["repo"]));
    let replace = ["account", "replace", "work", "--end-old", "--end-old-after", "2h"];
    let ran = w.run(&new, &replace);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let table = w.done(&target(&["list", "work"]));
    assert!(
        table.contains("pending") && table.contains("OLD TOKEN") && table.contains("waiting"),
        "{table}"
    );
    let ran = w.run("", &target(&["push", "work"]));
    assert!(
        ran.status == 0 && ran.stderr.contains("the one target"),
        "{}",
        ran.stderr
    );
    w.t.worker.run_due().await.unwrap();
    assert_eq!(value(), new.as_bytes());
    let list = w.json(&target(&["list", "work"]));
    assert_eq!(
        (&list["targets"][0]["state"], &list["targets"][0]["is_current"]),
        (&"current".into(), &true.into()),
        "{list:#}"
    );
    let shown = list.to_string() + &w.done(&target(&["list", "work"]));
    assert!(!shown.contains(&old) && !shown.contains(&new));
    let ran = w.run("", &target(&["push", "work"]));
    assert!(ran.stderr.contains("all targets have"), "{}", ran.stderr);

    let id = list["targets"][0]["id"].as_str().unwrap();
    let ran = w.run("", &target(&["remove", "work", id]));
    assert!(
        ran.status == 0 && ran.stderr.contains("no longer a target of work"),
        "{}",
        ran.stderr
    );
    assert_eq!(value(), new.as_bytes(), "the secret stays");
    refused(&w.run("", &target(&["remove", "work", id])), 1, "target.not_found");
    let ran = w.run(&new, &["account", "replace", "work", "--end-old-after", "2h"]);
    assert!(ran.status == 1 && ran.stderr.contains("--end-old"), "{}", ran.stderr);
}
