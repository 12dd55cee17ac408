//! GitHub (<https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/>,
//! <https://github.blog/changelog/2026-04-24-notice-about-upcoming-new-format-for-github-app-installation-tokens/>).

use jeton_domain::CredentialKind;

use super::{Shape, all, is_example, is_hex};
use crate::{checksum, flaw::Flaw};

const CLASSIC: usize = 40;
const CLASSIC_PREFIX: usize = 4;
const CLASSIC_CHECK: usize = 6;
const REFRESH: usize = 80;
const FINE_GRAINED: usize = 93;
const FINE_GRAINED_PREFIX: &str = "github_pat_";
const FINE_GRAINED_CHECKED: usize = 77;

/// How much longer than its form a text may be and still be taken for a slip of the keyboard, not for a newer form.
const SLIP: usize = 20;

const CLASSIC_FORM: &str = "classic, 40 characters with a checksum";
const STATELESS_FORM: &str = "stateless, an App id and a signed JWT";

pub(super) fn by_prefix(text: &str) -> Option<Shape> {
    if let Some(body) = text.strip_prefix(FINE_GRAINED_PREFIX) {
        return Some(fine_grained(text, body));
    }
    let (prefix, body) = text.split_at_checked(CLASSIC_PREFIX)?;
    let kind = match prefix {
        "ghp_" => CredentialKind::GitHubClassic,
        "gho_" => CredentialKind::GitHubOAuth,
        "ghu_" => CredentialKind::GitHubAppUser,
        "ghs_" => CredentialKind::GitHubInstallation,
        "ghr_" => return Some(refresh(text, body)),
        _ => return None,
    };
    // GitHub has announced for user tokens of Apps what it did for installation tokens.
    let may_be_stateless = matches!(kind, CredentialKind::GitHubInstallation | CredentialKind::GitHubAppUser);
    if may_be_stateless && (body.contains('.') || body.contains('_')) {
        return Some(stateless(kind, body));
    }
    Some(classic(kind, text, body))
}

fn classic(kind: CredentialKind, text: &str, body: &str) -> Shape {
    let shape = Shape::new(kind, CLASSIC_FORM);
    let alphabet = all(body, |b| b.is_ascii_alphanumeric());
    if alphabet && text.len() == CLASSIC {
        let (body, check) = body.split_at(body.len() - CLASSIC_CHECK);
        if checksum::github_classic(body) == check {
            return shape.whole();
        }
    }
    if is_example(body) {
        return shape.damaged(Flaw::Example);
    }
    if !alphabet {
        return shape.damaged(Flaw::Stranger);
    }
    match text.len() {
        CLASSIC => shape.damaged(Flaw::Checksum),
        ..CLASSIC => shape.damaged(Flaw::Cut("40 characters are expected")),
        length if length <= CLASSIC + SLIP => shape.damaged(Flaw::TooLong("40 characters are expected")),
        _ => shape.odd(Flaw::Longer),
    }
}

fn stateless(kind: CredentialKind, body: &str) -> Shape {
    let shape = Shape::new(kind, STATELESS_FORM);
    let jwt = match body.split_once('_') {
        Some((app, jwt)) if all(app, |b| b.is_ascii_digit()) => jwt,
        _ => body,
    };
    let is_part = |part: &str| all(part, |b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    match jwt.split('.').collect::<Vec<_>>()[..] {
        [header, payload, signature] if header.starts_with("eyJ") => {
            if is_part(header) && is_part(payload) && is_part(signature) {
                shape
            } else {
                shape.damaged(Flaw::Stranger)
            }
        }
        [_, _, _, _, ..] => shape.damaged(Flaw::Stranger),
        _ => shape.damaged(Flaw::Cut("three parts with dots between them are expected")),
    }
}

fn refresh(text: &str, body: &str) -> Shape {
    let shape = Shape::new(CredentialKind::GitHubRefresh, "refresh token, 80 characters");
    if !all(body, |b| b.is_ascii_alphanumeric()) {
        return shape.damaged(Flaw::Stranger);
    }
    if text.len() < REFRESH {
        return shape.damaged(Flaw::Cut("80 characters are expected"));
    }
    let (body, check) = body.split_at(body.len() - CLASSIC_CHECK);
    if checksum::github_classic(body) == check {
        shape.checked()
    } else {
        // that the scheme is the same was never confirmed
        shape
    }
}

fn fine_grained(text: &str, body: &str) -> Shape {
    let shape = Shape::new(CredentialKind::GitHubFineGrained, "fine-grained, 93 characters");
    let alphabet = all(body, |b| b.is_ascii_alphanumeric() || b == b'_');
    if alphabet && text.len() == FINE_GRAINED {
        let (checked, rest) = text.split_at(FINE_GRAINED_CHECKED);
        if checksum::github_fine_grained(checked).eq_ignore_ascii_case(&rest[..8]) {
            return shape.checked();
        }
    }
    if is_example(body) {
        return shape.damaged(Flaw::Example);
    }
    if !alphabet {
        return shape.damaged(Flaw::Stranger);
    }
    match text.len() {
        FINE_GRAINED => shape.odd(Flaw::UndocumentedCheck),
        ..FINE_GRAINED => shape.damaged(Flaw::Cut("93 characters are expected")),
        _ => shape.odd(Flaw::Longer),
    }
}

/// A classic token without all of its prefix: its checksum does not cover the prefix.
fn beheaded(text: &str) -> Option<Shape> {
    let start = text
        .len()
        .checked_sub(CLASSIC - CLASSIC_PREFIX)
        .filter(|start| *start < CLASSIC_PREFIX)?;
    let (prefix, rest) = text.split_at_checked(start)?;
    let (body, check) = rest.split_at_checked(rest.len() - CLASSIC_CHECK)?;
    let is_rest = "ghp_gho_ghu_ghs_".contains(prefix) && all(rest, |b| b.is_ascii_alphanumeric());
    let shape = Shape::new(CredentialKind::GitHubClassic, CLASSIC_FORM).hint();
    (is_rest && checksum::github_classic(body) == check).then(|| shape.damaged(Flaw::Beheaded))
}

pub(super) fn by_looks(text: &str) -> Option<Shape> {
    if let Some(shape) = beheaded(text) {
        return Some(shape);
    }
    let is_capital = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    if text.len() == 40 && is_hex(text) {
        let shape = Shape::new(
            CredentialKind::GitHubClassic,
            "40 hex digits, as made before April 2021",
        )
        .hint();
        return Some(shape.odd(Flaw::LegacyHex));
    }
    if text
        .strip_prefix("v1.")
        .is_some_and(|rest| rest.len() == 40 && is_hex(rest))
    {
        return Some(
            Shape::new(
                CredentialKind::GitHubInstallation,
                "`v1.` and 40 hex digits, as made before April 2021",
            )
            .hint(),
        );
    }
    let mixed = text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_uppercase());
    if text.len() == 29 && mixed && all(text, is_capital) {
        return Some(Shape::new(CredentialKind::GitHubRunner, "29 capitals and digits").hint());
    }
    None
}
