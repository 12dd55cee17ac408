//! A forge that repeats a secret in its refusal must not bring it into our findings. Tokens of known forms are taken out of all words from
//! outside; a secret on its way to a forge has any form.

use jeton_domain::{Diagnosis, Evidence, Secret};

const HIDDEN: &str = "(not shown: the forge repeated the secret in its words)";

/// The longest run of plain characters in a value; words that repeat it, whole, cut or with escapes, have this part of it.
struct Mark<'a>(&'a str);

impl<'a> Mark<'a> {
    /// None for values of a few characters, which stand in ordinary words too.
    fn of(value: &'a Secret) -> Option<Self> {
        let runs = value
            .expose()
            .split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
        let longest = runs.max_by_key(|run| run.len())?;
        let mark = match longest.len() {
            6.. => longest.get(..12).unwrap_or(longest),
            _ => value.expose(),
        };
        (mark.len() >= 6).then_some(Self(mark))
    }

    fn hide(&self, text: &mut String) {
        if text.contains(self.0) {
            HIDDEN.clone_into(text);
        }
    }
}

/// Takes words that repeat the secret out of what is about to be told.
pub(crate) fn hide(secret: &Secret, diagnosis: Option<&mut Diagnosis>, evidence: &mut [Evidence]) {
    let Some(mark) = Mark::of(secret) else {
        return;
    };
    for said in evidence.iter_mut().filter_map(|one| one.said.as_mut()) {
        mark.hide(said);
    }
    if let Some(diagnosis) = diagnosis {
        mark.hide(&mut diagnosis.cause);
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::{Code, Secret};

    use super::hide;
    use crate::diagnose::diagnosis;

    #[test]
    fn a_refusal_that_repeats_the_secret_is_not_shown() {
        let secret = Secret::new("pa$$ \"hunter2hunter2hunter2\"");
        let mut found = diagnosis(Code::SecretInvalid, "refused: pa$$ \\\"hunter2hunter2hun…", "r");
        hide(&secret, Some(&mut found), &mut []);
        assert!(!found.cause.contains("hunter2"), "{}", found.cause);
        let mut found = diagnosis(Code::SecretInvalid, "refused: is invalid", "r");
        hide(&secret, Some(&mut found), &mut []);
        assert_eq!(found.cause, "refused: is invalid");
    }
}
