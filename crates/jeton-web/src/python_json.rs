use std::fmt::Write as _;

use jeton_domain::Secret;

/// Adds a JSON string as Python's `json.dumps` writes it: ASCII only, everything else as `\uXXXX` (pairs beyond the
/// basic plane). Today's clients were written against that very text.
fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a `String` cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// An object of strings, with a space after each `:` and `,`, and a final newline, as Flask sends it.
pub(crate) fn object(pairs: &[(&str, &str)]) -> String {
    // Two braces and a line end, less one separator: exactly what plain text needs, so that kept answers hold no slack.
    let room = pairs
        .iter()
        .map(|(key, value)| key.len() + value.len() + 8)
        .sum::<usize>()
        + 1;
    let mut out = String::with_capacity(room);
    out.push('{');
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        push_string(&mut out, key);
        out.push_str(": ");
        push_string(&mut out, value);
    }
    out.push_str("}\n");
    out
}

/// The body of the compatible token route: these keys, in this order.
pub(crate) fn token(repository: &str, namespace: &str, token: &Secret, expires_at: &str) -> String {
    object(&[
        ("repository", repository),
        ("namespace", namespace),
        ("access_token", token.expose()),
        ("expires_at", expires_at),
    ])
}

#[cfg(test)]
mod tests {
    use jeton_domain::Secret;

    use super::{object, token};

    #[test]
    fn strings_are_written_as_python_writes_them() {
        // Right: what `python3 -c 'import json; print(json.dumps({"k": …}))'` prints.
        for (text, python) in [
            ("", r#""""#),
            ("demo", r#""demo""#),
            ("a b/c", r#""a b/c""#),
            ("say \"hi\"", r#""say \"hi\"""#),
            ("back\\slash", r#""back\\slash""#),
            ("\n\r\t\u{8}\u{c}", r#""\n\r\t\b\f""#),
            ("\u{0}\u{1f}\u{7f}", r#""\u0000\u001f\u007f""#),
            ("é", r#""\u00e9""#),
            ("\u{2028}", r#""\u2028""#),
            ("日本", r#""\u65e5\u672c""#),
            ("😀", r#""\ud83d\ude00""#),
            ("<>&'", r#""<>&'""#),
        ] {
            assert_eq!(object(&[("k", text)]), format!("{{\"k\": {python}}}\n"));
        }
    }

    #[test]
    fn whatever_is_written_reads_back() {
        let text: String = (0..0x3000)
            .filter_map(char::from_u32)
            .chain("😀\u{10ffff}".chars())
            .collect();
        let read: serde_json::Value = serde_json::from_str(&object(&[("k", &text)])).unwrap();
        assert_eq!(read["k"], text);
    }

    #[test]
    fn the_token_answer_is_byte_for_byte_what_clients_know() {
        let secret = Secret::new("planted");
        assert_eq!(
            token("demo", "acme", &secret, "2026-01-01T00:00:00Z"),
            "{\"repository\": \"demo\", \"namespace\": \"acme\", \"access_token\": \"planted\", \"expires_at\": \
             \"2026-01-01T00:00:00Z\"}\n"
        );
    }
}
