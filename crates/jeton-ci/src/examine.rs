//! Whether runners could be registered, found out by reading alone.

use jeton_broker::Asker;
use jeton_domain::{Action, Blame, CiScope, Fitness};
use jeton_forge::ci::RunnerExam;

use crate::{
    Ci, CiError, ExaminedSource, RunnerReport, ScopeName, SourceAsk, Tried,
    ci::Inner,
    sources::{Asking, Need, Source},
    tried,
};

impl Ci {
    /// Why registering runners would be refused, or that it would not be, found out by reading alone.
    ///
    /// # Errors
    /// That no policy allows it, or that there is nothing that could serve. What a forge says against a source is in the report.
    pub async fn examine_runners(
        &self,
        asker: &Asker,
        forge: Option<&str>,
        scope: &ScopeName,
        source: &SourceAsk,
    ) -> Result<RunnerReport, CiError> {
        let inner = &self.0;
        let asking = Asking {
            asker,
            action: Action::RunnerRegister,
            forge,
            scope,
            source,
            need: Need::Runners,
        };
        let sources = inner.sources(&asking).await?;
        let kind = sources.forge.kind();
        let words = crate::sources::parse_scope(kind, scope)?.words(kind);
        let mut examined = Vec::new();
        for source in &sources.usable {
            examined.push(inner.examine(source).await?);
        }
        examined.extend(sources.broken.into_iter().map(of_broken));
        Ok(report(sources.host, words, examined))
    }
}

/// The verdict is the best that was found: one source that will do is enough.
pub(crate) fn report(forge: String, scope: String, sources: Vec<ExaminedSource>) -> RunnerReport {
    let best = sources.iter().map(|one| one.fit).min_by_key(|fit| match fit {
        Fitness::Yes => 0,
        Fitness::Unknown => 1,
        Fitness::No => 2,
    });
    RunnerReport {
        forge,
        scope,
        fit: best.unwrap_or(Fitness::No),
        sources,
    }
}

/// What a forge's look found.
pub(crate) fn of_exam(source: &str, exam: RunnerExam) -> ExaminedSource {
    ExaminedSource {
        source: source.to_owned(),
        fit: exam.fit,
        needs: exam.needs,
        why: exam.why,
        diagnoses: exam.diagnoses,
        evidence: exam.evidence,
    }
}

/// One whose token is known to be dead; the forge was not asked.
fn of_broken(broken: Tried) -> ExaminedSource {
    ExaminedSource {
        source: broken.source,
        fit: Fitness::No,
        needs: "a token that its forge takes".to_owned(),
        why: broken.diagnosis.cause.clone(),
        diagnoses: vec![broken.diagnosis],
        evidence: broken.evidence,
    }
}

impl Inner {
    async fn examine(&self, source: &Source) -> Result<ExaminedSource, CiError> {
        if let Some(rights) = self.app_rights(source, Need::Runners).await {
            return of_app(source, rights);
        }
        let credential = match self.credential(source, Need::Runners).await {
            Ok(credential) => credential,
            Err(error) => return not_examined(source, "its own token", error),
        };
        let at = source.at(&credential, self.clock.now());
        let runners = self.forges.runners(source.forge.kind());
        Ok(of_exam(&source.name, runners.examine(&at).await))
    }
}

/// What an installation's rights say; nothing was minted for it.
fn of_app(source: &Source, rights: Result<(), CiError>) -> Result<ExaminedSource, CiError> {
    let (needs, why) = match &source.scope {
        CiScope::Repository(path) => (
            "administration: write",
            format!(
                "The App is installed for {path} and may administer it. Whether an organization lets nobody register runners for single \
                 repositories shows only when one is registered."
            ),
        ),
        CiScope::Owner(owner) => (
            "organization_self_hosted_runners: write",
            format!("The App is installed on {owner} and may manage its runners."),
        ),
        CiScope::Enterprise(_) | CiScope::Instance => (
            "manage_runners:enterprise",
            "No App registers runners for an enterprise.".to_owned(),
        ),
    };
    match rights {
        Ok(()) => Ok(ExaminedSource {
            source: source.name.clone(),
            fit: Fitness::Yes,
            needs: needs.to_owned(),
            why,
            diagnoses: Vec::new(),
            evidence: Vec::new(),
        }),
        Err(error) => not_examined(source, needs, error),
    }
}

/// A source that will not do, or of which nobody knows because its forge gave no clear word.
fn not_examined(source: &Source, needs: &str, error: CiError) -> Result<ExaminedSource, CiError> {
    let tried = tried::of_one(&source.name, error)?;
    let is_unknown = |one: &Tried| matches!(one.diagnosis.code.blame(), Blame::Forge | Blame::Jeton);
    let fit = if tried.iter().any(is_unknown) {
        Fitness::Unknown
    } else {
        Fitness::No
    };
    Ok(ExaminedSource {
        source: source.name.clone(),
        fit,
        needs: needs.to_owned(),
        why: tried.first().map(|one| one.diagnosis.cause.clone()).unwrap_or_default(),
        evidence: tried.iter().flat_map(|one| one.evidence.clone()).collect(),
        diagnoses: tried.into_iter().map(|one| one.diagnosis).collect(),
    })
}
