//! What people and programs read on standard output.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
};

use clap::ValueEnum;
use comfy_table::{Table, presets};

use super::CliError;

/// What a list looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// For programs
    Json,
}

/// Writes to standard output. A reader that went away, as `head` does, is no failure.
///
/// # Errors
/// When it cannot be written, as on a full disk.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Io {
            what: "standard output cannot be written".to_owned(),
            source: error,
        }),
        _ => Ok(()),
    }
}

/// Writes a line to standard error, where nobody is told of a failure.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a value as indented JSON.
///
/// # Errors
/// As [`print()`].
pub(crate) fn print_json<T: serde::Serialize>(value: &T) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| CliError::Io {
        what: "the answer cannot be printed".to_owned(),
        source: error.into(),
    })?;
    print(&format!("{text}\n"))
}

/// A table without lines, as other tools print them.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for row in rows {
        table.add_row(row.map(|cell| clean(&cell)));
    }
    // without lines around it the padding at the edges is of no use
    let bare = |line: String| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned();
    let lines: Vec<_> = table.lines().map(bare).collect();
    format!("{}\n", lines.join("\n"))
}

/// Asks on the terminal whether to go on; [`CliError::Usage`] when there is none to ask on.
///
/// # Errors
/// As said, and when standard input cannot be read.
pub(crate) fn confirmed(what: &str, question: &str) -> Result<bool, CliError> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(CliError::Usage {
            what: format!("{} needs a yes", clean(what)),
            remedy: "Add --yes.".to_owned(),
        });
    }
    let _ = write!(io::stderr().lock(), "{} [y/N] ", clean(question));
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).map_err(|source| CliError::Io {
        what: "standard input cannot be read".to_owned(),
        source,
    })?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// `contents=read,issues=write`
pub(crate) fn permission_list(permissions: &BTreeMap<String, String>) -> String {
    let shown: Vec<_> = permissions
        .iter()
        .map(|(name, level)| format!("{name}={level}"))
        .collect();
    shown.join(",")
}

/// What is not there, in a table.
pub(crate) fn or_dash(text: Option<&String>) -> String {
    text.cloned().unwrap_or_else(|| "-".to_owned())
}

/// Text from elsewhere without control characters, which could write all over a terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{clean, table};

    #[test]
    fn a_table_shows_every_row_and_no_escape() {
        let text = table(["NAME", "FORGE"], [["a\u{1b}[31m".to_owned(), "github.com".to_owned()]]);
        assert!(text.lines().next().unwrap().contains("NAME"));
        assert!(text.contains("github.com") && !text.contains('\u{1b}'), "{text:?}");
        assert_eq!(clean("a\nb"), "a b");
    }
}
