use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{glob::Glob, nearest::shown};

/// One claim that a token must make, and how.
#[derive(Debug, Clone)]
pub(crate) struct ClaimMatcher {
    pub(crate) path: Box<str>,
    pub(crate) values: Vec<Glob>,
}

impl ClaimMatcher {
    pub(crate) fn matches(&self, claims: &Map<String, Value>) -> bool {
        let mut found = false;
        each_text(claims, &self.path, |text| {
            found = found || self.values.iter().any(|value| value.matches(text));
        });
        found
    }
}

/// Calls `each` with every text that the claim has: one for a scalar, one for each scalar of an array, none for anything
/// else. Whole numbers are compared by their decimal digits; others have too many spellings to be compared at all.
pub(crate) fn each_text(claims: &Map<String, Value>, path: &str, mut each: impl FnMut(&str)) {
    match find(claims, path) {
        Some(Value::Array(values)) => values.iter().filter_map(text_of).for_each(|text| each(&text)),
        Some(value) => {
            if let Some(text) = text_of(value) {
                each(&text);
            }
        }
        None => {}
    }
}

fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Number(number) if !number.is_f64() => Some(Cow::Owned(number.to_string())),
        Value::Number(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A claim by its path. At each level the whole rest is tried as a name before it is cut at a dot, the longest name first:
/// Kubernetes writes `{"kubernetes.io": {"namespace": …}}`.
fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    path.rmatch_indices('.')
        .find_map(|(dot, _)| match claims.get(&path[..dot]) {
            Some(Value::Object(inner)) => find(inner, &path[dot + 1..]),
            _ => None,
        })
}

/// What the claim is, for the operator.
pub(crate) fn describe(claims: &Map<String, Value>, path: &str) -> String {
    match find(claims, path) {
        None => "is absent".to_owned(),
        Some(Value::String(text)) => format!("is `{}`", shown(text)),
        Some(Value::Object(_)) => "is an object, which is never compared".to_owned(),
        Some(other) => format!("is `{}`", shown(&other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ClaimMatcher, describe};
    use crate::glob::Glob;

    fn matches(path: &str, values: &[&str], claims: &Value) -> bool {
        let values = values.iter().map(|value| Glob::words(value).ok().unwrap()).collect();
        let matcher = ClaimMatcher {
            path: path.into(),
            values,
        };
        matcher.matches(claims.as_object().unwrap())
    }

    #[test]
    fn values_are_compared_by_their_text() {
        let claims = json!({
            "number": 4711, "text": "4711", "negative": -1, "big": u64::MAX, "float": 4711.0, "huge": 1e30,
            "yes": true, "null": null, "empty": "", "object": {"a": 1},
            "list": ["a", 4711, true, null, ["inner"], {"b": 1}], "none": [],
        });
        for (path, value, expected) in [
            ("number", "4711", true),
            ("text", "4711", true),
            ("number", "47*", true),
            ("number", "04711", false),
            ("number", "4711.0", false),
            ("negative", "-1", true),
            ("big", "18446744073709551615", true),
            ("float", "4711", false),
            ("float", "*", false),
            ("huge", "*", false),
            ("yes", "true", true),
            ("yes", "True", false),
            ("null", "null", false),
            ("null", "", false),
            ("null", "*", false),
            ("absent", "", false),
            ("absent", "*", false),
            ("empty", "", true),
            ("empty", "*", true),
            ("object", "*", false),
            ("object.a", "1", true),
            ("list", "a", true),
            ("list", "4711", true),
            ("list", "true", true),
            ("list", "inner", false),
            ("list", "null", false),
            ("list.0", "a", false),
            ("none", "*", false),
        ] {
            assert_eq!(matches(path, &[value], &claims), expected, "{path} {value}");
        }
        assert!(matches("text", &["x", "47*"], &claims));
    }

    #[test]
    fn names_with_dots_are_tried_whole_first() {
        let claims = json!({
            "kubernetes.io": {"namespace": "runners", "serviceaccount": {"name": "controller", "uid": "0b0f"}},
            "a": {"b": {"c": "nested"}},
            "a.b": {"c": "flat"},
            "x.y": "whole", "x": {"y": "nested"},
        });
        assert!(matches("kubernetes.io.namespace", &["runners"], &claims));
        assert!(matches("kubernetes.io.serviceaccount.uid", &["0b0f"], &claims));
        assert!(!matches("kubernetes.io.serviceaccount", &["*"], &claims));
        assert!(!matches("kubernetes.io.node.name", &["*"], &claims));
        assert!(matches("a.b.c", &["flat"], &claims) && !matches("a.b.c", &["nested"], &claims));
        assert!(matches("x.y", &["whole"], &claims) && !matches("x.y", &["nested"], &claims));
        assert!(
            !matches("kubernetes", &["*"], &claims) && !matches("", &["*"], &claims) && !matches(".", &["*"], &claims)
        );
    }

    #[test]
    fn a_claim_is_described_for_a_terminal() {
        let claims = json!({"sub": "a\u{1b}[2Jb", "long": "x".repeat(500), "n": 7});
        let claims = claims.as_object().unwrap();
        assert_eq!(describe(claims, "sub"), "is `a[2Jb`");
        assert_eq!(describe(claims, "n"), "is `7`");
        assert_eq!(describe(claims, "nope"), "is absent");
        assert!(describe(claims, "long").chars().count() < 130);
    }
}
