//! What a text may be that has no token in it.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use jeton_domain::{API_KEY_PREFIX, ForgeKind};
use zeroize::Zeroizing;

use crate::{not_a_token::NotAToken, shape::has_prefix};

/// Keys of other services by their prefix, with how long they are at least.
const FOREIGN: &[(&str, usize, &str)] = &[
    ("AKIA", 20, "Amazon Web Services"),
    ("ASIA", 20, "Amazon Web Services"),
    ("xoxb-", 20, "Slack"),
    ("xoxp-", 20, "Slack"),
    ("xoxa-", 20, "Slack"),
    ("xoxe", 20, "Slack"),
    ("xoxs-", 20, "Slack"),
    ("xapp-", 20, "Slack"),
    ("https://hooks.slack.com/", 30, "Slack"),
    ("npm_", 20, "npm"),
    ("pypi-", 20, "PyPI"),
    ("rubygems_", 20, "RubyGems"),
    ("cio", 35, "crates.io"),
    ("oy2", 40, "NuGet"),
    ("sk-ant-", 20, "Anthropic"),
    ("sk-or-", 20, "OpenRouter"),
    ("sk-", 20, "OpenAI"),
    ("hf_", 20, "Hugging Face"),
    ("gsk_", 20, "Groq"),
    ("r8_", 20, "Replicate"),
    ("AIza", 30, "Google"),
    ("ya29.", 20, "Google"),
    ("GOCSPX-", 20, "Google"),
    ("dckr_pat_", 20, "Docker Hub"),
    ("hvs.", 20, "Vault"),
    ("hvb.", 20, "Vault"),
    ("hvr.", 20, "Vault"),
    ("SG.", 30, "SendGrid"),
    ("sk_live_", 20, "Stripe"),
    ("sk_test_", 20, "Stripe"),
    ("rk_live_", 20, "Stripe"),
    ("pk_live_", 20, "Stripe"),
    ("whsec_", 20, "Stripe"),
    ("dop_v1_", 20, "DigitalOcean"),
    ("shpat_", 20, "Shopify"),
    ("sntrys_", 20, "Sentry"),
    ("sntryu_", 20, "Sentry"),
    ("glsa_", 20, "Grafana"),
    ("glc_", 20, "Grafana"),
    ("tskey-", 20, "Tailscale"),
    ("ops_", 40, "1Password"),
    ("lin_api_", 20, "Linear"),
    ("PMAK-", 20, "Postman"),
    ("figd_", 20, "Figma"),
    ("nfp_", 20, "Netlify"),
    ("dapi", 36, "Databricks"),
    ("AGE-SECRET-KEY-", 20, "age"),
];

const SSH_KEYS: &[&str] = &[
    "ssh-rsa ",
    "ssh-ed25519 ",
    "ssh-dss ",
    "ecdsa-sha2-",
    "sk-ssh-ed25519",
    "sk-ecdsa-sha2-",
    "AAAAB3NzaC1",
    "AAAAC3NzaC1",
    "AAAAE2VjZHNh",
];

/// References that some program should have replaced, by how they begin.
const REFERENCES: &[&str] = &[
    "${",
    "$(",
    "{{",
    "op://",
    "vault:",
    "env:",
    "secret:",
    "secret://",
    "file:",
    "!vault",
    "!secret",
    "arn:aws:",
    "ssm:",
    "sops:",
    "aws-sm://",
    "gcp-sm://",
    "keyring:",
    "process.env",
    "os.environ",
    "os.getenv",
    "ENV[",
    "System.getenv",
    "secrets.",
    "<%",
    "#{",
    "@Microsoft.KeyVault",
];

/// Texts that stand for a token in manuals.
const EXAMPLES: &[&str] = &[
    "token",
    "password",
    "secret",
    "changeme",
    "change_me",
    "change-me",
    "todo",
    "example",
    "xxx",
    "null",
    "none",
    "undefined",
    "nil",
    "true",
    "false",
    "redacted",
    "hidden",
    "placeholder",
    "access_token",
    "api_key",
    "pat",
    "string",
];

