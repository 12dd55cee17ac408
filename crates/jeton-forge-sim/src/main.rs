//! The simulated forges as a program: see `--help`.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use jeton_forge_sim::{
    AccessLevel, AppSpec, BitbucketSim, BitbucketSimConfig, BitbucketTokenSpec, ForgeSim, GitLabSim, GitLabSimConfig,
    GitLabTokenSpec, InstallSpec, OidcSim, OidcSimConfig, OrgRole, PersonalTokenSpec, SimConfig, TokenFormat,
    Visibility, WorldError,
};
use tokio::signal::unix::{SignalKind, signal};

const EXAMPLE: &str = "\
Example:
  jeton-forge-sim --listen 127.0.0.1:4010 --repo acme/tools --state-dir ./sim
      A GitHub at http://127.0.0.1:4010 with the private repository acme/tools, an app installed on
      acme, and the app's key in ./sim. Try the control page:  curl http://127.0.0.1:4010/_sim/
  jeton-forge-sim --gitlab 127.0.0.1:4012 --bitbucket 127.0.0.1:4013
      A GitLab and a Bitbucket Cloud too, each with a person, a token and the same repositories.";

/// The person on each forge.
const PERSON: &str = "ada";

/// A GitHub to test against, and if asked a GitLab and a Bitbucket Cloud: real HTTP, real git, state, a clock, faults
#[derive(Parser)]
#[command(name = "jeton-forge-sim", version, after_help = EXAMPLE)]
struct Options {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The same seed gives the same ids and tokens
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The format of installation tokens, unless a client asks for one
    #[arg(long, value_enum, default_value_t = Format::Stateless)]
    token_format: Format,
    /// Where the app's key is written (created if missing); default: a directory that goes away
    #[arg(long)]
    state_dir: Option<PathBuf>,
    /// A repository to make; repeatable [default: acme/demo]
    #[arg(long, value_name = "OWNER/NAME", value_parser = parse_repository)]
    repo: Vec<Repository>,
    /// Make the repositories public
    #[arg(long)]
    public: bool,
    /// The name of the app to make
    #[arg(long, value_name = "NAME", default_value = "demo-app")]
    app: String,
    /// An owner to install the app on; repeatable [default: the owners of the repositories]
    #[arg(long, value_name = "OWNER")]
    install: Vec<String>,
    /// Where to listen as an OIDC provider too; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    oidc: Option<SocketAddr>,
    /// Where to listen as a GitLab too; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    gitlab: Option<SocketAddr>,
    /// Where to listen as a Bitbucket Cloud too; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    bitbucket: Option<SocketAddr>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Classic,
    Stateless,
}

#[derive(Clone)]
struct Repository {
    owner: String,
    name: String,
}

impl Options {
    /// The repositories to make on every forge.
    fn repositories(&self) -> Vec<Repository> {
        if !self.repo.is_empty() {
            return self.repo.clone();
        }
        let (owner, name) = ("acme".to_owned(), "demo".to_owned());
        vec![Repository { owner, name }]
    }
}

/// One line of what there is to know.
fn line(label: &str, value: impl Display) -> String {
    format!("{label:<22}{value}")
}

fn parse_repository(text: &str) -> Result<Repository, String> {
    let parts = text.split_once('/').filter(|(_, name)| !name.contains('/'));
    let (owner, name) = parts.ok_or("write it as OWNER/NAME, for instance acme/tools")?;
    Ok(Repository {
        owner: owner.to_owned(),
        name: name.to_owned(),
    })
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> io::Result<()> {
    // Before anything is printed: who waits for the first line may stop us right after it.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let sim = ForgeSim::start(SimConfig {
        bind: options.listen,
        seed: options.seed,
        token_format: match options.token_format {
            Format::Classic => TokenFormat::Classic,
            Format::Stateless => TokenFormat::Stateless,
        },
        ..SimConfig::default()
    })
    .await?;
    let temporary = tempfile::tempdir()?;
    let state_dir = options.state_dir.clone().unwrap_or_else(|| temporary.path().to_owned());
    fs::create_dir_all(&state_dir)?;
    let oidc = match options.oidc {
        Some(bind) => {
            let clock = sim.clock().clone();
            Some(OidcSim::start(OidcSimConfig { bind, clock }).await?)
        }
        None => None,
    };
    let mut world = build(&sim, &options, &state_dir)?;
    if let Some(oidc) = &oidc {
        world.push(line("oidc issuer", oidc.issuer()));
    }
    // All forges follow one clock: advancing it anywhere advances it everywhere.
    let (clock, seed) = (sim.clock().clone(), options.seed);
    let gitlab = match options.gitlab {
        Some(bind) => {
            let clock = clock.clone();
            let config = GitLabSimConfig {
                bind,
                clock,
                seed,
                ..GitLabSimConfig::default()
            };
            Some(GitLabSim::start(config).await?)
        }
        None => None,
    };
    if let Some(gitlab) = &gitlab {
        world.extend(build_gitlab(gitlab, &options)?);
    }
    let bitbucket = match options.bitbucket {
        Some(bind) => Some(BitbucketSim::start(BitbucketSimConfig { bind, clock, seed }).await?),
        None => None,
    };
    if let Some(bitbucket) = &bitbucket {
        world.extend(build_bitbucket(bitbucket, &options)?);
    }
    world.push(line("ready", "stop with Ctrl-C\n"));
    let world = world.join("\n");
    io::stdout().write_all(world.as_bytes())?;
    io::stdout().flush()?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    if let Some(oidc) = oidc {
        oidc.shutdown().await;
    }
    if let Some(gitlab) = gitlab {
        gitlab.shutdown().await;
    }
    if let Some(bitbucket) = bitbucket {
        bitbucket.shutdown().await;
    }
    sim.shutdown().await;
    Ok(())
}

