//! From pasted text to the PKCS#1 bytes of the one RSA key in it.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use super::{AppKeyError, der, guess};

/// Padding is often lost on the way through other programs.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// The largest text that is looked at, in bytes; a key of 8192 bits has about 7 KiB.
const MAX_TEXT: usize = 256 * 1024;

type Bytes = Zeroizing<Vec<u8>>;
type Text = Zeroizing<String>;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// Finds the one private key in `raw` and opens it.
pub(super) fn pkcs1_der(raw: &str) -> Result<Bytes, AppKeyError> {
    if raw.len() > MAX_TEXT {
        return Err(AppKeyError::NotPem);
    }
    let raw = unwrapped(raw);
    if raw.is_empty() {
        return Err(AppKeyError::Empty);
    }
    if raw.contains(BEGIN) {
        return read(&unescaped(raw));
    }
    match base64_once_more(raw) {
        Some(inner) => read(&unescaped(unwrapped(&inner))),
        None => Err(guess::without_begin(raw)),
    }
}

/// Without white space, a byte order mark and quotes around it.
fn unwrapped(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '\u{feff}'))
}

/// With real line ends where `\n` or `\r` stands as two characters (or more, escaped twice). Base64 has no backslash.
fn unescaped(text: &str) -> Text {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let after = rest[at..].trim_start_matches('\\');
        rest = match after.chars().next() {
            Some('n' | 'r') => {
                out.push('\n');
                &after[1..]
            }
            // a shell's line continuation; what else a backslash may mean, base64 decoding will refuse
            Some('\n' | '\r') | None => after,
            Some(_) => {
                out.push('\\');
                after
            }
        };
    }
    out.push_str(rest);
    out
}

/// The PEM inside a text that is base64 of a PEM, as secret stores of CI systems hold it.
fn base64_once_more(text: &str) -> Option<Text> {
    let compact = without_white_space(text);
    let bytes = Zeroizing::new(
        BASE64
            .decode(compact.as_bytes())
            .or_else(|_| BASE64_URL.decode(compact.as_bytes()))
            .ok()?,
    );
    let inner = Zeroizing::new(std::str::from_utf8(&bytes).ok()?.to_owned());
    inner.contains(BEGIN).then_some(inner)
}

fn without_white_space(text: &str) -> Text {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    out.extend(text.chars().filter(|c| !c.is_whitespace()));
    out
}

/// One `BEGIN LABEL` … `END LABEL`.
struct Block<'t> {
    label: &'t str,
    /// From behind the BEGIN line up to the next BEGIN, or the end.
    rest: &'t str,
}

impl Block<'_> {
    fn is_private(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }

    /// What is between the lines.
    fn body(&self) -> Result<&str, AppKeyError> {
        let end = format!("-----END {}-----", self.label);
        self.rest
            .split_once(&end)
            .map(|(body, _)| body)
            .ok_or(AppKeyError::Cut { what: "the END line" })
    }

    fn bytes(&self) -> Result<Bytes, AppKeyError> {
        let body = self.body()?;
        let compact = without_white_space(body);
        let bytes = BASE64.decode(compact.as_bytes()).map_err(|_| AppKeyError::Cut {
            what: "the base64 text",
        })?;
        Ok(Zeroizing::new(bytes))
    }
}

fn blocks(text: &str) -> Result<Vec<Block<'_>>, AppKeyError> {
    text.split(BEGIN)
        .skip(1)
        .map(|part| {
            let (label, rest) = part
                .split_once(DASHES)
                .ok_or(AppKeyError::Cut { what: "the BEGIN line" })?;
            Ok(Block { label, rest })
        })
        .collect()
}

fn read(text: &str) -> Result<Bytes, AppKeyError> {
    let blocks = blocks(text)?;
    let mut private = blocks.iter().filter(|block| block.is_private());
    let Some(key) = private.next() else {
        let label = blocks.first().map(|block| block.label).unwrap_or_default();
        return Err(match label {
            _ if label.ends_with("PUBLIC KEY") => AppKeyError::PublicKey,
            _ if label.contains("CERTIFICATE") => AppKeyError::Certificate,
            _ => AppKeyError::NotPem,
        });
    };
    if private.next().is_some() {
        return Err(AppKeyError::TwoKeys);
    }
    match key.label {
        "RSA PRIVATE KEY" => {
            if key.rest.contains("Proc-Type:") || key.rest.contains("DEK-Info:") {
                return Err(AppKeyError::Encrypted);
            }
            key.bytes()
        }
        "PRIVATE KEY" => match der::open_pkcs8(&key.bytes()?) {
            Some(der::Pkcs8::Rsa(pkcs1)) => Ok(Zeroizing::new(pkcs1.to_vec())),
            Some(der::Pkcs8::Other) => Err(AppKeyError::NotRsa),
            None => Err(AppKeyError::Cut {
                what: "the key's frame",
            }),
        },
        "ENCRYPTED PRIVATE KEY" => Err(AppKeyError::Encrypted),
        "OPENSSH PRIVATE KEY" => {
            let rsa = key.bytes()?.windows(7).any(|part| part == b"ssh-rsa");
            Err(AppKeyError::OpenSsh { rsa })
        }
        _ => Err(AppKeyError::NotRsa),
    }
}
