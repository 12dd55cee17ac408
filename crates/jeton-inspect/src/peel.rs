//! Takes away what people paste around a token, layer by layer.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::{
    decoration::Decoration,
    shape::has_prefix,
    url_text::{is_url, token_in, unescaped},
};

/// How many layers are taken away at most: what people paste has four or five, and the work stays bounded.
const LAYERS: usize = 24;

/// The longest name of a variable, header or field, and of a user in `user:token`.
const LONGEST_NAME: usize = 100;

const PAIRS: &[(char, char)] = &[
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('\u{201c}', '\u{201d}'),
    ('\u{201e}', '\u{201d}'),
    ('\u{201e}', '\u{201c}'),
    ('\u{2018}', '\u{2019}'),
    ('\u{201a}', '\u{2019}'),
    ('\u{201a}', '\u{2018}'),
    ('\u{ab}', '\u{bb}'),
    ('\u{bb}', '\u{ab}'),
    ('\u{2039}', '\u{203a}'),
    ('\u{201d}', '\u{201d}'),
    ('\u{2019}', '\u{2019}'),
    ('\u{b4}', '\u{b4}'),
    ('<', '>'),
    ('(', ')'),
    ('[', ']'),
    ('{', '}'),
];

/// Words that stand before a variable's name or before a token, each with a space after it.
const COMMANDS: &[&str] = &[
    "export ",
    "set ",
    "setx ",
    "env ",
    "declare -x ",
    "local ",
    "readonly ",
    "const ",
    "let ",
    "var ",
    "-H ",
    "--header ",
    "-u ",
    "--user ",
    "-e ",
    "--env ",
    "header = ",
];

const MARKS: &[&str] = &["$ ", "> ", "- ", "* ", "# ", "% ", "\u{2022} "];

/// What is left of a text, and what was around it.
pub(crate) struct Peeled {
    pub(crate) text: Zeroizing<String>,
    pub(crate) found: Vec<Decoration>,
}

/// Takes layers away until none is left.
pub(crate) fn peel(text: Zeroizing<String>, mut found: Vec<Decoration>) -> Peeled {
    let mut text = text;
    for _ in 0..LAYERS {
        let Some((decoration, inner)) = layer(&text) else { break };
        found.push(decoration);
        text = inner;
    }
    found.sort_unstable();
    found.dedup();
    Peeled { text, found }
}

type Layer = (Decoration, Zeroizing<String>);

fn layer(text: &str) -> Option<Layer> {
    let owned = |decoration, inner: &str| Some((decoration, Zeroizing::new(inner.to_owned())));
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        return owned(Decoration::Space, trimmed);
    }
    if let Some(inner) = quoted(text) {
        return owned(Decoration::Quotes, inner);
    }
    if let Some(inner) = punctuated(text) {
        return owned(Decoration::Punctuation, inner);
    }
    if let Some(inner) = text.strip_prefix(is_quote) {
        return owned(Decoration::HalfQuoted, inner);
    }
    if is_url(text) {
        let token = token_in(text)?;
        return Some((
            Decoration::Url,
            unescaped(token).unwrap_or_else(|| Zeroizing::new(token.to_owned())),
        ));
    }
    if let Some(inner) = after_word(text, &["basic "]).and_then(password_of_basic) {
        return Some((Decoration::Basic, inner));
    }
    if let Some(inner) = after_word(text, &["bearer ", "token "]) {
        return owned(Decoration::Scheme, inner);
    }
    if let Some(inner) = MARKS.iter().find_map(|mark| text.strip_prefix(mark)) {
        return owned(Decoration::Prompt, inner);
    }
    if let Some(inner) = after_word(text, COMMANDS).or_else(|| named(text)) {
        return owned(Decoration::Name, inner);
    }
    // Not before what stands in front is gone: the other one may follow a name.
    if let Some(inner) = text.strip_suffix(is_quote) {
        return owned(Decoration::HalfQuoted, inner);
    }
    if has_prefix(text) {
        if let Some(inner) = unescaped(text) {
            return Some((Decoration::Escapes, inner));
        }
        if let Some(rest) = text.split_once("\\=") {
            return Some((Decoration::Escapes, Zeroizing::new([rest.0, "=", rest.1].concat())));
        }
    }
    None
}

fn quoted(text: &str) -> Option<&str> {
    let first = text.chars().next()?;
    PAIRS
        .iter()
        .filter(|(open, _)| *open == first)
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close))
}

