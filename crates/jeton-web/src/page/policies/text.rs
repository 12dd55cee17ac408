//! Policies as text, in the words of the policy file.

use jeton_policy::{CeilingSpec, PolicySpec};
use serde::Serialize;
use serde_json::{Map, Value};

/// A line of values that is longer is broken.
const LINE: usize = 100;

/// As people read a policy: who it is for before what they may.
const ORDER: [&str; 10] = [
    "name",
    "description",
    "callers",
    "actions",
    "forges",
    "repositories",
    "permissions",
    "sources",
    "longest_lifetime_seconds",
    "condition",
];

/// A policy as it would stand in the file.
pub(in crate::page) fn policy(spec: &PolicySpec) -> String {
    write("[[policy]]\n", spec)
}

/// The ceiling as it would stand in the file.
pub(super) fn ceiling(spec: &CeilingSpec) -> String {
    write("[ceiling]\n", spec)
}

/// As the API takes it.
pub(super) fn json(spec: &PolicySpec) -> String {
    serde_json::to_string_pretty(spec).unwrap_or_default()
}

fn write<T: Serialize>(head: &str, value: &T) -> String {
    let mut out = head.to_owned();
    if let Ok(Value::Object(fields)) = serde_json::to_value(value) {
        let known = ORDER.iter().filter_map(|name| fields.get_key_value(*name));
        let others = fields.iter().filter(|(name, _)| !ORDER.contains(&name.as_str()));
        for (name, value) in known.chain(others) {
            put(&mut out, &key(name), value);
        }
    }
    out
}

/// Tables are written with dots: `callers.client = "ci"`.
fn put(out: &mut String, path: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                put(out, &format!("{path}.{}", key(name)), value);
            }
        }
        value => {
            let line = format!("{path} = {}", literal(value));
            let broken = value.as_array().filter(|_| line.chars().count() > LINE);
            match broken {
                Some(values) => {
                    out.push_str(path);
                    out.push_str(" = [\n");
                    for value in values {
                        out.push_str("  ");
                        out.push_str(&literal(value));
                        out.push_str(",\n");
                    }
                    out.push(']');
                }
                None => out.push_str(&line),
            }
            out.push('\n');
        }
    }
}

fn key(name: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if !name.is_empty() && name.bytes().all(is_bare) {
        name.to_owned()
    } else {
        text(name)
    }
}

/// The escapes of JSON are escapes of TOML, too; TOML wants one more character escaped.
fn text(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(string) => text(string),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(literal).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(fields) => table(fields),
        // Nothing of a policy is absent within a list.
        Value::Null => "\"\"".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn table(fields: &Map<String, Value>) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{} = {}", key(name), literal(value)))
        .collect();
    if fields.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", fields.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use jeton_policy::{PolicySpec, parse_document};

    #[test]
    fn what_is_written_reads_back_as_the_same() {
        let json = serde_json::json!({
            "name": "all:of/it", "description": "with \"quotes\", \\ and\na line, \u{7f} and ü",
            "callers": {"issuer": "actions", "claims": {"a.b": ["x", "7", "true"], "sub": "repo:acme/*"}},
            "actions": ["token.mint"], "forges": ["github.com"],
            "repositories": (0..30).map(|n| format!("acme/web-{n}")).collect::<Vec<_>>(),
            "permissions": {"contents": "read", "pull_requests": "write"}, "sources": ["app:main"],
            "longest_lifetime_seconds": 600, "condition": "request.time.getHours() < 18"
        });
        for change in [
            |_: &mut PolicySpec| {},
            |spec: &mut PolicySpec| spec.permissions = Some(std::collections::BTreeMap::new()),
        ] {
            let mut spec: PolicySpec = serde_json::from_value(json.clone()).unwrap();
            change(&mut spec);
            let text = super::policy(&spec);
            let read = parse_document(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(read.policy, [spec], "{text}");
            assert!(
                text.starts_with("[[policy]]\nname = \"all:of/it\"\ndescription = "),
                "{text}"
            );
        }
    }
}
