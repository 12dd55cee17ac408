use jeton_domain::{
    CiScope, CredentialKind, ForgeEndpoint, ForgeKind, OldTokenId, OwnerPath, RepoPath, RunnerId, Sealed, SecretName,
    TargetId,
};
use jiff::Timestamp;
use serde_json::json;

use super::fixtures::{Counting, at, begin, fingerprint};
use crate::{
    AccountRecord, OldTokenRecord, OldTokenState, RunnerRecord, RunnerState, TargetRecord, TargetState, Vault,
};

/// Of many that do the same at once.
pub(super) const MANY: usize = 8;

pub(super) fn gitlab() -> ForgeEndpoint {
    ForgeEndpoint::gitlab("https://git.example.com/lab").unwrap()
}

pub(super) fn repository(forge: ForgeKind, path: &str) -> CiScope {
    CiScope::Repository(RepoPath::parse(forge, path).unwrap())
}

pub(super) fn owner(forge: ForgeKind, path: &str) -> CiScope {
    CiScope::Owner(OwnerPath::parse(forge, path).unwrap())
}

pub(super) fn secret_name(text: &str) -> SecretName {
    SecretName::parse(ForgeKind::GitHub, text).unwrap()
}

/// A project's path below many groups: longer than what an index of PostgreSQL takes, and hard to make shorter.
pub(super) fn long_path() -> String {
    let group = |number: u32| {
        let digits = (0..30).map(|n: u32| format!("{:08x}", (number * 31 + n).wrapping_mul(2_654_435_761)));
        digits.collect::<String>()
    };
    let groups: Vec<String> = (0..20).map(group).collect();
    groups.join("/")
}

/// A runner of a group of GitLab that was written down and no more.
pub(super) fn runner(name: &str) -> RunnerRecord {
    RunnerRecord {
        id: RunnerId::generate(at(0), &Counting),
        forge: gitlab(),
        scope: owner(ForgeKind::GitLab, "acme/web"),
        name: name.to_owned(),
        wish: json!({}),
        state: RunnerState::Making,
        forge_id: None,
        client_id: None,
        token: None,
        fingerprint: None,
        expires_at: None,
        renew_at: None,
        source: "app:main".to_owned(),
        made_by: "operator".to_owned(),
        error: None,
        created_at: at(0),
        changed_at: at(0),
    }
}

/// As it stands after the forge has made it, with every field set and none as [`runner`] has it.
pub(super) fn full_runner(of: &RunnerRecord) -> RunnerRecord {
    RunnerRecord {
        wish: json!({"labels": ["größer", "a,b"], "run_untagged": true}),
        state: RunnerState::Live,
        forge_id: Some("4711".to_owned()),
        client_id: Some("{3b7c}".to_owned()),
        token: Some(Sealed::from_bytes(vec![5; 60])),
        fingerprint: Some(fingerprint("runner")),
        expires_at: Some(at(9000)),
        renew_at: Some(at(8000)),
        source: "account:ada's".to_owned(),
        made_by: "Ada Müller".to_owned(),
        error: Some("forge.unreachable: no answer".to_owned()),
        created_at: at(2),
        changed_at: at(7),
        ..of.clone()
    }
}

/// A secret of a repository of GitHub that waits for its first push.
pub(super) fn target(of: &AccountRecord, name: &str) -> TargetRecord {
    TargetRecord {
        id: TargetId::generate(at(0), &Counting),
        account: of.id,
        forge: ForgeEndpoint::github_com(),
        scope: repository(ForgeKind::GitHub, "Acme/Tools"),
        name: secret_name(name),
        environment: None,
        options: json!({}),
        source: "app:main".to_owned(),
        state: TargetState::Pending,
        pushed: None,
        pushed_at: None,
        attempts: 0,
        due_at: None,
        waited_seconds: 0,
        error: None,
        added_by: "operator".to_owned(),
        rule: String::new(),
        created_at: at(0),
        changed_at: at(0),
    }
}

/// As it may stand later, with every field set and none as [`target`] has it.
pub(super) fn full_target(of: &TargetRecord) -> TargetRecord {
    TargetRecord {
        environment: Some("Prüfung / eins".to_owned()),
        options: json!({"protected": true, "masked": false}),
        source: "account:ada's".to_owned(),
        state: TargetState::Failed,
        pushed: Some(fingerprint("pushed")),
        pushed_at: Some(at(5)),
        attempts: u32::MAX,
        due_at: Some(at(6)),
        waited_seconds: u32::MAX,
        error: Some(json!({"cause": "„ünïcode“", "status": 403})),
        added_by: "Ada Müller".to_owned(),
        rule: "file:ci".to_owned(),
        created_at: at(2),
        changed_at: at(7),
        ..of.clone()
    }
}

/// A token of an account that waits for its end.
pub(super) fn old_token(of: &AccountRecord, created: Timestamp) -> OldTokenRecord {
    let id = OldTokenId::generate(created, &Counting);
    OldTokenRecord {
        id,
        account: of.id,
        forge: of.forge.clone(),
        kind: CredentialKind::GitHubClassic,
        username: None,
        email: None,
        token: Some(Sealed::from_bytes(vec![6; 60])),
        fingerprint: fingerprint(&id.to_string()),
        state: OldTokenState::Waiting,
        ends_by: at(500),
        ending_since: None,
        error: None,
        created_at: created,
        changed_at: created,
    }
}

/// Adds runners in a transaction of their own; each must be new.
pub(super) async fn add_runners(vault: &dyn Vault, runners: &[&RunnerRecord]) {
    let mut tx = begin(vault).await;
    for runner in runners {
        assert!(tx.runners().add(runner).await.unwrap());
    }
    tx.commit().await.unwrap();
}

/// Adds targets in a transaction of their own; each must be new.
pub(super) async fn add_targets(vault: &dyn Vault, targets: &[&TargetRecord]) {
    let mut tx = begin(vault).await;
    for target in targets {
        assert!(tx.targets().add(target).await.unwrap());
    }
    tx.commit().await.unwrap();
}

/// Adds old tokens in a transaction of their own.
pub(super) async fn add_old_tokens(vault: &dyn Vault, tokens: &[&OldTokenRecord]) {
    let mut tx = begin(vault).await;
    for token in tokens {
        tx.old_tokens().add(token).await.unwrap();
    }
    tx.commit().await.unwrap();
}
