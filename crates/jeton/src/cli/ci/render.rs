//! The same answers without a server as with one, and what is asked of either.

use jeton_api::{
    CiPlace, ExaminedSource, ForgeSecretOptions, JitConfigResponse, PushedSecret, Released, RunnerExamination,
    RunnerTokenResponse,
};
use jeton_ci::{
    JitGrant, RunnerGrant, RunnerReport, RunnerState, SecretFamily, SecretOptions, SecretVisibility, SourceAsk,
};
use jeton_domain::RepoName;

use super::{CliError, SecretOptionArgs};
use crate::cli::{
    args_ci::{FamilyArg, VisibilityArg},
    output::clean,
};

/// From what.
pub(in crate::cli) fn source(place: &CiPlace) -> SourceAsk {
    SourceAsk {
        app: place.app.clone(),
        account: place.account.clone(),
    }
}

pub(in crate::cli) fn runner_token(grant: RunnerGrant) -> RunnerTokenResponse {
    RunnerTokenResponse {
        token: Released(grant.token),
        token_kind: grant.kind.as_str().to_owned(),
        expires_at: grant.expires_at.map(|at| at.to_string()),
        forge: grant.forge,
        scope: grant.scope.kind().to_owned(),
        path: grant.scope.path(),
        url: grant.url,
        source: grant.source,
        fingerprint: grant.fingerprint.to_string(),
        shared: grant.shared,
        runner: grant.runner.map(|runner| jeton_api::KeptRunner {
            id: runner.id.as_uuid(),
            name: runner.name,
            forge: runner.forge.host().to_owned(),
            scope: runner.scope.kind().to_owned(),
            path: runner.scope.path(),
            labels: runner.labels,
            state: state(runner.state).to_owned(),
            forge_id: runner.forge_id,
            client_id: runner.client_id,
            fingerprint: runner.fingerprint.map(|fingerprint| fingerprint.to_string()),
            expires_at: runner.expires_at.map(|at| at.to_string()),
            renew_at: runner.renew_at.map(|at| at.to_string()),
            source: runner.source,
            made_by: runner.made_by,
            error: runner.error,
            created_at: runner.created_at.to_string(),
        }),
    }
}

fn state(state: RunnerState) -> &'static str {
    match state {
        RunnerState::Making => "making",
        RunnerState::Live => "live",
        RunnerState::Renewing => "renewing",
        RunnerState::Lost => "lost",
    }
}

pub(in crate::cli) fn jit_config(grant: JitGrant) -> JitConfigResponse {
    JitConfigResponse {
        encoded_jit_config: Released(grant.encoded_jit_config),
        runner_id: grant.runner_id,
        name: grant.name,
        labels: grant.labels,
        forge: grant.forge,
        scope: grant.scope.kind().to_owned(),
        path: grant.scope.path(),
        url: grant.url,
        source: grant.source,
        fingerprint: grant.fingerprint.to_string(),
    }
}

pub(super) fn examination(report: &RunnerReport) -> RunnerExamination {
    let sources = report.sources.iter().map(|source| ExaminedSource {
        source: source.source.clone(),
        fit: source.fit.as_str().to_owned(),
        needs: source.needs.clone(),
        why: source.why.clone(),
        diagnoses: source.diagnoses.iter().map(Into::into).collect(),
        evidence: source.evidence.iter().map(Into::into).collect(),
    });
    RunnerExamination {
        forge: report.forge.clone(),
        scope: report.scope.clone(),
        fit: report.fit.as_str().to_owned(),
        sources: sources.collect(),
    }
}

pub(in crate::cli) fn pushed(pushed: jeton_ci::PushedSecret) -> PushedSecret {
    PushedSecret {
        created: pushed.created,
        name: pushed.name,
        forge: pushed.forge,
        scope: pushed.scope.kind().to_owned(),
        path: pushed.scope.path(),
        environment: pushed.environment,
        source: pushed.source,
        fingerprint: pushed.fingerprint.map(|fingerprint| fingerprint.to_string()),
    }
}

/// How a secret is kept, as a server is asked for it.
pub(in crate::cli) fn options_json(args: &SecretOptionArgs) -> ForgeSecretOptions {
    let yes = |flag: bool| flag.then_some(true);
    let no = |flag: bool| flag.then_some(false);
    ForgeSecretOptions {
        environment: args.environment.clone(),
        family: args.family.map(|family| {
            match family {
                FamilyArg::Actions => "actions",
                FamilyArg::Dependabot => "dependabot",
                FamilyArg::Codespaces => "codespaces",
            }
            .to_owned()
        }),
        visibility: args.visibility.map(|visibility| {
            match visibility {
                VisibilityArg::All => "all",
                VisibilityArg::Private => "private",
                VisibilityArg::Selected => "selected",
            }
            .to_owned()
        }),
        selected_repositories: (!args.selected.is_empty()).then(|| args.selected.clone()),
        masked: no(args.no_mask),
        hidden: yes(args.hidden),
        protected: yes(args.protected),
        raw: no(args.expand),
        file: yes(args.file_variable),
        description: args.description.clone(),
    }
}

/// The same without a server.
///
/// # Errors
/// When a repository's name is none.
pub(in crate::cli) fn options(args: &SecretOptionArgs) -> Result<SecretOptions, CliError> {
    let json = options_json(args);
    let selected = args.selected.iter().map(|name| {
        RepoName::parse(name.trim()).map_err(|error| CliError::Usage {
            what: format!("--selected-repo `{}` is no repository's name: {error}", clean(name)),
            remedy: "Write the name alone, without its owner.".to_owned(),
        })
    });
    let selected: Vec<RepoName> = selected.collect::<Result<_, _>>()?;
    Ok(SecretOptions {
        environment: json.environment,
        family: match args.family {
            None | Some(FamilyArg::Actions) => SecretFamily::Actions,
            Some(FamilyArg::Dependabot) => SecretFamily::Dependabot,
            Some(FamilyArg::Codespaces) => SecretFamily::Codespaces,
        },
        visibility: args.visibility.map(|visibility| match visibility {
            VisibilityArg::All => SecretVisibility::All,
            VisibilityArg::Private => SecretVisibility::Private,
            VisibilityArg::Selected => SecretVisibility::Selected(selected),
        }),
        masked: json.masked,
        hidden: json.hidden,
        protected: json.protected,
        raw: json.raw,
        file: json.file,
        description: json.description,
    })
}

/// That repositories are named where, and only where, some are selected.
///
/// # Errors
/// As said.
pub(in crate::cli) fn check_selected(args: &SecretOptionArgs) -> Result<(), CliError> {
    let (what, remedy) = match (args.visibility, args.selected.is_empty()) {
        (Some(VisibilityArg::Selected), true) => (
            "--visibility selected names no repository",
            "Name each with --selected-repo.",
        ),
        (None | Some(VisibilityArg::All | VisibilityArg::Private), false) => (
            "--selected-repo goes with --visibility selected",
            "Add --visibility selected, or leave --selected-repo out.",
        ),
        _ => return Ok(()),
    };
    Err(CliError::Usage {
        what: what.to_owned(),
        remedy: remedy.to_owned(),
    })
}
