use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

/// What a token of any of the three forges, a JWT, a key of our own or a PEM block looks like. Prefixes and characters are those of the
/// forges' documentation as of 2026: stateless installation tokens have dots, underscores and hyphens. No Unicode class is
/// used: which of them exist depends on the features that other crates switch on.
static TOKENS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let patterns = [
        r"gh[oprsu]_[A-Za-z0-9._-]{20,}",
        r"github_pat_[A-Za-z0-9_]{20,}",
        r"(?:[A-Za-z0-9_-]+-)?gl(?:pat|oas|dt|rtr|rt|cbt|ptt|ft|imt|agent|wt|soat|ffct)-[A-Za-z0-9_.=-]{16,}",
        r"AT(?:BB|CTT3|ATT3)[A-Za-z0-9_=.%+/-]{20,}",
        r"jtn_[A-Za-z0-9]{30,}",
        r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.)*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
    ];
    Regex::new(&patterns.join("|")).ok()
});

/// Replaces whatever looks like a secret in text that came from outside (a forge's message, a process's output).
/// A borrowed answer means that nothing was found. The last line of defence, not the first: our own secrets are never in text to begin with.
pub fn redact(text: &str) -> Cow<'_, str> {
    match &*TOKENS {
        Some(pattern) => pattern.replace_all(text, "[redacted]"),
        None => Cow::Owned("[redacted]".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn hides_tokens_of_every_forge_whole() {
        let jwt = ["eyJhbGciOiJSUzI1NiJ9", "eyJpc3MiOiIxMjM0NSJ9", "c2lnbmF0dXJl-_c2ln"].join(".");
        let samples = [
            format!("ghs_{}", "a1B2".repeat(9)),
            format!("ghs_{}_{jwt}", 12345),
            format!("github_pat_{}", "x".repeat(82)),
            format!("{}-{}", "glpat", "abcdefghij0123456789"),
            format!("{}{}", "ATATT3", "xFfGF0abcdefghijklmnopqrstuvw"),
            format!("jtn_{}", "q".repeat(36)),
            format!(
                "-----BEGIN RSA {} KEY-----\nMIIabc\n-----END RSA {} KEY-----",
                "PRIVATE", "PRIVATE"
            ),
        ];
        for sample in samples {
            let text = format!("bad token {sample} (sorry)");
            assert_eq!(redact(&text), "bad token [redacted] (sorry)");
        }
        assert_eq!(redact("Not Found"), "Not Found");
    }
}
