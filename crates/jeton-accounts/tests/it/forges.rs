//! Forges that know some tokens.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use jeton_accounts::{ForgeClients, ReachedRepository, RepositoryPage, TokenGuide};
use jeton_domain::{
    CheckReport, Code, Credential, CredentialKind, Diagnosis, Evidence, ForgeEndpoint, ForgeIdentity, ForgeKind,
    Purpose, Secret, TokenEnd, Validity,
};
use jeton_forge::{AccountForge, CheckAsk, Rotated, TokenEnded};
use jiff::{Timestamp, civil::Date};

/// All three of them. What they say of a token is scripted; a token that they do not know is invalid.
#[derive(Debug, Default)]
pub(crate) struct FakeForges {
    known: Mutex<HashMap<String, CheckReport>>,
    asked: AtomicU64,
    /// What was last asked, and with which names.
    last: Mutex<Option<(Credential, CheckAsk)>>,
    /// Nobody is answered while this is held.
    pub(crate) silence: tokio::sync::RwLock<()>,
}

impl FakeForges {
    pub(crate) fn knows(&self, token: &Secret, report: CheckReport) {
        self.lock().insert(token.expose().to_owned(), report);
    }

    /// How often they were asked.
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    pub(crate) fn last(&self) -> (Credential, CheckAsk) {
        self.last.lock().unwrap().clone().unwrap()
    }

    /// Waits until they were asked so often.
    pub(crate) async fn until_asked(&self, times: u64) {
        while self.asked() < times {
            tokio::task::yield_now().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, CheckReport>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ForgeClients for FakeForges {
    fn of(&self, _: ForgeKind) -> &dyn AccountForge {
        self
    }
}

#[async_trait]
impl AccountForge for FakeForges {
    async fn check(&self, credential: &Credential, ask: &CheckAsk, now: Timestamp) -> CheckReport {
        self.asked.fetch_add(1, Ordering::Relaxed);
        *self.last.lock().unwrap() = Some((credential.clone(), ask.clone()));
        drop(self.silence.read().await);
        let known = self.lock().get(credential.token.expose()).cloned();
        let report = known.unwrap_or_else(|| says_no(credential.kind, Code::CredentialInvalid));
        CheckReport {
            checked_at: now,
            ..report
        }
    }

    async fn list_repositories(
        &self,
        credential: &Credential,
        page: Option<&str>,
        limit: u32,
        _: Timestamp,
    ) -> Result<RepositoryPage, Box<Diagnosis>> {
        if !self.lock().contains_key(credential.token.expose()) {
            return Err(Box::new(diagnosis(Code::CredentialInvalid)));
        }
        let repository = ReachedRepository {
            path: format!("acme/{}", page.unwrap_or("first")),
            private: true,
            access: None,
            default_branch: None,
            web_url: None,
        };
        Ok(RepositoryPage {
            repositories: vec![repository; limit as usize],
            next: page.is_none().then(|| "second".to_owned()),
            remark: None,
        })
    }

    async fn rotate(&self, _: &Credential, _: Option<Date>, _: Timestamp) -> Rotated {
        Rotated::Refused(diagnosis(Code::RotationUnsupported))
    }

    async fn end_token(&self, credential: &Credential, _: Timestamp) -> TokenEnded {
        match self.lock().remove(credential.token.expose()) {
            Some(_) => TokenEnded::Ended,
            None => TokenEnded::WasDead,
        }
    }

    fn cannot_end(&self, _: &ForgeEndpoint, kind: CredentialKind) -> Option<Diagnosis> {
        (kind.forge() == ForgeKind::Bitbucket).then(|| diagnosis(Code::CredentialScope))
    }

    fn guide(
        &self,
        forge: &ForgeEndpoint,
        kind: Option<CredentialKind>,
        purposes: &[Purpose],
        repository: Option<&str>,
    ) -> TokenGuide {
        TokenGuide {
            kind: kind.unwrap_or(CredentialKind::GitHubFineGrained),
            scopes: purposes.iter().map(ToString::to_string).collect(),
            url: format!("{}/settings/tokens", forge.web_url()),
            steps: repository.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// A forge that takes the token: `login`'s, with the number of its letters as id.
pub(crate) fn says_yes(kind: CredentialKind, login: &str) -> CheckReport {
    CheckReport {
        validity: Validity::Valid,
        identity: Some(ForgeIdentity {
            id: format!("id-of-{login}"),
            name: login.to_owned(),
        }),
        scopes: Some(vec!["api".to_owned(), "repo".to_owned()]),
        end: TokenEnd::Never,
        diagnoses: Vec::new(),
        ..says_no(kind, Code::CredentialInvalid)
    }
}

/// A forge that refuses the token.
pub(crate) fn says_no(kind: CredentialKind, code: Code) -> CheckReport {
    CheckReport {
        validity: Validity::Invalid,
        kind,
        identity: None,
        scopes: None,
        end: TokenEnd::Unknown,
        reach: Vec::new(),
        reaches_more: false,
        purposes: Vec::new(),
        diagnoses: vec![diagnosis(code)],
        evidence: vec![Evidence {
            probe: "GET /user".to_owned(),
            status: Some(401),
            said: Some("Bad credentials".to_owned()),
            request_id: None,
            at: Timestamp::UNIX_EPOCH,
        }],
        quota: None,
        retry_at: None,
        checked_at: Timestamp::UNIX_EPOCH,
    }
}

/// A forge that gives no clear word.
pub(crate) fn says_nothing(kind: CredentialKind, code: Code) -> CheckReport {
    CheckReport {
        validity: Validity::Unknown,
        ..says_no(kind, code)
    }
}

fn diagnosis(code: Code) -> Diagnosis {
    Diagnosis {
        code,
        cause: format!("the forge said {code}"),
        remedy: "Do something about it.".to_owned(),
        url: None,
        retry_at: None,
    }
}
