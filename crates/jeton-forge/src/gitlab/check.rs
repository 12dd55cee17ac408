//! A look at a token: whether GitLab takes it, whose it is, its scopes and end, what it reaches, and whether it will do.

use http::HeaderMap;
use jeton_domain::{
    CheckReport, Credential, CredentialKind, Diagnosis, Fitness, ForgeIdentity, PurposeFinding, Quota, TokenEnd,
    Validity,
};
use jeton_outbound::{Answer, Outbound};
use jiff::Timestamp;

use super::{
    advice,
    bot::Bot,
    diagnose,
    place::Place,
    probes, purposes,
    refusal::Refusal,
    standing::Found,
    troubled,
    wire::{TokenObject, UserObject, end},
};
use crate::{
    CheckAsk, headers,
    probe::{Probes, Trouble, add, blank_report, finish},
};

pub(super) async fn check(outbound: &Outbound, credential: &Credential, ask: &CheckAsk, now: Timestamp) -> CheckReport {
    let report = blank_report(credential.kind, now);
    let probes = match probes(outbound, credential, now) {
        Ok(probes) => probes,
        Err(diagnosis) => {
            let mut report = report;
            report.diagnoses.push(diagnosis);
            report.purposes = ask
                .purposes
                .iter()
                .map(|purpose| unasked(*purpose, Validity::Unknown))
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
        user: None,
        bot: None,
        found: Found::default(),
    };
    if let Err(trouble) = look.run().await {
        look.tell(|at| troubled(trouble, at));
    }
    look.judge();
    finish(look.report, look.probes)
}

/// One look, with what is known so far.
pub(super) struct Look<'a> {
    pub(super) credential: &'a Credential,
    pub(super) ask: &'a CheckAsk,
    pub(super) now: Timestamp,
    pub(super) probes: Probes<'a>,
    pub(super) report: CheckReport,
    pub(super) user: Option<u64>,
    pub(super) bot: Option<Bot>,
    pub(super) found: Found,
}

