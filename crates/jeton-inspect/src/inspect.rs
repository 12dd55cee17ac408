use jeton_domain::{Code, CredentialKind, ForgeKind, Secret};
use zeroize::Zeroizing;

use crate::{
    Certainty, Finding, Inspection, Severity, Wholeness,
    decoration::Decoration,
    flaw::Flaw,
    invisible::without_invisible,
    kind_words::{Meant, wrong_forge, wrong_kind},
    not_a_token::NotAToken,
    peel::peel,
    scan::{Found, Scan, scan},
    shape::{self, Shape},
    unknown,
};

/// The longest text that is looked at, in bytes. The longest token known today has some 520; headers end at 8 KiB.
pub const LONGEST: usize = 8 * 1024;

/// Says what a pasted text is. `expected` is the forge that it is meant for, when that is known.
///
/// Nothing is asked, and nothing kept: the answer follows from the text alone. The work grows with the text's length and no faster.
pub fn inspect(pasted: &Secret, expected: Option<ForgeKind>) -> Inspection {
    look(
        pasted,
        Meant {
            forge: expected,
            is_own: false,
        },
    )
}

/// As [`inspect`], for a forge of somebody's own: what it advises names no page of the public one.
pub fn inspect_for_own(pasted: &Secret, expected: Option<ForgeKind>) -> Inspection {
    look(
        pasted,
        Meant {
            forge: expected,
            is_own: true,
        },
    )
}

fn look(pasted: &Secret, meant: Meant) -> Inspection {
    let expected = meant.forge;
    let text = pasted.expose();
    if text.len() > LONGEST {
        return nothing(Secret::new(""), NotAToken::TooLong, meant);
    }
    if let Some(plain) = unknown::at_first_sight(text) {
        return nothing(Secret::new(text.trim()), plain, meant);
    }
    let (visible, found) = without_invisible(text);
    let whole = Zeroizing::new(visible.trim().to_owned());
    let peeled = peel(visible, found);
    match find(&peeled.text, &whole, expected) {
        Candidate::Token { token, shape, extra } => {
            let mut decorations = peeled.found;
            decorations.extend(extra);
            token_found(token, shape, &decorations, meant)
        }
        Candidate::Several => nothing(Secret::new(&**peeled.text), NotAToken::Several, meant),
        Candidate::None => {
            let what = unknown::classify(&peeled.text, &whole, expected);
            nothing(Secret::new(&**peeled.text), what, meant)
        }
    }
}

enum Candidate {
    Token {
        token: Secret,
        shape: Shape,
        extra: Option<Decoration>,
    },
    Several,
    None,
}

impl Candidate {
    fn new(token: &str, shape: Shape, extra: Option<Decoration>) -> Self {
        Self::Token {
            token: Secret::new(token),
            shape,
            extra,
        }
    }
}

/// Finds the token in what is left of a text: the text itself, the text without the white space in it when a check confirms that,
/// or one token in other text, be it in what was taken away.
fn find(text: &str, pasted: &str, expected: Option<ForgeKind>) -> Candidate {
    let joined: Zeroizing<String> = Zeroizing::new(text.split(is_gap).collect());
    // before its length is looked at: tokens of some kinds may be longer than they are today
    if let Some((once, shape)) = repeated(&joined) {
        return Candidate::new(once, shape, Some(Decoration::Twice));
    }
    let direct = (!text.contains(char::is_whitespace))
        .then(|| recognise(text, expected))
        .flatten();
    if let Some(shape) = direct.filter(|shape| !shape.is_damaged()) {
        return Candidate::new(text, shape, None);
    }
    if joined.as_str() != text
        && let Some(shape) = shape::by_prefix(&joined).filter(|shape| shape.checked)
    {
        return Candidate::new(&joined, shape, Some(Decoration::Broken));
    }
    if let Some((token, shape)) = in_capitals(text) {
        return Candidate::new(&token, shape, Some(Decoration::Case));
    }
    let scanned = match scan(text, expected) {
        Scan::Nothing => scan(pasted, expected),
        found => found,
    };
    match scanned {
        Scan::One(Found { token, shape }) => return Candidate::new(token, shape, Some(Decoration::Around)),
        Scan::Several => return Candidate::Several,
        Scan::Nothing => {}
    }
    if unknown::is_masked(text) {
        return Candidate::None;
    }
    if let Some(shape) = direct {
        return Candidate::new(text, shape, None);
    }
    match shape::by_prefix(&joined) {
        Some(mut shape) if shape::has_prefix(text) => {
            shape.wholeness = Wholeness::Damaged;
            shape.flaw = Some(Flaw::Gaps);
            Candidate::new(&joined, shape, None)
        }
        _ => Candidate::None,
    }
}

