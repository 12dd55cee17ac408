//! The answers as JSON.

use jeton_api::Released;
use jeton_ci::{
    AccountTargets, JitGrant, KeptRunner, OldToken, OldTokenState, PushedSecret, RunnerGrant, RunnerReport,
    RunnerState, Target, TargetState,
};
use jiff::Timestamp;

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

pub(super) fn runner_token(grant: RunnerGrant) -> jeton_api::RunnerTokenResponse {
    jeton_api::RunnerTokenResponse {
        token: Released(grant.token),
        token_kind: grant.kind.as_str().to_owned(),
        expires_at: time(grant.expires_at),
        forge: grant.forge,
        scope: grant.scope.kind().to_owned(),
        path: grant.scope.path(),
        url: grant.url,
        source: grant.source,
        fingerprint: grant.fingerprint.to_string(),
        shared: grant.shared,
        runner: grant.runner.as_ref().map(runner),
    }
}

pub(super) fn jit_config(grant: JitGrant) -> jeton_api::JitConfigResponse {
    jeton_api::JitConfigResponse {
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

pub(super) fn runner(runner: &KeptRunner) -> jeton_api::KeptRunner {
    jeton_api::KeptRunner {
        id: runner.id.as_uuid(),
        name: runner.name.clone(),
        forge: runner.forge.host().to_owned(),
        scope: runner.scope.kind().to_owned(),
        path: runner.scope.path(),
        labels: runner.labels.clone(),
        state: runner_state(runner.state).to_owned(),
        forge_id: runner.forge_id.clone(),
        client_id: runner.client_id.clone(),
        fingerprint: runner.fingerprint.as_ref().map(ToString::to_string),
        expires_at: time(runner.expires_at),
        renew_at: time(runner.renew_at),
        source: runner.source.clone(),
        made_by: runner.made_by.clone(),
        error: runner.error.clone(),
        created_at: runner.created_at.to_string(),
    }
}

fn runner_state(state: RunnerState) -> &'static str {
    match state {
        RunnerState::Making => "making",
        RunnerState::Live => "live",
        RunnerState::Renewing => "renewing",
        RunnerState::Lost => "lost",
    }
}

pub(super) fn examination(report: &RunnerReport) -> jeton_api::RunnerExamination {
    let sources = report.sources.iter().map(|source| jeton_api::ExaminedSource {
        source: source.source.clone(),
        fit: source.fit.as_str().to_owned(),
        needs: source.needs.clone(),
        why: source.why.clone(),
        diagnoses: source.diagnoses.iter().map(Into::into).collect(),
        evidence: source.evidence.iter().map(Into::into).collect(),
    });
    jeton_api::RunnerExamination {
        forge: report.forge.clone(),
        scope: report.scope.clone(),
        fit: report.fit.as_str().to_owned(),
        sources: sources.collect(),
    }
}

pub(super) fn pushed(pushed: PushedSecret) -> jeton_api::PushedSecret {
    jeton_api::PushedSecret {
        created: pushed.created,
        name: pushed.name,
        forge: pushed.forge,
        scope: pushed.scope.kind().to_owned(),
        path: pushed.scope.path(),
        environment: pushed.environment,
        source: pushed.source,
        fingerprint: pushed.fingerprint.as_ref().map(ToString::to_string),
    }
}

pub(super) fn target(target: &Target) -> jeton_api::Target {
    jeton_api::Target {
        id: target.id.as_uuid(),
        forge: target.forge.host().to_owned(),
        scope: target.scope.kind().to_owned(),
        path: target.scope.path(),
        environment: target.environment.clone(),
        name: target.name.clone(),
        source: target.source.clone(),
        state: target_state(target.state).to_owned(),
        is_current: target.is_current,
        pushed_fingerprint: target.pushed.as_ref().map(ToString::to_string),
        pushed_at: time(target.pushed_at),
        attempts: target.attempts,
        error: target.error.as_ref().map(Into::into),
        added_by: target.added_by.clone(),
        created_at: target.created_at.to_string(),
    }
}

fn target_state(state: TargetState) -> &'static str {
    match state {
        TargetState::Pending => "pending",
        TargetState::Current => "current",
        TargetState::Failed => "failed",
    }
}

fn old_token(old: &OldToken) -> jeton_api::OldToken {
    let state = match old.state {
        OldTokenState::Waiting => "waiting",
        OldTokenState::Ended => "ended",
        OldTokenState::Kept => "kept",
    };
    jeton_api::OldToken {
        fingerprint: old.fingerprint.to_string(),
        state: state.to_owned(),
        ends_by: old.ends_by.to_string(),
        error: old.error.as_ref().map(Into::into),
        replaced_at: old.created_at.to_string(),
    }
}

pub(super) fn targets(found: &AccountTargets) -> jeton_api::TargetList {
    jeton_api::TargetList {
        account: found.account.clone(),
        targets: found.targets.iter().map(target).collect(),
        old_tokens: found.old_tokens.iter().map(old_token).collect(),
    }
}
