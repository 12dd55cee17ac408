//! GitLab (<https://docs.gitlab.com/security/tokens/>, and for routable tokens
//! `lib/authn/token_field/generator/routable_token.rb` in GitLab's source).

use jeton_domain::CredentialKind;

use super::{Shape, all, is_example, is_hex};
use crate::{
    checksum::{Routable, routable},
    flaw::Flaw,
};

const KINDS: &[(&str, CredentialKind)] = &[
    ("glpat-", CredentialKind::GitLabPersonal),
    ("gldt-", CredentialKind::GitLabDeploy),
    ("glrt-", CredentialKind::GitLabRunner),
    ("glrtr-", CredentialKind::GitLabRunner),
    ("glcbt-", CredentialKind::GitLabJob),
    ("gloas-", CredentialKind::GitLabOther),
    ("glptt-", CredentialKind::GitLabOther),
    ("glft-", CredentialKind::GitLabOther),
    ("glimt-", CredentialKind::GitLabOther),
    ("glagent-", CredentialKind::GitLabOther),
    ("glwt-", CredentialKind::GitLabOther),
    ("glsoat-", CredentialKind::GitLabOther),
    ("glffct-", CredentialKind::GitLabOther),
];

/// How many characters follow the prefix of a token that is not routable.
const LEGACY: usize = 20;

/// The longest token: 316 characters for a routable one, with a prefix of up to 20 besides, and room to grow.
const LONGEST: usize = 512;

/// How far into a text the prefix may begin: an instance's own prefix stands before it.
const PREFIX_WITHIN: usize = 40;

const ROUTABLE_FORM: &str = "routable, with a checksum";

/// Which kind of token begins here, and where its body begins.
pub(super) fn prefix(text: &str) -> Option<(CredentialKind, usize)> {
    // only the beginning is searched: this is asked at every word of a long text
    let bytes = text.as_bytes();
    let window = &text[..text.floor_char_boundary(PREFIX_WITHIN)];
    let is_instance = |b: &u8| b.is_ascii_alphanumeric() || b"-_".contains(b);
    for (at, _) in window.match_indices("gl") {
        let begins = at == 0 || (bytes[at - 1] == b'-' && bytes[..at].iter().all(is_instance));
        let found = KINDS.iter().find(|(prefix, _)| text[at..].starts_with(prefix));
        if let (true, Some((prefix, kind))) = (begins, found) {
            return Some((*kind, at + prefix.len()));
        }
    }
    None
}

pub(super) fn by_prefix(text: &str) -> Option<Shape> {
    if text.starts_with("GR1348941") {
        let shape = Shape::new(
            CredentialKind::GitLabRunnerRegistration,
            "`GR1348941` and 20 characters",
        );
        return Some(shape);
    }
    let Some((kind, body_at)) = prefix(text) else {
        return unknown_prefix(text);
    };
    let body = &text[body_at..];
    let shape = Shape::new(kind, ROUTABLE_FORM);
    match routable(text) {
        Routable::Whole { .. } => return Some(shape.whole()),
        Routable::Newer => return Some(Shape::new(kind, "routable, of a newer kind").checked()),
        _ if is_example(body) => return Some(shape.damaged(Flaw::Example)),
        Routable::Wrong { short: true } => return Some(shape.damaged(Flaw::Gap)),
        Routable::Wrong { short: false } => return Some(shape.damaged(Flaw::Checksum)),
        Routable::Not => {}
    }
    if !all(body, |b| b.is_ascii_alphanumeric() || b"-_.=".contains(&b)) {
        return Some(shape.damaged(Flaw::Stranger));
    }
    if kind != CredentialKind::GitLabPersonal {
        // their lengths differ by kind and release, and none of them can be an account
        return Some(Shape::new(kind, "with a prefix"));
    }
    if body.contains(['.', '=']) {
        return Some(shape.damaged(Flaw::Cut(
            "two dots are expected, and nine characters after the last of them",
        )));
    }
    let legacy = Shape::new(kind, "20 characters after the prefix, no checksum");
    Some(match body.len() {
        LEGACY => legacy,
        ..LEGACY => legacy.damaged(Flaw::Cut("at least 20 characters are expected after the prefix")),
        _ => shape.damaged(Flaw::CutAtDot),
    })
}

/// A token with a prefix that an administrator chose, told by its end.
fn unknown_prefix(text: &str) -> Option<Shape> {
    let shape = Shape::new(
        CredentialKind::GitLabPersonal,
        "routable, with a checksum and a prefix of your own GitLab's",
    );
    match routable(text) {
        Routable::Whole { payload_at } => {
            let shape = if payload_at == 0 {
                Shape::new(shape.kind, "routable, with a checksum and no prefix")
            } else {
                shape
            };
            Some(shape.hint().whole().noted(Flaw::OwnPrefix))
        }
        // a name with dots in it may look like this too: only what is as long as the shortest token is one
        Routable::Wrong { .. } if text.len() >= 36 => Some(shape.hint().damaged(Flaw::Checksum)),
        _ => None,
    }
}

pub(super) fn by_looks(text: &str, expected: bool) -> Option<Shape> {
    if text.len() == 64 && is_hex(text) {
        return Some(Shape::new(CredentialKind::GitLabOAuth, "64 hex digits").hint());
    }
    // 20 characters and more of a token's alphabet: a GitLab whose administrator chose another prefix, or none
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let length_fits = (LEGACY..=LONGEST).contains(&text.len());
    if expected && length_fits && all(text, is_token) && !is_example(text) && !ends_as_routable(text) {
        let shape = Shape::new(CredentialKind::GitLabPersonal, "no prefix that is known").hint();
        return Some(shape.odd(Flaw::UnknownPrefix));
    }
    None
}

/// Whether it ends as a routable token does, with length and checksum: then it is one that is damaged.
fn ends_as_routable(text: &str) -> bool {
    text.rsplit_once('.')
        .is_some_and(|(_, tail)| tail.len() == 9 && all(tail, |b| b.is_ascii_digit() || b.is_ascii_lowercase()))
}
