//! Where the value of a secret comes from: never from the arguments.

use std::{
    io::{self, IsTerminal as _, Read as _},
    path::Path,
};

use jeton_domain::{Code, Secret};
use zeroize::Zeroizing;

use crate::{
    cli::{
        CliError,
        error::Told,
        hidden_input::read_hidden,
        output::{clean, note},
    },
    config::read_file,
};

/// What is read at most, in bytes; no forge takes as much.
const MOST: usize = 64 * 1024;

/// Reads the value from a file, from standard input, or from the terminal without showing it.
///
/// # Errors
/// When it cannot be read, is no text, empty, or too long.
pub(super) fn read(name: &str, file: Option<&Path>, keep_newline: bool) -> Result<Secret, CliError> {
    let bytes = match file {
        Some(path) => Zeroizing::new(read_file(path, "--from-file")?),
        None if io::stdin().is_terminal() => {
            let question = format!(
                "Type or paste the value of {} and press Enter (it is not shown): ",
                clean(name)
            );
            read_hidden(&question, MOST + 1)?
        }
        None => standard_input()?,
    };
    let (value, dropped) = value_in(&bytes, keep_newline)?;
    // A private key without it is one that ssh cannot read.
    if dropped && value.expose().starts_with("-----BEGIN ") {
        note("note: the line end after the last line was dropped; if it is needed, push it again with --keep-newline");
    }
    Ok(value)
}

fn standard_input() -> Result<Zeroizing<Vec<u8>>, CliError> {
    // All at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST + 64));
    let limit = u64::try_from(MOST + 1).unwrap_or(u64::MAX);
    io::stdin()
        .lock()
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|source| CliError::Io {
            what: "standard input cannot be read".to_owned(),
            source,
        })?;
    Ok(bytes)
}

/// The text, and whether a line end was taken from its end.
fn value_in(bytes: &[u8], keep_newline: bool) -> Result<(Secret, bool), CliError> {
    if bytes.len() > MOST {
        return Err(told(
            Code::SecretTooLarge,
            "the secret has more than 64 KiB, and no forge takes as much",
            "Keep what is large elsewhere, encrypted, and push the key to it.",
        ));
    }
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or_else(|| {
        told(
            Code::SecretNotText,
            "the secret is no text, and the forges take nothing else",
            "Push it as base64, as with `base64 < FILE | jeton secret push NAME OWNER/REPO`, and let the job decode it.",
        )
    })?;
    let without = text
        .strip_suffix('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .filter(|_| !keep_newline);
    let value = without.unwrap_or(text);
    if value.is_empty() {
        return Err(told(
            Code::SecretEmpty,
            "the secret is empty",
            "Look whether what should have written it did; a secret is removed at the forge.",
        ));
    }
    Ok((Secret::new(value), without.is_some()))
}

fn told(code: Code, what: &str, remedy: &str) -> CliError {
    CliError::of(Told {
        what: what.to_owned(),
        code,
        remedy: Some(remedy.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use jeton_domain::{Code, Coded as _};

    use super::{MOST, value_in};

    fn value(bytes: &[u8], keep: bool) -> String {
        value_in(bytes, keep).unwrap().0.expose().to_owned()
    }

    #[test]
    fn one_line_end_goes_and_no_more() {
        for (given, want) in [
            (&b"abc"[..], "abc"),
            (b"abc\n", "abc"),
            (b"abc\r\n", "abc"),
            (b"abc\n\n", "abc\n"),
            (b"a\nb", "a\nb"),
            (b" abc ", " abc "),
            (b"abc\r", "abc\r"),
        ] {
            assert_eq!(value(given, false), want, "{given:?}");
            assert_eq!(value(given, true).as_bytes(), given);
        }
        assert_eq!(value(b"\n", true), "\n");
        assert!(value_in(b"a\n", false).unwrap().1 && !value_in(b"a\n", true).unwrap().1);
    }

    #[test]
    fn what_no_forge_takes_stays_here() {
        let refused = |bytes: &[u8]| value_in(bytes, false).unwrap_err();
        for (bytes, code) in [
            (&b""[..], Code::SecretEmpty),
            (b"\n", Code::SecretEmpty),
            (b"\r\n", Code::SecretEmpty),
            (b"\xff\xfe", Code::SecretNotText),
            (b"a\0b", Code::SecretNotText),
            (&vec![b'a'; MOST + 1], Code::SecretTooLarge),
        ] {
            let error = refused(bytes);
            assert_eq!((error.code(), error.exit_status()), (code, 1));
            assert!(error.remedy().is_some());
        }
        assert!(value_in(&vec![b'a'; MOST], false).is_ok());
    }
}