/// What is plain from the text as it was pasted, before anything is taken away from it: blocks of lines, and references, whose
/// brackets mean something.
pub(crate) fn at_first_sight(text: &str) -> Option<NotAToken> {
    let text = text.trim();
    if text.is_empty() {
        return Some(NotAToken::Empty);
    }
    if text.contains("PRIVATE KEY-----") || text.starts_with("PuTTY-User-Key-File") {
        return Some(NotAToken::PrivateKey);
    }
    if text.contains("-----BEGIN ") || text.starts_with("---- BEGIN SSH2") {
        return Some(NotAToken::Pem);
    }
    if SSH_KEYS.iter().any(|start| text.starts_with(start)) {
        return Some(NotAToken::SshPublicKey);
    }
    if ["SHA256:", "MD5:"].iter().any(|start| text.starts_with(start)) {
        return Some(NotAToken::SshFingerprint);
    }
    if text.starts_with("_gitlab_session=") || text.starts_with("user_session=") {
        return Some(NotAToken::Cookie);
    }
    None
}

/// What a text is in which no token was found. `text` is what is left of it, `pasted` the whole without white space around it.
pub(crate) fn classify(text: &str, pasted: &str, expected: Option<ForgeKind>) -> NotAToken {
    if text.is_empty() || is_quotes_only(pasted) {
        return NotAToken::Empty;
    }
    if is_masked(text) || is_masked(pasted) {
        return NotAToken::Masked;
    }
    if is_reference(text) || is_reference(pasted) {
        return NotAToken::Placeholder;
    }
    if ends_with_name(text) {
        return NotAToken::NoValue;
    }
    if is_example(text) || (pasted.starts_with('<') && pasted.ends_with('>')) {
        return NotAToken::Example;
    }
    if let Some(known) = by_known_start(text) {
        return known;
    }
    by_looks(text, pasted, expected)
}

fn by_known_start(text: &str) -> Option<NotAToken> {
    if text.starts_with(API_KEY_PREFIX) {
        return Some(NotAToken::JetonKey);
    }
    if text.starts_with("eyJ") && text.matches('.').count() >= 2 {
        return Some(NotAToken::Jwt);
    }
    if is_base64_of_a_token(text) {
        return Some(NotAToken::Base64);
    }
    if text.starts_with("BBDC-") {
        return Some(NotAToken::DataCenter);
    }
    let is_client_id = (text.starts_with("Iv1.") || text.starts_with("Iv23")) && text.len() == 20;
    if is_client_id && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.') {
        return Some(NotAToken::ClientId);
    }
    let is_one_word = !text.contains(char::is_whitespace);
    let foreign = FOREIGN
        .iter()
        .find(|(prefix, least, _)| is_one_word && text.starts_with(prefix) && text.len() >= *least);
    foreign.map(|(_, _, service)| NotAToken::Foreign(service))
}

/// Whether a text is base64, and a token or `user:token` stands in it.
fn is_base64_of_a_token(text: &str) -> bool {
    let lines: Zeroizing<String> = Zeroizing::new(text.split_whitespace().collect());
    let bare = lines.trim_end_matches('=');
    // an end that is missing does not matter here
    let whole = bare.get(..bare.len() / 4 * 4).unwrap_or_default();
    let Ok(bytes) = STANDARD_NO_PAD.decode(whole).map(Zeroizing::new) else {
        return false;
    };
    let Ok(inside) = std::str::from_utf8(&bytes) else {
        return false;
    };
    let inside = inside.trim_start();
    has_prefix(inside) || inside.split_once(':').is_some_and(|(_, password)| has_prefix(password))
}

