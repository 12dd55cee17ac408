use jeton_domain::{Code, Coded as _};
use jeton_vault::Vault as _;

use super::world::{World, event, found, on_both, verify};
use crate::{FindingKind::*, Write};

on_both! {
    async fn each_edited_column_is_one_finding(world: &World) {
        let ledger = world.filled(6).await;
        world.drop_triggers().await;
        let bytes = world.bytes(&"ab".repeat(32));
        let edits = [
            "at = at + 1".to_owned(),
            "event = 'token.refused'".to_owned(),
            "actor = 'operator'".to_owned(),
            "actor_name = 'operator'".to_owned(),
            "fingerprint = NULL".to_owned(),
            "fingerprint = 'abcdefabcdef'".to_owned(),
            "request_id = NULL".to_owned(),
            "request_id = ''".to_owned(),
            "body = replace(body, ',', ' ,')".to_owned(),
            format!("hash = {bytes}"),
        ];
        for edit in edits {
            world.sql("CREATE TABLE copy AS SELECT * FROM ledger WHERE seq = 3").await;
            world.sql(&format!("UPDATE ledger SET latest = latest + 2, {edit} WHERE seq = 3")).await;
            let verdict = verify(&ledger).await;
            let findings: Vec<_> = verdict.findings.iter().map(|finding| (finding.seq, finding.kind)).collect();
            assert_eq!(findings, [(3, Changed)], "{edit}");
            assert!(verdict.findings[0].words.contains("Entry 3"), "{edit}");
            world.sql("DELETE FROM ledger WHERE seq = 3; INSERT INTO ledger SELECT * FROM copy; DROP TABLE copy").await;
            assert!(verify(&ledger).await.is_whole(), "{edit}");
        }
    }

    async fn an_edit_of_the_first_or_the_last_is_found(world: &World) {
        let ledger = world.filled(4).await;
        world.drop_triggers().await;
        world.sql("UPDATE ledger SET body = '{}' WHERE seq IN (1, 4)").await;
        assert_eq!(found(&ledger).await, [(1, Changed), (4, Changed)]);
        let bytes = world.bytes(&"00".repeat(32));
        world.sql(&format!("UPDATE ledger SET hash = {bytes} WHERE seq = 4")).await;
        assert_eq!(found(&ledger).await, [(1, Changed), (4, Changed)]);
    }

    async fn a_row_that_cannot_be_read_is_a_finding(world: &World) {
        let ledger = world.filled(5).await;
        world.drop_triggers().await;
        let never = "9000000000000000000";
        world.sql(&format!("UPDATE ledger SET at = {never}, latest = {never} WHERE seq IN (2, 5)")).await;
        assert_eq!(found(&ledger).await, [(2, Changed), (5, Changed)]);
    }

    async fn rows_that_changed_places_are_out_of_order(world: &World) {
        for (from, to) in [(2, 6), (3, 4)] {
            let ledger = world.ledger().await;
            if verify(&ledger).await.entries == 0 {
                world.fill(&ledger, 8).await;
                world.drop_triggers().await;
            }
            let swap = format!(
                "UPDATE ledger SET seq = 1000 WHERE seq = {from}; UPDATE ledger SET seq = {from} WHERE seq = {to}; \
                 UPDATE ledger SET seq = {to} WHERE seq = 1000"
            );
            world.sql(&swap).await;
            assert_eq!(found(&ledger).await, [(from, OutOfOrder), (to, OutOfOrder)]);
            world.sql(&swap).await;
            assert!(verify(&ledger).await.is_whole());
        }
    }

    async fn contents_that_changed_places_under_their_hashes_are_changed(world: &World) {
        let ledger = world.filled(6).await;
        world.drop_triggers().await;
        world.sql("UPDATE ledger SET request_id = CASE seq WHEN 2 THEN 'request-4' ELSE 'request-1' END WHERE seq IN (2, 5)").await;
        assert_eq!(found(&ledger).await, [(2, Changed), (5, Changed)]);
    }

    async fn removed_rows_are_missing(world: &World) {
        let ledger = world.filled(9).await;
        world.drop_triggers().await;
        world.sql("DELETE FROM ledger WHERE seq IN (1, 4, 6, 7)").await;
        let verdict = verify(&ledger).await;
        let words: Vec<_> = verdict.findings.iter().map(|finding| finding.words.as_str()).collect();
        assert_eq!(words, ["Entry 1 is gone.", "Entry 4 is gone.", "The entries 6 to 7 are gone."]);
        assert!(verdict.findings.iter().all(|finding| finding.kind == Missing));
        assert_eq!((verdict.first, verdict.last, verdict.entries), (Some(2), Some(9), 5));
    }

    async fn a_removed_tail_is_missing_and_nothing_is_written_over_it(world: &World) {
        let ledger = world.filled(5).await;
        world.drop_triggers().await;
        world.sql("DELETE FROM ledger WHERE seq > 3").await;
        assert_eq!(found(&ledger).await, [(4, TailMissing)]);
        // The chain goes on behind the mark: the gap stays for ever.
        world.fill(&ledger, 1).await;
        assert_eq!(found(&ledger).await, [(4, Missing)]);
    }

    async fn all_rows_removed_are_missing(world: &World) {
        let ledger = world.filled(5).await;
        world.drop_triggers().await;
        world.sql("DELETE FROM ledger").await;
        assert_eq!(found(&ledger).await, [(1, TailMissing)]);
    }

    async fn a_forged_mark_is_found_and_refused(world: &World) {
        let ledger = world.filled(5).await;
        world.drop_triggers().await;
        world.sql("DELETE FROM ledger WHERE seq > 3; UPDATE ledger_marks SET seq = 3").await;
        assert_eq!(found(&ledger).await, [(3, HeadForged)]);
        let error = ledger.record(Write::event(event(9))).await.unwrap_err();
        assert_eq!(error.code(), Code::RecordBroken);
        let mut tx = world.vault.begin().await.unwrap();
        let error = ledger.append_in(&mut *tx, &[event(9)]).await.unwrap_err();
        assert_eq!(error.code(), Code::RecordBroken);
        assert!(error.remedy().unwrap().contains("audit verify"));
    }

    async fn a_removed_mark_is_found_and_refused(world: &World) {
        let ledger = world.filled(5).await;
        world.drop_triggers().await;
        world.sql("DELETE FROM ledger_marks").await;
        assert_eq!(found(&ledger).await, [(5, HeadForged)]);
        let error = ledger.record(Write::event(event(9))).await.unwrap_err();
        assert_eq!(error.code(), Code::RecordBroken);
    }

    async fn an_old_mark_put_back_without_removing_the_tail_is_found(world: &World) {
        let ledger = world.filled(3).await;
        world.sql("CREATE TABLE copy AS SELECT * FROM ledger_marks").await;
        world.fill(&ledger, 2).await;
        world.drop_triggers().await;
        world.sql("DELETE FROM ledger_marks; INSERT INTO ledger_marks SELECT * FROM copy").await;
        assert_eq!(found(&ledger).await, [(3, HeadForged)]);
        let error = ledger.record(Write::event(event(9))).await.unwrap_err();
        assert_eq!(error.code(), Code::RecordBroken, "{error}");
    }

    async fn a_mark_of_one_name_is_none_of_another(world: &World) {
        let ledger = world.filled(4).await;
        world.drop_triggers().await;
        world.sql("INSERT INTO ledger_marks SELECT 'base', seq, hash, mac FROM ledger_marks WHERE name = 'head'; DELETE FROM ledger").await;
        assert_eq!(found(&ledger).await, [(4, BaseForged)]);
    }

    async fn a_hundred_findings_are_enough(world: &World) {
        let ledger = world.ledger().await;
        for number in 0..300 {
            ledger.note(event(number));
        }
        ledger.flush().await.unwrap();
        world.drop_triggers().await;
        world.sql("UPDATE ledger SET body = '{}'").await;
        let findings = found(&ledger).await;
        assert_eq!(findings.len(), 100);
        assert_eq!((findings[0], findings[99]), ((1, Changed), (100, Changed)));
    }
}
