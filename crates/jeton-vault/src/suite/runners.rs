use jeton_domain::{CiScope, ForgeEndpoint, ForgeKind, OwnerPath, Sealed};

use super::{
    ci_fixtures::{add_runners, full_runner, gitlab, long_path, owner, repository, runner},
    fixtures::{at, begin, read},
};
use crate::{RunnerRecord, RunnerState, Vault, VaultError};

async fn find_named(vault: &dyn Vault, forge: &ForgeEndpoint, scope: &CiScope, name: &str) -> Option<RunnerRecord> {
    read(vault)
        .await
        .runners()
        .find_named(forge, scope, name)
        .await
        .unwrap()
}

/// What went in comes out, whole: in every state, for every scope, with and without what may be missing.
pub async fn runners_are_found_as_they_were_added(vault: &dyn Vault) {
    let github = ForgeEndpoint::github("https://github.example.com/api/v3").unwrap();
    let all = [
        runner("plain"),
        full_runner(&runner("full")),
        RunnerRecord {
            state: RunnerState::Renewing,
            forge: ForgeEndpoint::bitbucket_org(),
            scope: repository(ForgeKind::Bitbucket, "Acme/Tools"),
            ..full_runner(&runner(&"ü".repeat(200)))
        },
        RunnerRecord {
            state: RunnerState::Lost,
            scope: CiScope::Instance,
            ..runner("größer's \"runner\" (日本)")
        },
        RunnerRecord {
            forge: github,
            scope: CiScope::Enterprise(OwnerPath::parse(ForgeKind::GitHub, "acme").unwrap()),
            ..runner("big")
        },
        RunnerRecord {
            scope: repository(ForgeKind::GitLab, &long_path()),
            ..runner("deep")
        },
    ];
    add_runners(vault, &all.each_ref()).await;
    for runner in &all {
        let found = read(vault).await.runners().find(runner.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(runner));
        let found = find_named(vault, &runner.forge, &runner.scope, &runner.name).await;
        assert_eq!(found.as_ref(), Some(runner));
    }
    let absent = runner("absent");
    assert_eq!(read(vault).await.runners().find(absent.id).await.unwrap(), None);
    assert_eq!(
        find_named(vault, &absent.forge, &absent.scope, &absent.name).await,
        None
    );
}

/// One of an API, a scope and a name: the scope without case, the name with it.
pub async fn runners_are_one_per_scope_and_name(vault: &dyn Vault) {
    let first = runner("build");
    add_runners(vault, &[&first]).await;
    let in_scope = |scope| RunnerRecord {
        scope,
        ..runner("build")
    };
    let same = [
        runner("build"),
        in_scope(owner(ForgeKind::GitLab, "ACME/Web")),
        RunnerRecord {
            forge: ForgeEndpoint::gitlab("https://GIT.example.com/lab/api/v4").unwrap(),
            state: RunnerState::Lost,
            ..runner("build")
        },
        RunnerRecord {
            id: first.id,
            ..runner("of the same id")
        },
    ];
    let mut tx = begin(vault).await;
    for again in &same {
        assert!(!tx.runners().add(again).await.unwrap(), "{again:?}");
    }
    let others = [
        runner("Build"),
        runner("build "),
        runner("web/build"),
        in_scope(repository(ForgeKind::GitLab, "acme/web")),
        in_scope(owner(ForgeKind::GitLab, "acme")),
        in_scope(owner(ForgeKind::GitLab, "acme/webbuild")),
        in_scope(CiScope::Instance),
        RunnerRecord {
            forge: ForgeEndpoint::gitlab_com(),
            ..runner("build")
        },
    ];
    for other in &others {
        assert!(tx.runners().add(other).await.unwrap(), "{other:?}");
    }
    tx.commit().await.unwrap();
    let found = find_named(vault, &gitlab(), &owner(ForgeKind::GitLab, "aCME/wEB"), "build").await;
    assert_eq!(found.as_ref(), Some(&first), "nothing was written over it");
    assert_eq!(read(vault).await.runners().list(None, None, 99).await.unwrap().len(), 9);
}

