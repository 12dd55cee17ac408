//! The accounts that could serve a request.

use jeton_domain::{
    AccountId, AccountLabel, AccountScope, Caller, Credential, CredentialKind, Diagnosis, Fingerprint, ForgeEndpoint,
    ForgeKind, RepoPath, Serves, TokenEnd, Validity,
};
use jeton_vault::{AccountRecord, AccountView};
use jiff::Timestamp;

use crate::{
    AccountError, EnvironmentAccount, UseAsk,
    accounts::Inner,
    find::{AccountName, find_stored, not_found},
    report,
    rights::owns,
    words::{is_served, shown},
};

/// Repositories of one request.
const MOST_REPOSITORIES: usize = 500;
/// Accounts of one kind of forge that are considered.
pub(crate) const FEW_CANDIDATES: u32 = 50;
/// And as many when the caller may use none of those.
pub(crate) const MOST_CANDIDATES: u32 = 500;
/// What serves everything is the least exact.
const EVERYTHING: usize = usize::MAX;

/// What is asked for, looked at and well-formed.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The kinds of forge that it could be.
    kinds: Vec<ForgeKind>,
    /// The host, when it was named.
    pub(crate) host: Option<String>,
    /// The account, when it was named.
    pub(crate) name: Option<AccountName>,
    /// As it was named.
    pub(crate) named: Option<String>,
    /// `owner/name` each, without a final `.git`.
    pub(crate) repositories: Vec<String>,
}

impl Wanted {
    pub(crate) fn of(ask: &UseAsk<'_>) -> Result<Self, AccountError> {
        if ask.repositories.len() > MOST_REPOSITORIES {
            return Err(AccountError::Invalid(format!(
                "a request names {MOST_REPOSITORIES} repositories at most"
            )));
        }
        let mut kinds = vec![ForgeKind::GitHub, ForgeKind::GitLab, ForgeKind::Bitbucket];
        let mut host = None;
        if let Some(forge) = ask.forge.map(str::trim).filter(|forge| !forge.is_empty()) {
            let is_kind = ForgeKind::parse(&forge.to_ascii_lowercase());
            let public = [
                ("github.com", ForgeKind::GitHub),
                ("gitlab.com", ForgeKind::GitLab),
                ("bitbucket.org", ForgeKind::Bitbucket),
            ];
            let is_public = public
                .iter()
                .find(|(name, _)| forge.eq_ignore_ascii_case(name))
                .map(|(_, kind)| *kind);
            if let Some(kind) = is_kind.or(is_public) {
                kinds = vec![kind];
            }
            host = is_kind.is_none().then(|| forge.to_ascii_lowercase());
        }
        // The rules of GitLab are the widest. Which kinds it could be on is seen by their own.
        let parse = |text: &String| {
            RepoPath::parse(ForgeKind::GitLab, text)
                .map_err(|error| AccountError::Invalid(format!("`{}` is no repository: {error}", shown(text))))
        };
        let paths = ask.repositories.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let repositories: Vec<String> = paths.iter().map(ToString::to_string).collect();
        let all = kinds.clone();
        kinds.retain(|kind| repositories.iter().all(|text| RepoPath::parse(*kind, text).is_ok()));
        if kinds.is_empty() {
            let deep = repositories.iter().find(|text| RepoPath::parse(all[0], text).is_err());
            return Err(AccountError::Invalid(format!(
                "`{}` is no repository of {}: it is written owner/name there",
                deep.map(|text| shown(text)).unwrap_or_default(),
                all[0]
            )));
        }
        let named = ask.account.map(str::trim).filter(|text| !text.is_empty());
        Ok(Self {
            kinds,
            host,
            name: match named {
                Some(text) => Some(AccountName::parse(text).ok_or_else(|| not_found(text))?),
                None => None,
            },
            named: named.map(str::to_owned),
            repositories,
        })
    }

    /// One account by its name, for what policies call `places`, wherever that is.
    pub(crate) fn named(account: &str, places: &[String]) -> Result<Self, AccountError> {
        let account = account.trim();
        Ok(Self {
            kinds: vec![ForgeKind::GitHub, ForgeKind::GitLab, ForgeKind::Bitbucket],
            host: None,
            name: Some(AccountName::parse(account).ok_or_else(|| not_found(account))?),
            named: Some(account.to_owned()),
            repositories: places.to_vec(),
        })
    }

    /// Whether a forge is one that was asked for.
    pub(crate) fn is_on(&self, kind: ForgeKind, host: &str) -> bool {
        self.kinds.contains(&kind)
            && self
                .host
                .as_deref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(host))
    }

    /// The repositories in words.
    pub(crate) fn shown(&self) -> String {
        let first: Vec<&str> = self.repositories.iter().take(3).map(String::as_str).collect();
        match (first.len(), self.repositories.len()) {
            (0, _) => "no named repository".to_owned(),
            (few, all) if few == all => first.join(", "),
            (few, all) => format!("{} and {} more", first.join(", "), all - few),
        }
    }
}

