//! `jeton token inspect`

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _, Read as _},
    process::ExitCode,
};

use jeton_api::InspectResponse;
use jeton_domain::{Clock as _, Code, ForgeKind, Secret};
use jeton_inspect::{Certainty, Inspection, LONGEST, Wholeness, inspect};
use zeroize::Zeroizing;

use super::{
    CliError, Context, Format, account_online, account_report,
    account_token::refuse_tokens_in,
    args::{ForgeArg, InspectArgs},
    error::Told,
    hidden_input::read_hidden,
    output::{print, print_json},
};
use crate::system::SystemClock;

/// How to give a token, when it is not by an argument.
const WAY: &str = "Give the token on standard input, as with `jeton token inspect < FILE`, or run the command alone and paste it \
                   when asked.";

/// What is read at most: more than is looked at, so that what is too long is told; Windows writes two bytes for each character.
const MOST: usize = 2 * LONGEST + 16;

impl From<ForgeArg> for ForgeKind {
    fn from(forge: ForgeArg) -> Self {
        match forge {
            ForgeArg::Github => Self::GitHub,
            ForgeArg::Gitlab => Self::GitLab,
            ForgeArg::Bitbucket => Self::Bitbucket,
        }
    }
}

pub(super) async fn run(args: InspectArgs, context: &Context) -> Result<ExitCode, CliError> {
    let expected = args.forge.map(ForgeKind::from);
    if let Some(argument) = args.token {
        return Err(in_arguments(&Secret::new(argument), expected, WAY));
    }
    let online = &args.online;
    let wanted = &online.wanted;
    let texts = [&online.base_url, &online.username, &online.email, &wanted.repository];
    refuse_tokens_in(texts.into_iter().flatten().map(String::as_str), WAY)?;
    if !args.online.online && (!wanted.purposes.is_empty() || wanted.repository.is_some()) {
        return Err(CliError::Usage {
            what: "what a token is good for, only its forge can tell".to_owned(),
            remedy: "Add --online, or leave --for and --repository out.".to_owned(),
        });
    }
    let inspection = inspect(&read_token()?, expected);
    // What cannot be a token is sent nowhere.
    let check = if args.online.online && inspection.usable() {
        Some(account_online::look(&inspection, expected, &args.online, context).await?)
    } else {
        None
    };
    match (args.format, &check) {
        (Format::Json, _) => print_json(&InspectResponse {
            check: check.clone(),
            ..InspectResponse::from(&inspection)
        })?,
        (Format::Table, None) => print(&render(&inspection))?,
        (Format::Table, Some(check)) => {
            let report = account_report::whole(check, SystemClock.now());
            print(&format!("{}\n{report}", render(&inspection)))?;
        }
    }
    Ok(match check {
        Some(check) => ExitCode::from(account_report::exit_status(&check)),
        None if inspection.usable() => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}

/// Refuses a token that is an argument, for whoever may have seen it there, and says which way it is given instead.
pub(super) fn in_arguments(argument: &Secret, expected: Option<ForgeKind>, way: &str) -> CliError {
    let remedy = if inspect(argument, expected).kind.is_some() {
        format!(
            "{way} If this is a real token, take the line out of your shell's history, and revoke the token if others use this \
             machine."
        )
    } else {
        way.to_owned()
    };
    CliError::of(Told {
        what: "a token does not belong on the command line: every user of this machine can read it there while the command \
               runs, and the shell keeps it in its history"
            .to_owned(),
        code: Code::RequestInvalid,
        remedy: Some(remedy),
    })
}

/// The token from standard input, or from the terminal without showing it.
///
/// # Errors
/// When it cannot be read, or is no text.
pub(super) fn read_token() -> Result<Secret, CliError> {
    if io::stdin().is_terminal() {
        let line = read_hidden("Paste the token and press Enter (it is not shown): ", MOST)?;
        let text = std::str::from_utf8(&line).map_err(|_| not_text())?;
        return Ok(Secret::new(text));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST));
    let limit = u64::try_from(MOST).unwrap_or(u64::MAX);
    io::stdin()
        .lock()
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|source| CliError::Io {
            what: "standard input cannot be read".to_owned(),
            source,
        })?;
    token_in(&bytes)
}

