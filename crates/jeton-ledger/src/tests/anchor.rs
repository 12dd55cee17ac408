use std::{fs, os::unix::fs::PermissionsExt as _};

use super::world::{World, found, on_both, verify};
use crate::FindingKind::RolledBack;

/// Sets the database back to an older state of itself, as an attacker with a copy, or a backup, does.
async fn set_back(world: &World, to: u64) {
    world
        .sql(&format!(
            "DELETE FROM ledger WHERE seq > {to}; DELETE FROM ledger_marks; INSERT INTO ledger_marks SELECT * FROM copy"
        ))
        .await;
}

on_both! {
    async fn the_anchor_names_the_newest_entry(world: &World) {
        let ledger = world.anchored().await;
        ledger.tick().await.unwrap();
        assert!(!world.anchor_file().exists());
        world.fill(&ledger, 3).await;
        ledger.tick().await.unwrap();
        let (seq, hash) = ledger.head().unwrap();
        assert_eq!(fs::read_to_string(world.anchor_file()).unwrap(), format!("{seq} {hash}\n"));
        let mode = fs::metadata(world.anchor_file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        world.fill(&ledger, 1).await;
        ledger.close().await;
        assert!(fs::read_to_string(world.anchor_file()).unwrap().starts_with("4 "));
        assert!(verify(&world.anchored().await).await.is_whole());
    }

    async fn a_tail_removed_with_its_mark_shows_by_the_anchor_alone(world: &World) {
        let ledger = world.anchored().await;
        world.fill(&ledger, 3).await;
        world.sql("CREATE TABLE copy AS SELECT * FROM ledger_marks").await;
        world.fill(&ledger, 3).await;
        ledger.close().await;
        world.drop_triggers().await;
        set_back(world, 3).await;
        // What no look at the database alone can find.
        assert!(verify(&world.ledger().await).await.is_whole());
        let ledger = world.anchored().await;
        assert_eq!(found(&ledger).await, [(6, RolledBack)]);
        // It goes on, and stays a finding when the chain has grown past it, until somebody removes the file.
        world.fill(&ledger, 5).await;
        ledger.tick().await.unwrap();
        assert_eq!(found(&ledger).await, [(6, RolledBack)]);
        let kept = world.dir.path().join("anchor.conflict");
        assert!(fs::read_to_string(&kept).unwrap().starts_with("6 "));
        let words = verify(&ledger).await.findings.remove(0).words;
        assert!(words.contains("another one now") && words.contains("backup"), "{words}");
        fs::remove_file(kept).unwrap();
        assert!(verify(&ledger).await.is_whole());
    }

    async fn a_running_server_notices_too(world: &World) {
        let ledger = world.anchored().await;
        world.fill(&ledger, 2).await;
        world.sql("CREATE TABLE copy AS SELECT * FROM ledger_marks").await;
        world.fill(&ledger, 4).await;
        ledger.tick().await.unwrap();
        world.drop_triggers().await;
        set_back(world, 2).await;
        assert_eq!(found(&ledger).await, [(6, RolledBack)]);
        // Grown past the anchor before the next tick.
        world.fill(&ledger, 6).await;
        assert_eq!(found(&ledger).await, [(6, RolledBack)]);
        ledger.tick().await.unwrap();
        assert_eq!(found(&ledger).await, [(6, RolledBack)]);
        assert_eq!(ledger.head().unwrap().0, 8);
        // A second time: both are kept.
        set_back(world, 2).await;
        ledger.tick().await.unwrap();
        let kept = fs::read_to_string(world.dir.path().join("anchor.conflict")).unwrap();
        assert_eq!(kept.lines().count(), 2);
        assert_eq!(found(&ledger).await, [(6, RolledBack), (8, RolledBack)]);
    }

    async fn an_anchor_that_is_none_is_a_finding(world: &World) {
        fs::write(world.anchor_file(), "nonsense").unwrap();
        let ledger = world.anchored().await;
        world.fill(&ledger, 1).await;
        ledger.tick().await.unwrap();
        assert!(fs::read_to_string(world.anchor_file()).unwrap().starts_with("1 "));
        assert_eq!(found(&ledger).await, [(0, RolledBack)]);
    }

    async fn an_anchor_on_an_archived_entry_is_no_contradiction(world: &World) {
        let ledger = world.anchored().await;
        world.fill(&ledger, 4).await;
        ledger.tick().await.unwrap();
        let anchor = fs::read(world.anchor_file()).unwrap();
        ledger.archive(jeton_domain::Clock::now(&*world.clock), &world.dir.path().join("archive")).await.unwrap();
        assert!(verify(&ledger).await.is_whole());
        world.fill(&ledger, 2).await;
        ledger.close().await;
        fs::write(world.anchor_file(), anchor).unwrap();
        let ledger = world.anchored().await;
        assert!(verify(&ledger).await.is_whole());
    }
}
