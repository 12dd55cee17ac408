//! `jeton account` against a server and a simulated GitHub: the whole life of an account, as somebody types it.

use serde_json::json;

use crate::account_cli_world::{World, classic};
use jeton_forge_sim::{FaultKind, FaultRule};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_comes_in_on_standard_input_and_is_never_shown_again() {
    let w = World::start().await;
    let token = w.token("octocat", classic(["repo"]));
    let ran = w.run_with(
        &token,
        &[
            "account",
            "add",
            "work",
            "--forge",
            "github",
            "--base-url",
            &w.web_url(),
            "--serves",
            "acme",
        ],
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for shown in [
        "octocat",
        "a GitHub personal access token (classic)",
        "valid",
        "repo",
        "acme",
        "never",
    ] {
        assert!(ran.stdout.contains(shown), "{shown} in {}", ran.stdout);
    }
    assert!(ran.stderr.contains("added work (account:work)"), "{}", ran.stderr);
    let list = w.json(&["account", "list"]);
    assert_eq!(list["accounts"][0]["label"], "work");
    let table = w.done(&["account", "list"]);
    let line = table.lines().nth(1).unwrap();
    for shown in ["work", "127.0.0.1", "classic", "octocat", "valid", "never"] {
        assert!(line.contains(shown), "{shown} in {table}");
    }
    let shown = w.done(&["account", "show", "work"]);
    assert!(shown.contains("GET /user") && shown.contains("account:work"), "{shown}");
    for text in [ran.stdout, ran.stderr, list.to_string(), table, shown] {
        assert!(!text.contains(&token), "the token is in {text}");
    }
    let held = w.done(&["token", "mint", "acme/tools", "--account", "work", "--format", "env"]);
    assert_eq!(
        held,
        format!(
            "GH_ENTERPRISE_TOKEN={token}\nGITHUB_ENTERPRISE_TOKEN={token}\nGH_HOST={}\n",
            w.host()
        )
    );
    let table = w.done(&["token", "mint", "acme/tools", "--account", "work"]);
    assert!(table.contains("account:work") && table.contains("use until"), "{table}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_forge_refuses_is_not_stored_and_says_what_to_do_where() {
    let w = World::start().await;
    let spec = w.sim.github().add_personal_token("octocat", classic(["repo"]));
    w.sim.github().revoke_personal_token(spec.id);
    let ran = w.add_with("work", &spec.token, &[]);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    for line in [
        "error: ",
        "\nhelp: ",
        "\npage: http",
        "\ncode: credential.",
        "\nrequest: ",
    ] {
        assert!(ran.stderr.contains(line), "{line} in {}", ran.stderr);
    }
    assert_eq!(w.json(&["account", "list"])["accounts"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_minute_of_the_forge_is_no_verdict() {
    let w = World::start().await;
    let token = w.token("octocat", classic(["repo"]));
    let fault = w.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    let ran = w.add_with("work", &token, &[]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("--untested"), "{}", ran.stderr);
    let ran = w.add_with("work", &token, &["--untested"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("unknown"), "{}", ran.stdout);
    let ran = w.run(&["account", "test", "work"]);
    assert_eq!(ran.status, 3, "{}", ran.stdout);
    w.sim.faults().remove(fault);
    assert_eq!(w.run(&["account", "test", "work"]).status, 0);
    w.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    let ran = w.run(&["account", "test", "work"]);
    assert_eq!(ran.status, 3, "nobody knows just now: {}", ran.stdout);
    assert_eq!(
        w.json(&["account", "show", "work"])["validity"],
        "valid",
        "what was known stands"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_token_lacks_for_a_purpose_is_named() {
    let w = World::start().await;
    w.sim.github().add_user("octocat");
    w.sim.github().add_repository("octocat", "tools", true).unwrap();
    let token = w.token("octocat", classic(["read:org"]));
    let ran = w.add_with("work", &token, &["--for", "push", "--repository", "octocat/tools"]);
    assert_eq!(ran.status, 0, "it works, if not for that: {}", ran.stderr);
    let line = ran
        .stdout
        .lines()
        .find(|line| line.starts_with("push"))
        .unwrap_or_default();
    assert!(line.contains("no") && line.contains("repo"), "{}", ran.stdout);
    let wanted = [
        "account",
        "test",
        "work",
        "--for",
        "push",
        "--repository",
        "octocat/tools",
    ];
    assert_eq!(w.run(&wanted).status, 1);
    assert_eq!(w.run(&["account", "test", "work"]).status, 0);
    let guide = w.done(&[
        "account",
        "guide",
        "--forge",
        "github",
        "--kind",
        "github_classic",
        "--for",
        "push",
    ]);
    assert!(
        guide.contains("with: repo") && guide.contains("page: https://github.com/settings/tokens/new"),
        "{guide}"
    );
    assert!(guide.contains("  1. "), "{guide}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_account_is_tested_in_a_line() {
    let w = World::start().await;
    for label in ["first", "second"] {
        let token = w.token(label, classic(["repo"]));
        assert_eq!(w.add_with(label, &token, &[]).status, 0);
    }
    let ran = w.run(&["account", "test"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert_eq!(lines, ["first: valid; first", "second: valid; second"]);
    let tokens = w.sim.github().personal_tokens();
    w.sim.github().revoke_personal_token(tokens[1].id);
    let ran = w.run(&["account", "test"]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("second: invalid; "), "{}", ran.stdout);
    let ran = w.run(&["account", "test", "--format", "json"]);
    let tested: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.status, &tested[1]["check"]["validity"]), (1, &json!("invalid")));
    let invalid = w.json(&["account", "list", "--validity", "invalid"]);
    assert_eq!(invalid["accounts"].as_array().unwrap().len(), 1);
    let table = w.done(&["account", "list", "--label", "sec", "--forge", "github"]);
    assert!(table.contains("invalid (credential."), "{table}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_about_an_account_can_be_changed() {
    let w = World::start().await;
    let token = w.token("octocat", classic(["repo"]));
    assert_eq!(w.add_with("work", &token, &["--note", "builds", "--default"]).status, 0);
    assert_eq!(w.json(&["account", "show", "work"])["default"], true);
    w.done(&["account", "default", "work", "--off"]);
    assert_eq!(w.json(&["account", "show", "work"])["default"], false);
    let ran = w.run(&["account", "default", "work"]);
    assert!(
        ran.stderr.contains("work is now the default on 127.0.0.1"),
        "{}",
        ran.stderr
    );
    w.done(&[
        "account", "update", "work", "--note", "", "--label", "play", "--serves", "acme", "--active", "false",
    ]);
    let account = w.json(&["account", "show", "play"]);
    assert!(account.get("note").is_none(), "{account}");
    assert_eq!(
        (&account["serves"], &account["active"]),
        (&json!(["acme"]), &json!(false))
    );
    assert!(w.done(&["account", "list"]).contains("off; valid"));
    w.refused(
        &["token", "mint", "acme/tools", "--account", "play"],
        "account.inactive",
    );
    let changed = w.json(&["account", "update", "play", "--serves", "", "--active", "true"]);
    assert_eq!((&changed["serves"], &changed["active"]), (&json!([]), &json!(true)));
    w.refused(&["account", "show", "work"], "account.not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_token_takes_the_place_of_the_old_one_when_it_is_the_same_owners() {
    let w = World::start().await;
    let old = w.token("octocat", classic(["repo"]));
    assert_eq!(w.add_with("work", &old, &[]).status, 0);
    // GitHub renews nothing: the guide on standard output, the reason and the next step on the other.
    let ran = w.run(&["account", "rotate", "work"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("page: ") && ran.stdout.contains("  1. "),
        "{}",
        ran.stdout
    );
    assert!(ran.stderr.contains("account.rotation_unsupported"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`jeton account replace work`"), "{}", ran.stderr);
    let new = w.token("octocat", classic(["repo"]));
    let ran = w.run_with(&new, &["account", "replace", "work"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("revoke the old one"), "{}", ran.stderr);
    assert!(!ran.stdout.contains(&new) && !ran.stderr.contains(&new));
    assert_eq!(w.minted("work"), new);
    let others = w.token("monalisa", classic(["repo"]));
    let ran = w.run_with(&others, &["account", "replace", "work"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("account.other_identity") && ran.stderr.contains("--other-identity"),
        "{}",
        ran.stderr
    );
    assert_eq!(w.minted("work"), new);
    assert_eq!(
        w.run_with(&others, &["account", "replace", "work", "--other-identity"])
            .status,
        0
    );
    assert_eq!(w.minted("work"), others);
    w.refused(&["account", "replace", "nobody"], "account.not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_in_use_is_removed_when_that_is_meant() {
    let w = World::start().await;
    let token = w.token("octocat", classic(["repo"]));
    assert_eq!(w.add_with("work", &token, &[]).status, 0);
    w.minted("work");
    let ran = w.run(&["account", "remove", "work"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
    w.refused(&["account", "remove", "work", "--yes"], "account.in_use");
    let ran = w.run(&["account", "remove", "work", "--yes", "--force"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("removed work; the holder of 1 grant keeps its token"),
        "{}",
        ran.stderr
    );
    assert_eq!(w.json(&["account", "list"])["accounts"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_token_reaches_is_listed_over_all_pages() {
    let w = World::start().await;
    w.sim.github().add_user("octocat");
    for n in 0..103 {
        w.sim
            .github()
            .add_repository("octocat", &format!("r{n:03}"), n % 2 == 0)
            .unwrap();
    }
    let token = w.token("octocat", classic(["repo"]));
    assert_eq!(w.add_with("work", &token, &[]).status, 0);
    let all = w.json(&["account", "repositories", "work", "--limit", "500"]);
    assert_eq!(all["repositories"].as_array().unwrap().len(), 103);
    let ran = w.run(&["account", "repositories", "work", "--limit", "2"]);
    assert_eq!(ran.stdout.lines().count(), 3, "{}", ran.stdout);
    assert!(ran.stderr.contains("--limit"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_somebodys_own_is_theirs_to_test_and_the_operators_to_remove() {
    let w = World::start().await;
    let key = w.done(&["client", "add", "ci"]);
    let policy = "[[policy]]\nname = 'ci'\ncallers = { client = 'ci' }\nactions = ['account.read', 'account.use']\nrepositories = 'acme/*'\nsources = 'account:own/*'\n";
    std::fs::write(w.state.path().join("ci.toml"), policy).unwrap();
    w.done(&["policy", "add", "ci.toml"]);
    let token = w.token("octocat", classic(["repo"]));
    let url = w.web_url();
    let ran = w.run_as(key.trim(), &token, &["account", "add", "mine", "--base-url", &url]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("account:own/mine"), "{}", ran.stderr);
    let ran = w.run_as(key.trim(), "", &["account", "test"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "mine: valid; octocat\n"),
        "{}",
        ran.stderr
    );
    assert!(w.done(&["account", "list"]).contains("client:ci alone"));
    let ran = w.run(&["account", "test"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("mine was not tested: it is for client:ci alone"),
        "{}",
        ran.stderr
    );
    // Labels of private accounts are their owners'; whoever keeps the server in order names the id.
    let id = w.json(&["account", "list"])["accounts"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(w.done(&["account", "list"]).contains(&id));
    w.done(&["account", "remove", &id, "--yes"]);
    let ran = w.run_as(key.trim(), "", &["account", "show", "mine"]);
    assert!(
        ran.status == 1 && ran.stderr.contains("account.not_found"),
        "{}",
        ran.stderr
    );
}
