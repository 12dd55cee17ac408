//! Which forge is meant.

use jeton_accounts::EnvironmentAccount;
use jeton_domain::{EndpointError, ForgeEndpoint, ForgeKind};

use super::{
    CliError,
    target::{Origin, Target},
};
use crate::cli::args_content::WhereArgs;

/// The forge as a server is asked for it: its host, or the word for the public one.
///
/// # Errors
/// [`CliError::Usage`] when the address of the forge is none, or when two forges are named.
pub(in crate::cli) fn name(args: &WhereArgs, target: &Target) -> Result<String, CliError> {
    let words = words(args, target)?;
    match &args.base_url {
        None => Ok(words.unwrap_or_else(|| "github".to_owned())),
        Some(url) => {
            let kind = kind_of(words.as_deref(), url)?;
            Ok(endpoint(kind, Some(url))?.host().to_owned())
        }
    }
}

/// The forge to ask directly, and what of the environment opens it.
///
/// # Errors
/// As [`name`], and when it cannot be told what kind of forge a host is.
pub(in crate::cli) fn alone<'a>(
    args: &WhereArgs,
    target: &Target,
    accounts: &'a [EnvironmentAccount],
) -> Result<(ForgeEndpoint, Option<&'a EnvironmentAccount>), CliError> {
    let words = words(args, target)?;
    let forge = match (&args.base_url, &words) {
        (Some(url), words) => endpoint(kind_of(words.as_deref(), url)?, Some(url))?,
        (None, words) => {
            let words = words.as_deref().unwrap_or("github");
            match ForgeKind::parse(words) {
                // As with the forge's own tools, the environment says which one is meant by default.
                Some(kind) => match accounts.iter().find(|one| one.credential.forge.kind() == kind) {
                    Some(account) => account.credential.forge.clone(),
                    None => endpoint(kind, None)?,
                },
                None => by_host(
                    words,
                    args.forge.as_deref().and_then(said),
                    target.forge.as_ref(),
                    accounts,
                )?,
            }
        }
    };
    let account = accounts.iter().find(|one| one.credential.forge == forge);
    Ok((forge, account))
}

/// What was said of the forge, as a flag or an address; in lower case.
fn words(args: &WhereArgs, target: &Target) -> Result<Option<String>, CliError> {
    let flag = args.forge.as_ref().map(|forge| forge.trim().to_ascii_lowercase());
    let Some(origin) = &target.forge else {
        return Ok(flag);
    };
    // A kind beside an address says what kind of forge the address is of.
    match flag {
        Some(flag) if flag != origin.host && ForgeKind::parse(&flag).is_none() => Err(CliError::Usage {
            what: format!(
                "the address is of {}, and --forge names {}",
                origin.host,
                super::clean(&flag)
            ),
            remedy: "Leave --forge out, or write OWNER/REPO instead of the address.".to_owned(),
        }),
        _ => Ok(Some(origin.host.clone())),
    }
}

fn by_host(
    host: &str,
    said: Option<ForgeKind>,
    origin: Option<&Origin>,
    accounts: &[EnvironmentAccount],
) -> Result<ForgeEndpoint, CliError> {
    if let Some(account) = accounts.iter().find(|one| one.credential.forge.host() == host) {
        return Ok(account.credential.forge.clone());
    }
    let url = origin.map_or_else(|| format!("https://{host}"), |origin| origin.base_url.clone());
    let shape = origin.and_then(|origin| origin.kind);
    let kind = public(host).or(said).or(shape).or_else(|| hint(host));
    let kind = kind.ok_or_else(|| unknown(host, origin.is_some()))?;
    endpoint(kind, Some(&url))
}

fn unknown(host: &str, is_address: bool) -> CliError {
    let host = super::clean(host);
    let untold = format!("nothing tells what kind of forge {host} is");
    let (what, remedy) = if is_address {
        (untold, "Say it too: --forge github, gitlab or bitbucket.".to_owned())
    } else if host.contains(['.', ':']) {
        let scheme = if host.contains("://") { "" } else { "https://" };
        let remedy = format!("Write --forge github, gitlab or bitbucket, with --base-url {scheme}{host}.");
        (untold, remedy)
    } else {
        let remedy = "Write github, gitlab or bitbucket, or a forge's host such as gitlab.example.com.";
        (format!("there is no forge `{host}`"), remedy.to_owned())
    };
    CliError::Usage { what, remedy }
}

/// The kind of forge that words or an address stand for.
fn kind_of(words: Option<&str>, url: &str) -> Result<ForgeKind, CliError> {
    let by_words = words.and_then(|words| {
        ForgeKind::parse(words)
            .or_else(|| public(words))
            .or_else(|| hint(words))
    });
    by_words.or_else(|| hint(url)).ok_or_else(|| CliError::Usage {
        what: "nothing tells what kind of forge --base-url is the address of".to_owned(),
        remedy: "Name it too: --forge github, gitlab or bitbucket.".to_owned(),
    })
}

/// A kind that was named as such.
fn said(words: &str) -> Option<ForgeKind> {
    ForgeKind::parse(&words.trim().to_ascii_lowercase())
}

fn public(host: &str) -> Option<ForgeKind> {
    match host {
        "github.com" => Some(ForgeKind::GitHub),
        "gitlab.com" => Some(ForgeKind::GitLab),
        "bitbucket.org" => Some(ForgeKind::Bitbucket),
        _ => None,
    }
}

/// What the name that its administrators gave it hints at, as in gitlab.example.com; the forge's answer shows soon enough.
fn hint(host: &str) -> Option<ForgeKind> {
    let kinds = [
        ("github", ForgeKind::GitHub),
        ("ghe", ForgeKind::GitHub),
        ("gitlab", ForgeKind::GitLab),
        ("bitbucket", ForgeKind::Bitbucket),
    ];
    let mut labels = host.split(['.', ':', '-', '/']);
    labels.find_map(|label| kinds.iter().find(|(name, _)| *name == label).map(|(_, kind)| *kind))
}

pub(in crate::cli) fn endpoint(kind: ForgeKind, url: Option<&str>) -> Result<ForgeEndpoint, CliError> {
    ForgeEndpoint::of_kind(kind, url).map_err(|error: EndpointError| CliError::Usage {
        what: format!("that is no address of {kind}: {error}"),
        remedy: "Give the address that people see in their browser, such as https://gitlab.example.com.".to_owned(),
    })
}
