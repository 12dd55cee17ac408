//! The issuers whose tokens are believed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jeton_domain::IssuerName;
use jiff::SignedDuration;
use url::Url;

use super::{
    ConfigIssue, Origin,
    keys::{self, ISSUER_KEYS},
    settings::{SecretOrFile, Settings, texts_of},
    sources::{Given, RANK_FILE, Sources},
    tree::{Entry, Value},
};

/// An issuer of the configuration. Its files are read when they are needed.
#[derive(Debug, Clone)]
pub(crate) struct IssuerConfig {
    /// The operator's name for it.
    pub(crate) name: IssuerName,
    /// The `iss` of its tokens, exactly.
    pub(crate) issuer: String,
    /// Where its keys come from.
    pub(crate) keys: IssuerKeys,
    /// For whom tokens must be made; at least one.
    pub(crate) audiences: Vec<String>,
    /// How its tokens may be signed, as tokens write it; the usual ones when empty.
    pub(crate) algorithms: Vec<String>,
    /// How far its clock and ours may differ.
    pub(crate) leeway: SignedDuration,
    /// Tokens that were made to live longer are refused.
    pub(crate) longest_life: Option<SignedDuration>,
    /// Certificates in PEM that alone may vouch for its server.
    pub(crate) ca_file: Option<PathBuf>,
    /// A file with a token that is sent when its keys are fetched.
    pub(crate) bearer_token_file: Option<PathBuf>,
}

/// Where an issuer's keys come from.
#[derive(Debug, Clone)]
pub(crate) enum IssuerKeys {
    /// Its discovery document names them.
    Discovery,
    /// At this address.
    Url(Url),
    /// In this file.
    File(PathBuf),
    /// It shares a secret with us.
    SharedSecret(SecretOrFile),
}

/// The signatures that are understood, as tokens name them.
const ALGORITHMS: [&str; 4] = ["RS256", "ES256", "EdDSA", "HS256"];

/// The issuers of the file, and over them the one of the environment.
pub(super) fn read(sources: &Sources, issues: &mut Vec<ConfigIssue>) -> Vec<IssuerConfig> {
    let mut found: Vec<IssuerConfig> = Vec::new();
    if let Some((path, entry)) = &sources.issuers {
        for (given, place) in from_file(path, entry, issues) {
            let Some(one) = assemble(given, &place, None, issues) else {
                continue;
            };
            // two that call themselves the same would make it a matter of luck which one's keys are taken
            let same = |other: &&IssuerConfig| other.name == one.name || other.issuer == one.issuer;
            if let Some(other) = found.iter().find(same) {
                let field = if other.name == one.name { "name" } else { "issuer" };
                issues.push(ConfigIssue::Contradiction {
                    what: format!("two [[issuers]] in {} have the same {field}", path.display()),
                    remedy: "Give each issuer once, with a name of its own.".to_owned(),
                });
            } else {
                found.push(one);
            }
        }
    }
    let from_environment = from_environment(sources);
    if let Some(given) = from_environment.values().next() {
        let place = given.origin.to_string();
        if let Some(one) = assemble(from_environment, &place, Some("default"), issues) {
            // the environment wins over the file, as with every setting
            found.retain(|other| other.name != one.name && other.issuer != one.issuer);
            found.push(one);
        }
    }
    found
}

type Fields = BTreeMap<&'static str, Given>;

fn from_file(path: &Path, entry: &Entry, issues: &mut Vec<ConfigIssue>) -> Vec<(Fields, String)> {
    let at = |line| Origin::File {
        path: path.to_owned(),
        line,
    };
    let tables: Option<Vec<_>> = match &entry.value {
        Value::List(items) => items
            .iter()
            .map(|item| match item {
                Value::Table(fields) => Some(fields),
                _ => None,
            })
            .collect(),
        _ => None,
    };
    let Some(tables) = tables else {
        issues.push(ConfigIssue::BadValue {
            key: "issuers".to_owned(),
            origin: at(entry.line),
            shown: None,
            expected: "one [[issuers]] for each issuer".to_owned(),
        });
        return Vec::new();
    };
    let names: Vec<_> = ISSUER_KEYS.iter().map(|spec| spec.key).collect();
    let mut out = Vec::new();
    for fields in tables {
        let mut given = Fields::new();
        for field in fields {
            let name = format!("issuers.{}", field.key);
            let Some(spec) = ISSUER_KEYS.iter().find(|spec| spec.key == name) else {
                issues.push(ConfigIssue::UnknownKey {
                    nearest: keys::nearest(&name, &names),
                    name,
                    place: at(field.line).to_string(),
                });
                continue;
            };
            let (value, origin) = (field.value.clone(), at(field.line));
            given.insert(
                spec.key,
                Given {
                    value,
                    origin,
                    rank: RANK_FILE,
                },
            );
        }
        let line = fields.first().map_or(entry.line, |field| field.line);
        out.push((given, at(line).to_string()));
    }
    out
}

