//! The GitHub Apps: those of the configuration by our own calls, those in the vault through the running server.

use std::{sync::Arc, time::Duration};

use jeton_api::{AppCheck, AppList, KeyStatus, Readiness};
use jeton_broker::Broker;
use jeton_domain::{Clock, ForgeEndpoint};
use jeton_forge::{AppKey, GitHub, HttpOptions};
use jeton_seal::SealingKey;

use super::{Finding, Level};
use crate::{
    cli::{CliError, Client},
    config::{AppConfig, Config, KeyUse},
};

const APP: &str = "app";
const SERVER: &str = "server";

/// An App of the configuration: its key parses, signs, and the forge takes it.
pub(super) async fn configured(app: &AppConfig, clock: Arc<dyn Clock>) -> Vec<Finding> {
    let name = &app.name;
    let mut findings: Vec<_> = super::setup::app_key_mode(&app.key).into_iter().collect();
    let named = |mut finding: Finding| {
        finding.what = format!("{name} (key: {}): {}", app.key.describe(), finding.what);
        finding
    };
    let key = match app.key.read() {
        Ok(text) => AppKey::parse(&text).map_err(|error| named(Finding::of(APP, &error))),
        Err(error) => Err(named(Finding::of(APP, &error))),
    };
    let finding = match key {
        Err(finding) => finding,
        Ok(key) => {
            let fingerprint = key.fingerprint().clone();
            match ask(app, key, clock).await {
                Ok(slug) => {
                    let host = app.forge.host();
                    Finding::ok(APP, format!("{name}: {host} knows it as {slug}, key {fingerprint}"))
                }
                Err(error) => named(Finding::of(APP, &error)),
            }
        }
    };
    findings.push(finding);
    findings
}

async fn ask(app: &AppConfig, key: AppKey, clock: Arc<dyn Clock>) -> Result<String, jeton_forge::ForgeError> {
    let github = GitHub::new(HttpOptions::default(), clock)?;
    let info = github.app(app.forge.clone(), app.issuer.clone(), key).get_app().await?;
    Ok(info.slug)
}

/// What the running server says of itself and of the Apps in its vault, and on which forges these are.
pub(super) async fn stored(client: &Client, config: &Config) -> (Vec<Finding>, Vec<ForgeEndpoint>) {
    let mut findings = Vec::new();
    match client.get::<KeyStatus>(&["v1", "keys"], &[]).await {
        Ok(status) => findings.extend(same_key(config, &status)),
        Err(error) => return (vec![not_asked(&error)], Vec::new()),
    }
    let apps = match client.get::<AppList>(&["v1", "apps"], &[]).await {
        Ok(list) => list.apps,
        Err(error) => return (vec![not_asked(&error)], Vec::new()),
    };
    if apps.is_empty() {
        findings.push(no_apps());
    }
    for app in apps.iter().filter(|app| app.origin == "added") {
        let path = ["v1", "apps", &app.name, "check"];
        match client.post::<AppCheck>(&path, &serde_json::json!({})).await {
            Ok(check) => findings.extend(judge_check(&app.name, check.installations.len(), check.findings)),
            Err(error) => findings.push(Finding::of(APP, &error)),
        }
    }
    let forges = apps
        .iter()
        .filter_map(|app| ForgeEndpoint::github(&app.api_url).ok())
        .collect();
    (findings, forges)
}

/// The server may run with another configuration than this command.
fn same_key(config: &Config, status: &KeyStatus) -> Option<Finding> {
    let text = config.seal_key.read(KeyUse::Seal).ok()??;
    let ours = SealingKey::parse(&text).ok()?;
    (ours.id().as_str() != status.sealing_key).then(|| {
        Finding::warn(
            "sealing key",
            jeton_domain::Code::SealWrongKey,
            format!(
                "the running server uses key {} ({}), this configuration names {}",
                status.sealing_key,
                status.sealing_key_source,
                ours.id()
            ),
            "Run the doctor as the server runs: the same user, directory and environment.",
        )
    })
}

