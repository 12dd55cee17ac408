//! A call on behalf of somebody, and what its refusals mean there.

use jeton_domain::{CredentialKind, Diagnosis};
use jeton_outbound::{Answer, Outbound};
use serde::de::DeserializeOwned;

use super::{
    super::{
        advice as of_token, diagnose, probes,
        purposes::Role,
        refusal::Refusal,
        troubled,
        wire::{Access, ProjectPermissions, TokenObject, UserObject},
    },
    advice::About,
    target::{Target, Task, place},
    wire::SpaceObject,
};
use crate::{
    ci::{CiAt, CiRefusal, Holder},
    probe::{Probes, Trouble},
};

/// What may go wrong with a question, before it is told.
pub(super) enum Failure {
    /// GitLab's clear no.
    Refused(Refusal),
    /// No word of GitLab's.
    Trouble(Trouble),
    /// Known already.
    Known(Diagnosis),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// Questions as somebody, for something.
pub(super) struct Call<'a> {
    pub(super) about: About<'a>,
    pub(super) probes: Probes<'a>,
    /// The role on the project, once it was told.
    pub(super) role: Option<Role>,
    /// The number of the project or group, once it was told.
    space: Option<u64>,
}

impl<'a> Call<'a> {
    /// Refuses at once what no question would make better.
    pub(super) fn new(
        outbound: &'a Outbound,
        at: CiAt<'a>,
        target: &'a Target,
        task: Task,
    ) -> Result<Self, Box<Diagnosis>> {
        let about = About {
            place: place(&at, target),
            target,
            task,
        };
        if at.holder == Holder::Workflow || at.credential.kind == CredentialKind::GitLabJob {
            return Err(Box::new(about.workflow_token()));
        }
        Ok(Self {
            probes: probes(outbound, at.credential, at.now)?,
            about,
            role: None,
            space: None,
        })
    }