/// An account that could serve.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) id: AccountId,
    pub(crate) label: AccountLabel,
    pub(crate) source: String,
    pub(crate) host: String,
    pub(crate) kind: CredentialKind,
    pub(crate) active: bool,
    pub(crate) validity: Validity,
    pub(crate) finding: Option<Diagnosis>,
    pub(crate) end: TokenEnd,
    /// Whether the forge said so, and nobody just noted it.
    pub(crate) end_is_known: bool,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) rotate_at: Option<Timestamp>,
    pub(crate) fingerprint: Fingerprint,
    /// How exactly it serves what is asked for: 0 for a repository by its own name, then outwards.
    pub(crate) exactness: usize,
    token: Token,
}

/// Where a candidate's token stands. It is opened when it is chosen, and not before.
#[derive(Debug)]
enum Token {
    Sealed(Box<AccountRecord>),
    Environment(Credential),
}

impl Inner {
    /// The accounts that could serve, the best first: up to `most` of each kind of forge, and whether there may be more.
    pub(crate) async fn candidates(
        &self,
        caller: &Caller,
        wanted: &Wanted,
        most: u32,
    ) -> Result<(Vec<Candidate>, bool), AccountError> {
        let mut tx = self.vault.read().await?;
        if let Some(name) = &wanted.name {
            // A private account serves its owner only, whoever else may see it.
            let found = find_stored(&mut *tx, caller, name).await?;
            let usable = |record: &AccountRecord| record.scope == AccountScope::Shared || owns(caller, &record.scope);
            let stored = found.filter(usable).map(Candidate::of_stored);
            let environment = || self.find_in_environment(name).map(Candidate::of_environment);
            return Ok((stored.or_else(environment).into_iter().collect(), false));
        }
        // Not all that an auditor sees: what is private serves its owner only.
        let view = AccountView::Of(caller.identity.key().to_string());
        let host = wanted.host.as_deref();
        let first = wanted.repositories.first();
        let mut candidates = Vec::new();
        let mut more = false;
        for kind in &wanted.kinds {
            let paths = wanted
                .repositories
                .iter()
                .filter_map(|text| RepoPath::parse(*kind, text).ok())
                .collect::<Vec<_>>();
            let keys = first.and(paths.first()).map(Serves::keys_of).unwrap_or_default();
            let found = tx.accounts().choose(&view, *kind, host, &keys, most).await?;
            more |= found.len() >= most as usize;
            let serves_all = |record: &AccountRecord| paths.iter().all(|path| is_served(&record.serves, path));
            let serving = found.into_iter().filter(serves_all);
            candidates.extend(serving.map(|record| {
                let exactness = exactness(&record.serves, &paths);
                Candidate::stored(record, exactness)
            }));
        }
        // Of several kinds of forge together; within one they come so already. The sort keeps what is equal in its order.
        candidates.sort_by_key(Candidate::rank);
        let in_environment = self.environment.iter().filter(|one| {
            let forge = &one.credential.forge;
            wanted.is_on(forge.kind(), forge.host())
        });
        candidates.extend(in_environment.map(Candidate::of_environment));
        Ok((candidates, more))
    }

    /// Opens the token of the one that was chosen.
    pub(crate) fn open_candidate(&self, candidate: &Candidate) -> Result<Credential, AccountError> {
        match &candidate.token {
            Token::Sealed(record) => self.open(record),
            Token::Environment(credential) => Ok(Credential {
                kind: candidate.kind,
                ..credential.clone()
            }),
        }
    }
}

impl Candidate {
    /// A stored one that was named, so that nothing has to be weighed.
    pub(crate) fn of_stored(record: AccountRecord) -> Self {
        Self::stored(record, 0)
    }

    fn stored(record: AccountRecord, exactness: usize) -> Self {
        let finding = record.report.as_ref().and_then(report::read);
        let finding = finding.and_then(|report| report.diagnoses.into_iter().next());
        Self {
            id: record.id,
            label: record.label.clone(),
            source: crate::account::source_of(&record.scope, &record.label),
            host: record.forge.host().to_owned(),
            kind: record.kind,
            active: record.active,
            validity: record.validity,
            finding,
            end: crate::account::end_of(&record),
            end_is_known: record.end_is_known,
            scopes: record.scopes.clone(),
            rotate_at: record.rotate_at,
            fingerprint: record.fingerprint.clone(),
            exactness,
            token: Token::Sealed(Box::new(record)),
        }
    }