pub(super) fn no_apps() -> Finding {
    Finding::warn(
        APP,
        jeton_domain::Code::NoApp,
        "the server has no GitHub App",
        "Add one with `jeton app add NAME --app-id ID --key-file FILE`.",
    )
}

fn not_asked(error: &CliError) -> Finding {
    let mut finding = Finding::of(SERVER, error).at_most(Level::Warn);
    finding.what = format!("the running server could not be asked: {}", finding.what);
    finding
}

/// The same from within the server.
pub(super) async fn added(broker: &Broker, name: &str) -> Vec<Finding> {
    match broker.check_app(name).await {
        Ok(report) => {
            let findings = report.findings.into_iter().map(|finding| jeton_api::Finding {
                code: finding.code,
                detail: finding.detail,
                remedy: finding.remedy,
            });
            judge_check(name, report.installations.len(), findings.collect())
        }
        Err(error) => vec![Finding::of(APP, &error)],
    }
}

/// An App of which nothing came within the time that there is.
pub(super) fn too_slow(name: &str, limit: Duration) -> Finding {
    Finding::fail(
        APP,
        jeton_domain::Code::ForgeTimeout,
        format!("{name}: the forge gave no answer within {} s", limit.as_secs()),
        "Check that the forge can be reached from this machine; its status page may say more.",
    )
}

/// The findings of the server's own check, as ours.
fn judge_check(name: &str, installations: usize, findings: Vec<jeton_api::Finding>) -> Vec<Finding> {
    if findings.is_empty() {
        return vec![Finding::ok(
            APP,
            format!("{name}: {installations} installation(s), nothing is wrong"),
        )];
    }
    let convert = |finding: jeton_api::Finding| Finding {
        check: APP,
        level: Level::Fail,
        code: Some(finding.code),
        what: format!("{name}: {}", finding.detail),
        remedy: finding.remedy,
    };
    findings.into_iter().map(convert).collect()
}

/// What the running server lacks to be ready.
pub(super) fn judge_readiness(readiness: Readiness) -> Vec<Finding> {
    if readiness.ready {
        return vec![Finding::ok(SERVER, "is ready")];
    }
    let failed = readiness.checks.into_iter().filter(|check| !check.ok);
    failed
        .map(|check| Finding {
            check: SERVER,
            level: Level::Fail,
            code: check.code,
            what: format!(
                "{}: {}",
                check.name,
                check.detail.unwrap_or_else(|| "is not ready".to_owned())
            ),
            remedy: check.remedy,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jeton_api::{Readiness, ReadinessCheck};

    use super::{judge_check, judge_readiness};
    use crate::doctor::Level;

    #[test]
    fn the_servers_findings_are_passed_on() {
        let finding = jeton_api::Finding {
            code: "app.key_rejected".to_owned(),
            detail: "refused".to_owned(),
            remedy: Some("Make a new key.".to_owned()),
        };
        let found = judge_check("ci", 0, vec![finding]);
        assert_eq!((found.len(), found[0].level), (1, Level::Fail));
        assert!(found[0].what.contains("ci: refused"));
        assert_eq!(judge_check("ci", 1, Vec::new())[0].level, Level::Ok);
    }

    #[test]
    fn what_the_server_lacks_is_told() {
        let lacking = ReadinessCheck {
            name: "database".to_owned(),
            ok: false,
            code: Some("vault.unavailable".to_owned()),
            detail: Some("gone".to_owned()),
            remedy: None,
        };
        let found = judge_readiness(Readiness {
            ready: false,
            checks: vec![lacking],
        });
        assert_eq!(found[0].code.as_deref(), Some("vault.unavailable"));
        assert_eq!(
            judge_readiness(Readiness {
                ready: true,
                checks: Vec::new()
            })[0]
                .level,
            Level::Ok
        );
    }
}
