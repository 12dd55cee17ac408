//! `jeton content commits`

use std::process::ExitCode;

use jeton_api::{CommitEntry, CommitList};

use super::{
    CliError, Context, more, note,
    reader::{CommitsAsk, Reader, at_one_of},
    target::{Spot, Target},
    tell,
};
use crate::cli::{
    Format,
    args_content::CommitsArgs,
    output::{print, print_json, table},
};

/// How many commits are asked for at once.
const PAGE: u64 = 100;

pub(super) async fn run(args: CommitsArgs, context: &Context) -> Result<ExitCode, CliError> {
    let target = Target::parse(&args.repository)?;
    let spots = target.spots(args.place.reference.as_deref(), args.path.as_deref())?;
    let reader = Reader::new(&args.place, &target, context).await?;
    let mut ask = CommitsAsk {
        since: args.since,
        until: args.until,
        timezone: args.timezone,
        limit: args.limit.min(PAGE),
        cursor: args.cursor,
    };
    let (first, spot) = at_one_of(&spots, async |spot: &Spot| reader.commits(spot, &ask).await).await?;
    let mut list = first;
    // A page may be empty though more comes: then the search goes on from where it got.
    while let Some(next) = list.next.clone() {
        let left = args.limit.saturating_sub(list.commits.len() as u64);
        if left == 0 || ask.cursor.as_ref() == Some(&next) {
            break;
        }
        ask.limit = left.min(PAGE);
        ask.cursor = Some(next);
        let page = reader.commits(&spot, &ask).await?;
        list.commits.extend(page.commits);
        list.next = page.next;
    }
    match args.print.format() {
        Format::Json => print_json(&list)?,
        Format::Table => show(&list)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(list: &CommitList) -> Result<(), CliError> {
    tell(&list.origin);
    if list.commits.is_empty() {
        note("no such commits");
    } else {
        print(&render(&list.commits))?;
    }
    if let Some(next) = &list.next {
        note(&more(next));
    }
    Ok(())
}

fn render(commits: &[CommitEntry]) -> String {
    let rows = commits.iter().map(|commit| {
        [
            commit.id.chars().take(12).collect(),
            commit.committer.date.clone(),
            commit.author.name.clone(),
            commit.message.lines().next().unwrap_or_default().to_owned(),
        ]
    });
    table(["COMMIT", "DATE", "AUTHOR", "SUBJECT"], rows)
}

#[cfg(test)]
mod tests {
    use jeton_api::{CommitEntry, CommitPerson};

    use super::render;

    #[test]
    fn a_commit_is_a_line() {
        let person = CommitPerson {
            name: "Ada\u{1b}[31m".to_owned(),
            email: "ada@example.com".to_owned(),
            date: "2026-11-22T10:00:00+01:00".to_owned(),
        };
        let text = render(&[CommitEntry {
            id: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            message: "Add: x\n\nbecause of y\n".to_owned(),
            author: person.clone(),
            committer: person,
            parents: Vec::new(),
            url: None,
            cursor: "c".to_owned(),
        }]);
        let line = text.lines().nth(1).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(line.starts_with("0123456789ab ") && line.ends_with(" Add: x"), "{text}");
        assert!(
            line.contains("2026-11-22T10:00:00+01:00") && !line.contains('\u{1b}'),
            "{text}"
        );
    }
}
