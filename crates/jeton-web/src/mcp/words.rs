//! Answers for a model: a line that says what it is and how it goes on, and then the thing itself.

use std::fmt::Write as _;

use jeton_api::{
    CommitEntry, CommitList, ContentOrigin, Diagnosis, FileContent, FileFacts, FileLineCount, FileLines,
    RepositoryTree, TreeEntry,
};

/// One path per line.
pub(super) fn tree(tree: &RepositoryTree) -> String {
    let below = if tree.path.is_empty() {
        String::new()
    } else {
        format!("{} in ", tree.path)
    };
    let count = count(tree.entries.len() as u64, "entry", "entries");
    let mut text = format!(
        "{below}{}: {count}{}",
        place(&tree.origin),
        cursor(tree.next.as_deref())
    );
    for entry in &tree.entries {
        text.push('\n');
        entry_line(&mut text, entry);
    }
    text
}

fn entry_line(text: &mut String, entry: &TreeEntry) {
    text.push_str(&entry.path);
    match entry.kind.as_str() {
        "directory" => text.push('/'),
        "submodule" => {
            let commit = entry.id.as_deref().map_or("unknown commit", short);
            // Writing to a `String` cannot fail.
            let _ = write!(text, " (submodule at {commit})");
        }
        "file" => {}
        kind => {
            let _ = write!(text, " ({kind})");
        }
    }
}

/// The text as it is. Of what is no text in UTF-8, what it is.
pub(super) fn file(part: &FileContent, left_out: bool) -> String {
    let (file, end) = (&part.file, part.next.unwrap_or(part.file.size));
    let extent = if part.offset == 0 && !part.truncated {
        lines_of(file).map_or("whole".to_owned(), |lines| format!("whole, {lines}"))
    } else {
        format!("bytes {} to {end} (excluded)", part.offset)
    };
    let more = part
        .next
        .map_or(String::new(), |next| format!("; goes on with offset={next}"));
    let head = format!("{}: {extent} of {}{more}", file_place(&part.origin, file), size(file));
    if part.encoding == "utf-8" {
        return format!("{head}\n{}", part.content);
    }
    let (what, bytes) = (charset(file), count(end - part.offset, "byte", "bytes"));
    if left_out {
        format!(
            "{head}\nThe file is {what}, and not shown. With `limit` up to 50000 programs get its bytes in structuredContent."
        )
    } else {
        format!(
            "{head}\nThe file is {what}, and not shown. For programs {bytes} of it are in structuredContent, as base64."
        )
    }
}

/// Each line with its number.
pub(super) fn lines(lines: &FileLines) -> String {
    let file = &lines.file;
    let extent = match lines.lines.len() {
        0 => "no lines".to_owned(),
        _ => format!("lines {} to {}", lines.start_line, lines.end_line),
    };
    let more = lines
        .next
        .map_or(String::new(), |next| format!("; goes on with start_line={next}"));
    let mut text = format!(
        "{}: {extent} of {}{more}",
        file_place(&lines.origin, file),
        file.max_lines
    );
    let width = lines.end_line.to_string().len();
    for (number, line) in (lines.start_line..).zip(&lines.lines) {
        let _ = write!(text, "\n{number:>width$}\t{line}");
    }
    text
}

/// What is known of a file.
pub(super) fn line_count(count: &FileLineCount) -> String {
    let file = &count.file;
    let ends = match file.line_endings.as_str() {
        "lf" => ", line ends LF",
        "crlf" => ", line ends CRLF",
        "mixed" => ", line ends mixed",
        _ => "",
    };
    let (place, size, charset) = (file_place(&count.origin, file), size(file), charset(file));
    match lines_of(file) {
        Some(lines) => format!("{place}: {lines}, {size}, {charset}{ends}"),
        None => format!("{place}: {size}, {charset}"),
    }
}

/// One commit per line.
pub(super) fn commits(list: &CommitList) -> String {
    let count = count(list.commits.len() as u64, "commit", "commits");
    let mut text = format!("{}: {count}{}", place(&list.origin), cursor(list.next.as_deref()));
    for commit in &list.commits {
        text.push('\n');
        commit_line(&mut text, commit);
    }
    text
}

fn commit_line(text: &mut String, commit: &CommitEntry) {
    let title = commit.message.trim_start().lines().next().unwrap_or_default();
    let (name, title) = (one_line(&commit.author.name), one_line(title.trim_end()));
    let _ = write!(text, "{} {} {name}: {title}", short(&commit.id), commit.committer.date);
}

/// What is wrong with a credential that was passed over.
pub(super) fn notice(notice: &Diagnosis) -> String {
    format!("Note: {}: {} {}", notice.code, notice.cause, notice.remedy)
}

/// The repository, and the commit that was read.
fn place(origin: &ContentOrigin) -> String {
    let mut text = format!("{}/{}", origin.forge, origin.repository);
    if let Some(reference) = origin.reference.as_deref().filter(|name| *name != origin.commit) {
        let _ = write!(text, " at {reference}");
    }
    let _ = write!(text, " (commit {}", origin.commit);
    if let Some(age) = origin.stale_seconds {
        let _ = write!(text, ", as of {age} seconds ago, because the forge does not answer");
    }
    text.push(')');
    text
}

fn file_place(origin: &ContentOrigin, file: &FileFacts) -> String {
    let link = file
        .link
        .as_deref()
        .map_or(String::new(), |link| format!(" (through the link {link})"));
    let lfs = file.lfs.as_ref().map_or(String::new(), |object| {
        format!(
            ", a Git LFS pointer to an object of {}, which is not given",
            count(object.size, "byte", "bytes")
        )
    });
    format!("{}{link} in {}{lfs}", file.path, place(origin))
}

/// How many lines a file has; what is no text has bytes that look like line ends, and no lines.
fn lines_of(file: &FileFacts) -> Option<String> {
    (!file.binary).then(|| count(file.max_lines, "line", "lines"))
}

fn size(file: &FileFacts) -> String {
    count(file.size, "byte", "bytes")
}

fn charset(file: &FileFacts) -> &'static str {
    match file.charset.as_str() {
        "utf-8" => "text in UTF-8",
        "utf-8-bom" => "text in UTF-8 with a byte order mark",
        "8-bit" => "text in an 8-bit encoding such as Latin-1, not UTF-8",
        "utf-16" => "text in UTF-16, not UTF-8",
        _ => "binary",
    }
}

fn cursor(next: Option<&str>) -> String {
    next.map_or(String::new(), |next| format!("; goes on with cursor={next}"))
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// Names and titles are other people's text: none of it may look like a line of ours.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
