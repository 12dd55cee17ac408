//! A look at a token: who, until when, what it reaches, and whether it will do.

use std::collections::{BTreeMap, BTreeSet};

use jeton_domain::{CheckReport, Credential, CredentialKind, ForgeIdentity, ForgeKind, Validity};
use jeton_outbound::Answer;
use jiff::Timestamp;

use super::{
    dialect::{quota, refusal},
    expiry,
    purposes::Tried,
    reach::access,
    refusal::{self, Refusal},
    scopes::Scopes,
    wire::{WireRepo, WireUser},
    words::About,
};
use crate::{
    CheckAsk,
    probe::{Probes, Trouble, add, finish},
};

/// What came of a question.
pub(super) enum Seen<T> {
    /// It was answered.
    Yes(T),
    /// GitHub refused, for a reason that is among the findings.
    Refused(Refusal),
    /// Nothing that means something.
    Unclear,
    /// It was not asked.
    NotAsked,
}

pub(super) struct Look<'a> {
    pub(super) credential: &'a Credential,
    pub(super) ask: &'a CheckAsk,
    pub(super) now: Timestamp,
    pub(super) probes: Probes<'a>,
    pub(super) report: CheckReport,
    /// `None` for tokens without scopes, and when GitHub did not tell them.
    pub(super) scopes: Option<Scopes>,
    login: String,
    /// Owners that were seen, by number: headers name organisations so.
    pub(super) owners: BTreeMap<u64, String>,
    /// Owners of private repositories that were seen, in lower case.
    pub(super) private: BTreeSet<String>,
    /// What came of reading the files of the repository that was named.
    pub(super) files: Option<Tried>,
    /// Organisations that a list left out for lack of single sign-on.
    pub(super) left_out: Vec<u64>,
}

impl<'a> Look<'a> {
    pub(super) fn new(
        credential: &'a Credential,
        ask: &'a CheckAsk,
        now: Timestamp,
        probes: Probes<'a>,
        report: CheckReport,
    ) -> Self {
        Self {
            credential,
            ask,
            now,
            probes,
            report,
            scopes: None,
            login: String::new(),
            owners: BTreeMap::new(),
            private: BTreeSet::new(),
            files: None,
            left_out: Vec::new(),
        }
    }

    /// Asks what was asked for.
    pub(super) async fn run(mut self) -> CheckReport {
        if self.who().await && !self.ask.quick {
            self.reach().await;
            let repository = self.repository().await;
            self.purposes(&repository).await;
            // last, because it need not matter to anybody
            self.explain_left_out().await;
        }
        finish(self.report, self.probes)
    }

    /// Whose it is; the one call on which the verdict rests.
    async fn who(&mut self) -> bool {
        let answer = match self.probes.get(&["user"], &[]).await {
            Ok(answer) => answer,
            Err(trouble) => return self.trouble(trouble),
        };
        self.report.quota = quota(&answer.headers);
        if !answer.is_success() {
            let refusal = match refusal::read(&answer) {
                // everybody who has a token is somebody
                Refusal::NotVisible { .. } => Refusal::NotGitHub,
                other => other,
            };
            if matches!(refusal, Refusal::BadCredentials | Refusal::AccountSuspended) {
                self.report.validity = Validity::Invalid;
            }
            self.refused(&answer, &refusal, None, None);
            return false;
        }
        let user: WireUser = match self.probes.parse(&answer) {
            Ok(user) => user,
            Err(trouble) => return self.trouble(trouble),
        };
        self.report.validity = Validity::Valid;
        self.login.clone_from(&user.login);
        self.report.identity = Some(ForgeIdentity {
            id: user.id.to_string(),
            name: crate::clean::clean(&user.login),
        });
        if has_scopes(self.credential) {
            self.scopes = Scopes::granted(&answer.headers);
            self.report.scopes = self.scopes.as_ref().map(Scopes::to_vec);
        }
        let (end, remark) = expiry::end(self.credential.kind, &answer.headers, self.now);
        self.report.end = end;
        if let Some(remark) = remark {
            self.probes.note(&remark);
        }
        true
    }

