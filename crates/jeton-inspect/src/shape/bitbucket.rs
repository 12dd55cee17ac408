//! Bitbucket Cloud. Atlassian documents the prefixes, not the checksum that its tokens end with.

use jeton_domain::CredentialKind;

use super::{Shape, all, is_example};
use crate::{checksum, flaw::Flaw};

const CHECK: usize = 8;
const APP_PASSWORD: usize = 36;

pub(super) fn by_prefix(text: &str) -> Option<Shape> {
    let (kind, form) = match text.get(..5)? {
        "ATATT" => (
            CredentialKind::BitbucketApiToken,
            "Atlassian API token, `=` and eight check characters at its end",
        ),
        "ATCTT" => (
            CredentialKind::BitbucketAccess,
            "access token, `=` and eight check characters at its end",
        ),
        prefix if prefix.starts_with("ATBB") => return app_password(text),
        _ => return None,
    };
    let shape = Shape::new(kind, form);
    let body = &text[5..];
    let is_check = |check: &str| check.len() == CHECK && all(check, |b| b.is_ascii_hexdigit());
    let (head, check) = body.rsplit_once('=').unwrap_or((body, ""));
    let alphabet = all(head, |b| b.is_ascii_alphanumeric() || b"_-=".contains(&b));
    if alphabet && is_check(check) {
        return Some(if checks(text) {
            shape.checked()
        } else if is_example(head) {
            shape.damaged(Flaw::Example)
        } else {
            shape.odd(Flaw::UndocumentedCheck)
        });
    }
    Some(if is_example(head) {
        shape.damaged(Flaw::Example)
    } else if !all(body, |b| b.is_ascii_alphanumeric() || b"_-=".contains(&b)) {
        shape.damaged(Flaw::Stranger)
    } else if check.len() > CHECK {
        shape.damaged(Flaw::TooLong("`=` and eight characters are expected at its end"))
    } else {
        shape.damaged(Flaw::Cut("`=` and eight characters are expected at its end"))
    })
}

/// Whether the last eight characters are the checksum of all before them.
fn checks(text: &str) -> bool {
    let (rest, check) = text.split_at(text.len() - CHECK);
    checksum::atlassian(rest).eq_ignore_ascii_case(check)
}

fn app_password(text: &str) -> Option<Shape> {
    let shape = Shape::new(CredentialKind::BitbucketAppPassword, "app password, 36 characters");
    // four letters alone could begin anything
    if !all(text, |b| b.is_ascii_alphanumeric()) || text.len() < 20 {
        return None;
    }
    Some(match text.len() {
        APP_PASSWORD if checks(text) => shape.checked(),
        ..APP_PASSWORD => shape.damaged(Flaw::Cut("36 characters are expected")),
        _ => shape,
    })
}
