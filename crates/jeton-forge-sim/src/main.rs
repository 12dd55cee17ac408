//! The simulated forges as a program: see `--help`.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use jeton_forge_sim::{AppSpec, ForgeSim, InstallSpec, OidcSim, OidcSimConfig, SimConfig, TokenFormat};
use tokio::signal::unix::{SignalKind, signal};

const EXAMPLE: &str = "\
Example:
  jeton-forge-sim --listen 127.0.0.1:4010 --repo acme/tools --state-dir ./sim
      A GitHub at http://127.0.0.1:4010 with the private repository acme/tools, an app installed on
      acme, and the app's key in ./sim. Try the control page:  curl http://127.0.0.1:4010/_sim/";

/// A GitHub to test against: real HTTP, real git, state, a clock, and faults on demand.
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
        world.push(format!("oidc issuer    {}", oidc.issuer()));
    }
    world.push("ready          stop with Ctrl-C\n".to_owned());
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
    sim.shutdown().await;
    Ok(())
}

/// Makes what the options ask for; answers what there is to know about it.
fn build(sim: &ForgeSim, options: &Options, state_dir: &Path) -> io::Result<Vec<String>> {
    let github = sim.github();
    let app = github.add_app(AppSpec::new(&options.app));
    let key_file = state_dir.join(format!("{}.private-key.pem", app.slug));
    write_secret(&key_file, &app.private_key_pkcs1_pem)?;
    let mut repositories = options.repo.clone();
    if repositories.is_empty() && options.install.is_empty() {
        repositories.push(Repository {
            owner: "acme".to_owned(),
            name: "demo".to_owned(),
        });
    }
    let mut owners: BTreeSet<String> = options.install.iter().cloned().collect();
    let mut lines = vec![
        format!("web            {}", sim.web_url()),
        format!("api            {}", sim.api_url()),
        format!("control        {}/_sim/", sim.web_url()),
        format!("app id         {}", app.id),
        format!("client id      {}", app.client_id),
        format!("key file       {}", key_file.display()),
    ];
    for Repository { owner, name } in &repositories {
        github.add_repository(owner, name, !options.public)?;
        lines.push(format!("repository     {owner}/{name}"));
        if options.install.is_empty() {
            owners.insert(owner.clone());
        }
    }
    for owner in owners {
        let id = github
            .try_install(app.id, &owner, InstallSpec::all())
            .map_err(io::Error::from)?;
        lines.push(format!("installation   {id} on {owner}"));
    }
    Ok(lines)
}

/// Writes a file that only its owner can read, even where there was one with wider rights.
fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    file.write_all(text.as_bytes())
}
