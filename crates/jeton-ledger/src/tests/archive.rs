use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use jeton_domain::{Clock as _, Code, Coded as _};
use jeton_vault::{LedgerFilter, Vault as _};
use jiff::SignedDuration;

use super::world::{World, event, found, on_both, verify};
use crate::{
    ArchiveVerdict, Archived, FindingKind, Ledger, VerifyOptions, Write,
    archive::{self, Sizes},
    events,
};

const SMALL: Sizes = Sizes { file: 10, step: 4 };

fn dir(world: &World) -> PathBuf {
    world.dir.path().join("archive")
}

fn file(world: &World, name: &str) -> PathBuf {
    dir(world).join(name)
}

async fn archive_all(world: &World, ledger: &Ledger) -> Archived {
    archive::archive(ledger, world.clock.now(), &dir(world), SMALL)
        .await
        .unwrap()
}

fn names(world: &World) -> Vec<String> {
    let entries = fs::read_dir(dir(world)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name != ".lock").collect();
    names.sort();
    names
}

async fn check(world: &World, ledger: &Ledger) -> ArchiveVerdict {
    ledger.verify_archives(&dir(world)).await.unwrap()
}

fn kinds(verdict: &ArchiveVerdict) -> Vec<(u64, FindingKind)> {
    let findings = verdict.findings.iter();
    findings.map(|found| (found.finding.seq, found.finding.kind)).collect()
}

/// One edit of the lines of a file.
type Change = fn(&mut Vec<String>);

