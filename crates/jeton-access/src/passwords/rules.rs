//! Which passwords will do: long ones that are not the first to be tried. What characters they are made of is nobody's
//! business (NIST SP 800-63B-4, 3.1.1.2: no composition rules, a minimum length, a list of common ones).

use jeton_domain::{Secret, UserName};

use crate::AccessError;

/// In characters. NIST asks for 15 where a password stands alone and for 8 beside a second factor.
const SHORTEST: usize = 12;
/// In characters: far beyond every pass phrase, and soon read.
const LONGEST: usize = 1_000;
/// No character of UTF-8 has more bytes.
const BYTES_PER_CHARACTER: usize = 4;

/// The ones that everybody tries, in lower case, of those that are long enough.
const COMMON: &str = include_str!("common.txt");

/// Whether a password is short enough to be one.
pub(crate) fn fits(password: &Secret) -> bool {
    password.expose().len() <= LONGEST * BYTES_PER_CHARACTER
}

/// Whether a new password will do for a user.
///
/// # Errors
/// [`AccessError::UserInvalid`] says why not; never with the password in it.
pub(crate) fn check(password: &Secret, name: &UserName) -> Result<(), AccessError> {
    let text = password.expose();
    let length = text.chars().count();
    let folded = Secret::new(text.to_lowercase());
    let refuse = |words: String| Err(AccessError::UserInvalid(words));
    if length < SHORTEST {
        return refuse(format!(
            "the password has {length} characters; it needs at least {SHORTEST}"
        ));
    }
    if length > LONGEST {
        return refuse(format!("the password has more than {LONGEST} characters"));
    }
    if folded.expose().trim() == name.as_str() {
        return refuse("the password is the user name".to_owned());
    }
    let first = text.chars().next();
    let one_key = text.chars().all(|c| Some(c) == first);
    if one_key || COMMON.lines().any(|common| common == folded.expose().trim()) {
        return refuse("the password is one of those that are tried first".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{COMMON, LONGEST, SHORTEST, check};
    use crate::AccessError;
    use jeton_domain::{Secret, UserName};

    fn refusal(password: &str) -> Option<String> {
        let name = UserName::parse("ada.lovelace@example.org").unwrap();
        match check(&Secret::new(password), &name) {
            Ok(()) => None,
            Err(AccessError::UserInvalid(words)) => Some(words),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn length_counts_in_characters() {
        assert_eq!(refusal("äöüäöüäöüäöü"), None);
        assert!(refusal("elf zeichen").unwrap().contains("11 characters"));
        assert_eq!(refusal(&"xy".repeat(LONGEST / 2)), None);
        assert!(refusal(&"xy".repeat(LONGEST / 2 + 1)).is_some());
    }

    #[test]
    fn what_is_tried_first_is_refused_and_not_repeated() {
        for bad in ["Password1234", "qwertyuiop123", "000000000000", " password1234 "] {
            let words = refusal(bad).unwrap();
            assert!(words.contains("tried first"), "{bad}");
            assert!(!words.contains(bad.trim()));
        }
        assert_eq!(
            refusal("Ada.Lovelace@example.org").unwrap(),
            "the password is the user name"
        );
        assert_eq!(refusal("correct horse battery staple"), None);
    }

    #[test]
    fn every_line_of_the_list_can_match() {
        let lines: Vec<_> = COMMON.lines().collect();
        assert!(lines.len() >= 90, "{}", lines.len());
        for line in lines {
            assert!(
                line.chars().count() >= SHORTEST && line == line.to_lowercase().trim(),
                "{line:?}"
            );
        }
    }
}
