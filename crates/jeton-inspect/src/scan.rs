//! Finds tokens in other text: in JSON, in a command, in a log.

use jeton_domain::ForgeKind;

use crate::shape::{Shape, by_prefix, has_prefix};

/// How many places are looked at: a text with more is no paste of a token.
const PLACES: usize = 64;

/// A token in a text.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) token: &'a str,
    pub(crate) shape: Shape,
}

/// What a text has in it.
pub(crate) enum Scan<'a> {
    /// No token, or none that is whole.
    Nothing,
    /// One, perhaps more than once.
    One(Found<'a>),
    /// Different ones.
    Several,
}

/// Looks for tokens with known prefixes that are not damaged. Where the text itself begins as a token does, only a token with a
/// matching check counts: else what stands behind a stray character would be cut off unseen.
pub(crate) fn scan(text: &str, expected: Option<ForgeKind>) -> Scan<'_> {
    let mut found: Option<Found<'_>> = None;
    for at in places(text) {
        let rest = &text[at..];
        let end = rest.find(|c: char| !is_of_token(c)).unwrap_or(rest.len());
        let Some((token, shape)) = longest(&rest[..end]) else {
            continue;
        };
        let after = &rest[token.len()..];
        if !shape.checked && (goes_on(after) || (at == 0 && !is_comment(after))) {
            continue;
        }
        match found {
            Some(old) if old.token != token => {
                // of two forges, the one that is asked for
                let fits = |shape: &Shape| Some(shape.kind.forge()) == expected;
                match (fits(&old.shape), fits(&shape)) {
                    (true, false) => {}
                    (false, true) => found = Some(Found { token, shape }),
                    _ => return Scan::Several,
                }
            }
            _ => found = Some(Found { token, shape }),
        }
    }
    found.map_or(Scan::Nothing, Scan::One)
}

/// The token at the beginning of a word: the word, or the word up to a character that its kind does not have.
fn longest(word: &str) -> Option<(&str, Shape)> {
    let narrower = word.find(['=', '/', '+', '%', '~']).map(|end| &word[..end]);
    let narrowest = word
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .map(|end| &word[..end]);
    [
        Some(word),
        Some(word.trim_end_matches(['.', '=', '/'])),
        narrower,
        narrowest,
    ]
    .into_iter()
    .flatten()
    .find_map(|token| {
        by_prefix(token)
            .filter(|shape| !shape.is_damaged())
            .map(|shape| (token, shape))
    })
}

/// Where a token could begin: at the start of a word, or after a character that tokens do not have before them.
fn places(text: &str) -> impl Iterator<Item = usize> {
    let starts = text.char_indices().scan(true, |boundary, (at, c)| {
        let begins = *boundary;
        *boundary = !c.is_ascii_alphanumeric() && c != '_' && c != '-';
        Some((at, begins))
    });
    starts
        .filter(|(at, begins)| *begins && has_prefix(&text[*at..]))
        .map(|(at, _)| at)
        .take(PLACES)
}

/// Whether what follows a token looks like the rest of it: a word as random as tokens are, behind white space.
fn goes_on(after: &str) -> bool {
    let word = after.split_whitespace().next().unwrap_or_default();
    let is_random = word.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    after.starts_with(char::is_whitespace) && is_random && word.chars().all(is_of_token)
}

/// Whether what follows a token in its line is nothing or a comment.
fn is_comment(rest: &str) -> bool {
    let text = rest.trim_start();
    rest.is_empty() || (rest.starts_with([' ', '\t']) && (text.starts_with('#') || text.starts_with("//")))
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '=' | '/' | '+' | '%' | '~')
}
