//! Changing a database behind the server's back, with the programs that anybody would take for it.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use jeton_testkit::{Database, DatabaseKind};

/// Runs SQL behind the server's back; `None` when there is no program for it on this machine.
#[expect(clippy::print_stdout, reason = "says why a test did nothing")]
pub(crate) fn raw_sql(database: &Database, statements: &str) -> Option<Output> {
    let run = |mut command: Command| {
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.ok()?;
        child.stdin.take().unwrap().write_all(statements.as_bytes()).unwrap();
        Some(child.wait_with_output().unwrap())
    };
    let mut command = if let Some(url) = database.url() {
        let mut command = Command::new("psql");
        command
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(url.expose());
        command
    } else {
        let mut command = Command::new("sqlite3");
        command
            .args(["-bail", "-batch", "-cmd", ".timeout 5000"])
            .arg(database.file());
        command
    };
    command.current_dir("/");
    let output = run(command);
    if output.is_none() {
        println!("skipped: it takes `sqlite3` and `psql` to edit a database by hand");
    }
    output
}

/// The same, and it must work.
pub(crate) fn sql(database: &Database, statements: &str) -> Option<String> {
    let output = raw_sql(database, statements)?;
    assert!(
        output.status.success(),
        "{statements}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What guards the record against an honest mistake does not stop whoever may change the database.
pub(crate) fn without_guards(database: &Database) -> bool {
    let statements = match database.kind() {
        DatabaseKind::Sqlite => {
            "DROP TRIGGER IF EXISTS ledger_refuses_update; DROP TRIGGER IF EXISTS ledger_refuses_delete; \
             DROP TRIGGER IF EXISTS ledger_marks_refuse_update;"
        }
        DatabaseKind::Postgres => {
            "ALTER TABLE ledger DISABLE TRIGGER USER; ALTER TABLE ledger_marks DISABLE TRIGGER USER;"
        }
    };
    sql(database, statements).is_some()
}
