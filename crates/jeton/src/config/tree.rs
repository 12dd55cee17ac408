//! The configuration file as a tree that remembers lines.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::ConfigIssue;

/// A value of the file, or the text of a variable. No `Debug`: it may be a secret.
#[derive(Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Flag(bool),
    List(Vec<Value>),
    Table(Vec<Entry>),
    /// A kind of value that no setting has.
    Other,
}

/// A key with its value.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) value: Value,
}

/// Reads TOML. The error has the parser's words and the line, and nothing of the file's text.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<Entry>, ConfigIssue> {
    let table = DeTable::parse(text).map_err(|error| ConfigIssue::Syntax {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| line_at(text, span.start)),
        // the message alone: the error's `Display` shows the line, which may hold a secret
        reason: format!("this is no TOML: {}", error.message().trim().replace('\n', "; ")),
    })?;
    Ok(entries(text, table.get_ref()))
}

fn entries(text: &str, table: &DeTable<'_>) -> Vec<Entry> {
    let mut out: Vec<_> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            line: line_at(text, key.span().start),
            value: convert(text, value.get_ref()),
        })
        .collect();
    out.sort_by_key(|entry| entry.line);
    out
}

fn convert(text: &str, value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(string) => Value::Text(string.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Other, Value::Integer)
        }
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Array(values) => Value::List(values.iter().map(|value| convert(text, value.get_ref())).collect()),
        DeValue::Table(table) => Value::Table(entries(text, table)),
        DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

impl Value {
    /// The value as it could stand in a message; cut, and without control characters.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.chars().filter(|c| !c.is_control()).take(80).collect(),
            Self::Integer(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a table".to_owned(),
            Self::Other => "a number or date of another kind".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Value, parse};

    #[test]
    fn remembers_lines() {
        let entries = parse(Path::new("x"), "# a\n[server]\n\nlisten = 'x'\nmax_body_kib = 0x10\n")
            .ok()
            .unwrap();
        let Value::Table(server) = &entries[0].value else {
            panic!("a table")
        };
        assert_eq!((server[0].key.as_str(), server[0].line), ("listen", 4));
        assert!(matches!(server[1].value, Value::Integer(16)));
    }

    #[test]
    fn an_error_shows_nothing_of_the_file() {
        let issue = parse(Path::new("x"), "[seal]\nkey = \"planted\n").err().unwrap();
        let text = issue.to_string();
        assert!(text.contains("line 2") && !text.contains("planted"), "{text}");
    }
}
