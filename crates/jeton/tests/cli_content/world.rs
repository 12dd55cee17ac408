//! The forges, a server, and what runs the command line.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    ops::RangeInclusive,
    process::{Child, Stdio},
};

use jeton_forge_sim::{
    AccessLevel, BitbucketRole, BitbucketSim, BitbucketSimConfig, BitbucketTokenSpec, CommitSpec, ForgeSim, GitLabSim,
    GitLabSimConfig, GitLabTokenSpec, OrgRole, PersonalTokenSpec, SimConfig, Visibility,
};
use serde_json::Value;

use crate::cli_support::{Ran, World};

/// A path with everything that a shell, a URL and JSON take for something else.
pub(super) const ODD: &str = "docs/what? 100% #1 'é\" & b+c.md";

pub(super) const EMAIL: &str = "ada@example.com";

/// The three forges, each with `acme/tools`, which is public on Bitbucket alone, and a token that may read it.
pub(super) struct Forges {
    pub(super) github: ForgeSim,
    pub(super) gitlab: GitLabSim,
    pub(super) bitbucket: BitbucketSim,
    pub(super) tokens: [String; 3],
    /// By which the token at Bitbucket is revoked.
    at_bitbucket: u64,
}

/// A process that serves, until it is dropped.
pub(super) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

pub(super) fn long_line() -> String {
    "ä€😀x".repeat(500_000)
}

pub(super) fn numbers() -> String {
    numbered(1..=20_000)
}

/// `line 7` and so on, each with a line end.
pub(super) fn numbered(numbers: RangeInclusive<u32>) -> String {
    numbers.fold(String::new(), |mut text, number| {
        text.push_str("line ");
        text.push_str(&number.to_string());
        text.push('\n');
        text
    })
}

/// One of each kind that is easily got wrong.
pub(super) fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("README.md", b"# Tools\n".to_vec()),
        (ODD, "übel\n".into()),
        ("crlf.txt", b"one\r\ntwo\r\nthree".to_vec()),
        ("empty", Vec::new()),
        ("logo.bin", (0..=255).cycle().take(300_000).collect()),
        ("latin1.txt", b"caf\xe9\n".to_vec()),
        ("bom.txt", b"\xef\xbb\xbfbom\n".to_vec()),
        ("long.txt", long_line().into()),
        ("Case.txt", b"upper\n".to_vec()),
        ("case.txt", b"lower\n".to_vec()),
        ("numbers.txt", numbers().into()),
        ("escape.txt", b"a\x1b[31mb\n".to_vec()),
    ]
}

pub(super) fn spec() -> CommitSpec {
    let at = "2026-11-21T23:30:00Z".parse().unwrap();
    let spec = CommitSpec::new("Add everything\n\nat once\n")
        .author("Ada", EMAIL)
        .at(at, 60);
    let spec = files()
        .into_iter()
        .fold(spec, |spec, (path, bytes)| spec.file(path, bytes));
    spec.executable("run.sh", "#!/bin/sh\n")
        .symlink("link", "README.md")
        .submodule("vendor/lib", &"1".repeat(40))
}

impl Forges {
    pub(super) async fn start() -> Self {
        let github = ForgeSim::start(SimConfig::default()).await.unwrap();
        github.github().add_repository("acme", "tools", true).unwrap();
        github.github().add_user("ada");
        github.github().add_member("acme", "ada", OrgRole::Admin).unwrap();
        github.github().commit("acme", "tools", &spec()).unwrap();
        let at_github = github
            .github()
            .add_personal_token("ada", PersonalTokenSpec::classic(["repo"]));

        let gitlab = GitLabSim::start(GitLabSimConfig::default()).await.unwrap();
        let ada = gitlab.add_user("ada").unwrap();
        let project = gitlab.add_project("acme/tools", Visibility::Private).unwrap();
        gitlab.add_member(project, ada, AccessLevel::Owner).unwrap();
        gitlab.commit_files(project, &spec()).unwrap();
        let scopes = GitLabTokenSpec::personal(ada).scopes(["read_api", "read_repository"]);
        let at_gitlab = gitlab.add_token(&scopes).unwrap();

        let bitbucket = BitbucketSim::start(BitbucketSimConfig::default()).await.unwrap();
        let ada = bitbucket.add_account("ada", EMAIL).unwrap();
        bitbucket.add_workspace("acme").unwrap();
        bitbucket.add_member("acme", ada, true).unwrap();
        let repository = bitbucket.add_repository("acme", "tools", false).unwrap();
        bitbucket.set_role(repository, ada, Some(BitbucketRole::Admin)).unwrap();
        bitbucket.commit_files(repository, &spec()).unwrap();
        let scopes = ["read:user:bitbucket", "read:repository:bitbucket"];
        let at_bitbucket = bitbucket.add_token(&BitbucketTokenSpec::api_token(ada).scopes(scopes));
        let at_bitbucket = at_bitbucket.unwrap();
        Self {
            tokens: [at_github.token, at_gitlab.token, at_bitbucket.token],
            at_bitbucket: at_bitbucket.id,
            github,
            gitlab,
            bitbucket,
        }
    }

