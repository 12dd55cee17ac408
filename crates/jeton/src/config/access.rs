//! Who may ask, for what, and what is kept of it.

use std::path::PathBuf;

use jiff::SignedDuration;

use super::{
    ConfigIssue,
    issuers::{self, IssuerConfig},
    settings::{SecretOrFile, Settings},
    sources::Sources,
};

/// Who may ask, for what, and what is kept of it.
#[derive(Debug, Clone)]
pub(crate) struct AccessConfig {
    /// The policy file, if there is one. It was not opened.
    pub(crate) policy_file: Option<PathBuf>,
    /// Whose tokens are believed.
    pub(crate) issuers: Vec<IssuerConfig>,
    /// The provider at which people sign in; without one, with a password.
    pub(crate) sign_in: Option<SignInConfig>,
    /// How long somebody stays signed in.
    pub(crate) session_life: SignedDuration,
    /// How long without doing anything; never longer than the life.
    pub(crate) session_idle: SignedDuration,
    /// How long the record is kept.
    pub(crate) record: RecordConfig,
    /// How often may be asked.
    pub(crate) limits: LimitsConfig,
}

/// The `OpenID` provider at which people sign in.
#[derive(Debug, Clone)]
pub(crate) struct SignInConfig {
    /// Its issuer, exactly.
    pub(crate) issuer: String,
    /// As whom jeton is registered there.
    pub(crate) client_id: String,
    /// The secret of that registration; none for a public client.
    pub(crate) client_secret: Option<SecretOrFile>,
    /// What it is asked for.
    pub(crate) scopes: Vec<String>,
    /// Which claim is the name of the user.
    pub(crate) user_claim: String,
    /// Which claim says the role; there when any of the values below is.
    pub(crate) role_claim: Option<String>,
    /// Whoever has one of these is an operator.
    pub(crate) operator_values: Vec<String>,
    /// Else a member.
    pub(crate) member_values: Vec<String>,
    /// Else an auditor.
    pub(crate) auditor_values: Vec<String>,
    /// Whether people whom nobody added are added when they sign in with a role.
    pub(crate) add_users: bool,
    /// Certificates in PEM that alone may vouch for the provider.
    pub(crate) ca_file: Option<PathBuf>,
}

/// How long the record is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordConfig {
    /// What is older moves into the archive; `None`: nothing ever does. With it there is an `archive_dir`.
    pub(crate) keep: Option<SignedDuration>,
    /// The directory of the archive.
    pub(crate) archive_dir: Option<PathBuf>,
}

/// How often may be asked. A burst is what may come at once, a rate what may come in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "they are the names of the settings")]
pub(crate) struct LimitsConfig {
    /// Of one caller.
    pub(crate) per_client_per_second: u32,
    /// Of one caller.
    pub(crate) per_client_burst: u32,
    /// From one address.
    pub(crate) per_address_per_second: u32,
    /// From one address.
    pub(crate) per_address_burst: u32,
}

pub(super) fn read(set: &mut Settings, sources: &Sources) -> AccessConfig {
    let policy_file = set.path("policies.file").or_else(|| {
        let beside = sources.config_file.as_deref()?.parent()?.join("policies.toml");
        // also one that cannot be read counts: it must not be passed over in silence
        beside.symlink_metadata().is_ok().then_some(beside)
    });
    let issuers = issuers::read(sources, &mut set.issues);
    let session_life = set.number("sign_in.session_life_seconds", 300..=2_592_000, 43_200);
    let session_idle = set.number("sign_in.session_idle_seconds", 60..=2_592_000, 7_200);
    AccessConfig {
        policy_file,
        issuers,
        sign_in: sign_in(set),
        session_life: SignedDuration::from_secs(session_life.into()),
        session_idle: SignedDuration::from_secs(session_idle.min(session_life).into()),
        record: record(set),
        limits: LimitsConfig {
            per_client_per_second: set.number("limits.per_client_per_second", 1..=1_000_000, 200),
            per_client_burst: set.number("limits.per_client_burst", 1..=1_000_000, 2_000),
            per_address_per_second: set.number("limits.per_address_per_second", 1..=1_000_000, 1_000),
            per_address_burst: set.number("limits.per_address_burst", 1..=1_000_000, 5_000),
        },
    }
}