/// A quote that may stand at one end alone, never a bracket: those are parts of passwords and of code.
fn is_quote(c: char) -> bool {
    PAIRS[..PAIRS.len() - 4]
        .iter()
        .any(|(open, close)| c == *open || c == *close)
}

/// Punctuation after a token, a line's continuation, the mark with which zsh shows that a line end is missing, and the written
/// form of a line end.
fn punctuated(text: &str) -> Option<&str> {
    ["\\n", "\\r", "\\t", "\\"]
        .iter()
        .find_map(|end| text.strip_suffix(end))
        .or_else(|| text.strip_suffix([';', ',', '.', '%', ':']))
        // three dots stand for what was left out
        .filter(|inner| !inner.is_empty() && !inner.ends_with('.'))
}

/// What stands after one of these words, whatever their case.
fn after_word<'a>(text: &'a str, words: &[&str]) -> Option<&'a str> {
    words.iter().find_map(|word| {
        let (front, rest) = text.split_at_checked(word.len())?;
        front.eq_ignore_ascii_case(word).then_some(rest)
    })
}

fn password_of_basic(base64: &str) -> Option<Zeroizing<String>> {
    let bytes = Zeroizing::new(STANDARD.decode(base64.trim()).ok()?);
    let (_, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    (!password.is_empty()).then(|| Zeroizing::new(password.to_owned()))
}

/// The value of `NAME=value`, `name: value`, `"name": "value"`, `$env:NAME = "value"`, `name => value`, `user:token`,
/// `//host/:_authToken=value`.
fn named(text: &str) -> Option<&str> {
    if has_prefix(text) {
        return None;
    }
    if let Some((_, value)) = text.split_once(":_authToken=") {
        return Some(value);
    }
    let text = after_word(text, &["$env:"]).unwrap_or(text);
    let end = text
        .find(|c: char| !is_of_name(c))
        .filter(|end| (1..=LONGEST_NAME).contains(end))?;
    let (name, rest) = text.split_at(end);
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest).trim_start();
    let is_variable = !name.contains(['@', '+']);
    let value = rest
        .strip_prefix("=>")
        .or_else(|| rest.strip_prefix(":="))
        .or_else(|| rest.strip_prefix('=').filter(|value| is_variable && !is_check(value)))
        .or_else(|| {
            rest.strip_prefix(':')
                .filter(|value| !value.starts_with("//") && !value.starts_with(':'))
        })?;
    // quotes around nothing are no value, and neither is what base64 ends with
    let is_empty = value.chars().all(|c| c == '=' || c.is_whitespace() || is_quote(c));
    (!is_empty).then_some(value)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '+')
}

/// Whether this is what an Atlassian token ends with: then what stands before `=` is no name.
fn is_check(value: &str) -> bool {
    value.len() == 8 && value.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::peel;

    #[test]
    fn layers_come_off_one_by_one() {
        for text in [
            "value",
            " value\r\n",
            "\"value\"",
            "\u{201c}value\u{201d}",
            "'value';",
            "`value`,",
            "Bearer value",
            "bearer \"value\"",
            "Authorization: Bearer value",
            "authorization: token value",
            "PRIVATE-TOKEN: value",
            "-H 'PRIVATE-TOKEN: value'",
            "export GITHUB_TOKEN=value",
            "$ export GITHUB_TOKEN=\"value\"",
            "GITHUB_TOKEN = value",
            "$env:GITHUB_TOKEN = \"value\"",
            "    oauth_token: value",
            "\"token\": \"value\",",
            "{\"token\":\"value\"}",
            "//npm.pkg.github.com/:_authToken=value",
            "https://me:value@github.com/acme/tools.git",
            "url = https://me:value@github.com/acme/tools.git",
            "me@example.com:value",
            "Authorization: Basic bWU6dmFsdWU=",
            "<value>",
            "value%",
            "value\\n",
            "value \\",
        ] {
            assert_eq!(
                peel(Zeroizing::new(text.to_owned()), Vec::new()).text.as_str(),
                "value",
                "{text}"
            );
        }
    }

    #[test]
    fn what_has_no_layer_stays() {
        let atlassian = ["ATCTT3x", "FfGN0abc=67779075"].concat();
        for text in [
            "",
            "value",
            "a b",
            "https://host/x",
            "GITHUB_TOKEN=",
            "TT3xabc=67779075",
            &atlassian,
        ] {
            assert_eq!(
                peel(Zeroizing::new(text.to_owned()), Vec::new()).text.as_str(),
                text,
                "{text}"
            );
        }
    }
}
