//! `jeton content`: reads repositories, through a server or alone.

mod alone;
mod cat;
mod commits;
pub(super) mod forge;
mod lines;
mod progress;
mod range;
pub(super) mod reader;
mod sink;
pub(super) mod target;
mod tree;
mod words;

use std::process::ExitCode;

use jeton_api::ContentOrigin;

use super::{
    CliError, Context,
    account_token::refuse_tokens_in,
    args_content::ContentCommand,
    output::{clean, note},
};

/// How to give a token, when it is not by an argument.
const WAY: &str = "A server has tokens of its own; without one, set GITHUB_TOKEN, GITLAB_TOKEN, or BITBUCKET_TOKEN with \
                   BITBUCKET_EMAIL.";

pub(super) async fn run(command: ContentCommand, context: &Context) -> Result<ExitCode, CliError> {
    let (repository, place) = match &command {
        ContentCommand::Tree(args) => (&args.repository, &args.place),
        ContentCommand::Cat(args) => (&args.repository, &args.place),
        ContentCommand::Lines(args) => (&args.repository, &args.place),
        ContentCommand::Commits(args) => (&args.repository, &args.place),
    };
    let texts = [
        Some(repository),
        place.reference.as_ref(),
        place.forge.as_ref(),
        place.base_url.as_ref(),
    ];
    refuse_tokens_in(texts.into_iter().flatten().map(String::as_str), WAY)?;
    if place.reference.as_ref().is_some_and(|name| name.trim().is_empty()) {
        // A script whose variable is empty would read something else than it means.
        return Err(CliError::Usage {
            what: "--ref names no branch, tag or commit".to_owned(),
            remedy: "Leave it out for the default branch.".to_owned(),
        });
    }
    match command {
        ContentCommand::Tree(args) => tree::run(args, context).await,
        ContentCommand::Cat(args) => cat::run(args, context).await,
        ContentCommand::Lines(args) => lines::run(args, context).await,
        ContentCommand::Commits(args) => commits::run(args, context).await,
    }
}

/// What people should know of an answer, each in a line.
fn notes(origin: &ContentOrigin) -> Vec<String> {
    let stale = origin.stale_seconds.map(|age| stale(&origin.forge, age));
    let wrong = origin
        .notices
        .iter()
        .map(|notice| format!("note: {} {}", notice.cause, notice.remedy));
    stale
        .into_iter()
        .chain(wrong)
        .map(|line| clean(line.trim_end()))
        .collect()
}

/// How to type the cursor of the next page.
fn more(cursor: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '+' | '=');
    let cursor = clean(cursor);
    if cursor.chars().all(is_bare) {
        format!("there is more: --cursor {cursor}")
    } else {
        format!("there is more: --cursor '{}'", cursor.replace('\'', r"'\''"))
    }
}

fn stale(forge: &str, seconds: u64) -> String {
    format!("note: {forge} is down: this was read {seconds} seconds ago")
}

/// Tells people on standard error.
fn tell(origin: &ContentOrigin) {
    for line in notes(origin) {
        note(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::more;

    #[test]
    fn a_cursor_can_be_pasted_as_it_is_shown() {
        assert_eq!(more("abc-1=="), "there is more: --cursor abc-1==");
        assert_eq!(more("abc 0 d'c"), r"there is more: --cursor 'abc 0 d'\''c'");
    }
}
