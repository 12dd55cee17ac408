//! Which forge is meant.

use jeton_domain::{ForgeEndpoint, ForgeKind};

use crate::{CiError, ci::Inner};

/// The longest name of a host, with a port.
const LONGEST_HOST: usize = 262;

impl Inner {
    /// The forge that is meant, and its kind as far as that is known without asking the database.
    pub(crate) fn host_of(&self, forge: Option<&str>) -> Result<(String, Option<ForgeKind>), CiError> {
        let named = forge.map(|forge| forge.trim().to_ascii_lowercase());
        let host = match named.filter(|named| !named.is_empty()) {
            Some(host) => host,
            None => self.only_host(),
        };
        if let Some(public) = ForgeEndpoint::public(&host) {
            return Ok((public.host().to_owned(), Some(public.kind())));
        }
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        if host.len() > LONGEST_HOST || !host.chars().all(fine) {
            let shown = host.chars().filter(|c| !c.is_control()).take(80).collect();
            return Err(CiError::UnknownForge(shown));
        }
        let of_apps = self.broker.app_forges();
        let mut known = of_apps.iter().chain(self.broker.accounts().environment_forges());
        let kind = known
            .find(|one| one.host().eq_ignore_ascii_case(&host))
            .map(ForgeEndpoint::kind);
        Ok((host, kind))
    }

    /// github.com, as in git and gh, unless all Apps are for one other server.
    fn only_host(&self) -> String {
        let mut hosts: Vec<String> = self
            .broker
            .app_forges()
            .iter()
            .map(|one| one.host().to_owned())
            .collect();
        hosts.sort();
        hosts.dedup();
        match hosts.as_slice() {
            [only] => only.clone(),
            _ => "github.com".to_owned(),
        }
    }
}