/// Makes what the options ask for; answers what there is to know about it.
fn build(sim: &ForgeSim, options: &Options, state_dir: &Path) -> io::Result<Vec<String>> {
    let github = sim.github();
    let app = github.add_app(AppSpec::new(&options.app));
    let key_file = state_dir.join(format!("{}.private-key.pem", app.slug));
    write_secret(&key_file, &app.private_key_pkcs1_pem)?;
    let repositories = if options.install.is_empty() {
        options.repositories()
    } else {
        options.repo.clone()
    };
    let mut owners: BTreeSet<String> = options.install.iter().cloned().collect();
    let mut lines = vec![
        line("web", sim.web_url()),
        line("api", sim.api_url()),
        line("control", format_args!("{}/_sim/", sim.web_url())),
        line("app id", app.id),
        line("client id", app.client_id),
        line("key file", key_file.display()),
    ];
    for Repository { owner, name } in &repositories {
        github.add_repository(owner, name, !options.public)?;
        lines.push(line("repository", format_args!("{owner}/{name}")));
        if options.install.is_empty() {
            owners.insert(owner.clone());
        }
    }
    // The app acts for itself; this is somebody who acts with a token of their own.
    github.add_user(PERSON);
    for owner in owners {
        github
            .add_member(&owner, PERSON, OrgRole::Admin)
            .map_err(io::Error::from)?;
        let id = github
            .try_install(app.id, &owner, InstallSpec::all())
            .map_err(io::Error::from)?;
        lines.push(line("installation", format_args!("{id} on {owner}")));
    }
    let token = github.add_personal_token(PERSON, PersonalTokenSpec::classic(["repo", "read:org"]));
    lines.push(line("github user", PERSON));
    lines.push(line("github token", token.token));
    Ok(lines)
}

/// A person who maintains the projects, and a token that may do everything they may.
fn build_gitlab(gitlab: &GitLabSim, options: &Options) -> Result<Vec<String>, WorldError> {
    let visibility = if options.public {
        Visibility::Public
    } else {
        Visibility::Private
    };
    let person = gitlab.add_user(PERSON)?;
    let mut lines = vec![line("gitlab", gitlab.web_url()), line("gitlab user", PERSON)];
    for Repository { owner, name } in options.repositories() {
        let path = format!("{owner}/{name}");
        let project = gitlab.add_project(&path, visibility)?;
        gitlab.add_member(project, person, AccessLevel::Maintainer)?;
        lines.push(line("gitlab project", path));
    }
    let token = gitlab.add_token(&GitLabTokenSpec::personal(person).name("tutorial"))?;
    lines.push(line("gitlab token", token.token));
    Ok(lines)
}

/// A person who owns the workspaces, and an API token that reads there.
fn build_bitbucket(bitbucket: &BitbucketSim, options: &Options) -> Result<Vec<String>, WorldError> {
    let email = format!("{PERSON}@example.com");
    let person = bitbucket.add_account(PERSON, &email)?;
    let mut lines = vec![
        line("bitbucket", bitbucket.web_url()),
        line("bitbucket api", bitbucket.api_url()),
        line("bitbucket user", PERSON),
        line("bitbucket e-mail", email),
    ];
    let mut workspaces = BTreeSet::new();
    for Repository { owner, name } in options.repositories() {
        if workspaces.insert(owner.clone()) {
            bitbucket.add_workspace(&owner)?;
            bitbucket.add_member(&owner, person, true)?;
        }
        bitbucket.add_repository(&owner, &name, !options.public)?;
        lines.push(line("bitbucket repository", format_args!("{owner}/{name}")));
    }
    let token = bitbucket.add_token(&BitbucketTokenSpec::api_token(person))?;
    lines.push(line("bitbucket token", token.token));
    Ok(lines)
}

/// Writes a file that only its owner can read, even where there was one with wider rights.
fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())
}