fn from_environment(sources: &Sources) -> Fields {
    let found = ISSUER_KEYS.iter().filter_map(|spec| {
        let variable = sources.variables.get(&spec.environment_name())?;
        let (value, origin) = (Value::Text(variable.value.clone()), variable.origin.clone());
        let rank = RANK_FILE;
        Some((spec.key, Given { value, origin, rank }))
    });
    found.collect()
}

/// Makes one of what was given at a place.
fn assemble(
    given: Fields,
    place: &str,
    default_name: Option<&str>,
    issues: &mut Vec<ConfigIssue>,
) -> Option<IssuerConfig> {
    let mut set = Settings::new(given, Vec::new());
    for key in ["issuers.name", "issuers.issuer", "issuers.audiences"] {
        let has_default = key == "issuers.name" && default_name.is_some();
        if !set.has(key) && !has_default {
            let what = format!("{key} is missing ({place})");
            set.missing(what, "Every issuer has a name, an issuer and at least one audience.");
        }
    }
    let name = set.parsed("issuers.name", |value| {
        let text = super::settings::text_of(value)?;
        IssuerName::parse(&text).map_err(|error| error.to_string())
    });
    let name = name.or_else(|| {
        default_name
            .filter(|_| !set.has("issuers.name"))
            .and_then(|name| IssuerName::parse(name).ok())
    });
    let iss = set.text("issuers.issuer");
    let audiences = set.parsed("issuers.audiences", |value| {
        texts_of(value).and_then(|texts| {
            let none = "at least one audience: without one, a token made for somebody else would do";
            if texts.is_empty() {
                Err(none.to_owned())
            } else {
                Ok(texts)
            }
        })
    });
    let algorithms = set.parsed("issuers.algorithms", |value| {
        texts_of(value)
            .ok()
            .filter(|texts| texts.iter().all(|text| ALGORITHMS.contains(&text.as_str())))
            .ok_or_else(|| format!("a list of {}", ALGORITHMS.join(", ")))
    });
    let keys = issuer_keys(&mut set, place);
    let leeway = set.number("issuers.leeway_seconds", 0..=300, 30);
    let longest_life = set
        .has("issuers.longest_life_seconds")
        .then(|| set.number("issuers.longest_life_seconds", 1..=31_536_000, 1));
    let (ca_file, bearer_token_file) = (set.path("issuers.ca_file"), set.path("issuers.bearer_token_file"));
    let fine = set.issues.is_empty();
    issues.append(&mut set.issues);
    fine.then_some(IssuerConfig {
        name: name?,
        issuer: iss?,
        keys: keys?,
        audiences: audiences?,
        algorithms: algorithms.unwrap_or_default(),
        leeway: SignedDuration::from_secs(leeway.into()),
        longest_life: longest_life.map(|seconds| SignedDuration::from_secs(seconds.into())),
        ca_file,
        bearer_token_file,
    })
}

/// Exactly one source of keys.
fn issuer_keys(set: &mut Settings, place: &str) -> Option<IssuerKeys> {
    let discovery = set
        .has("issuers.discovery")
        .then(|| set.flag("issuers.discovery", true));
    let secret = set.secret_or_file("issuers.shared_secret", "issuers.shared_secret_file");
    let url = set.url("issuers.jwks_url").map(IssuerKeys::Url);
    let file = set.path("issuers.jwks_file").map(IssuerKeys::File);
    let otherwise: Vec<_> = [url, file, secret.map(IssuerKeys::SharedSecret)]
        .into_iter()
        .flatten()
        .collect();
    let count = otherwise.len() + usize::from(discovery == Some(true));
    let broken = !set.issues.is_empty();
    match (count, discovery) {
        (0, Some(false)) if !broken => {
            let what = format!("issuers.discovery is false, and nothing else says where the keys are ({place})");
            set.missing(what, "Give jwks_url, jwks_file or shared_secret_file.");
            None
        }
        (0, None) | (1, Some(true)) if otherwise.is_empty() => Some(IssuerKeys::Discovery),
        (1, _) => otherwise.into_iter().next(),
        (2.., _) => {
            let what =
                format!("of issuers.discovery, jwks_url, jwks_file and shared_secret more than one is given ({place})");
            set.missing(what, "Keep the one that says where the issuer's keys come from.");
            None
        }
        _ => None,
    }
}
