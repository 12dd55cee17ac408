//! Tokens in URLs.

use zeroize::Zeroizing;

use crate::shape::has_prefix;

/// The query parameters in which forges take a token.
const PARAMETERS: &[&str] = &["private_token", "access_token", "job_token", "token", "feed_token"];

/// Whether a text is a URL of the kinds that git and browsers know.
pub(crate) fn is_url(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(
        scheme.as_deref(),
        Some("http" | "https" | "ssh" | "git" | "git+https" | "git+ssh")
    ) && !text.contains(char::is_whitespace)
}

/// The token in a URL: its password, its user name where the password says that this is the token, or a parameter.
pub(crate) fn token_in(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if let Some((userinfo, _)) = authority.rsplit_once('@') {
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        let token = match password {
            "" | "x-oauth-basic" => user,
            _ if has_prefix(user) && !has_prefix(password) => user,
            _ => password,
        };
        // `ssh://git@host/` and `https://user@host/` have a user name and no token
        let is_token = !password.is_empty() || has_prefix(token) || token.len() >= 20;
        if is_token && !token.is_empty() {
            return Some(token);
        }
    }
    let query = path.split_once('?')?.1;
    query
        .split(['&', '#'])
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, value)| PARAMETERS.contains(name) && !value.is_empty())
        .map(|(_, value)| value)
}

/// Puts `%3D` and its like right; `None` when there is none.
pub(crate) fn unescaped(text: &str) -> Option<Zeroizing<String>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    let mut found = false;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(hex_pair);
        if let Some(byte) = digits {
            out.push(byte);
            rest = &after[2..];
            found = true;
        } else {
            out.push(*first);
            rest = after;
        }
    }
    let text = found.then(|| std::str::from_utf8(&out).ok()).flatten()?;
    Some(Zeroizing::new(text.to_owned()))
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |b: &u8| char::from(*b).to_digit(16);
    let value = digit(pair.first()?)? * 16 + digit(pair.get(1)?)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::{is_url, token_in, unescaped};

    #[test]
    fn a_token_is_found_where_urls_have_it() {
        let prefixed = ["gho", "_abc"].concat();
        for (url, token) in [
            ("https://me:secret@host/x".to_owned(), Some("secret")),
            ("https://me:secret@host".to_owned(), Some("secret")),
            ("https://secret:x-oauth-basic@host/".to_owned(), Some("secret")),
            (
                format!("https://{prefixed}@github.com/acme/tools"),
                Some(prefixed.as_str()),
            ),
            (
                "https://host/api?page=2&private_token=secret#x".to_owned(),
                Some("secret"),
            ),
            ("https://me@host/x".to_owned(), None),
            ("ssh://git@host/x".to_owned(), None),
            ("https://host/x?y=z".to_owned(), None),
            ("https://host/a@b:c".to_owned(), None),
        ] {
            assert_eq!(token_in(&url), token, "{url}");
            assert!(is_url(&url));
        }
    }

    #[test]
    fn escapes_are_put_right_only_where_there_are_any() {
        assert_eq!(unescaped("a%3Db%3d").unwrap().as_str(), "a=b=");
        for without in ["", "a", "100%", "%", "%3", "%zz", "%ff"] {
            assert!(unescaped(without).is_none(), "{without}");
        }
    }
}