impl Look<'_> {
    async fn run(&mut self) -> Result<(), Trouble> {
        self.ask_token().await?;
        if self.report.validity != Validity::Valid || self.ask.quick {
            return Ok(());
        }
        self.ask_reach().await?;
        self.ask_standing().await
    }

    /// Where a person changes this token.
    pub(super) fn place(&self) -> Place<'_> {
        Place {
            forge: &self.credential.forge,
            kind: self.report.kind,
            path: self.found.own_path.as_deref(),
        }
    }

    /// Adds a finding.
    pub(super) fn tell(&mut self, finding: impl FnOnce(&Place<'_>) -> Diagnosis) {
        let diagnosis = finding(&self.place());
        add(&mut self.report, diagnosis);
    }

    /// Asks, and keeps what the headers tell of the limit.
    pub(super) async fn get(&mut self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, Trouble> {
        let answer = self.probes.get(path, query).await?;
        self.report.quota = quota(&answer.headers).or(self.report.quota);
        Ok(answer)
    }

    /// Whether GitLab is known to have given the token one of these scopes, or may have.
    pub(super) fn may_have(&self, scopes: &[&str]) -> bool {
        let Some(held) = &self.report.scopes else {
            return true;
        };
        held.iter()
            .any(|scope| scopes.contains(&scope.as_str()) || scope == "granular")
    }

    /// The token itself, which any scope may ask for, and the user behind it.
    async fn ask_token(&mut self) -> Result<(), Trouble> {
        let answer = self.get(&["personal_access_tokens", "self"], &[]).await?;
        if !answer.is_success() {
            return self.read_refusal(&answer).await;
        }
        let token: TokenObject = self.probes.parse(&answer)?;
        self.bot = Bot::of_resource(token.resource_type.as_deref(), token.resource_id);
        self.user = Some(token.user_id);
        self.read_end(&token);
        self.report.scopes = Some(token.scopes);
        self.report.identity = Some(ForgeIdentity {
            id: token.user_id.to_string(),
            name: format!("user {}", token.user_id),
        });
        if self.report.validity == Validity::Valid {
            self.ask_user().await?;
        }
        Ok(())
    }

    /// The end, and whether it has come. GitLab answers a dead token with 401, so that a description that says otherwise is weighed.
    fn read_end(&mut self, token: &TokenObject) {
        let end = end(token.expires_at.as_deref());
        let over = end.time().is_some_and(|end| end <= self.now);
        self.report.validity = Validity::Valid;
        self.report.end = end;
        let dead = token.active == Some(false);
        if token.revoked {
            self.report.validity = Validity::Invalid;
            self.tell(advice::revoked);
        } else if dead && over {
            self.report.validity = Validity::Invalid;
            self.tell(advice::expired);
        } else if over {
            // our clock or the date is wrong; the token works
            self.report.end = TokenEnd::Unknown;
            self.probes
                .note("its `expires_at` lies in the past, and GitLab takes the token: the date is not believed");
        }
    }

    /// The first call was refused.
    async fn read_refusal(&mut self, answer: &Answer) -> Result<(), Trouble> {
        let Some(refusal) = Refusal::of(answer) else {
            return Ok(());
        };
        self.report.validity = refusal.validity();
        match &refusal {
            // an unknown route on an old GitLab, or a known one on something else that speaks JSON: the next call tells
            Refusal::NotFound(_) => return self.ask_old_gitlab().await,
            Refusal::Unknown if self.ask.known_end.is_some_and(|end| end <= self.now) => {
                // GitLab deletes a token some time after its end
                self.tell(advice::expired);
            }
            Refusal::WrongKind => {
                self.report.kind = CredentialKind::GitLabOAuth;
                self.tell(advice::wrong_kind);
                self.ask_user().await?;
            }
            _ => {
                self.tell(|at| diagnose(&refusal, at, "telling of itself"));
            }
        }
        Ok(())
    }

    /// A GitLab before 15.5 still knows users.
    async fn ask_old_gitlab(&mut self) -> Result<(), Trouble> {
        let answer = self.get(&["user"], &[]).await?;
        if answer.is_success() {
            let user: UserObject = self.probes.parse(&answer)?;
            self.report.validity = Validity::Valid;
            self.read_user(user);
            self.tell(advice::too_old);
            return Ok(());
        }
        let Some(refusal) = Refusal::of(&answer) else {
            return Ok(());
        };
        self.report.validity = refusal.validity();
        if refusal.validity() == Validity::Valid {
            self.tell(advice::too_old);
        } else {
            self.tell(|at| diagnose(&refusal, at, "telling whose it is"));
        }
        Ok(())
    }

    /// The user's name, by which bots are known. Not all scopes may ask, and none has to.
    async fn ask_user(&mut self) -> Result<(), Trouble> {
        if !self.may_have(&["api", "read_api", "read_user"]) {
            return Ok(());
        }
        let answer = self.get(&["user"], &[]).await?;
        if answer.is_success() {
            let user: UserObject = self.probes.parse(&answer)?;
            self.read_user(user);
        }
        Ok(())
    }

    fn read_user(&mut self, user: UserObject) {
        // a person may have chosen a name that looks like a bot's
        let by_name = || Bot::of_username(&user.username).filter(|_| user.bot != Some(false));
        self.bot = self.bot.or_else(by_name);
        if self.report.kind != CredentialKind::GitLabOAuth {
            self.report.kind = self.bot.map_or(CredentialKind::GitLabPersonal, Bot::kind);
        }
        self.user = Some(user.id);
        self.found.admin = user.is_admin == Some(true);
        self.report.identity = Some(ForgeIdentity {
            id: user.id.to_string(),
            name: user.username,
        });
    }

    /// The answer for each purpose, and what is lacking as findings of their own.
    fn judge(&mut self) {
        let purposes = self.ask.purposes.iter();
        if self.report.validity != Validity::Valid {
            self.report.purposes = purposes
                .map(|purpose| unasked(*purpose, self.report.validity))
                .collect();
            return;
        }
        let scopes = self.report.scopes.as_deref();
        self.report.purposes = purposes
            .map(|purpose| purposes::find(*purpose, scopes, self.found.standing()))
            .collect();
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
    }

    fn lack(&self, place: &Place<'_>, found: &PurposeFinding) -> Option<Diagnosis> {
        let need = purposes::need(found.purpose);
        let missing = found.missing.first().filter(|_| found.fit == Fitness::No)?;
        if missing.starts_with("role ") {
            Some(advice::role(
                place,
                self.found.project.as_deref(),
                need.role.name(),
                need.words,
            ))
        } else {
            let least = need.scopes.first().map(|scope| (*scope).to_owned());
            Some(advice::scope(place, least.as_slice(), need.words))
        }
    }
}

/// A purpose of a token that GitLab does not take, or may not.
fn unasked(purpose: jeton_domain::Purpose, validity: Validity) -> PurposeFinding {
    let (fit, why) = if validity == Validity::Invalid {
        (Fitness::No, "GitLab does not take the token at all.")
    } else {
        (
            Fitness::Unknown,
            "GitLab gave no clear word on the token, so that nothing more was asked.",
        )
    };
    PurposeFinding {
        purpose,
        fit,
        missing: vec![],
        why: why.to_owned(),
    }
}

/// `RateLimit-*` (<https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/>).
pub(super) fn quota(headers: &HeaderMap) -> Option<Quota> {
    let number = |name: &str| headers::text(headers, name).and_then(|text| text.parse::<u64>().ok());
    let reset = headers::text(headers, "ratelimit-reset").and_then(|text| text.parse().ok());
    Some(Quota {
        limit: number("ratelimit-limit")?,
        remaining: number("ratelimit-remaining")?,
        resets_at: reset.and_then(|second| Timestamp::from_second(second).ok()),
    })
}
