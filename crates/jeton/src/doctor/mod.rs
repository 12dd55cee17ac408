//! `jeton doctor`: what is wrong with a setup, each thing with its remedy. Needs no server; a server that runs has the same
//! checks for its page.

mod accounts;
mod apps;
mod clock;
mod finding;
mod policies;
mod port;
mod runner;
mod server;
mod setup;
mod vault;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use jeton_api::{Health, Readiness};
use jeton_domain::{Clock, ForgeEndpoint};
use serde::de::DeserializeOwned;

use crate::{
    cli::{CliError, Client, Context, DoctorArgs, DoctorCommand, Format, Place, print, print_json},
    config::{Config, KeyUse},
    system::SystemClock,
};

pub(crate) use finding::{Finding, Level, Report};
pub(crate) use port::port_holder;
pub(crate) use server::ServerExaminer;

/// Checks everything, and prints what was found.
///
/// # Errors
/// Only when nothing can be printed: whatever is wrong is a finding. Those of [`runner::run`] when runners alone are asked about.
pub(crate) async fn run(args: &DoctorArgs, context: &Context) -> Result<ExitCode, CliError> {
    if let Some(DoctorCommand::Runner(args)) = &args.command {
        return runner::run(args, context).await;
    }
    let report = Report::new(examine(args, context).await);
    match args.format {
        Format::Table => print(&report.render())?,
        Format::Json => print_json(&report)?,
    }
    Ok(report.exit_code())
}

async fn examine(args: &DoctorArgs, context: &Context) -> Vec<Finding> {
    let loaded = Config::load(context.sources.clone());
    let mut findings = setup::configuration(&loaded);
    findings.extend(setup::env_file(&context.sources));
    // the rest would only guess
    let Ok(config) = loaded else { return findings };
    findings.extend(files(&config));
    findings.extend(vault::check(&config).await);
    for address in &config.server.listen {
        findings.push(listen_address(*address).await);
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (of_server, stored) = running_server(args, context, &config).await;
    findings.extend(forges(&config, stored, &*clock).await);
    for app in &config.apps {
        findings.extend(apps::configured(app, Arc::clone(&clock)).await);
    }
    findings.extend(of_server);
    findings
}

/// The files and directories that the configuration names.
fn files(config: &Config) -> Vec<Finding> {
    let mut findings = vec![
        setup::state_dir(&config.state_dir),
        setup::key("sealing key", &config.seal_key, KeyUse::Seal),
    ];
    let previous = config.previous_seal_key.iter();
    findings.extend(previous.map(|source| setup::key("previous sealing key", source, KeyUse::PreviousSeal)));
    findings.push(setup::key("operator key", &config.operator_key, KeyUse::Operator));
    findings.extend(policies::file(config.access.policy_file.as_deref()));
    findings
}

async fn listen_address(address: SocketAddr) -> Finding {
    let tried = port::try_listen(address);
    if tried != port::Tried::InUse {
        return port::judge(address, &tried, None, None);
    }
    let health = match format!("http://{}/", reachable(address)).parse() {
        Ok(url) => probe::<Health>(&Place::Url(url), "healthz").await,
        Err(_) => None,
    };
    let holder = port_holder(address);
    port::judge(
        address,
        &tried,
        health.map(|health| health.version).as_deref(),
        holder.as_deref(),
    )
}

/// Where a listener on all addresses can be called.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// A JSON answer of whatever listens there, with any status; `None` for everything else.
async fn probe<T: DeserializeOwned>(place: &Place, route: &str) -> Option<T> {
    let client = place.http(Duration::from_secs(3), true).ok()?;
    client.get(place.at(&[route])).send().await.ok()?.json().await.ok()
}

/// Each forge once; github.com when no App tells of another, and then it need not be reachable.
async fn forges(config: &Config, stored: Vec<ForgeEndpoint>, clock: &dyn Clock) -> Vec<Finding> {
    let mut endpoints: Vec<ForgeEndpoint> = Vec::new();
    for endpoint in config.apps.iter().map(|app| app.forge.clone()).chain(stored) {
        if !endpoints.contains(&endpoint) {
            endpoints.push(endpoint);
        }
    }
    let sure = !endpoints.is_empty();
    if !sure {
        endpoints.push(ForgeEndpoint::github_com());
    }
    let asked = endpoints.iter().map(|endpoint| async move {
        let theirs = clock::ask(endpoint).await;
        clock::judge(endpoint.host(), clock.now(), theirs, sure)
    });
    join_all(asked).await.concat()
}

/// What a server that runs says, if one runs where the command line looks for it.
async fn running_server(args: &DoctorArgs, context: &Context, config: &Config) -> (Vec<Finding>, Vec<ForgeEndpoint>) {
    let place = match Place::find(&args.server, context) {
        Ok(place) => place,
        Err(error) => return (vec![Finding::of("server", &error)], Vec::new()),
    };
    if probe::<Health>(&place, "healthz").await.is_none() {
        let shown = place.to_string();
        return (
            vec![Finding::ok(
                "server",
                format!("none answers at {}", shown.trim_end_matches('/')),
            )],
            Vec::new(),
        );
    }
    let mut findings = match probe::<Readiness>(&place, "readyz").await {
        Some(readiness) => apps::judge_readiness(readiness),
        None => Vec::new(),
    };
    let mut stored = Vec::new();
    match Client::new(&args.server, context) {
        Ok(client) => {
            let (of_apps, forges) = apps::stored(&client, config).await;
            findings.extend(of_apps);
            findings.extend(accounts::stored(&client, SystemClock.now()).await);
            stored = forges;
        }
        Err(error) => findings.push(Finding::of("server", &error).at_most(Level::Warn)),
    }
    (findings, stored)
}

#[cfg(test)]
mod tests {
    use super::reachable;

    #[test]
    fn all_addresses_are_called_on_this_machine() {
        assert_eq!(reachable("0.0.0.0:80".parse().unwrap()).to_string(), "127.0.0.1:80");
        assert_eq!(reachable("[::]:80".parse().unwrap()).to_string(), "[::1]:80");
        assert_eq!(reachable("10.0.0.1:80".parse().unwrap()).to_string(), "10.0.0.1:80");
    }
}