/// What has no meaning without `sign_in.issuer`.
const OF_THE_PROVIDER: [&str; 11] = [
    "sign_in.client_id",
    "sign_in.client_secret",
    "sign_in.client_secret_file",
    "sign_in.scopes",
    "sign_in.user_claim",
    "sign_in.role_claim",
    "sign_in.operator_values",
    "sign_in.member_values",
    "sign_in.auditor_values",
    "sign_in.add_users",
    "sign_in.ca_file",
];

fn sign_in(set: &mut Settings) -> Option<SignInConfig> {
    if !set.has("sign_in.issuer") {
        if let Some(key) = OF_THE_PROVIDER.into_iter().find(|key| set.has(key)) {
            let what = format!("{key} is given ({}), but sign_in.issuer is not", set.origin(key));
            set.missing(
                what,
                "Name the provider with sign_in.issuer, or remove what is about one.",
            );
        }
        return None;
    }
    let origin = set.origin("sign_in.issuer");
    // kept as it was written: a slash at the end makes another issuer
    set.url("sign_in.issuer")?;
    let issuer = set.text("sign_in.issuer")?;
    if !set.has("sign_in.client_id") {
        let what = format!("sign_in.issuer is given ({origin}), but sign_in.client_id is not");
        set.missing(
            what,
            "Register jeton at the provider, and set sign_in.client_id to what it says.",
        );
    }
    let (operator_values, member_values, auditor_values) = (
        set.texts("sign_in.operator_values"),
        set.texts("sign_in.member_values"),
        set.texts("sign_in.auditor_values"),
    );
    let role_claim = set.text("sign_in.role_claim");
    let no_values = operator_values.is_empty() && member_values.is_empty() && auditor_values.is_empty();
    if role_claim.is_some() == no_values {
        let what = "sign_in.role_claim and the values that it is compared with go together".to_owned();
        let remedy = "Give both the claim and at least one of sign_in.operator_values, sign_in.member_values and \
                      sign_in.auditor_values, or none of them.";
        set.missing(what, remedy);
    }
    let scopes = set.texts("sign_in.scopes");
    let client_id = set.text("sign_in.client_id");
    let config = SignInConfig {
        issuer,
        client_id: client_id.unwrap_or_default(),
        client_secret: set.secret_or_file("sign_in.client_secret", "sign_in.client_secret_file"),
        scopes: if scopes.is_empty() {
            ["openid", "email", "profile"].map(str::to_owned).to_vec()
        } else {
            scopes
        },
        user_claim: set.text("sign_in.user_claim").unwrap_or_else(|| "email".to_owned()),
        role_claim,
        operator_values,
        member_values,
        auditor_values,
        add_users: set.flag("sign_in.add_users", false),
        ca_file: set.path("sign_in.ca_file"),
    };
    if config.add_users && config.role_claim.is_none() {
        let what = format!(
            "sign_in.add_users is true ({}), but nothing says which role new people get",
            set.origin("sign_in.add_users")
        );
        set.missing(what, "Give sign_in.role_claim and its values.");
    }
    Some(config)
}

fn record(set: &mut Settings) -> RecordConfig {
    let archive_dir = set.path("record.archive_dir");
    let days = set
        .has("record.keep_days")
        .then(|| set.number("record.keep_days", 1..=36_500, 1));
    if days.is_some() && archive_dir.is_none() && !set.has("record.archive_dir") {
        set.issues.push(ConfigIssue::Contradiction {
            what: format!(
                "record.keep_days is given ({}), but record.archive_dir is not",
                set.origin("record.keep_days")
            ),
            remedy: "Name the directory into which older entries are moved.".to_owned(),
        });
    }
    RecordConfig {
        keep: days.map(|days| SignedDuration::from_hours(24 * i64::from(days))),
        archive_dir,
    }
}
