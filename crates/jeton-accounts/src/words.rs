//! The words that people give with an account, looked at once and at the edge.

use jeton_domain::{AccountLabel, RepoPath, Serves, redact};

use crate::AccountError;

/// Characters of a note.
const LONGEST_NOTE: usize = 200;
/// Characters of a user name.
const LONGEST_USERNAME: usize = 255;
/// Characters of an e-mail address (RFC 5321, 4.5.3.1.3, less the brackets).
const LONGEST_EMAIL: usize = 254;
/// Owners and repositories that one account serves.
const MOST_SERVED: usize = 50;
/// Names of routes beside `/v1/accounts/{label}`.
const RESERVED: [&str; 5] = ["test", "guide", "import", "import-env", "import-environment"];

/// Reads a label. One that reads like an id could hide the account of that id, and one that a route has could not be
/// asked for.
pub(crate) fn label(text: &str) -> Result<AccountLabel, AccountError> {
    without_token("label", text)?;
    let label = AccountLabel::parse(text).map_err(|error| AccountError::Invalid(error.to_string()))?;
    if uuid::Uuid::try_parse(label.as_str()).is_ok() {
        return Err(AccountError::Invalid(format!(
            "`{label}` reads like an id, not like a label"
        )));
    }
    if RESERVED.contains(&label.as_str()) {
        return Err(AccountError::Invalid(format!("no account can be labelled `{label}`")));
    }
    Ok(label)
}

/// A line for people; `None` when nothing is left of it.
pub(crate) fn note(text: Option<&str>) -> Result<Option<String>, AccountError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    without_token("note", text)?;
    if text.chars().count() > LONGEST_NOTE {
        return Err(AccountError::Invalid(format!(
            "the note is longer than {LONGEST_NOTE} characters"
        )));
    }
    if text.chars().any(misleads) {
        return Err(AccountError::Invalid(
            "the note has control characters or characters that turn the direction of writing".to_owned(),
        ));
    }
    Ok(Some(text.to_owned()))
}

/// A user name at a forge; `None` when nothing is left of it. A colon would end it early where it goes beside the token
/// (RFC 7617).
pub(crate) fn username(text: Option<&str>) -> Result<Option<String>, AccountError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    without_token("user name", text)?;
    let fine = |c: char| !misleads(c) && !c.is_whitespace() && c != ':';
    if text.chars().count() > LONGEST_USERNAME || !text.chars().all(fine) {
        return Err(AccountError::Invalid(format!(
            "the user name is longer than {LONGEST_USERNAME} characters, or has white space, a colon or control \
             characters in it"
        )));
    }
    Ok(Some(text.to_owned()))
}

/// An e-mail address, as far as a look can tell; `None` when nothing is left of it.
pub(crate) fn email(text: Option<&str>) -> Result<Option<String>, AccountError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    without_token("e-mail address", text)?;
    let fine = |c: char| !misleads(c) && !c.is_whitespace() && c != ':';
    let sides = text.rsplit_once('@');
    let has_sides = sides.is_some_and(|(user, host)| !user.is_empty() && !user.contains('@') && host.contains('.'));
    if text.len() > LONGEST_EMAIL || !has_sides || !text.chars().all(fine) {
        return Err(AccountError::Invalid(format!(
            "`{}` is no e-mail address; it reads like ada@example.org",
            shown(text)
        )));
    }
    Ok(Some(text.to_owned()))
}

