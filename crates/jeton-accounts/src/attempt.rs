//! A token that somebody gives: inspected here, then tried at its forge, and nothing kept.

use std::sync::Arc;

use jeton_domain::{
    CheckReport, Code, Credential, CredentialKind, Diagnosis, ForgeEndpoint, ForgeKind, Purpose, RepoPath, Secret,
    Validity,
};
use jeton_forge::CheckAsk;
use jeton_inspect::{Inspection, inspect, inspect_for_own};

use crate::{AccountError, accounts::Inner, place, words};

/// A token and what was said with it; not yet looked at.
#[derive(Debug, Clone)]
pub struct TestAsk {
    /// `github`, `gitlab` or `bitbucket`, or the forge's host or URL; may be left out when the token tells.
    pub forge: Option<String>,
    /// Where the forge is, when it is not the public one.
    pub base_url: Option<String>,
    /// The token as it was pasted.
    pub token: Secret,
    /// The user's name at the forge.
    pub username: Option<String>,
    /// The user's e-mail address at the forge.
    pub email: Option<String>,
    /// What it is to be good for.
    pub purposes: Vec<Purpose>,
    /// `owner/name` of a repository to try that on.
    pub repository: Option<String>,
}

impl TestAsk {
    /// The kind of forge that somebody has in mind, as far as they say.
    pub(crate) fn expected(&self) -> Option<ForgeKind> {
        let named = |text: &Option<String>| text.as_deref().and_then(place::kind_named);
        named(&self.forge).or_else(|| named(&self.base_url))
    }

    /// What the token looks like.
    pub(crate) fn inspect(&self) -> Inspection {
        let (forge, base_url) = (self.forge.as_deref(), self.base_url.as_deref());
        // Where they do not tell the forge without the token, nothing says that it is somebody's own.
        let meant = place::forge_of(forge, base_url, None);
        look(
            &self.token,
            self.expected(),
            meant.is_ok_and(|forge| !forge.is_public()),
        )
    }
}

/// A token that could be tried.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// What it looks like.
    pub(crate) inspection: Inspection,
    /// The token with all that belongs to it.
    pub(crate) credential: Credential,
    /// How closely to look.
    pub(crate) ask: CheckAsk,
}

impl Attempt {
    /// Looks at what was given. Asks nobody.
    ///
    /// # Errors
    /// [`AccountError::Pasted`] when it is no token that could be stored, [`AccountError::Invalid`] or
    /// [`AccountError::Endpoint`] when something else will not do.
    pub(crate) fn prepare(given: TestAsk) -> Result<Self, AccountError> {
        let inspection = given.inspect();
        if !inspection.usable() {
            return Err(AccountError::Pasted(Arc::new(inspection)));
        }
        let forge = place::forge_of(given.forge.as_deref(), given.base_url.as_deref(), inspection.forge)?;
        Self::of(given, inspection, forge)
    }

    /// The same for a token that takes the place of another one on a forge.
    ///
    /// # Errors
    /// As [`Attempt::prepare`].
    pub(crate) fn prepare_for(given: TestAsk, forge: ForgeEndpoint) -> Result<Self, AccountError> {
        let inspection = look(&given.token, Some(forge.kind()), !forge.is_public());
        if !inspection.usable() {
            return Err(AccountError::Pasted(Arc::new(inspection)));
        }
        Self::of(given, inspection, forge)
    }

    fn of(given: TestAsk, inspection: Inspection, forge: ForgeEndpoint) -> Result<Self, AccountError> {
        let (username, email) = names(&given)?;
        let kind = inspection.kind.filter(|kind| kind.forge() == forge.kind());
        let kind = kind.unwrap_or_else(|| likely_kind(forge.kind(), email.is_some()));
        if !kind.can_be_account() {
            // The inspection says so with better words; a kind that it only guesses at ends here.
            return Err(AccountError::Invalid(format!(
                "{} cannot be stored as an account",
                kind.words()
            )));
        }
        if kind.needs_email() && email.is_none() {
            return Err(AccountError::Forge(Box::new(no_email(kind, username.as_deref()))));
        }
        let repository = match given
            .repository
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            Some(text) => Some(repository(forge.kind(), text)?),
            None => None,
        };
        let credential = Credential {
            kind,
            forge,
            token: inspection.token.clone(),
            username,
            email,
        };
        let mut purposes = given.purposes;
        purposes.sort_unstable();
        purposes.dedup();
        Ok(Self {
            inspection,
            credential,
            ask: CheckAsk {
                quick: false,
                known_end: None,
                purposes,
                repository,
            },
        })
    }
}

