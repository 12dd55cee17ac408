//! The GitHub Action, its steps run as a workflow would run them, and the same script in the other forges' CI.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use jeton_forge_sim::{RunnerTokenPurpose, gitlab_claims};
use serde_json::json;

use crate::{
    account_cli_world::Ran,
    cli_runner_world::{Bucket, CiWorld, EXPECTED, IdentityService, outputs},
    jwt_callers::job,
};

/// `sh` is what action.yml calls; it may be either.
const SHELLS: [&str; 3] = ["sh", "dash", "bash"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What action.yml says of its inputs: the variable that each becomes, and what it is when nobody says.
struct Action {
    inputs: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
}

impl Action {
    fn read() -> Self {
        let text = fs::read_to_string(root().join("action.yml")).unwrap();
        let (mut inputs, mut variables) = (BTreeMap::new(), BTreeMap::new());
        let mut section = "";
        let mut last = String::new();
        for line in text.lines() {
            let bare = line.trim_start();
            match line.len() - bare.len() {
                0 => section = line,
                2 if section == "inputs:" => {
                    bare.trim_end_matches(':').clone_into(&mut last);
                    inputs.insert(last.clone(), String::new());
                }
                4 if section == "inputs:" => {
                    if let Some(default) = bare.strip_prefix("default: ") {
                        inputs.insert(last.clone(), default.trim_matches('"').to_owned());
                    }
                }
                _ => {
                    if let Some((name, input)) = bare.split_once(": ${{ inputs.") {
                        variables.insert(name.to_owned(), input.trim_end_matches(" }}").to_owned());
                    }
                }
            }
        }
        assert!(text.contains("run: sh \"$GITHUB_ACTION_PATH/action/jeton.sh\""));
        Self { inputs, variables }
    }

    /// The variables of a step with these inputs: all are set, as the runner does.
    fn env(&self, given: &[(&str, &str)]) -> Vec<(String, String)> {
        for (name, _) in given {
            assert!(self.inputs.contains_key(*name), "there is no input {name}");
        }
        let value = |input: &String| {
            let given = given.iter().find(|(name, _)| name == input);
            given.map_or_else(|| self.inputs[input].clone(), |(_, value)| (*value).to_owned())
        };
        self.variables
            .iter()
            .map(|(name, input)| (name.clone(), value(input)))
            .collect()
    }
}

/// A directory for a step, with a `curl` that notes its arguments.
struct Step {
    dir: tempfile::TempDir,
    shell: &'static str,
}

impl Step {
    fn new(shell: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let real = ["/usr/bin/curl", "/bin/curl", "/usr/local/bin/curl"];
        let real = real.into_iter().find(|path| Path::new(path).exists()).expect("curl");
        // Machines of a cloud have a metadata service, and this one most likely not.
        let wrapper = format!(
            "#!/bin/sh\nprintf '%s\\n' curl \"$@\" >>\"$CURL_LOG\"\n\
             case \"$*\" in *http://metadata.google.internal/* | *http://169.254.169.254/*) printf %s \"$METADATA\"; exit ;; esac\n\
             exec {real} \"$@\"\n"
        );
        fs::create_dir(dir.path().join("bin")).unwrap();
        let path = dir.path().join("bin/curl");
        fs::write(&path, wrapper).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir, shell }
    }

    fn output(&self) -> PathBuf {
        self.dir.path().join("output")
    }

    /// The arguments of every curl so far.
    fn arguments(&self) -> String {
        fs::read_to_string(self.dir.path().join("curl.log")).unwrap_or_default()
    }

    fn run<'a>(&self, env: impl IntoIterator<Item = (&'a str, &'a str)>) -> Ran {
        // What a machine may have that speaks of all its curls: a proxy, here a dead one, and settings that print what is sent.
        fs::write(self.dir.path().join(".curlrc"), "verbose\nheader = \"X-Planted: 1\"\n").unwrap();
        let dead = "http://127.0.0.1:9";
        let proxies = ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        let output = Command::new(self.shell)
            .arg(root().join("action/jeton.sh"))
            .current_dir(self.dir.path())
            .env_clear()
            .env(
                "PATH",
                format!("{}/bin:/usr/local/bin:/usr/bin:/bin", self.dir.path().display()),
            )
            .env("CURL_LOG", self.dir.path().join("curl.log"))
            .env("HOME", self.dir.path())
            .envs(proxies.map(|name| (name, dead)))
            .envs(env)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ran {
            status: output.status.code().expect("no signal ended it"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// As a step of the Action in a workflow of `acme/tools`.
    fn act(&self, w: &CiWorld, job: &[(&str, &str)], inputs: &[(&str, &str)]) -> Ran {
        let (url, web, host) = (w.t.url.clone(), w.t.sim.web_url(), w.host());
        let usual = [("url", url.as_str()), ("audience", EXPECTED), ("forge", host.as_str())];
        let usual = usual
            .into_iter()
            .filter(|(name, _)| !inputs.iter().any(|(other, _)| other == name));
        let all: Vec<_> = usual.chain(inputs.iter().copied()).collect();
        let (own, output) = (Action::read().env(&all), self.output().display().to_string());
        let mut env: Vec<(&str, &str)> = own
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        env.extend([("GITHUB_OUTPUT", output.as_str()), ("GITHUB_SERVER_URL", &web)]);
        env.extend(job);
        self.run(env)
    }

    /// That it worked and showed neither the token nor the identity but to have them hidden; its outputs.
    fn gave(&self, ran: &Ran, identity: &str) -> BTreeMap<String, String> {
        assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
        let given: BTreeMap<_, _> = outputs(&self.output()).into_iter().collect();
        let token = given["token"].as_str();
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(lines[0], format!("::add-mask::{identity}"), "before anything else");
        assert_eq!(lines[1], format!("::add-mask::{token}"));
        for shown in [&lines[2..].concat(), &ran.stderr, &self.arguments()] {
            let parts = [token, &token[..8], identity, &identity[..24]];
            assert!(parts.iter().all(|part| !shown.contains(part)), "{shown}");
        }
        assert_eq!(lines.len(), 3, "{}", ran.stdout);
        assert_eq!(ran.stderr, "", "curl reads no settings of the machine's");
        given
    }

    /// That it was refused with a status and these words, and left nothing.
    fn refused(&self, ran: &Ran, status: i32, words: &[&str]) {
        assert_eq!(ran.status, status, "{}{}", ran.stdout, ran.stderr);
        let error: Vec<_> = ran.stdout.lines().filter(|line| line.starts_with("::error ")).collect();
        assert_eq!(error.len(), 1, "{}{}", ran.stdout, ran.stderr);
        for word in words {
            assert!(error[0].contains(word), "{word} in {}", error[0]);
        }
        assert!(outputs(&self.output()).is_empty());
    }
}

#[test]
fn every_input_reaches_the_script() {
    let action = Action::read();
    let script = fs::read_to_string(root().join("action/jeton.sh")).unwrap();
    let reached: Vec<_> = action.variables.values().collect();
    for input in action.inputs.keys() {
        assert!(reached.contains(&input), "{input} becomes no variable");
    }
    for variable in action.variables.keys() {
        assert!(
            script.contains(&format!("${{{variable}:-")),
            "{variable} is not read, or not with `set -u` in mind"
        );
    }
    assert!(
        action.inputs.len() > 10 && action.inputs["what"] == "token",
        "{:?}",
        action.inputs
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_comes_with_the_jobs_identity_and_nothing_else() {
    let w = CiWorld::start().await;
    w.policy().await;
    let service = IdentityService::start(&w.oidc).await;
    for shell in SHELLS {
        let step = Step::new(shell);
        let ran = step.act(&w, &service.env(), &[]);
        let given = step.gave(&ran, service.given().last().unwrap());
        assert!(
            given["token"].starts_with("ghs_") && given["expires-at"].ends_with('Z'),
            "{shell}"
        );
        assert!(ran.stdout.contains("token from app:"), "{}", ran.stdout);
        let several = [
            ("repository", "acme/tools\n  acme/web\r\n\n"),
            ("permissions", "contents=read,\nmetadata=read\n"),
            ("app", "runners"),
            ("min-validity-seconds", "0600"),
        ];
        let step = Step::new(shell);
        let ran = step.act(&w, &service.env(), &several);
        step.gave(&ran, service.given().last().unwrap());
        let body = r#""app":"runners","repositories":["acme/tools","acme/web"],"permissions":{"contents":"read","metadata":"read"},"min_validity_seconds":600}"#;
        assert!(step.arguments().contains(body), "{}", step.arguments());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runners_are_registered_and_removed() {
    let w = CiWorld::start().await;
    w.policy().await;
    let service = IdentityService::start(&w.oidc).await;
    let live = |purpose| {
        let tokens = w.t.sim.github().runner_tokens();
        tokens
            .iter()
            .filter(|token| token.live && token.purpose == purpose)
            .count()
    };
    let step = Step::new("sh");
    let ran = step.act(&w, &service.env(), &[("what", "runner-token")]);
    let given = step.gave(&ran, service.given().last().unwrap());
    assert!(
        given["url"].ends_with("/acme/tools") && given["expires-at"].ends_with('Z'),
        "{given:?}"
    );
    assert_eq!(live(RunnerTokenPurpose::Registration), 1);
    let step = Step::new("bash");
    let ran = step.act(
        &w,
        &service.env(),
        &[("what", "remove-token"), ("organization", "acme")],
    );
    let given = step.gave(&ran, service.given().last().unwrap());
    assert!(given["url"].ends_with("/acme"), "{given:?}");
    assert_eq!(live(RunnerTokenPurpose::Removal), 1);
    let jit = [
        ("what", "jit-config"),
        ("app", "runners"),
        ("name", "build-1"),
        ("labels", "self-hosted, linux\narm64"),
        ("runner-group-id", "1"),
    ];
    let step = Step::new("sh");
    let ran = step.act(&w, &service.env(), &jit);
    let given = step.gave(&ran, service.given().last().unwrap());
    assert!(given["expires-at"].is_empty() && !given["token"].is_empty());
    assert!(
        w.t.sim.github().runners().iter().any(|name| name.contains("build-1")),
        "{:?}",
        w.t.sim.github().runners()
    );
    let step = Step::new("sh");
    let ran = step.act(&w, &service.env(), &jit);
    step.refused(&ran, 1, &["runner.name_taken", "build-1"]);
    let step = Step::new("sh");
    step.refused(
        &step.act(&w, &service.env(), &[("what", "jit-config")]),
        1,
        &["set name"],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_is_told_what_to_do() {
    let w = CiWorld::start().await;
    let service = IdentityService::start(&w.oidc).await;
    for shell in SHELLS {
        let step = Step::new(shell);
        let ran = step.act(&w, &service.env(), &[("what", "runner-token")]);
        step.refused(&ran, 1, &["policy.denied", "in request "]);
        let identity = service.given().last().unwrap().clone();
        assert_eq!(ran.stdout.matches(&identity).count(), 1, "in its mask alone");
    }
    // Somebody else's audience: the server does not believe it.
    let step = Step::new("sh");
    let ran = step.act(&w, &service.env(), &[("audience", "https://other.example.com")]);
    step.refused(&ran, 1, &["auth."]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_is_not_blamed_on_the_job() {
    let w = CiWorld::start().await;
    w.policy().await;
    let service = IdentityService::start(&w.oidc).await;
    let step = Step::new("sh");
    let ran = step.act(&w, &service.env(), &[("url", "http://127.0.0.1:1")]);
    step.refused(&ran, 2, &["cannot be reached"]);
    let step = Step::new("bash");
    service.fail(503);
    step.refused(&step.act(&w, &service.env(), &[]), 2, &["identity (HTTP 503)"]);
    service.fail(403);
    step.refused(&step.act(&w, &service.env(), &[]), 2, &["identity (HTTP 403)"]);
    // Whoever is on the way could read the job's own token.
    let mut job = service.env();
    job.push((
        "ACTIONS_ID_TOKEN_REQUEST_URL",
        "http://localhost:1@git.example.com/token",
    ));
    let calls = step.arguments();
    step.refused(&step.act(&w, &job, &[]), 2, &["is no https address"]);
    assert_eq!(step.arguments(), calls, "nobody was asked");
    // Something that answers, and is no jeton.
    service.fail(200);
    let other = service.url.replace("/token?api-version=2.0", "");
    let ran = step.act(&w, &service.env(), &[("url", &other)]);
    step.refused(&ran, 1, &["answered HTTP 400, and not as jeton does"]);
}

/// No proxy is asked for a machine's identity, which it could read or make up; nor for what is on the machine itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machines_identity_is_asked_of_its_own_metadata_service() {
    let w = CiWorld::start().await;
    w.policy().await;
    let mut claims = job().claims();
    claims["aud"] = json!(EXPECTED);
    let identity = w.oidc.sign(&claims);
    let host = w.host();
    for (kind, answer) in [
        ("gce", identity.clone()),
        (
            "azure",
            json!({"access_token": identity, "token_type": "Bearer"}).to_string(),
        ),
    ] {
        for shell in SHELLS {
            let step = Step::new(shell);
            let ran = step.run([
                ("JETON_URL", w.t.url.as_str()),
                ("JETON_AUDIENCE", EXPECTED),
                ("JETON_IDENTITY", kind),
                ("JETON_FORGE", host.as_str()),
                ("JETON_REPOSITORY", "acme/tools"),
                ("METADATA", answer.as_str()),
            ]);
            assert_eq!(ran.status, 0, "{}", ran.stderr);
            assert!(ran.stdout.starts_with("ghs_") && !ran.stderr.contains(&identity[..24]));
            let arguments = step.arguments();
            let curls: Vec<_> = arguments.split("curl\n").skip(1).collect();
            assert_eq!(curls.len(), 2, "{arguments}");
            for curl in curls {
                assert!(curl.starts_with("-q\n"), "only as the first argument it counts: {curl}");
                assert!(curl.contains("--noproxy\n*\n"), "{curl}");
            }
            let asked = if kind == "gce" {
                format!("audience={EXPECTED}\n")
            } else {
                format!("resource={EXPECTED}\n")
            };
            assert!(arguments.contains(&asked), "{arguments}");
        }
    }
    // What is elsewhere is asked through the proxy that the machine has.
    let step = Step::new("sh");
    let ran = step.run([
        ("JETON_URL", "https://jeton.invalid"),
        ("JETON_AUDIENCE", EXPECTED),
        ("JETON_IDENTITY", "gce"),
        ("JETON_REPOSITORY", "acme/tools"),
        ("JETON_WHAT", "jit-config"),
        ("JETON_NAME", "b"),
        ("JETON_LABELS", "l"),
        ("METADATA", identity.as_str()),
    ]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    assert_eq!(step.arguments().matches("--noproxy").count(), 1, "{}", step.arguments());
    assert!(ran.stderr.contains("127.0.0.1"), "the proxy: {}", ran.stderr);
}

/// A runner of Bitbucket starts with three things: the token alone would be of no use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_of_bitbucket_comes_with_its_ids() {
    let w = CiWorld::start().await;
    let bucket = Bucket::start(&w).await;
    let runners = json!({"name": "bucket", "callers": {"issuer": "github-actions", "claims": {"repository": "acme/tools"}},
        "actions": "runner.register", "repositories": ["acme/*"]});
    w.t.policy(runners).await;
    let service = IdentityService::start(&w.oidc).await;
    let inputs = [
        ("what", "runner-token"),
        ("forge", bucket.host.as_str()),
        ("name", "b1"),
    ];
    let step = Step::new("sh");
    let ran = step.act(&w, &service.env(), &inputs);
    let given = step.gave(&ran, service.given().last().unwrap());
    let known = bucket.sim.runners();
    assert_eq!(known.len(), 1);
    let uuid = bucket.sim.runner_of_secret(&given["token"]);
    assert_eq!(Some(&given["runner-id"]), uuid.as_ref());
    assert!(
        !given["client-id"].is_empty() && given["expires-at"].is_empty(),
        "{given:?}"
    );

    let key = w.t.key.secret().expose();
    let want = format!(
        "OAUTH_CLIENT_ID='{}'\nOAUTH_CLIENT_SECRET='{}'\nRUNNER_UUID='{}'\n",
        given["client-id"], given["token"], given["runner-id"]
    );
    for shell in SHELLS {
        let step = Step::new(shell);
        let ran = step.run([
            ("JETON_URL", w.t.url.as_str()),
            ("JETON_TOKEN", key),
            ("JETON_FORGE", bucket.host.as_str()),
            ("JETON_WHAT", "runner-token"),
            ("JETON_REPOSITORY", "acme/tools"),
            ("JETON_NAME", "b1"),
        ]);
        assert_eq!((ran.status, &ran.stdout), (0, &want), "{}", ran.stderr);
        assert!(!ran.stderr.contains(&given["token"][..8]), "{}", ran.stderr);
    }

    let ask = ["runner", "token", "acme/tools", "--forge", "bitbucket", "--base-url"];
    let ask = [&ask[..], &[bucket.url.as_str(), "--name", "b1"]].concat();
    let table = w.done(&ask);
    for shown in [&given["client-id"], &given["runner-id"], "--format env"] {
        assert!(table.contains(shown), "{shown} in {table}");
    }
    assert!(!table.contains(&given["token"]), "{table}");
    let file = w.dir.path().join("output");
    let path = file.display().to_string();
    let output = [("GITHUB_OUTPUT", path.as_str())];
    let ran = w.run_in(&output, "", &[&ask[..], &["--github-output", "reg"]].concat());
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let names: Vec<_> = outputs(&file).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["reg", "reg-url", "reg-client-id", "reg-runner-id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_without_an_identity_is_told_which_line_it_lacks() {
    let w = CiWorld::start().await;
    let step = Step::new("sh");
    let job = [("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "acme/tools")];
    step.refused(&step.act(&w, &job, &[]), 1, &["permissions: id-token: write", "fork"]);
    for (env, words) in [
        (("GITLAB_CI", "true"), "id_tokens"),
        (("BITBUCKET_BUILD_NUMBER", "1"), "oidc: true"),
        (("X", "y"), "JETON_IDENTITY"),
    ] {
        let ran = step.run([("JETON_URL", w.t.url.as_str()), ("JETON_REPOSITORY", "acme/tools"), env]);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
        assert!(
            ran.stderr.starts_with("jeton: ") && ran.stderr.contains(words),
            "{}",
            ran.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_inputs_run_nothing_and_write_no_other_output() {
    let w = CiWorld::start().await;
    w.policy().await;
    let service = IdentityService::start(&w.oidc).await;
    let planted = "planted";
    let values = [
        "acme/tools\",\"repositories\":[\"acme/web",
        "acme/`touch planted`",
        "acme/$(touch planted)",
        "acme/tools;touch planted",
        "acme/\\u0022x",
        "acme/tools%0Atoken=x",
        "acme/tools' '",
        "acme/t\u{1b}[2Jools",
        "acme/tööls",
        "acme/tools\ttoken=x",
    ];
    for shell in SHELLS {
        let step = Step::new(shell);
        for value in values {
            for (input, what) in [
                ("repository", "token"),
                ("repository", "runner-token"),
                ("organization", "runner-token"),
                ("enterprise", "remove-token"),
                ("forge", "token"),
                ("app", "token"),
                ("account", "token"),
                ("permissions", "token"),
                ("labels", "runner-token"),
                ("name", "runner-token"),
                ("min-validity-seconds", "token"),
                ("url", "token"),
                ("audience", "token"),
                ("what", "token"),
            ] {
                let inputs = if input == "what" {
                    vec![(input, value)]
                } else {
                    vec![("what", what), (input, value)]
                };
                let ran = step.act(&w, &service.env(), &inputs);
                step.refused(&ran, 1, &[]);
                assert!(!step.dir.path().join(planted).exists(), "{shell} {input} {value}");
                assert_eq!(ran.stdout.lines().count(), 1, "{shell} {input}: {}", ran.stdout);
            }
        }
        // A line more is a repository more, and nothing for what is one thing.
        let ran = step.act(
            &w,
            &service.env(),
            &[("what", "runner-token"), ("repository", "acme/tools\ntoken=x")],
        );
        step.refused(&ran, 1, &["repository has characters"]);
        for number in ["1e3", "-1", "0x10", "9999999999", "1 2"] {
            let ran = step.act(&w, &service.env(), &[("min-validity-seconds", number)]);
            step.refused(&ran, 1, &["is no number"]);
        }
        for url in [
            "http://jeton.example.com",
            "https://a@b.example",
            "file:///etc/passwd",
            "-K/etc/passwd",
            "",
        ] {
            step.refused(&step.act(&w, &service.env(), &[("url", url)]), 1, &["url"]);
        }
    }
    assert!(service.given().is_empty(), "nobody was asked");
    // A pattern is no list of files.
    let step = Step::new("sh");
    fs::create_dir_all(step.dir.path().join("acme/evil")).unwrap();
    step.act(&w, &service.env(), &[("repository", "acme/*")]);
    assert!(
        step.arguments().contains(r#""repositories":["acme/*"]"#),
        "{}",
        step.arguments()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_other_ci_the_token_alone_is_on_standard_output() {
    let w = CiWorld::start().await;
    let policy = json!({"name": "lab", "callers": {"issuer": "github-actions", "claims": {"project_path": "acme/tools"}},
        "actions": ["token.mint", "runner.register"], "repositories": ["acme/*"], "permissions": {"contents": "read"}});
    w.t.policy(policy).await;
    let mut claims = gitlab_claims("acme/tools", 7, "main");
    claims["aud"] = json!(EXPECTED);
    let identity = w.oidc.sign(&claims);
    let host = w.host();
    let (url, server) = (w.t.url.as_str(), format!("https://{host}/"));
    for shell in SHELLS {
        let step = Step::new(shell);
        // Here the job's forge is the one that the token is for.
        let ran = step.run([
            ("JETON_URL", url),
            ("GITLAB_CI", "true"),
            ("CI_PROJECT_PATH", "acme/tools"),
            ("CI_SERVER_URL", server.as_str()),
            ("JETON_IDENTITY_TOKEN", identity.as_str()),
        ]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let token = ran.stdout.trim_end();
        assert!(
            token.starts_with("ghs_") && ran.stdout.lines().count() == 1,
            "{}",
            ran.stdout
        );
        assert!(ran.stderr.starts_with("jeton: token from app:"), "{}", ran.stderr);
        for shown in [&ran.stderr, &step.arguments()] {
            assert!(
                !shown.contains(&token[..12]) && !shown.contains(&identity[..24]),
                "{shown}"
            );
        }
    }
    let step = Step::new("sh");
    let key = w.t.key.secret().expose();
    let ran = step.run([
        ("JETON_URL", url),
        ("JETON_TOKEN", key),
        ("JETON_FORGE", &host),
        ("JETON_WHAT", "runner-token"),
        ("JETON_ORGANIZATION", "acme"),
    ]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("runner-token from app:runners until"),
        "{}",
        ran.stderr
    );
    assert!(!step.arguments().contains(key));
}