    pub(super) fn revoke_at_bitbucket(&self) {
        self.bitbucket.revoke_token(self.at_bitbucket).unwrap();
    }

    pub(super) fn urls(&self) -> [String; 3] {
        [self.github.web_url(), self.gitlab.web_url(), self.bitbucket.web_url()]
    }

    /// The command line with no server, and tokens in its environment.
    pub(super) fn alone(&self) -> World {
        let [github, gitlab, _] = self.urls();
        World::new()
            .env("JETON_FORGES__ALLOW_LOOPBACK", "true")
            .env("GITHUB_SERVER_URL", github)
            .env("GITHUB_TOKEN", &self.tokens[0])
            .env("GITLAB_HOST", gitlab)
            .env("GITLAB_TOKEN", &self.tokens[1])
    }

    /// The command line of the user who runs a server, which has an account on each forge.
    pub(super) fn served(&self) -> (World, Server) {
        let world = World::new().env("JETON_FORGES__ALLOW_LOOPBACK", "true");
        let server = serve(&world);
        let words = ["github", "gitlab", "bitbucket"];
        for ((word, url), token) in words.iter().zip(self.urls()).zip(&self.tokens) {
            let mut add = vec!["account", "add", word, "--forge", word, "--base-url", &url];
            if *word == "bitbucket" {
                add.extend(["--email", EMAIL]);
            }
            let mut child = world
                .command(&add)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
            assert!(child.wait().unwrap().success(), "{word}");
        }
        (world, server)
    }

    /// How each of the forges is named.
    pub(super) fn names(&self) -> [Vec<String>; 3] {
        let [github, gitlab, bitbucket] = self.urls();
        [("github", github), ("gitlab", gitlab), ("bitbucket", bitbucket)]
            .map(|(forge, url)| ["--forge", forge, "--base-url", &url].map(str::to_owned).to_vec())
    }
}

pub(super) fn serve(world: &World) -> Server {
    let mut child = world
        .command(&["serve", "--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let server = Server(child);
    let mut log = String::new();
    loop {
        let line = lines
            .next()
            .unwrap_or_else(|| panic!("the server ended: {log}"))
            .unwrap();
        if line.contains("listens on http://") {
            // The pipe must not fill up.
            std::thread::spawn(move || lines.for_each(drop));
            return server;
        }
        log.push_str(&line);
        log.push('\n');
    }
}

/// What a command that works prints, as bytes.
pub(super) fn bytes(world: &World, arguments: &[&str]) -> Vec<u8> {
    let output = world.command(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    output.stdout
}

pub(super) fn text(world: &World, arguments: &[&str]) -> String {
    String::from_utf8(bytes(world, arguments)).unwrap()
}

pub(super) fn json(world: &World, arguments: &[&str]) -> Value {
    serde_json::from_slice(&bytes(world, &[arguments, &["--json"]].concat())).unwrap()
}

/// A refusal: who is at fault, its code, and all of it.
pub(super) fn refused(world: &World, arguments: &[&str], code: &str) -> String {
    let Ran { status, stdout, stderr } = world.run(arguments);
    assert_eq!((status, stdout.as_str()), (1, ""), "{arguments:?}: {stderr}");
    let told = stderr.contains(&format!("code: {code}")) && stderr.contains("help: ");
    assert!(told, "{arguments:?}: {stderr}");
    stderr
}

/// A command with how the forge is named.
pub(super) fn with<'a>(command: &[&'a str], name: &'a [String]) -> Vec<&'a str> {
    command.iter().copied().chain(name.iter().map(String::as_str)).collect()
}
