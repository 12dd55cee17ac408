//! `jeton content tree`

use std::{fmt::Write as _, process::ExitCode};

use jeton_api::{RepositoryTree, TreeEntry};

use super::{
    CliError, Context, clean, more, note,
    reader::{Reader, TreeAsk, at_one_of},
    target::{Spot, Target},
    tell,
};
use crate::cli::{
    Format,
    args_content::TreeArgs,
    output::{print, print_json},
};

/// How many entries are asked for at once.
const PAGE: u64 = 5000;

pub(super) async fn run(args: TreeArgs, context: &Context) -> Result<ExitCode, CliError> {
    let target = Target::parse(&args.repository)?;
    let spots = target.spots(args.place.reference.as_deref(), args.path.as_deref())?;
    let reader = Reader::new(&args.place, &target, context).await?;
    let mut left = args.limit.unwrap_or(u64::MAX);
    let mut ask = TreeAsk {
        recursive: !args.no_recursive,
        limit: left.min(PAGE),
        cursor: args.cursor,
    };
    let (mut page, spot) = at_one_of(&spots, async |spot: &Spot| reader.tree(spot, &ask).await).await?;
    let format = args.print.format();
    if format == Format::Table {
        tell(&page.origin);
    }
    let mut all = Vec::new();
    loop {
        left = left.saturating_sub(page.entries.len() as u64);
        match format {
            // Each page as it comes: there may be many.
            Format::Table => print(&render(&page.entries))?,
            Format::Json => all.append(&mut page.entries),
        }
        let Some(next) = page.next.clone().filter(|_| left > 0) else {
            break;
        };
        ask.limit = left.min(PAGE);
        ask.cursor = Some(next);
        page = reader.tree(&spot, &ask).await?;
    }
    match format {
        Format::Json => print_json(&RepositoryTree { entries: all, ..page })?,
        Format::Table => {
            if let Some(next) = &page.next {
                note(&more(next));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A path in each line. What is a file has no mark, so that other programs can take the line as it is.
fn render(entries: &[TreeEntry]) -> String {
    let mut out = String::new();
    for entry in entries {
        let path = clean(&entry.path);
        let _ = match (entry.kind.as_str(), &entry.id) {
            ("directory", _) => writeln!(out, "{path}/"),
            ("symlink", _) => writeln!(out, "{path}@"),
            ("submodule", Some(commit)) => writeln!(out, "{path} (submodule at {})", clean(commit)),
            ("submodule", None) => writeln!(out, "{path} (submodule)"),
            _ => writeln!(out, "{path}"),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use jeton_api::TreeEntry;

    use super::render;

    #[test]
    fn what_is_no_file_has_a_mark() {
        let entry = |path: &str, kind: &str, id: Option<&str>| TreeEntry {
            path: path.to_owned(),
            kind: kind.to_owned(),
            id: id.map(str::to_owned),
            size: None,
        };
        let text = render(&[
            entry("a b#.txt", "file", Some("1")),
            entry("bin/run", "executable", None),
            entry("bin", "directory", Some("2")),
            entry("link", "symlink", Some("3")),
            entry("vendor/x", "submodule", Some("abc")),
            entry("vendor/y", "submodule", None),
        ]);
        assert_eq!(
            text,
            "a b#.txt\nbin/run\nbin/\nlink@\nvendor/x (submodule at abc)\nvendor/y (submodule)\n"
        );
    }
}
