//! Guesses at what a text or a file is that is no key.

use jeton_domain::Secret;

use super::AppKeyError;

/// The first bytes of kinds of files that people pick by mistake.
const KINDS: &[(&[u8], &str)] = &[
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
];

/// Takes the bytes of a file as the text of a key.
///
/// # Errors
/// [`AppKeyError::NotText`] with a guess when they are none. Whether the text is a key,
/// [`AppKey::parse`](super::AppKey::parse) says.
pub fn read_key_bytes(bytes: &[u8]) -> Result<Secret, AppKeyError> {
    if let Some((_, looks_like)) = KINDS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(AppKeyError::NotText { looks_like });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(Secret::new(text)),
        _ => Err(AppKeyError::NotText {
            looks_like: binary(bytes),
        }),
    }
}

fn binary(bytes: &[u8]) -> &'static str {
    match bytes {
        // a SEQUENCE with a long length; PKCS#12 has the version 3 in it, keys 0 or 1, certificates another SEQUENCE
        [0x30, 0x82, _, _, 0x02, 0x01, 0x03, ..] => "a PKCS#12 file (.p12, .pfx)",
        [0x30, 0x81..=0x84, ..] => "DER, the binary form of a key or a certificate",
        _ => "binary data",
    }
}

/// What a text without a BEGIN line is.
pub(super) fn without_begin(text: &str) -> AppKeyError {
    let one_line = !text.contains(['\n', '\r']);
    if text.contains("-----END") {
        AppKeyError::Cut { what: "the BEGIN line" }
    } else if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") || text.starts_with("---- BEGIN SSH2 PUBLIC")
    {
        AppKeyError::PublicKey
    } else if one_line && is_token(text) {
        AppKeyError::AToken
    } else if is_der_in_base64(text) {
        AppKeyError::Cut {
            what: "the BEGIN and END lines",
        }
    } else if one_line && is_path(text) {
        AppKeyError::APath
    } else {
        AppKeyError::NotPem
    }
}

/// Tokens and JWTs by their beginnings, client secrets and old tokens by their 40 hex digits.
fn is_token(text: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "jtn_",
        "ATATT3",
        "ATCTT3",
        "ATBB",
    ];
    let jwt = text.starts_with("eyJ") && text.matches('.').count() == 2;
    let hex = text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    jwt || hex || BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

/// A SEQUENCE with a length of two bytes is `MI` and one of E to H in base64.
fn is_der_in_base64(text: &str) -> bool {
    text.len() > 200
        && text.starts_with("MI")
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b.is_ascii_whitespace() || matches!(b, b'+' | b'/' | b'='))
}

fn is_path(text: &str) -> bool {
    let ends = [".pem", ".key", ".txt", ".der", ".crt", ".p12"]
        .iter()
        .any(|end| text.to_ascii_lowercase().ends_with(end));
    let begins =
        text.starts_with(['/', '~', '.', '$', '%']) || text.as_bytes().get(1..3).is_some_and(|mark| mark == b":\\");
    text.len() < 4096 && (ends || begins || text.starts_with("file:") || text.contains('/'))
}
