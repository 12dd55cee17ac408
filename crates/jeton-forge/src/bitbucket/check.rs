//! A look at a token: whether Bitbucket takes it, whose it is, its scopes, what it reaches, and whether it will do. Its end is in no answer.

use jeton_domain::{
    CheckReport, Credential, CredentialKind, Diagnosis, Fitness, ForgeIdentity, Purpose, PurposeFinding, Validity,
};
use jeton_outbound::{Answer, Outbound};
use jiff::Timestamp;

use super::{
    advice::{self, Place},
    diagnose, probes,
    refusal::Refusal,
    scopes,
    standing::Found,
    wire::{RepositoryObject, UserObject},
};
use crate::{
    CheckAsk, headers,
    probe::{Probes, Trouble, add, blank_report, finish},
};

pub(super) async fn check(outbound: &Outbound, credential: &Credential, ask: &CheckAsk, now: Timestamp) -> CheckReport {
    let mut report = blank_report(credential.kind, now);
    let probes = match probes(outbound, credential, now) {
        Ok(probes) => probes,
        Err(unasked) => {
            report.validity = unasked.validity;
            report.diagnoses.push(unasked.diagnosis);
            report.purposes = ask
                .purposes
                .iter()
                .map(|purpose| untold(*purpose, unasked.validity))
                .collect();
            return report;
        }
    };
    let mut look = Look {
        credential,
        ask,
        now,
        probes,
        report,
        granted: None,
        hinted: None,
        nameless: false,
        found: Found::new(ask),
    };
    if let Err(trouble) = look.run().await {
        add(&mut look.report, trouble.diagnosis);
    }
    look.judge();
    finish(look.report, look.probes)
}

/// One look, with what is known so far.
pub(super) struct Look<'a> {
    pub(super) credential: &'a Credential,
    pub(super) ask: &'a CheckAsk,
    now: Timestamp,
    pub(super) probes: Probes<'a>,
    pub(super) report: CheckReport,
    /// The scopes by Bitbucket's word in a refusal.
    pub(super) granted: Option<Vec<String>>,
    /// The scopes by a header that Bitbucket does not document.
    hinted: Option<Vec<String>>,
    /// Whether the token may not say whose it is.
    nameless: bool,
    pub(super) found: Found,
}

