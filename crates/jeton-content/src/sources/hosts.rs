//! Which forge is meant.

use dashmap::DashMap;
use jeton_broker::Broker;
use jeton_domain::{ForgeEndpoint, ForgeKind};

use crate::ContentError;

/// So many hosts of stored accounts are remembered.
const MOST: usize = 1_000;
/// The longest name of a host, with a port.
const LONGEST: usize = 262;

/// A forge as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedForge {
    /// In lower case.
    pub(crate) host: String,
    /// Where it is known without asking the database.
    pub(crate) kind: Option<ForgeKind>,
}

/// Where a host's forge is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) forge: ForgeEndpoint,
    /// Whether somebody says so whose word counts for all: not one caller alone.
    pub(super) is_vouched_for: bool,
}

impl Endpoint {
    pub(super) fn vouched_for(forge: ForgeEndpoint) -> Self {
        Self {
            forge,
            is_vouched_for: true,
        }
    }

    /// The public one, whatever accounts of its host say, or what an operator has said by an App or a shared account.
    pub(super) fn known(host: &str, app: Option<&ForgeEndpoint>, shared: Option<&ForgeEndpoint>) -> Option<Self> {
        let forge = ForgeEndpoint::public(host).or_else(|| app.or(shared).cloned())?;
        Some(Self::vouched_for(forge))
    }
}

/// The kinds of the hosts that shared accounts were found on. What somebody's private account says of a host binds nobody else.
#[derive(Debug, Default)]
pub(super) struct KnownHosts(DashMap<String, ForgeKind>);

impl KnownHosts {
    pub(super) fn note(&self, endpoint: &Endpoint) {
        let Endpoint { forge, is_vouched_for } = endpoint;
        if !is_vouched_for {
            return;
        }
        let host = forge.host().to_ascii_lowercase();
        if self.0.len() < MOST || self.0.contains_key(&host) {
            self.0.insert(host, forge.kind());
        }
    }

    pub(super) fn named(&self, forge: &str, broker: &Broker) -> NamedForge {
        let host = forge.trim().to_ascii_lowercase();
        if let Some(public) = ForgeEndpoint::public(&host) {
            return NamedForge {
                host: public.host().to_owned(),
                kind: Some(public.kind()),
            };
        }
        let of_app = broker
            .app_forges()
            .into_iter()
            .find(|one| one.host().eq_ignore_ascii_case(&host));
        let kind = of_app.map(|one| one.kind()).or_else(|| {
            let mut of_environment = broker.accounts().environment_forges();
            let found = of_environment.find(|one| one.host().eq_ignore_ascii_case(&host));
            found.map(ForgeEndpoint::kind)
        });
        let kind = kind.or_else(|| self.0.get(&host).map(|kind| *kind));
        NamedForge { host, kind }
    }

    pub(super) fn compatible(&self, configured: Option<&str>, broker: &Broker) -> Result<String, ContentError> {
        const PUBLIC: &str = "github.com";
        if let Some(configured) = configured {
            return Ok(self.named(configured, broker).host);
        }
        let is_github = |forge: &ForgeEndpoint| forge.kind() == ForgeKind::GitHub;
        let mut hosts: Vec<String> = broker
            .app_forges()
            .iter()
            .map(|one| one.host().to_ascii_lowercase())
            .collect();
        let of_environment = broker.accounts().environment_forges().filter(|one| is_github(one));
        hosts.extend(of_environment.map(|one| one.host().to_ascii_lowercase()));
        let of_accounts = self.0.iter().filter(|one| *one.value() == ForgeKind::GitHub);
        hosts.extend(of_accounts.map(|one| one.key().clone()));
        hosts.sort();
        hosts.dedup();
        match hosts.as_slice() {
            [] => Ok(PUBLIC.to_owned()),
            all if all.iter().any(|host| host == PUBLIC) => Ok(PUBLIC.to_owned()),
            [only] => Ok(only.clone()),
            several => Err(ContentError::Invalid(format!(
                "it is not said which GitHub to read from, and there are several: {}. The operator can name one as \
                 `content.compat_forge`",
                several.join(", ")
            ))),
        }
    }
}

/// Refuses what is no host at all.
pub(super) fn check(host: &str) -> Result<(), ContentError> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if host.is_empty() || host.len() > LONGEST || !host.chars().all(fine) {
        let shown = host.chars().filter(|c| !c.is_control()).take(80).collect();
        return Err(ContentError::UnknownForge(shown));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jeton_domain::{ForgeEndpoint, ForgeKind};

    use super::{Endpoint, KnownHosts, check};

    #[test]
    fn a_page_of_somebodys_is_no_forge_of_its_host() {
        let page = ForgeEndpoint::gitlab("https://gitlab.com/mallory/x/-/raw/main/f").unwrap();
        assert_eq!(page.host(), "gitlab.com");
        let public = Endpoint::vouched_for(ForgeEndpoint::gitlab_com());
        assert_eq!(Endpoint::known("gitlab.com", None, Some(&page)).unwrap(), public);
        let (of_app, shared) = ("https://git.example.com/api/v3", "https://git.example.com/lab");
        let (of_app, shared) = (
            ForgeEndpoint::github(of_app).unwrap(),
            ForgeEndpoint::gitlab(shared).unwrap(),
        );
        let known = |app, shared| Endpoint::known("git.example.com", app, shared).map(|one| one.forge);
        assert_eq!(known(Some(&of_app), Some(&shared)), Some(of_app.clone()));
        assert_eq!(known(None, Some(&shared)), Some(shared.clone()));
        assert_eq!(known(None, None), None);
    }

    #[test]
    fn what_one_caller_alone_says_of_a_host_binds_nobody_else() {
        let (hosts, forge) = (
            KnownHosts::default(),
            ForgeEndpoint::gitlab("https://git.example.com").unwrap(),
        );
        hosts.note(&Endpoint {
            forge: forge.clone(),
            is_vouched_for: false,
        });
        assert!(hosts.0.is_empty());
        hosts.note(&Endpoint::vouched_for(forge));
        assert_eq!(
            hosts.0.get("git.example.com").map(|kind| *kind),
            Some(ForgeKind::GitLab)
        );
    }

    #[test]
    fn what_is_no_host_is_no_forge() {
        for good in ["github.com", "127.0.0.1:4433", "[::1]:8080", "git_lab.example.com"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a/b", "a@b", "ü.example.com", "a\n", &"a".repeat(300)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