    /// The repository that was named.
    async fn repository(&mut self) -> Seen<WireRepo> {
        let ask = self.ask;
        let Some(path) = ask.repository.as_ref().filter(|path| path.forge() == ForgeKind::GitHub) else {
            return Seen::NotAsked;
        };
        let full = path.to_string();
        let answer = match self
            .probes
            .get(&["repos", path.owner(), path.name().as_str()], &[])
            .await
        {
            Ok(answer) if answer.is_success() => answer,
            Ok(answer) => {
                self.report.quota = quota(&answer.headers).or(self.report.quota);
                let refusal = refusal::read(&answer);
                if matches!(refusal, Refusal::NotVisible { .. }) && self.sees_nothing_of(path.owner()).await {
                    let finding = self.about(Some(path.owner()), Some(&full)).not_approved(path.owner());
                    add(&mut self.report, finding);
                } else {
                    self.refused(&answer, &refusal, Some(path.owner()), Some(&full));
                }
                return Seen::Refused(refusal);
            }
            Err(Trouble {
                status: Some(301 | 307 | 308),
                ..
            }) => {
                let finding = self.about(Some(path.owner()), Some(&full)).moved();
                add(&mut self.report, finding);
                return Seen::Unclear;
            }
            Err(trouble) => {
                self.trouble(trouble);
                return Seen::Unclear;
            }
        };
        self.report.quota = quota(&answer.headers).or(self.report.quota);
        match self.probes.parse::<WireRepo>(&answer) {
            Ok(repo) => {
                self.owners.insert(repo.owner.id, repo.owner.login.clone());
                let access = access(&repo, self.scopes.as_ref()).map(str::to_owned);
                self.reached(&repo.full_name, "repository", access);
                Seen::Yes(repo)
            }
            Err(trouble) => {
                self.trouble(trouble);
                Seen::Unclear
            }
        }
    }

    /// Whether a fine-grained token shows nothing private of an organisation that exists: so it is until an owner approves it, and when
    /// it was made for another owner.
    async fn sees_nothing_of(&mut self, owner: &str) -> bool {
        let mine = owner.eq_ignore_ascii_case(&self.login);
        let sees = self.report.reaches_more || self.private.contains(&owner.to_ascii_lowercase());
        if mine || sees || self.credential.kind != CredentialKind::GitHubFineGrained {
            return false;
        }
        match self.probes.get(&["orgs", owner], &[]).await {
            Ok(answer) => answer.is_success(),
            Err(_) => false,
        }
    }

    /// Asks; a refusal becomes a finding.
    pub(super) async fn see(
        &mut self,
        path: &[&str],
        query: &[(&str, &str)],
        owner: Option<&str>,
        repository: Option<&str>,
    ) -> Seen<Answer> {
        match self.probes.get(path, query).await {
            Ok(answer) => {
                self.report.quota = quota(&answer.headers).or(self.report.quota);
                if answer.is_success() {
                    return Seen::Yes(answer);
                }
                let refusal = refusal::read(&answer);
                // what is missing, hidden or too small is told once for all purposes; a policy is told at once
                let told_later = matches!(
                    refusal,
                    Refusal::Missing { .. } | Refusal::NotVisible { .. } | Refusal::Role
                );
                if !told_later {
                    self.refused(&answer, &refusal, owner, repository);
                }
                Seen::Refused(refusal)
            }
            Err(trouble) => {
                self.trouble(trouble);
                Seen::Unclear
            }
        }
    }

    /// What findings are written with.
    pub(super) fn about<'b>(&'b self, owner: Option<&'b str>, repository: Option<&'b str>) -> About<'b> {
        About {
            kind: self.credential.kind,
            forge: &self.credential.forge,
            owner,
            repository,
            said: None,
            known_end: self.ask.known_end,
            now: self.now,
        }
    }

    fn refused(&mut self, answer: &Answer, why: &Refusal, owner: Option<&str>, repository: Option<&str>) {
        let said = refusal(answer).map(|body| crate::clean::clean(&body.message));
        let about = About {
            said: said.as_deref(),
            ..self.about(owner, repository)
        };
        let finding = about.explain(why);
        add(&mut self.report, finding);
    }

    pub(super) fn trouble(&mut self, trouble: Trouble) -> bool {
        add(&mut self.report, trouble.diagnosis);
        false
    }
}

/// Whether GitHub tells the scopes of tokens of this kind.
pub(super) fn has_scopes(credential: &Credential) -> bool {
    use jeton_domain::CredentialKind::{GitHubClassic, GitHubOAuth};
    matches!(credential.kind, GitHubClassic | GitHubOAuth)
}