fn look(token: &Secret, expected: Option<ForgeKind>, is_own: bool) -> Inspection {
    if is_own {
        inspect_for_own(token, expected)
    } else {
        inspect(token, expected)
    }
}

impl Inner {
    /// Asks the forge.
    pub(crate) async fn ask_forge(&self, credential: &Credential, ask: &CheckAsk) -> CheckReport {
        let forge = self.forges.of(credential.forge.kind());
        forge.check(credential, ask, self.now()).await
    }
}

/// Whether a token may be kept after this was found: a clear no is a no; without a clear word somebody has to want it so.
///
/// # Errors
/// [`AccountError::Refused`] or [`AccountError::Untested`].
pub(crate) fn may_be_kept(report: &CheckReport, untested: bool) -> Result<(), AccountError> {
    let shared = || Arc::new(report.clone());
    // An address that must not be asked will not become better by being kept.
    let is_forbidden = report.diagnoses.iter().any(|one| one.code == Code::ForgeAddress);
    match report.validity {
        Validity::Valid => Ok(()),
        Validity::Invalid => Err(AccountError::Refused { report: shared() }),
        Validity::Unknown if is_forbidden => Err(AccountError::Refused { report: shared() }),
        Validity::Unknown if untested => Ok(()),
        Validity::Unknown => Err(AccountError::Untested { report: shared() }),
    }
}

/// `owner/name` on a kind of forge. It becomes a part of an address at the forge, and of the report.
pub(crate) fn repository(kind: ForgeKind, text: &str) -> Result<RepoPath, AccountError> {
    words::without_token("repository", text)?;
    RepoPath::parse(kind, text).map_err(|error| {
        let shown = words::shown(text);
        AccountError::Invalid(format!("`{shown}` is no repository: {error}"))
    })
}

/// User name and e-mail address. Who writes the address into the field of the name means it so.
fn names(given: &TestAsk) -> Result<(Option<String>, Option<String>), AccountError> {
    let username = words::username(given.username.as_deref())?;
    let email = words::email(given.email.as_deref())?;
    Ok(match (username, email) {
        (Some(name), None) if name.contains('@') && words::email(Some(&name)).is_ok() => (None, Some(name)),
        other => other,
    })
}

/// What is wrong where Bitbucket wants an e-mail address and none was given.
fn no_email(kind: CredentialKind, username: Option<&str>) -> Diagnosis {
    const PAGE: &str = "https://id.atlassian.com/manage-profile/email";
    let instead = username
        .map(|name| format!(", and `{name}` is a user name, which git takes"))
        .unwrap_or_default();
    Diagnosis {
        code: Code::CredentialUsername,
        cause: format!(
            "{} needs the e-mail address of its owner's Atlassian account beside it: Bitbucket's REST API takes no other name{instead}",
            kind.words()
        ),
        remedy: format!(
            "Send it along (`--email`, `\"email\"`): {PAGE} shows it to the owner of the token. The user name may stay beside it."
        ),
        url: Some(PAGE.to_owned()),
        retry_at: None,
    }
}

/// What a token that nothing is known of most likely is. The forge's answer says more.
fn likely_kind(forge: ForgeKind, has_email: bool) -> CredentialKind {
    match forge {
        ForgeKind::GitHub => CredentialKind::GitHubClassic,
        ForgeKind::GitLab => CredentialKind::GitLabPersonal,
        ForgeKind::Bitbucket if has_email => CredentialKind::BitbucketApiToken,
        ForgeKind::Bitbucket => CredentialKind::BitbucketAccess,
    }
}