    pub(crate) fn of_environment(account: &EnvironmentAccount) -> Self {
        let seen = account.report.load();
        let seen = seen.as_deref();
        Self {
            id: account.id,
            label: account.label.clone(),
            source: account.source(),
            host: account.credential.forge.host().to_owned(),
            kind: seen.map_or(account.credential.kind, |report| report.kind),
            active: true,
            validity: seen.map_or(Validity::Unknown, |report| report.validity),
            finding: seen.and_then(|report| report.diagnoses.first().cloned()),
            end: seen.map_or(TokenEnd::Unknown, |report| report.end),
            end_is_known: true,
            scopes: seen.and_then(|report| report.scopes.clone()),
            rotate_at: None,
            fingerprint: account.fingerprint.clone(),
            exactness: EVERYTHING,
            token: Token::Environment(account.credential.clone()),
        }
    }

    /// The forge that it is for.
    pub(crate) fn forge(&self) -> &ForgeEndpoint {
        match &self.token {
            Token::Sealed(record) => &record.forge,
            Token::Environment(credential) => &credential.forge,
        }
    }

    /// Whether it stands in the vault.
    pub(crate) fn is_stored(&self) -> bool {
        matches!(self.token, Token::Sealed(_))
    }

    /// In which order they are taken: as [`jeton_vault::AccountRepo::choose`] orders them.
    fn rank(&self) -> (usize, bool, bool, bool) {
        let (is_shared, is_default) = match &self.token {
            Token::Sealed(record) => (record.scope == AccountScope::Shared, record.is_default),
            Token::Environment(_) => (true, false),
        };
        (
            self.exactness,
            is_shared,
            !is_default,
            self.validity == Validity::Invalid,
        )
    }
}

/// How exactly an account serves repositories: as exactly as the one that it serves least exactly.
fn exactness(serves: &[Serves], paths: &[RepoPath]) -> usize {
    if serves.is_empty() {
        return EVERYTHING;
    }
    let of_one = |path: &RepoPath| {
        let keys = Serves::keys_of(path);
        let place = keys.iter().position(|key| serves.iter().any(|one| one.as_str() == key));
        place.unwrap_or(EVERYTHING)
    };
    paths.iter().map(of_one).max().unwrap_or(EVERYTHING)
}

#[cfg(test)]
mod tests {
    use jeton_domain::{ForgeKind, RepoPath, Serves};

    use super::{EVERYTHING, Wanted, exactness};
    use crate::{AccountError, UseAsk};

    fn wanted(forge: Option<&str>, repositories: &[&str]) -> Result<Wanted, AccountError> {
        let repositories: Vec<String> = repositories.iter().map(|text| (*text).to_owned()).collect();
        Wanted::of(&UseAsk {
            forge,
            repositories: &repositories,
            ..UseAsk::default()
        })
    }

    #[test]
    fn a_request_names_what_can_be_found() {
        let all = wanted(None, &["acme/tools.git", "acme/app"]).unwrap();
        assert_eq!(all.repositories, ["acme/tools", "acme/app"]);
        assert!(all.is_on(ForgeKind::Bitbucket, "bitbucket.org"));
        let deep = wanted(None, &["acme/sub/tools"]).unwrap();
        assert!(deep.is_on(ForgeKind::GitLab, "gitlab.com") && !deep.is_on(ForgeKind::GitHub, "github.com"));
        let kind = wanted(Some("GitLab"), &[]).unwrap();
        assert!(kind.host.is_none() && kind.is_on(ForgeKind::GitLab, "git.example.com"));
        let host = wanted(Some("Git.Example.com"), &[]).unwrap();
        assert!(host.is_on(ForgeKind::GitHub, "git.example.com") && !host.is_on(ForgeKind::GitHub, "github.com"));
        for (forge, repository) in [(None, "acme"), (None, "acme/.."), (Some("github.com"), "a/b/c")] {
            assert!(
                matches!(wanted(forge, &[repository]), Err(AccountError::Invalid(_))),
                "{repository}"
            );
        }
        assert_eq!(
            wanted(None, &["a/1", "a/2", "a/3", "a/4"]).unwrap().shown(),
            "a/1, a/2, a/3 and 1 more"
        );
    }

    #[test]
    fn the_least_exact_of_several_counts() {
        let serves = [Serves::parse("acme/tools").unwrap(), Serves::parse("acme").unwrap()];
        let path = |text| RepoPath::parse(ForgeKind::GitHub, text).unwrap();
        assert_eq!(exactness(&serves, &[path("acme/tools")]), 0);
        assert_eq!(exactness(&serves, &[path("acme/tools"), path("acme/app")]), 1);
        assert_eq!(
            (exactness(&serves, &[]), exactness(&[], &[path("acme/app")])),
            (EVERYTHING, EVERYTHING)
        );
    }
}
