use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue, Error, ValueDeserializer},
};

use crate::{
    CeilingSpec, DocumentSpec, PolicyError, PolicyFileError, PolicyFileProblem, PolicySpec, TestSpec,
    keys::{DOCUMENT, Keys, Shape},
    nearest::{did_you_mean, shown},
};

/// Reads a policy file. Whether what it says makes sense is for [`PolicySet::compile`](crate::PolicySet::compile) to say.
///
/// # Errors
/// Everything that is wrong with it as a file, each with its line: what is no TOML, keys that do not exist (with the
/// nearest that does), values of the wrong kind.
pub fn parse_document(toml: &str) -> Result<DocumentSpec, PolicyFileError> {
    let mut reader = Reader {
        text: toml,
        problems: Vec::new(),
    };
    let document = reader.read();
    let mut problems = reader.problems;
    if problems.is_empty() {
        return Ok(document);
    }
    problems.sort_by_key(|problem| problem.line);
    problems.dedup();
    Err(PolicyFileError { problems })
}

impl PolicyError {
    /// The line of the file that it is about, counted from 1: that of the field, or of what stands nearest above it when
    /// the field is missing. `None` when the file has no such policy.
    pub fn line_in(&self, toml: &str) -> Option<usize> {
        let (table, _) = DeTable::parse_recoverable(toml);
        let (start, table) = match &self.policy {
            None => entry(table.get_ref(), "ceiling")?,
            Some(name) => {
                let DeValue::Array(policies) = table.get_ref().get("policy")?.get_ref() else {
                    return None;
                };
                let named = |table: &DeTable<'_>| {
                    let given = table.get("name").and_then(|given| given.get_ref().as_str());
                    given.is_some_and(|given| shown(given) == *name)
                };
                policies.iter().find_map(|policy| {
                    let table = policy.get_ref().as_table().filter(|table| named(table))?;
                    Some((policy.span().start, table))
                })?
            }
        };
        let path = self.field.strip_prefix("ceiling.").unwrap_or(&self.field);
        Some(line_at(toml, deepest(table, path).unwrap_or(start)))
    }
}

fn entry<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Option<(usize, &'a DeTable<'i>)> {
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
    Some((key.span().start, value.get_ref().as_table()?))
}

/// Where the longest part of the path stands that there is. Names may have dots of their own.
fn deepest(table: &DeTable<'_>, path: &str) -> Option<usize> {
    let rest_after = |name: &str| match path.strip_prefix(name)? {
        "" => Some(""),
        rest => rest.strip_prefix('.'),
    };
    table.iter().find_map(|(key, value)| {
        let rest = rest_after(key.get_ref())?;
        let inner = value.get_ref().as_table().and_then(|table| deepest(table, rest));
        inner.or(Some(key.span().start))
    })
}

fn line_at(text: &str, start: usize) -> usize {
    let before = text.get(..start).unwrap_or(text);
    before.matches('\n').count() + 1
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<PolicyFileProblem>,
}

impl<'a> Reader<'a> {
    fn read(&mut self) -> DocumentSpec {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            self.add(error.span(), error.message(), None);
        }
        let mut document = DocumentSpec::default();
        // A file that is no TOML was read as something that nobody wrote; more complaints would be about that.
        if !self.problems.is_empty() {
            return document;
        }
        self.check_keys(table.get_ref(), DOCUMENT, "a policy file");
        for (key, value) in table.into_inner() {
            match key.get_ref().as_ref() {
                "ceiling" => document.ceiling = self.one::<CeilingSpec>(value),
                "policy" => document.policy = self.many::<PolicySpec>(value, "policy"),
                "test" => document.test = self.many::<TestSpec>(value, "test"),
                _ => {}
            }
        }
        document
    }

    fn many<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'a>>, key: &str) -> Vec<T> {
        let span = value.span();
        let DeValue::Array(values) = value.into_inner() else {
            let remedy = format!("Write `[[{key}]]` above each.");
            self.add(Some(span), &format!("`{key}` is a list of tables."), Some(remedy));
            return Vec::new();
        };
        values.into_iter().filter_map(|value| self.one(value)).collect()
    }

    fn one<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'a>>) -> Option<T> {
        let whole = value.span();
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => Some(value),
            Err(error) => {
                self.add_unless_known(&error, whole);
                None
            }
        }
    }

    /// serde finds one of the unknown keys that were found already.
    fn add_unless_known(&mut self, error: &Error, whole: Range<usize>) {
        if !error.message().starts_with("unknown field") {
            let span = error.span().filter(|span| !span.is_empty()).unwrap_or(whole);
            self.add(Some(span), error.message(), None);
        }
    }

    fn check_keys(&mut self, table: &DeTable<'a>, keys: Keys, of: &str) {
        let known: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match keys.iter().find(|(known, _)| *known == name) {
                None => {
                    let message = format!("{of} has no key `{}`.", shown(name));
                    self.add(Some(key.span()), &message, Some(did_you_mean(name, &known)));
                }
                Some((_, Shape::Free)) => {}
                Some((key, Shape::Table(keys))) => self.check_table(value.get_ref(), keys, key),
                Some((key, Shape::Tables(keys))) => {
                    if let DeValue::Array(values) = value.get_ref() {
                        values
                            .iter()
                            .for_each(|value| self.check_table(value.get_ref(), keys, key));
                    }
                }
            }
        }
    }

    fn check_table(&mut self, value: &DeValue<'a>, keys: Keys, of: &str) {
        if let DeValue::Table(table) = value {
            self.check_keys(table, keys, &format!("`{of}`"));
        }
    }

    fn add(&mut self, span: Option<Range<usize>>, message: &str, remedy: Option<String>) {
        let line = line_at(self.text, span.map_or(0, |span| span.start));
        self.problems.push(PolicyFileProblem {
            line,
            message: message.to_owned(),
            remedy,
        });
    }
}