fn recognise(text: &str, expected: Option<ForgeKind>) -> Option<Shape> {
    shape::recognise(text, expected).filter(|shape| shape.certainty == Certainty::Sure || !is_known_otherwise(text))
}

/// Whether a text is known to be something else than the token that it looks like.
fn is_known_otherwise(text: &str) -> bool {
    !matches!(
        unknown::classify(text, text, None),
        NotAToken::UserName | NotAToken::Password | NotAToken::Unknown | NotAToken::Repository
    )
}

/// White space, and the backslash with which a shell's line goes on.
fn is_gap(c: char) -> bool {
    c.is_whitespace() || c == '\\'
}

/// A token that stands there several times in a row without anything between.
fn repeated(text: &str) -> Option<(&str, Shape)> {
    [2, 3].into_iter().find_map(|times| {
        let once = text.get(..text.len() / times).filter(|once| !once.is_empty())?;
        let shape = shape::by_prefix(once).filter(|shape| !shape.is_damaged())?;
        (once.repeat(times) == text).then_some((once, shape))
    })
}

/// A token whose prefix is not in lower case, if its check confirms all the rest.
fn in_capitals(text: &str) -> Option<(Zeroizing<String>, Shape)> {
    let prefix = shape::PREFIXES
        .iter()
        .filter(|prefix| prefix.ends_with(['_', '-']))
        .find(|prefix| {
            text.get(..prefix.len())
                .is_some_and(|front| front.eq_ignore_ascii_case(prefix))
        })?;
    let lowered = Zeroizing::new([prefix, &text[prefix.len()..]].concat());
    let shape = shape::by_prefix(&lowered).filter(|shape| shape.checked && lowered.as_str() != text)?;
    Some((lowered, shape))
}

fn token_found(token: Secret, mut shape: Shape, decorations: &[Decoration], meant: Meant) -> Inspection {
    let mut findings = Vec::new();
    let forge = shape.kind.forge();
    // Atlassian documents no more of its tokens than how they begin: what is odd about the rest is told, and Bitbucket asked
    let is_undocumented = matches!(
        shape.kind,
        CredentialKind::BitbucketApiToken | CredentialKind::BitbucketAccess
    ) && matches!(shape.flaw, Some(Flaw::Cut(_) | Flaw::TooLong(_) | Flaw::Stranger));
    if is_undocumented {
        shape.wholeness = Wholeness::Unknown;
    }
    if shape.flaw == Some(Flaw::Example) {
        // what it is an example of does not matter
        findings.push(Flaw::Example.finding(shape.kind, meant.is_at_own(forge)));
    } else {
        if let Some(expected) = meant.forge.filter(|expected| *expected != forge) {
            findings.push(wrong_forge(shape.kind, shape.certainty, expected, meant));
        }
        if shape.kind.can_be_account() {
            findings.extend(
                shape
                    .flaw
                    .map(|flaw| match flaw.finding(shape.kind, meant.is_at_own(forge)) {
                        finding if is_undocumented => finding.doubted(),
                        finding => finding,
                    }),
            );
        } else {
            // that it is damaged does not matter any more
            findings.push(wrong_kind(shape.kind, shape.certainty, meant));
        }
    }
    findings.extend(decorations.iter().map(|decoration| decoration.finding()));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Inspection {
        token,
        kind: Some(shape.kind),
        forge: Some(forge),
        wholeness: shape.wholeness,
        certainty: shape.certainty,
        findings,
        form: shape.form,
    }
}

fn nothing(token: Secret, what: NotAToken, meant: Meant) -> Inspection {
    Inspection {
        token,
        kind: None,
        forge: None,
        wholeness: Wholeness::Unknown,
        certainty: Certainty::Hint,
        findings: vec![what.finding(meant)],
        form: "no token of a forge",
    }
}

impl Inspection {
    /// The gravest of the findings that make it unusable.
    pub fn error(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.severity == Severity::Error)
    }

    /// Whether something with this code was found.
    pub fn has(&self, code: Code) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }
}