/// Changes a file as an editor would.
fn edit(path: &PathBuf, change: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> = fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

on_both! {
    async fn old_entries_move_to_files_and_the_chain_stays_whole(world: &World) {
        let ledger = world.filled(23).await;
        let before = world.clock.now() - SignedDuration::from_secs(2);
        let archived = archive::archive(&ledger, before, &dir(world), SMALL).await.unwrap();
        assert_eq!((archived.first, archived.last, archived.entries), (Some(1), Some(21), 21));
        let files = ["record-1-10.jsonl", "record-11-20.jsonl", "record-21-21.jsonl"];
        assert_eq!(archived.files, files.map(|name| file(world, name)));
        assert_eq!(names(world), files);
        for path in &archived.files {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let options = VerifyOptions { archives: Some(dir(world)) };
        let verdict = ledger.verify(options).await.unwrap();
        assert!(verdict.is_whole(), "{verdict:?}");
        // Two that were too young, and one about each file.
        assert_eq!((verdict.first, verdict.last, verdict.entries), (Some(22), Some(26), 5));
        let in_files = verdict.archives.unwrap();
        assert_eq!((in_files.first, in_files.last, in_files.entries), (Some(1), Some(21), 21));
        let filter = LedgerFilter { events: vec![events::RECORD_ARCHIVED.to_owned()], ..LedgerFilter::default() };
        let about = ledger.scan(&filter, 0, 10).await.unwrap().entries;
        assert_eq!(about[0].body, r#"{"file":"record-1-10.jsonl","last":10}"#);
        // Nothing is old enough a second time.
        assert_eq!(archive::archive(&ledger, before, &dir(world), SMALL).await.unwrap(), Archived::default());
        assert_eq!(names(world), files);
    }

    async fn a_record_that_was_archived_whole_goes_on(world: &World) {
        let ledger = world.filled(4).await;
        let mut tx = world.vault.begin().await.unwrap();
        let base = ledger.shared().end(&mut *tx).await.unwrap();
        let base = ledger.shared().key.mark(crate::chain::MarkName::Base, base);
        tx.ledger().remove_archived(&base).await.unwrap();
        tx.commit().await.unwrap();
        let verdict = verify(&ledger).await;
        assert!(verdict.is_whole());
        assert_eq!((verdict.first, verdict.entries), (None, 0));
        world.fill(&ledger, 2).await;
        assert!(verify(&ledger).await.is_whole());
        archive_all(world, &ledger).await;
        assert_eq!(names(world), ["record-5-6.jsonl"]);
        assert!(verify(&ledger).await.is_whole());
    }

    async fn what_was_written_late_stays_with_what_is_young(world: &World) {
        let ledger = world.filled(2).await;
        let before = world.clock.now();
        world.fill(&ledger, 1).await;
        world.clock.advance(SignedDuration::from_secs(-60));
        ledger.record(Write::event(event(9))).await.unwrap();
        let archived = ledger.archive(before, &dir(world)).await.unwrap();
        assert_eq!((archived.last, archived.entries), (Some(2), 2));
        assert!(verify(&ledger).await.is_whole());
    }

    async fn a_crash_before_the_removal_is_made_good(world: &World) {
        let ledger = world.filled(9).await;
        let dir = dir(world);
        fs::create_dir(&dir).unwrap();
        let written = archive::write(ledger.shared(), world.clock.now(), 9, &dir, SMALL).await.unwrap().unwrap();
        assert_eq!(written.steps.len(), 3);
        // The file is whole, nothing was removed, and neither is a finding.
        assert!(verify(&ledger).await.is_whole());
        assert!(check(world, &ledger).await.findings.is_empty());
        // A crash between two steps of the removal.
        let mut part = Archived::default();
        archive::remove_step(ledger.shared(), &written.path, written.steps[0], false, &mut part).await.unwrap();
        assert_eq!(part.entries, 4);
        assert!(verify(&ledger).await.is_whole());
        assert!(check(world, &ledger).await.findings.is_empty());
        world.fill(&ledger, 3).await;
        let archived = archive_all(world, &ledger).await;
        assert_eq!((archived.first, archived.last, archived.entries), (Some(5), Some(12), 8));
        assert_eq!(names(world), ["record-1-9.jsonl", "record-10-12.jsonl"]);
        let verdict = ledger.verify(VerifyOptions { archives: Some(dir) }).await.unwrap();
        assert!(verdict.is_whole(), "{verdict:?}");
    }

    async fn a_look_while_others_write_and_archive_finds_nothing(world: &World) {
        let ledger = world.filled(20).await;
        let (writer, reader) = (ledger.clone(), ledger.clone());
        let writing = tokio::spawn(async move {
            for number in 0..200 {
                writer.record(Write::event(event(number))).await.unwrap();
            }
        });
        let looking = tokio::spawn(async move {
            let mut looks = 0;
            while !writing.is_finished() || looks < 3 {
                let verdict = verify(&reader).await;
                assert!(verdict.is_whole(), "{:?}", verdict.findings);
                looks += 1;
            }
            writing.await.unwrap();
        });
        for _ in 0..5 {
            world.clock.advance(SignedDuration::from_secs(1));
            archive_all(world, &ledger).await;
        }
        looking.await.unwrap();
        let verdict = ledger.verify(VerifyOptions { archives: Some(dir(world)) }).await.unwrap();
        assert!(verdict.is_whole(), "{verdict:?}");
    }

    async fn one_archives_at_a_time(world: &World) {
        let ledger = world.filled(3).await;
        fs::create_dir(dir(world)).unwrap();
        let other = fs::File::create(file(world, ".lock")).unwrap();
        other.try_lock().unwrap();
        let error = ledger.archive(world.clock.now(), &dir(world)).await.unwrap_err();
        assert_eq!(error.code(), Code::RecordUnwritable);
        assert_eq!(verify(&ledger).await.entries, 3);
        drop(other);
        assert_eq!(archive_all(world, &ledger).await.entries, 3);
    }

    async fn a_crash_while_a_file_is_written_leaves_nothing_to_trip_over(world: &World) {
        let ledger = world.filled(3).await;
        fs::create_dir(dir(world)).unwrap();
        fs::write(file(world, ".record-1.tmp"), "half a li").unwrap();
        archive_all(world, &ledger).await;
        assert_eq!(names(world), ["record-1-3.jsonl"]);
        assert!(check(world, &ledger).await.findings.is_empty());
    }

    async fn what_does_not_verify_is_not_removed(world: &World) {
        let ledger = world.filled(15).await;
        world.drop_triggers().await;
        world.sql("UPDATE ledger SET body = '{}' WHERE seq = 13").await;
        let error = archive::archive(&ledger, world.clock.now(), &dir(world), SMALL).await.unwrap_err();
        assert_eq!(error.code(), Code::RecordBroken);
        assert!(error.to_string().contains("entry 13"), "{error}");
        // The file before it is whole, and there is no other.
        assert_eq!(names(world), ["record-1-10.jsonl"]);
        assert_eq!(found(&ledger).await, [(13, FindingKind::Changed)]);
        assert_eq!(verify(&ledger).await.first, Some(11));
    }

    async fn entries_that_differ_from_their_file_are_not_removed(world: &World) {
        let ledger = world.filled(6).await;
        fs::create_dir(dir(world)).unwrap();
        archive::write(ledger.shared(), world.clock.now(), 6, &dir(world), SMALL).await.unwrap().unwrap();
        let path = file(world, "record-1-6.jsonl");
        edit(&path, |lines| lines[3] = lines[3].replace("request-2", "request-3"));
        let error = archive::archive(&ledger, world.clock.now(), &dir(world), SMALL).await.unwrap_err();
        assert_eq!(error.code(), Code::RecordBroken);
        assert!(error.to_string().contains("record-1-6.jsonl"), "{error}");
        assert_eq!(verify(&ledger).await.entries, 6);
    }

    async fn every_edit_of_a_file_is_found(world: &World) {
        let ledger = world.filled(6).await;
        archive_all(world, &ledger).await;
        let path = file(world, "record-1-6.jsonl");
        let whole = fs::read(&path).unwrap();
        let edits: [(Change, &[(u64, FindingKind)]); 9] = [
            (|lines| lines[3] = lines[3].replace("request-2", "request-9"), &[(3, FindingKind::Changed)]),
            (|lines| lines[3] = lines[3].replace("\"seq\":3", "\"seq\": 3"), &[(3, FindingKind::Changed)]),
            (|lines| drop(lines.remove(3)), &[(3, FindingKind::Missing)]),
            (|lines| drop(lines.remove(6)), &[(6, FindingKind::TailMissing)]),
            (|lines| drop(lines.remove(7)), &[(7, FindingKind::TailMissing)]),
            (|lines| lines.push(lines[7].clone()), &[(6, FindingKind::Changed)]),
            (|lines| lines[7] = lines[7].replace("\"mac\":\"", "\"mac\":\"00"), &[(7, FindingKind::Changed), (8, FindingKind::TailMissing)]),
            (|lines| lines[0] = lines[7].replace("end", "begin"), &[(1, FindingKind::Changed)]),
            (|lines| lines[4] = "\u{0}".to_owned(), &[(4, FindingKind::Changed)]),
        ];
        for (index, (change, expected)) in edits.into_iter().enumerate() {
            edit(&path, change);
            assert_eq!(kinds(&check(world, &ledger).await), expected, "edit {index}");
            fs::write(&path, &whole).unwrap();
            assert!(check(world, &ledger).await.findings.is_empty());
        }
        let mut bytes = whole.clone();
        let middle = bytes.len() / 2;
        bytes[middle] = 0xff;
        fs::write(&path, bytes).unwrap();
        assert_eq!(kinds(&check(world, &ledger).await).len(), 1);
    }

    async fn files_follow_one_another_up_to_the_database(world: &World) {
        let ledger = world.filled(25).await;
        archive_all(world, &ledger).await;
        let names = ["record-1-10.jsonl", "record-11-20.jsonl", "record-21-25.jsonl"];
        let contents = names.map(|name| fs::read(file(world, name)).unwrap());
        let expected: [&[(u64, FindingKind)]; 3] = [&[], &[(11, FindingKind::Missing)], &[(21, FindingKind::Missing)]];
        for ((name, content), expected) in names.iter().zip(&contents).zip(expected) {
            fs::remove_file(file(world, name)).unwrap();
            assert_eq!(kinds(&check(world, &ledger).await), expected, "without {name}");
            fs::write(file(world, name), content).unwrap();
        }
        // The oldest may go after its time, which shows without being a finding.
        fs::remove_file(file(world, names[0])).unwrap();
        assert_eq!(check(world, &ledger).await.first, Some(11));
        fs::write(file(world, names[0]), &contents[0]).unwrap();
        // A file under the name of another.
        fs::rename(file(world, names[1]), file(world, "record-12-20.jsonl")).unwrap();
        assert!(!check(world, &ledger).await.findings.is_empty());
    }

    async fn a_forged_base_is_found_and_nothing_is_archived_from_it(world: &World) {
        let ledger = world.filled(8).await;
        archive::archive(&ledger, world.clock.now() - SignedDuration::from_secs(4), &dir(world), SMALL).await.unwrap();
        world.drop_triggers().await;
        world.sql("DELETE FROM ledger WHERE seq < 7; UPDATE ledger_marks SET seq = 6 WHERE name = 'base'").await;
        assert_eq!(found(&ledger).await, [(6, FindingKind::BaseForged)]);
        assert_eq!(kinds(&check(world, &ledger).await), [(6, FindingKind::BaseForged)]);
        let error = ledger.archive(world.clock.now(), &dir(world)).await.unwrap_err();
        assert_eq!(error.code(), Code::RecordBroken);
    }
}