/// The token in a file.
///
/// # Errors
/// When it is no text.
pub(super) fn token_in(bytes: &[u8]) -> Result<Secret, CliError> {
    let text = decoded(bytes)?;
    // `echo` and editors end their last line; nobody pasted that
    let line = text
        .strip_suffix('\n')
        .map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Ok(Secret::new(line))
}

/// UTF-8, or UTF-16 as Windows' shell writes it to a file.
fn decoded(bytes: &[u8]) -> Result<Zeroizing<String>, CliError> {
    let units = |unit: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units: Zeroizing<Vec<u16>> =
            Zeroizing::new(bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect());
        String::from_utf16(&units).map_err(|_| not_text())
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => units(u16::from_le_bytes, rest)?,
        [0xfe, 0xff, rest @ ..] => units(u16::from_be_bytes, rest)?,
        _ => std::str::from_utf8(bytes).map_err(|_| not_text())?.to_owned(),
    };
    Ok(Zeroizing::new(text))
}

/// That what was read is no text.
pub(super) fn not_text() -> CliError {
    CliError::of(Told {
        what: "what was read is no text".to_owned(),
        code: Code::CredentialNotAToken,
        remedy: Some("A token is a line of letters and digits. Look whether the file is the right one.".to_owned()),
    })
}

fn render(inspection: &Inspection) -> String {
    let mut out = String::new();
    if let Some(kind) = inspection.kind {
        let known = match inspection.certainty {
            Certainty::Sure => "this is",
            Certainty::Hint => "this looks like",
        };
        let _ = writeln!(out, "{known} {}", kind.words());
        let _ = writeln!(out, "form: {}", inspection.form);
        let _ = writeln!(out, "whole: {}", whole(inspection.wholeness));
    } else {
        let _ = writeln!(out, "this is no token of a forge");
    }
    for finding in &inspection.findings {
        let _ = writeln!(out, "\n{}: {}", finding.severity, finding.words);
        if !finding.remedy.is_empty() {
            let _ = writeln!(out, "  help: {}", finding.remedy);
        }
        let _ = writeln!(out, "  code: {}", finding.code);
    }
    out
}

fn whole(wholeness: Wholeness) -> &'static str {
    match wholeness {
        Wholeness::Whole => "yes, its checksum is right",
        Wholeness::Damaged => "no",
        Wholeness::Likely => "probably, as far as it can be told",
        Wholeness::Unknown => "that cannot be told",
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::Secret;
    use jeton_inspect::inspect;

    use super::{decoded, render};

    #[test]
    fn what_windows_writes_is_read() {
        for bytes in [&b"ab"[..], b"\xff\xfea\0b\0", b"\xfe\xff\0a\0b"] {
            assert_eq!(decoded(bytes).unwrap().as_str(), "ab");
        }
        assert!(decoded(b"\xff\xd8\xff\xe0").is_err() && decoded(b"a\xff").is_err());
    }

    #[test]
    fn people_are_told_what_it_is_and_what_to_do() {
        let body = "Ab3".repeat(10);
        let token = format!("ghp_{body}{}", jeton_inspect::checksum::github_classic(&body));
        let text = render(&inspect(&Secret::new(format!("Bearer {token}")), None));
        assert!(
            text.starts_with("this is a GitHub personal access token (classic)\n"),
            "{text}"
        );
        assert!(
            text.contains("whole: yes") && text.contains("note: The word before"),
            "{text}"
        );
        let text = render(&inspect(&Secret::new("octocat"), None));
        assert!(text.contains("\nerror: This looks like a user name"), "{text}");
        assert!(
            text.contains("  help: ") && text.ends_with("  code: credential.not_a_token\n"),
            "{text}"
        );
    }
}
