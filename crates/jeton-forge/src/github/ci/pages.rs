//! The pages of a GitHub where runners, secrets and those who may change them are looked after.

use jeton_domain::{CiScope, ForgeEndpoint};
use url::Url;

/// The pages of one GitHub.
#[derive(Debug, Clone, Copy)]
pub(super) struct CiPages<'a>(pub(super) &'a ForgeEndpoint);

impl CiPages<'_> {
    /// Each segment percent-encoded: names come from callers.
    fn at(self, segments: &[&str]) -> String {
        let web = self.0.web_url();
        let built = Url::parse(web).ok().and_then(|mut url| {
            url.path_segments_mut().ok()?.pop_if_empty().extend(segments);
            Some(url.to_string())
        });
        // the endpoint was made from a URL, so this is never needed
        let built = built.unwrap_or_else(|| web.to_owned());
        built.trim_end_matches('/').to_owned()
    }

    /// The repository, organisation or enterprise itself: what `config.sh --url` wants.
    pub(super) fn of(self, scope: &CiScope) -> String {
        match scope {
            CiScope::Repository(path) => self.at(&[path.owner(), path.name().as_str()]),
            CiScope::Owner(owner) => self.at(&[owner.as_str()]),
            CiScope::Enterprise(name) => self.at(&["enterprises", name.as_str()]),
            CiScope::Instance => self.at(&[]),
        }
    }

    /// Where its runners are listed.
    pub(super) fn runners(self, scope: &CiScope) -> String {
        match scope {
            CiScope::Repository(path) => {
                self.at(&[path.owner(), path.name().as_str(), "settings", "actions", "runners"])
            }
            CiScope::Owner(owner) => self.at(&["organizations", owner.as_str(), "settings", "actions", "runners"]),
            CiScope::Enterprise(name) => self.at(&["enterprises", name.as_str(), "settings", "actions", "runners"]),
            CiScope::Instance => self.at(&[]),
        }
    }

    /// Where an organisation says whose repositories may have runners of their own ("Actions", "General").
    pub(super) fn actions_settings(self, org: &str) -> String {
        self.at(&["organizations", org, "settings", "actions"])
    }

    /// Where roles are given.
    pub(super) fn roles(self, scope: &CiScope) -> String {
        match scope {
            CiScope::Repository(path) => self.at(&[path.owner(), path.name().as_str(), "settings", "access"]),
            CiScope::Owner(owner) => self.at(&["orgs", owner.as_str(), "people"]),
            CiScope::Enterprise(name) => self.at(&["enterprises", name.as_str(), "people"]),
            CiScope::Instance => self.at(&[]),
        }
    }

    /// Where the secrets or the environments of a place are listed.
    pub(super) fn secrets(self, scope: &CiScope, family: &str) -> String {
        match scope {
            CiScope::Repository(path) => self.at(&[path.owner(), path.name().as_str(), "settings", "secrets", family]),
            CiScope::Owner(owner) => self.at(&["organizations", owner.as_str(), "settings", "secrets", family]),
            CiScope::Enterprise(_) | CiScope::Instance => self.of(scope),
        }
    }

    /// Where the environments of a repository are made.
    pub(super) fn environments(self, scope: &CiScope) -> String {
        match scope {
            CiScope::Repository(path) => self.at(&[path.owner(), path.name().as_str(), "settings", "environments"]),
            _ => self.of(scope),
        }
    }

    /// Where an organisation's owners see the Apps that are installed.
    pub(super) fn installations(self, org: &str) -> String {
        self.at(&["organizations", org, "settings", "installations"])
    }

    /// The same for a person's account.
    pub(super) fn own_installations(self) -> String {
        self.at(&["settings", "installations"])
    }

    /// Where an organisation approves fine-grained tokens.
    pub(super) fn token_requests(self, org: &str) -> String {
        self.at(&["organizations", org, "settings", "personal-access-token-requests"])
    }
}