/// All of a row, from the time that was seen only; of one that is gone, nothing.
pub async fn runners_change_from_what_was_seen(vault: &dyn Vault) {
    let (made, other) = (runner("made"), runner("other"));
    add_runners(vault, &[&made, &other]).await;
    let live = RunnerRecord {
        forge: ForgeEndpoint::gitlab_com(),
        scope: CiScope::Instance,
        name: "renamed".to_owned(),
        ..full_runner(&made)
    };
    let mut tx = begin(vault).await;
    assert!(!tx.runners().change(&live, at(1)).await.unwrap());
    assert!(!tx.runners().change(&runner("absent"), at(0)).await.unwrap());
    assert!(tx.runners().change(&live, at(0)).await.unwrap());
    assert!(!tx.runners().change(&made, at(0)).await.unwrap(), "it is older now");
    assert_eq!(tx.runners().find(made.id).await.unwrap().as_ref(), Some(&live));
    let bare = RunnerRecord {
        id: made.id,
        state: RunnerState::Lost,
        changed_at: at(8),
        ..runner("made")
    };
    assert!(tx.runners().change(&bare, at(7)).await.unwrap());
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(tx.runners().find(made.id).await.unwrap(), Some(bare));
    assert_eq!(tx.runners().find(other.id).await.unwrap(), Some(other), "as it was");
}

/// To the place of another one no change leads.
pub async fn runners_changes_conflict_as_additions_do(vault: &dyn Vault) {
    let (one, other) = (runner("one"), runner("other"));
    add_runners(vault, &[&one, &other]).await;
    let moved = RunnerRecord {
        scope: owner(ForgeKind::GitLab, "Acme/WEB"),
        name: "one".to_owned(),
        changed_at: at(1),
        ..other.clone()
    };
    let mut tx = begin(vault).await;
    let error = tx.runners().change(&moved, at(0)).await.unwrap_err();
    assert!(matches!(error, VaultError::Conflict(_)), "{error}");
    drop(tx);
    let mut tx = read(vault).await;
    assert_eq!(tx.runners().find(other.id).await.unwrap(), Some(other));
}

/// In the order of their ids, page after page, on one host or on all.
pub async fn runners_are_paged_without_gap_or_repeat(vault: &dyn Vault) {
    let mut all: Vec<RunnerRecord> = (0..7).map(|n| runner(&format!("r{n}"))).collect();
    for runner in all.iter_mut().step_by(2) {
        runner.forge = ForgeEndpoint::bitbucket_org();
        runner.scope = owner(ForgeKind::Bitbucket, "acme");
    }
    // Not in the order in which they were added.
    let backwards: Vec<&RunnerRecord> = all.iter().rev().collect();
    add_runners(vault, &backwards).await;
    for host in [
        None,
        Some("bitbucket.org"),
        Some(gitlab().host()),
        Some("absent.example.com"),
    ] {
        let on_host = |runner: &&RunnerRecord| host.is_none_or(|host| runner.forge.host() == host);
        let expected: Vec<RunnerRecord> = all.iter().filter(on_host).cloned().collect();
        for limit in [1, 2, 3, 50] {
            let mut found: Vec<RunnerRecord> = Vec::new();
            loop {
                let after = found.last().map(|last| last.id);
                let page = read(vault).await.runners().list(host, after, limit).await.unwrap();
                assert!(page.len() <= limit as usize);
                if page.is_empty() {
                    break;
                }
                found.extend(page);
            }
            assert_eq!(found, expected, "{host:?}, {limit} at once");
        }
        assert_eq!(read(vault).await.runners().list(host, None, 0).await.unwrap(), []);
    }
}

/// Once; then its place is free.
pub async fn runners_are_removed_once(vault: &dyn Vault) {
    let (one, other) = (runner("one"), runner("other"));
    add_runners(vault, &[&one, &other]).await;
    let mut tx = begin(vault).await;
    assert!(tx.runners().remove(one.id).await.unwrap());
    assert!(!tx.runners().remove(one.id).await.unwrap());
    assert_eq!(tx.runners().find(one.id).await.unwrap(), None);
    assert!(!tx.runners().change(&one, one.changed_at).await.unwrap());
    let next = RunnerRecord {
        token: Some(Sealed::from_bytes(vec![5; 60])),
        ..runner("one")
    };
    assert!(tx.runners().add(&next).await.unwrap());
    tx.commit().await.unwrap();
    let listed = read(vault).await.runners().list(None, None, 9).await.unwrap();
    assert_eq!(listed, [other, next]);
}