/// Owners and repositories, in order and without twins.
pub(crate) fn serves(texts: &[String]) -> Result<Vec<Serves>, AccountError> {
    if texts.len() > MOST_SERVED {
        return Err(AccountError::Invalid(format!(
            "an account serves {MOST_SERVED} owners and repositories at most; leave them out to serve everything"
        )));
    }
    let mut all = texts
        .iter()
        .map(|text| {
            without_token("list of what it serves", text)?;
            Serves::parse(text).map_err(|error| AccountError::Invalid(error.to_string()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    all.sort();
    all.dedup();
    Ok(all)
}

/// Whether what an account serves covers a repository.
pub(crate) fn is_served(serves: &[Serves], repository: &RepoPath) -> bool {
    let keys = Serves::keys_of(repository);
    serves.is_empty() || serves.iter().any(|one| keys.iter().any(|key| key == one.as_str()))
}

/// Refuses a token in a field that is kept and shown as it is.
pub(crate) fn without_token(field: &str, text: &str) -> Result<(), AccountError> {
    if redact(text) == text {
        return Ok(());
    }
    Err(AccountError::Invalid(format!(
        "there is what looks like a token in the {field}, where others could read it: it belongs in `token` alone"
    )))
}

/// Text of a caller's, fit to be shown back: cut, without what could move a cursor or turn a line around, and without the token that
/// somebody put into the wrong field.
pub(crate) fn shown(text: &str) -> String {
    redact(text).chars().filter(|c| !misleads(*c)).take(64).collect()
}

/// Control characters, and those that change the direction of writing or cannot be seen (Unicode 16, UAX 9 and
/// `Default_Ignorable_Code_Point`): what stands in a note must be what people read.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use jeton_domain::{ForgeKind, RepoPath};

    use super::{email, is_served, label, note, serves, shown, username};

    #[test]
    fn a_label_is_no_id_and_no_route() {
        assert_eq!(label("work").unwrap().as_str(), "work");
        for bad in [
            "",
            "Work",
            "a/b",
            "test",
            "import-env",
            "0193f3a0-7d0a-7000-8000-000000000000",
            "0193f3a07d0a70008000000000000000",
        ] {
            assert!(label(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_note_is_what_people_read() {
        assert_eq!(
            note(Some("  for the fleet ")).unwrap().as_deref(),
            Some("for the fleet")
        );
        assert_eq!((note(Some(" ")).unwrap(), note(None).unwrap()), (None, None));
        assert!(note(Some(&"ä".repeat(200))).is_ok() && note(Some(&"ä".repeat(201))).is_err());
        for bad in ["a\nb", "a\u{202e}b", "a\u{2066}b", "a\u{200b}b", "\u{1b}[2J"] {
            assert!(note(Some(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_that_go_into_a_header_are_plain() {
        assert_eq!(username(Some(" ada ")).unwrap().as_deref(), Some("ada"));
        assert_eq!(
            email(Some("ada@example.org")).unwrap().as_deref(),
            Some("ada@example.org")
        );
        for bad in ["a b", "a:b", "a\r\nb", &"x".repeat(256)] {
            assert!(username(Some(bad)).is_err(), "{bad:?}");
        }
        for bad in [
            "ada",
            "@example.org",
            "ada@",
            "a@b@example.org",
            "ada@host",
            "a da@example.org",
            "a:b@example.org",
        ] {
            assert!(email(Some(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_served_is_sorted_and_covers_what_lies_below() {
        let all = serves(&["Globex".to_owned(), "acme/tools".to_owned(), "globex/*".to_owned()]).unwrap();
        let texts: Vec<_> = all.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["acme/tools", "globex"]);
        assert!(serves(&vec!["a".to_owned(); 51]).is_err() && serves(&["..".to_owned()]).is_err());
        let repo = |text| RepoPath::parse(ForgeKind::GitLab, text).unwrap();
        assert!(is_served(&all, &repo("Acme/Tools")) && is_served(&all, &repo("globex/deep/down")));
        assert!(!is_served(&all, &repo("acme/other")) && is_served(&[], &repo("acme/other")));
    }

    #[test]
    fn a_token_is_not_served() {
        let token = ["ghp_", &"a1B2".repeat(9)].concat();
        for bad in [token.clone(), format!("acme/{token}")] {
            let error = serves(&["acme".to_owned(), bad]).unwrap_err().to_string();
            assert!(
                error.contains("a token in the list") && !error.contains(&token),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_shown_back_moves_no_cursor() {
        assert_eq!(shown("a\u{1b}[2J\u{202e}b\n"), "a[2Jb");
        assert_eq!(shown(&"x".repeat(500)).len(), 64);
    }
}