fn by_looks(text: &str, pasted: &str, expected: Option<ForgeKind>) -> NotAToken {
    let has = |fits: fn(&char) -> bool| text.chars().any(|c| fits(&c));
    if text.contains(char::is_whitespace) {
        // a passphrase has words too: both are no token
        return NotAToken::Sentence;
    }
    if text.contains("://") {
        return NotAToken::Url;
    }
    if let Some((user, host)) = text.rsplit_once('@') {
        if host.contains(':') && !user.is_empty() {
            return NotAToken::SshAddress;
        }
        let is_host = host.contains('.') && host.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '-');
        if is_host && !user.is_empty() && !user.contains([':', '/']) {
            return NotAToken::Email;
        }
    }
    if pasted.starts_with("git@") {
        return NotAToken::SshAddress;
    }
    if text.starts_with(['/', '~']) || text.starts_with("./") || text.starts_with("../") || pasted.contains(":\\") {
        return NotAToken::Path;
    }
    let is_name = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.')
    };
    if text.contains('/') && text.len() <= 100 && text.split('/').all(is_name) {
        return NotAToken::Repository;
    }
    let mixed = has(char::is_ascii_digit) && has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
    let name = pasted.strip_prefix('@').unwrap_or(text);
    // GitHub's names have 39 characters at most, GitLab's 255; a long one is more likely something else
    if is_name(name) && name.len() <= 39 && !mixed && !has_digit_inside(name) && !is_random(name) {
        return NotAToken::UserName;
    }
    // an unknown text of a token's length may be one of a GitLab with its own prefix
    if text.len() < 20 || (expected.is_some() && text.len() < 36 && !is_name(text)) {
        return NotAToken::Password;
    }
    NotAToken::Unknown
}

/// Whether a digit stands between letters, as in passwords that began as a word.
fn has_digit_inside(text: &str) -> bool {
    let middle =
        |three: &[u8]| three[0].is_ascii_alphabetic() && three[1].is_ascii_digit() && three[2].is_ascii_alphabetic();
    text.as_bytes().windows(3).any(middle)
}

/// Whether digits stand among the letters as they do in names of nobody.
fn is_random(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() >= 20 && digits * 5 >= text.len()
}

fn is_quotes_only(text: &str) -> bool {
    text.chars()
        .all(|c| !c.is_alphanumeric() && matches!(c, '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}'))
}

/// Three stars, bullets or blocks in a row stand for what is hidden.
pub(crate) fn is_masked(text: &str) -> bool {
    let mut run = 0_usize;
    text.chars().any(|c| {
        run = if matches!(
            c,
            '*' | '\u{2022}' | '\u{25cf}' | '\u{25cb}' | '\u{2588}' | '\u{2b24}' | '\u{2217}'
        ) {
            run + 1
        } else {
            0
        };
        run >= 3
    }) || ["[masked]", "[redacted]", "[filtered]", "[hidden]"]
        .iter()
        .any(|word| text.to_ascii_lowercase().contains(word))
}

fn is_reference(text: &str) -> bool {
    let is_variable = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    };
    REFERENCES.iter().any(|start| text.starts_with(start))
        || text.contains("${{")
        || text.strip_prefix('$').is_some_and(is_variable)
        || text.strip_prefix("$env:").is_some_and(is_variable)
        || text
            .strip_prefix('%')
            .is_some_and(|name| is_variable(name.trim_end_matches('%')))
}

/// `GITHUB_TOKEN=` or `token:`
fn ends_with_name(text: &str) -> bool {
    let name = text.trim_end_matches(['=', ':', ' ']);
    let lower = name.to_ascii_lowercase();
    let speaks_of_one = ["token", "password", "secret", "authorization", "bearer", "_pat", "key"];
    let is_header = matches!(
        lower.as_str(),
        "bearer" | "authorization: bearer" | "authorization" | "private-token"
    );
    let is_assigned = name.len() != text.len() && text.trim_end().ends_with(['=', ':']);
    let is_one = name.len() <= 60 && !name.contains(char::is_whitespace);
    is_header || (is_assigned && is_one && speaks_of_one.iter().any(|word| lower.contains(word)))
}

fn is_example(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let bare = lower.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let words = lower.replace(['_', '-', ' ', '.'], "");
    let is_repeated = text.len() >= 3
        && text.chars().all(|c| text.starts_with(c))
        && lower.starts_with(['x', '.', '\u{2026}', '0', '-', '_', '?', '#']);
    EXAMPLES.contains(&bare)
        || is_repeated
        || bare.is_empty()
        || [
            "yourtoken",
            "mytoken",
            "tokenhere",
            "inserttoken",
            "yourpat",
            "youraccess",
            "yourgithub",
            "yourgitlab",
            "yourpersonal",
            "yourapi",
            "yourbitbucket",
            "pasteyour",
            "replaceme",
            "exampletoken",
            "sometoken",
            "dummytoken",
            "faketoken",
        ]
        .iter()
        .any(|example| words.contains(example))
}