impl Look<'_> {
    async fn run(&mut self) -> Result<(), Trouble> {
        if self.is_api_token() {
            self.ask_user().await?;
        } else {
            self.ask_as_access_token().await?;
        }
        if self.report.validity != Validity::Valid || self.ask.quick {
            return Ok(());
        }
        self.ask_reach().await?;
        self.ask_standing().await
    }

    pub(super) fn is_api_token(&self) -> bool {
        self.credential.kind == CredentialKind::BitbucketApiToken
    }

    /// Where a person changes this token.
    pub(super) fn place(&self) -> Place<'_> {
        Place {
            repository: self.found.repository.as_deref(),
            ..Place::new(self.credential, self.report.kind)
        }
    }

    /// Adds a finding.
    pub(super) fn tell(&mut self, finding: impl FnOnce(&Place<'_>) -> Diagnosis) {
        let diagnosis = finding(&self.place());
        add(&mut self.report, diagnosis);
    }

    /// Asks, and keeps what the answer tells of scopes by the way.
    pub(super) async fn get(&mut self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, Trouble> {
        let answer = self.probes.get(path, query).await?;
        if let Some(list) = headers::text(&answer.headers, "x-oauth-scopes") {
            let names = list
                .split([',', ' '])
                .map(crate::clean::clean)
                .filter(|name| !name.is_empty());
            // names of another kind are no scopes of this one
            let names: Vec<String> = names.take(100).collect();
            let kind = self.credential.kind;
            self.hinted = Some(names).filter(|names| names.iter().any(|name| scopes::is_name(kind, name)));
        }
        if let Some(Refusal::Scope {
            granted: Some(granted), ..
        }) = Refusal::of(&answer)
        {
            self.granted = Some(granted);
        }
        Ok(answer)
    }

    /// The user of an API token.
    async fn ask_user(&mut self) -> Result<(), Trouble> {
        let answer = self.get(&["user"], &[]).await?;
        if answer.is_success() {
            let user: UserObject = self.probes.parse(&answer)?;
            self.report.validity = Validity::Valid;
            self.report.identity = Some(user.identity());
            return Ok(());
        }
        match Refusal::of(&answer) {
            // scopes are looked at once the token is known
            Some(Refusal::Scope { .. }) => {
                self.report.validity = Validity::Valid;
                self.nameless = true;
            }
            Some(refusal) => self.refused(&refusal, true),
            None => {}
        }
        Ok(())
    }

    /// An access token: a repository tells for certain. Without one there is the user, which an access token has not: the refusal for want of
    /// its scope is the sign of a token that lives.
    async fn ask_as_access_token(&mut self) -> Result<(), Trouble> {
        if self.found.repository.is_some() {
            self.ask_repository().await?;
            if self.report.validity != Validity::Unknown || self.found.visible.is_none() {
                return Ok(());
            }
        }
        let answer = self.get(&["user"], &[]).await?;
        let refusal = Refusal::of(&answer);
        if answer.is_success() || matches!(refusal, Some(Refusal::Scope { .. })) {
            self.report.validity = Validity::Valid;
        } else if let Some(refusal @ Refusal::Expired) = refusal {
            self.refused(&refusal, true);
        } else if matches!(refusal, Some(Refusal::Unusable)) && self.is_over() {
            self.report.validity = Validity::Invalid;
            self.tell(advice::expired);
        } else if let Some(refusal @ Refusal::Unauthorized(_)) = refusal {
            self.refused(&refusal, true);
        } else if self.found.repository.is_none() {
            // the same words stand for a bad token and for a route that takes no access tokens
            self.tell(advice::name_a_repository);
        }
        Ok(())
    }

    /// The repository that was named. For an access token this is the call that tells whether it lives.
    pub(super) async fn ask_repository(&mut self) -> Result<(), Trouble> {
        let Some((workspace, name)) = self.found.parts() else {
            return Ok(());
        };
        let answer = self.get(&["repositories", &workspace, &name], &[]).await?;
        if answer.is_success() {
            let object: RepositoryObject = self.probes.parse(&answer)?;
            self.report.validity = Validity::Valid;
            self.found.visible = Some(true);
            self.found.repository = Some(object.full_name.clone());
            // a public one is anybody's to read, and tells nothing of whose the token is
            if !self.is_api_token() && object.is_private {
                self.report.identity = belongs_to(self.report.kind, &object);
            }
            return Ok(());
        }
        match Refusal::of(&answer) {
            Some(Refusal::NotFound(_)) => {
                self.found.visible = Some(false);
                let repository = format!("{workspace}/{name}");
                self.tell(|place| advice::not_visible(place, &repository));
            }
            // told of where the purposes are judged; here it is a sign of life
            Some(Refusal::Scope { required, .. }) => {
                self.report.validity = Validity::Valid;
                if !self.ask.purposes.contains(&Purpose::ReadContent) {
                    self.tell(|place| advice::scope(place, &required, "looking at a repository"));
                }
            }
            Some(refusal) => self.refused(&refusal, self.report.validity == Validity::Unknown),
            None => {}
        }
        Ok(())
    }

    /// A refusal on a route that takes this kind of token. `decides`: whether it is the first word on the token.
    fn refused(&mut self, refusal: &Refusal, decides: bool) {
        let dead = matches!(refusal, Refusal::Expired | Refusal::Unusable | Refusal::WrongPair);
        if dead && decides {
            self.report.validity = Validity::Invalid;
        }
        if dead && self.is_over() {
            self.tell(advice::expired);
        } else {
            let email = self.credential.email.as_deref().filter(|_| self.is_api_token());
            let diagnosis = diagnose(refusal, &self.place(), email, "this");
            add(&mut self.report, diagnosis);
        }
    }

    /// Whether the end that is known of has come.
    fn is_over(&self) -> bool {
        self.ask.known_end.is_some_and(|end| end <= self.now)
    }

    /// The answer for each purpose, and what is lacking as findings of their own.
    fn judge(&mut self) {
        self.report.scopes = self.granted.clone().or_else(|| self.hinted.clone());
        let purposes = self.ask.purposes.iter();
        if self.report.validity != Validity::Valid {
            self.report.purposes = purposes.map(|purpose| untold(*purpose, self.report.validity)).collect();
            return;
        }
        let known = match (&self.granted, &self.hinted) {
            (Some(granted), _) => scopes::Known::Told(granted),
            (None, Some(hinted)) => scopes::Known::Hinted(hinted),
            (None, None) => scopes::Known::Untold,
        };
        let standing = self.found.standing(self.credential.kind, known);
        self.report.purposes = purposes.map(|purpose| scopes::find(*purpose, standing)).collect();
        let place = self.place();
        let lacking: Vec<Diagnosis> = self
            .report
            .purposes
            .iter()
            .filter_map(|found| self.lack(&place, found))
            .collect();
        for diagnosis in lacking {
            add(&mut self.report, diagnosis);
        }
        // after what it lacks for what it is wanted for
        if self.nameless {
            self.tell(advice::nameless);
        }
    }

    fn lack(&self, place: &Place<'_>, found: &PurposeFinding) -> Option<Diagnosis> {
        let need = scopes::need(found.purpose);
        if found.fit != Fitness::No || found.missing.is_empty() {
            return None;
        }
        let role = format!("{} access", need.role.word());
        Some(if found.missing == [role] {
            let repository = self.found.repository.as_deref().unwrap_or_default();
            advice::role(place, repository, need.role.word(), need.words)
        } else {
            advice::scope(place, &found.missing, need.words)
        })
    }
}

/// What an access token belongs to. Where only the kind in general is known, its workspace stands for it: that stays the same when the token
/// reaches more repositories tomorrow than today.
fn belongs_to(kind: CredentialKind, repository: &RepositoryObject) -> Option<ForgeIdentity> {
    let workspace = repository.workspace.as_ref();
    match (kind, &repository.project) {
        (CredentialKind::BitbucketRepository, _) => Some(ForgeIdentity {
            id: repository.uuid.clone(),
            name: repository.full_name.clone(),
        }),
        (CredentialKind::BitbucketProject, Some(project)) => {
            let slug = workspace.map(|workspace| workspace.slug.as_str()).unwrap_or_default();
            let name = format!("{slug}/{}", project.key);
            Some(ForgeIdentity {
                id: project.uuid.clone().unwrap_or_else(|| name.clone()),
                name,
            })
        }
        _ => workspace.map(|workspace| ForgeIdentity {
            id: workspace.uuid.clone().unwrap_or_else(|| workspace.slug.clone()),
            name: workspace.slug.clone(),
        }),
    }
}

/// A purpose of a token that Bitbucket does not take, or may not.
fn untold(purpose: Purpose, validity: Validity) -> PurposeFinding {
    let (fit, why) = if validity == Validity::Invalid {
        (Fitness::No, "Bitbucket does not take the token at all.")
    } else {
        (
            Fitness::Unknown,
            "Bitbucket gave no clear word on the token, so that nothing more was asked.",
        )
    };
    PurposeFinding {
        purpose,
        fit,
        missing: vec![],
        why: why.to_owned(),
    }
}