    /// A read, once more when its connection was cut.
    pub(super) async fn get(&mut self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, Trouble> {
        match self.probes.get(path, query).await {
            Err(trouble) if is_cut(&trouble) => self.probes.get(path, query).await,
            answer => answer,
        }
    }

    /// A read of an object.
    pub(super) async fn read<T: DeserializeOwned>(
        &mut self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let answer = self.get(path, query).await?;
        if answer.is_success() {
            return Ok(self.probes.parse(&answer)?);
        }
        Err(Failure::Refused(refusal(&answer)))
    }

    /// The number of the project or group; the role too, where GitLab tells it at once.
    ///
    /// Policies were asked about the path. GitLab may find something else by it, such as what was renamed since, and then its number is
    /// not used.
    pub(super) async fn find_space(&mut self) -> Result<Option<u64>, Failure> {
        let Some(path) = self.about.target.path() else {
            return Ok(None);
        };
        // a group brings its first hundred projects along unless it is told not to
        let query: &[_] = match self.about.target {
            Target::Group(_) => &[("with_projects", "false")],
            _ => &[],
        };
        let space: SpaceObject = match self.read(&path, query).await {
            Err(Failure::Trouble(trouble)) if trouble.status == Some(301) => {
                return Err(Failure::Known(self.about.moved()));
            }
            Err(Failure::Refused(Refusal::NotFound(_))) => return Err(Failure::Known(self.about.not_found())),
            space => space?,
        };
        let found = match self.about.target {
            Target::Project(_) => space.path_with_namespace,
            _ => space.full_path,
        };
        let Some(found) = found else {
            let garbled = self
                .probes
                .named()
                .garbled("it does not say where the project or group is");
            return Err(Failure::Known(garbled));
        };
        if !self.about.target.is_at(&found) {
            return Err(Failure::Known(self.about.elsewhere(&found)));
        }
        let level = space.permissions.as_ref().and_then(ProjectPermissions::level);
        self.role = level.map(Role);
        self.space = Some(space.id);
        Ok(self.space)
    }

    /// The beginning of its paths in the API: by its number once that is known, which a renaming does not change.
    pub(super) fn space(&self) -> Option<[String; 2]> {
        let [kind, path] = self.about.target.path()?;
        let name = self.space.map_or_else(|| path.to_owned(), |id| id.to_string());
        Some([kind.to_owned(), name])
    }

    /// What the token tells of itself.
    pub(super) async fn find_token(&mut self) -> Result<TokenObject, Failure> {
        self.read(&["personal_access_tokens", "self"], &[]).await
    }

    /// The role of a user in the project or group; zero for none.
    pub(super) async fn find_role(&mut self, user: u64) -> Result<Option<Role>, Failure> {
        if self.role.is_some() {
            return Ok(self.role);
        }
        let Some([kind, space]) = self.space() else {
            return Ok(None);
        };
        let path = [&kind, &space, "members", "all", &user.to_string()];
        let found: Result<Access, _> = self.read(&path, &[]).await;
        self.role = match found {
            Ok(access) => Some(Role(access.access_level)),
            Err(Failure::Refused(Refusal::NotFound(_))) => Some(Role(0)),
            // who may not see members is told nothing
            Err(Failure::Refused(Refusal::Scope(_) | Refusal::Forbidden(_))) => None,
            Err(failure) => return Err(failure),
        };
        Ok(self.role)
    }

    /// Whether the user administers all of that GitLab, which GitLab says to administrators.
    pub(super) async fn find_admin(&mut self) -> Result<Option<bool>, Failure> {
        match self.read::<UserObject>(&["user"], &[]).await {
            Ok(user) => Ok(user.is_admin),
            Err(Failure::Refused(Refusal::Scope(_) | Refusal::Forbidden(_))) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// What a refusal means here. It may take a look or two to tell causes apart, for which GitLab has the same words.
    pub(super) async fn explain(&mut self, refusal: Refusal) -> Diagnosis {
        let about = self.about;
        match refusal {
            Refusal::Scope(accepted) => {
                let has = self.find_token().await.ok().map(|token| token.scopes);
                about.scope(has.as_deref(), &accepted)
            }
            Refusal::Forbidden(said) => self.explain_forbidden(&said).await,
            Refusal::NotFound(said) if says_space(&said) => about.not_found(),
            other => diagnose(&other, &about.place, about.task.words()),
        }
    }

    async fn explain_forbidden(&mut self, said: &str) -> Diagnosis {
        let about = self.about;
        if *about.target == Target::Instance {
            return match self.find_admin().await {
                Ok(Some(true)) => about.switched_off(said),
                Ok(Some(false)) => about.role(None),
                // GitLab says it to administrators alone, and to few tokens; a look that failed says nothing either
                Ok(None) | Err(_) => about.may_not(None, said),
            };
        }
        let role = match self.role {
            Some(role) => Some(role),
            None => match self.find_token().await {
                Ok(token) => self.find_role(token.user_id).await.unwrap_or_default(),
                Err(_) => None,
            },
        };
        match role {
            Some(role) if about.task == Task::Runner && role >= Role::OWNER => about.switched_off(said),
            Some(role) if role < Role::MAINTAINER => about.role(Some(role)),
            Some(role) if matches!(about.target, Target::Group(_)) && role < Role::OWNER => about.role(Some(role)),
            role => about.may_not(role, said),
        }
    }

    /// What a failure means, for a read.
    pub(super) async fn diagnose(&mut self, failure: Failure) -> Diagnosis {
        match failure {
            Failure::Refused(refusal) => self.explain(refusal).await,
            Failure::Trouble(trouble) => troubled(trouble, &self.about.place),
            Failure::Known(diagnosis) => diagnosis,
        }
    }

    /// Ends with the failure of a read, which changed nothing.
    pub(super) async fn fail(mut self, failure: Failure) -> CiRefusal {
        let diagnosis = self.diagnose(failure).await;
        self.end(diagnosis)
    }

    /// Ends with a clear no.
    pub(super) fn end(self, diagnosis: Diagnosis) -> CiRefusal {
        CiRefusal::clear(diagnosis, self.probes.into_evidence())
    }

    /// Ends without knowing what GitLab did.
    pub(super) fn unclear(self, diagnosis: Diagnosis) -> CiRefusal {
        CiRefusal {
            unclear: true,
            ..self.end(diagnosis)
        }
    }

    /// Ends when a change was limited or did not reach GitLab.
    pub(super) fn not_sent(self, trouble: Trouble) -> CiRefusal {
        let diagnosis = troubled(trouble, &self.about.place);
        self.end(diagnosis)
    }
}

/// A refusal in GitLab's words, as [`Probes`] gives no other.
pub(super) fn refusal(answer: &Answer) -> Refusal {
    Refusal::of(answer).unwrap_or_else(|| Refusal::Other(answer.status, String::new()))
}

/// Whether GitLab's own word says for certain that nothing was done: a status that its documentation knows, in its own words.
pub(super) fn is_certain(refusal: &Refusal) -> bool {
    !matches!(refusal, Refusal::Other(status, _) if !matches!(status, 400 | 409 | 422))
}

/// `404 Project Not Found`, `404 Group Not Found`.
pub(super) fn says_space(said: &str) -> bool {
    said.contains("Project Not Found") || said.contains("Group Not Found")
}

/// The words of an answer that leaves it open whether something was done.
pub(super) fn odd_words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Other(status, said) => format!(
            "it answered with HTTP {status}, which its documentation does not know here ({})",
            of_token::words(said)
        ),
        other => format!("it answered with a refusal that leaves it open ({other:?})"),
    }
}

fn is_cut(trouble: &Trouble) -> bool {
    trouble.status.is_none()
        && !trouble.nothing_happened
        && trouble.diagnosis.code == jeton_domain::Code::ForgeUnavailable
}
