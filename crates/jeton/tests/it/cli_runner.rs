//! `jeton runner`, through a server and alone.

use std::fs;

use jeton_forge_sim::{AccessLevel, GitLabSim, GitLabSimConfig, GitLabTokenSpec, PersonalTokenSpec, Visibility};
use serde_json::{Value, json};

use crate::{
    account_cli_world::run,
    cli_runner_world::{CiWorld, EXPECTED, IdentityService, alone, forge, outputs, refused},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_shown_only_when_asked_for_by_name() {
    let w = CiWorld::start().await;
    let host = w.host();
    let ask = ["runner", "token", "acme/tools", "--forge", &host];
    let table = w.done(&ask);
    for shown in ["acme/tools", "app:runners", "registration", "--format plain", "Z"] {
        assert!(table.contains(shown), "{shown} in {table}");
    }
    let plain = w.done(&[&ask[..], &["--format", "plain"]].concat());
    let token = plain.trim_end();
    assert!(token.len() == 29 && !table.contains(token));
    let env = w.done(&[&ask[..], &["--format", "env"]].concat());
    assert_eq!(
        env,
        format!("RUNNER_URL={}/acme/tools\nRUNNER_TOKEN={token}\n", w.t.sim.web_url())
    );
    let body = w.json(&ask);
    assert_eq!(
        (&body["token"], &body["shared"]),
        (&json!(token), &json!(true)),
        "one for all who ask"
    );
    let fresh = w.done(&[&ask[..], &["--format", "plain", "--fresh"]].concat());
    assert_ne!(fresh.trim_end(), token);
    let org = ["runner", "remove-token", "--org", "acme", "--forge", &host];
    assert_eq!(w.json(&org)["token_kind"], "removal");
    let page = format!("{}/acme/web", w.t.sim.web_url());
    let by_page = w.json(&["runner", "token", &page]);
    assert_eq!(
        (&by_page["path"], &by_page["forge"]),
        (&json!("acme/web"), &json!(host))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_gets_a_hidden_output() {
    let w = CiWorld::start().await;
    let file = w.dir.path().join("output");
    fs::write(&file, "before=1\n").unwrap();
    let (path, web) = (file.display().to_string(), w.t.sim.web_url());
    let job = [
        ("GITHUB_OUTPUT", path.as_str()),
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", &web),
        ("GITHUB_REPOSITORY", "acme/tools"),
    ];
    let ran = w.run_in(&job, "", &["runner", "token", "--github-output", "reg"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let given = outputs(&file);
    let names: Vec<_> = given.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["before", "reg", "reg-expires-at", "reg-url"]);
    let (token, until) = (given[1].1.as_str(), given[2].1.as_str());
    // `$(…)` and `>/dev/null` leave the mask to the runner
    assert_eq!(ran.stdout, "");
    assert_eq!(
        ran.stderr,
        format!("::add-mask::{token}\nrunner token for acme/tools from app:runners until {until}\n")
    );
    let mint = ["token", "mint", "acme/tools", "--format", "github-output"];
    let ran = w.run_in(&job, "", &[&mint[..], &["--forge", &w.host()]].concat());
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let minted = outputs(&file).into_iter().rfind(|(name, _)| name == "token").unwrap().1;
    assert_eq!(
        ran.stderr.lines().next(),
        Some(format!("::add-mask::{minted}").as_str())
    );
    let jit = [
        "runner",
        "jit-config",
        "--app",
        "runners",
        "--name",
        "b1",
        "--label",
        "linux",
        "--github-output",
        "jit",
    ];
    let ran = w.run_in(&job, "", &jit);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let config = outputs(&file).into_iter().find(|(name, _)| name == "jit").unwrap().1;
    assert_eq!(
        ran.stderr,
        format!("::add-mask::{config}\nconfiguration of a runner for acme/tools from app:runners\n")
    );
    refused(&w.run_in(&job, "", &jit), 1, "runner.name_taken");
    for name in ["a b", "a=b", "a\nb", "", "1a", "$(id)"] {
        refused(
            &w.run_in(&job, "", &["runner", "token", "--github-output", name]),
            1,
            "request.invalid",
        );
    }
    let calls = w.t.sim.calls().total();
    let ran = w.run("", &["runner", "token", "acme/tools", "--github-output", "reg"]);
    refused(&ran, 1, "request.invalid");
    assert_eq!(
        w.t.sim.calls().total(),
        calls,
        "a token that could not be put anywhere is not made"
    );
    refused(&w.run("", &["runner", "token"]), 1, "request.invalid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_asks_with_its_own_identity() {
    let w = CiWorld::start().await;
    w.policy().await;
    let service = IdentityService::start(&w.oidc).await;
    let (url, web) = (w.t.url.clone(), w.t.sim.web_url());
    let server = [("JETON_URL", url.as_str()), ("GITHUB_SERVER_URL", web.as_str())];
    let job = [&server[..], &service.env()].concat();
    let ask = ["runner", "token", "--format", "plain", "--oidc-audience", EXPECTED];
    let ran = run(&w.dir, &job, "", &ask);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let identity = service.given().pop().unwrap();
    assert_eq!(ran.stdout.trim_end().len(), 29, "what `$(…)` takes is the token alone");
    assert_eq!(
        ran.stderr,
        format!("::add-mask::{identity}\n"),
        "and the identity is hidden"
    );
    let by_variable = [&job[..], &[("JETON_OIDC_AUDIENCE", EXPECTED)]].concat();
    let ran = run(&w.dir, &by_variable, "", &["whoami"]);
    assert!(
        ran.status == 0 && ran.stdout.contains("github-actions"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );

    let key = w.t.key.secret().expose();
    let with_key = [&by_variable[..], &[("JETON_TOKEN", key)]].concat();
    let given = service.given().len();
    assert_eq!(
        run(&w.dir, &with_key, "", &["app", "list"]).status,
        0,
        "a key that was given goes first"
    );
    assert_eq!(service.given().len(), given);

    let ran = run(&w.dir, &by_variable, "", &["runner", "token", "--enterprise", "acme"]);
    refused(&ran, 1, "policy.denied");
    service.fail(403);
    refused(&run(&w.dir, &job, "", &ask), 2, "forge.unavailable");
    let none = [
        &server[..],
        &[("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "acme/tools")],
    ]
    .concat();
    let ran = run(&w.dir, &none, "", &ask);
    refused(&ran, 1, "auth.missing");
    assert!(ran.stderr.contains("permissions: id-token: write"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_the_token_of_the_environment_registers() {
    let (sim, dir) = (forge().await, tempfile::tempdir().unwrap());
    let (github, url) = (sim.github(), sim.web_url());
    let made = |scopes: [&str; 1]| {
        github
            .add_personal_token("mona", PersonalTokenSpec::classic(scopes))
            .token
    };
    let (token, poor) = (made(["repo"]), made(["read:user"]));
    let env = alone(&url, &token);
    let ask = ["runner", "token", "acme/tools", "--alone", "--format", "json"];
    let ran = run(&dir, &env, "", &ask);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let body: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&body["token_kind"], &body["path"]),
        (&json!("registration"), &json!("acme/tools"))
    );
    assert!(!ran.stdout.contains(&token));
    let ran = run(&dir, &env, "", &["runner", "remove-token", "acme/tools", "--alone"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let jit = [
        "runner",
        "jit-config",
        "acme/tools",
        "--alone",
        "--name",
        "b",
        "--label",
        "l",
        "--format",
        "plain",
    ];
    let ran = run(&dir, &env, "", &jit);
    assert!(ran.status == 0 && ran.stdout.len() > 20, "{}", ran.stderr);

    let ran = run(&dir, &alone(&url, &poor), "", &ask);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("help: ") && ran.stderr.contains("repo") && !ran.stderr.contains(&poor));

    let own = github.add_workflow_token("acme", "tools", [("contents", "read")]);
    let mut job = alone(&url, &own);
    job.extend([("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "acme/tools")]);
    let ran = run(&dir, &job, "", &["runner", "token", "--alone"]);
    refused(&ran, 1, "runner.workflow_token");
    assert!(
        ran.stderr
            .contains("the forge said: Resource not accessible by integration"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains(&own));

    let ran = run(&dir, &[("JETON_FORGES__ALLOW_LOOPBACK", "true")], "", &ask);
    refused(&ran, 1, "runner.no_source");
    assert!(ran.stderr.contains("GH_TOKEN or GITHUB_TOKEN"), "{}", ran.stderr);
    let ran = run(
        &dir,
        &env,
        "",
        &["runner", "token", "--group", "acme", "--forge", "github", "--alone"],
    );
    refused(&ran, 1, "request.invalid");
    let ran = run(&dir, &env, "", &["runner", "token", &token, "--alone"]);
    assert!(ran.status == 1 && !ran.stderr.contains(&token), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runners_of_gitlab_are_kept_listed_and_removed() {
    let w = CiWorld::start().await;
    let lab = GitLabSim::start(GitLabSimConfig {
        clock: w.t.clock.for_sim(),
        ..GitLabSimConfig::default()
    })
    .await
    .unwrap();
    let group = lab.add_group("acme", Visibility::Private).unwrap();
    lab.add_project("acme/tools", Visibility::Private).unwrap();
    let bot = lab.add_user("bot").unwrap();
    lab.add_member(group, bot, AccessLevel::Owner).unwrap();
    let token = lab
        .add_token(&GitLabTokenSpec::personal(bot).scopes(["api"]))
        .unwrap()
        .token;
    let url = lab.web_url();
    let add = [
        "account",
        "add",
        "bot",
        "--forge",
        "gitlab",
        "--base-url",
        &url,
        "--no-auto-rotate",
        "--shared",
    ];
    let ran = w.run(&token, &add);
    assert_eq!(ran.status, 0, "{}", ran.stderr);

    assert!(w.run("", &["runner", "list"]).stderr.contains("keeps no runner"));
    let ask = [
        "runner",
        "token",
        "acme/tools",
        "--forge",
        "gitlab",
        "--base-url",
        &url,
        "--name",
        "big",
        "--tag",
        "linux",
    ];
    let env = w.done(&[&ask[..], &["--format", "env"]].concat());
    assert!(
        env.starts_with(&format!("CI_SERVER_URL={url}\nCI_SERVER_TOKEN=glrt-")),
        "a runner's own token"
    );
    assert_eq!(
        env,
        w.done(&[&ask[..], &["--format", "env"]].concat()),
        "the same runner"
    );
    refused(&w.run("", &[&ask[..], &["--locked"]].concat()), 1, "runner.differs");
    let table = w.done(&["runner", "list"]);
    let shown = env.rsplit_once("TOKEN=").unwrap().1.trim_end();
    assert!(
        table.contains("big") && table.contains("linux") && table.contains("live") && !table.contains(shown),
        "{table}"
    );
    let list = w.json(&["runner", "list", "--forge", lab.address().to_string().as_str()]);
    let id = list["runners"][0]["id"].as_str().unwrap();
    let ran = w.run("", &["runner", "remove", id]);
    assert!(ran.status == 1 && ran.stderr.contains("--yes"), "{}", ran.stderr);
    let ran = w.run("", &["runner", "remove", id, "--yes"]);
    assert!(
        ran.status == 0 && ran.stderr.contains("removed the runner big of acme/tools"),
        "{}",
        ran.stderr
    );
    assert!(lab.runners().is_empty());
    refused(&w.run("", &["runner", "remove", id, "--yes"]), 1, "runner.not_found");

    let without = [
        ("JETON_FORGES__ALLOW_LOOPBACK", "true"),
        ("GITLAB_HOST", url.as_str()),
        ("GITLAB_TOKEN", token.as_str()),
    ];
    let ran = run(
        &w.dir,
        &without,
        "",
        &["runner", "token", "--group", "acme", "--alone", "--format", "plain"],
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.starts_with("glrt-") && ran.stderr.contains("that no server keeps"),
        "{}",
        ran.stderr
    );
}
