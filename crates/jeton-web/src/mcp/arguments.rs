use jeton_domain::Code;
use rmcp::model::{JsonObject, Tool};
use serde::Deserialize;
use serde_json::Value;

use crate::{extract::shown, failure::Failure};

/// What tools are called with. Which of them a tool takes and must have, and between which bounds, stands in its schema alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Arguments {
    pub(super) forge: Option<String>,
    pub(super) repository: String,
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
    pub(super) path: Option<String>,
    pub(super) recursive: Option<bool>,
    pub(super) offset: Option<u64>,
    pub(super) start_line: Option<u64>,
    pub(super) end_line: Option<u64>,
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
    pub(super) timezone: Option<String>,
    pub(super) limit: Option<u64>,
    pub(super) cursor: Option<String>,
}

/// Reads arguments by the tool's own schema, so that what it says and what is taken are one. `null` and the empty string are what
/// some models write for an argument that they leave out.
///
/// # Errors
/// [`Code::RequestInvalid`] names the argument and says what it is to be.
pub(super) fn read(tool: &Tool, mut given: JsonObject) -> Result<Arguments, Failure> {
    given.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
    let properties = tool.input_schema.get("properties").and_then(Value::as_object);
    let properties = properties.ok_or_else(Failure::internal)?;
    for (name, value) in &given {
        let Some(schema) = properties.get(name) else {
            let known: Vec<&str> = properties.keys().map(String::as_str).collect();
            let detail = format!("`{}` is no argument of {}", shown(name, 60), tool.name);
            return Err(invalid(detail, format!("It takes {}.", known.join(", "))));
        };
        check(name, value, schema)?;
    }
    let required = tool.input_schema.get("required").and_then(Value::as_array);
    let mut required = required.into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) = required.find(|name| !given.contains_key(*name)) {
        let what = properties[missing]["description"].as_str().unwrap_or_default();
        return Err(invalid(format!("`{missing}` is missing"), what));
    }
    // The schema and the fields say the same of every argument (a test looks); nothing is left that could be wrong.
    serde_json::from_value(Value::Object(given)).map_err(|_| Failure::internal())
}

fn check(name: &str, value: &Value, schema: &Value) -> Result<(), Failure> {
    let (fits, what) = match schema["type"].as_str() {
        Some("string") => (value.is_string(), "a string"),
        Some("boolean") => (value.is_boolean(), "true or false"),
        _ => (value.is_u64(), "a whole number"),
    };
    let what_it_is = || schema["description"].as_str().unwrap_or_default();
    if !fits {
        let shown = shown(&value.to_string(), 60);
        return Err(invalid(
            format!("`{name}` is {shown}, and must be {what}"),
            what_it_is(),
        ));
    }
    let Some(number) = value.as_u64() else {
        return Ok(());
    };
    let least = schema["minimum"].as_u64().unwrap_or(0);
    match schema["maximum"].as_u64() {
        Some(most) if !(least..=most).contains(&number) => Err(invalid(
            format!("`{name}` is {number}, and may be {least} to {most}"),
            what_it_is(),
        )),
        None if number < least => Err(invalid(
            format!("`{name}` is {number}, and must be at least {least}"),
            what_it_is(),
        )),
        _ => Ok(()),
    }
}

fn invalid(detail: String, remedy: impl Into<String>) -> Failure {
    Failure::new(Code::RequestInvalid, detail).with_remedy(remedy)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Arguments, read};
    use crate::mcp::tools;

    fn read_json(tool: &str, given: Value) -> Result<Arguments, String> {
        let Value::Object(given) = given else { panic!() };
        let failure =
            |failure: crate::failure::Failure| format!("{} {}", failure.detail(), failure.remedy().unwrap_or(""));
        read(tools::find(tool).unwrap(), given).map_err(failure)
    }

    #[test]
    fn every_argument_of_every_schema_is_read() {
        for tool in tools::all() {
            let mut given = serde_json::Map::new();
            for (name, schema) in tool.input_schema["properties"].as_object().unwrap() {
                let value = match schema["type"].as_str().unwrap() {
                    "string" => json!("x"),
                    "boolean" => json!(true),
                    "integer" => json!(schema["minimum"].as_u64().unwrap()),
                    other => panic!("{name}: {other} is not checked"),
                };
                given.insert(name.clone(), value);
            }
            let read = format!("{:?}", read(tool, given.clone()).unwrap());
            assert_eq!(read.matches("Some(").count() + 1, given.len(), "{}: {read}", tool.name);
        }
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let given = json!({"repository": "a/b", "ref": "", "path": null, "limit": null, "cursor": ""});
        let read = read_json(tools::TREE, given).unwrap();
        assert_eq!(
            (read.repository.as_str(), read.reference, read.path),
            ("a/b", None, None)
        );
    }

    #[test]
    fn a_mistake_names_the_argument() {
        for (given, words) in [
            (json!({}), "`repository` is missing"),
            (json!({"repository": "a/b"}), "`path` is missing"),
            (json!({"repository": "a/b", "path": ""}), "`path` is missing"),
            (
                json!({"repository": "a/b", "path": "x", "line": 1}),
                "`line` is no argument of getFileContent",
            ),
            (json!({"repository": "a/b", "path": "x", "line": 1}), "It takes "),
            (
                json!({"repository": 7, "path": "x"}),
                "`repository` is 7, and must be a string",
            ),
            (
                json!({"repository": "a/b", "path": "x", "limit": "10"}),
                "`limit` is \"10\", and must be a whole number",
            ),
            (
                json!({"repository": "a/b", "path": "x", "limit": 1.5}),
                "must be a whole number",
            ),
            (
                json!({"repository": "a/b", "path": "x", "offset": -1}),
                "`offset` is -1, and must be a whole number",
            ),
            (
                json!({"repository": "a/b", "path": "x", "limit": 0}),
                "`limit` is 0, and may be 1 to 1048576",
            ),
            (
                json!({"repository": "a/b", "path": "x", "limit": 1_048_577}),
                "may be 1 to 1048576",
            ),
        ] {
            let said = read_json(tools::FILE, given.clone()).unwrap_err();
            assert!(said.contains(words), "{given}: {said}");
        }
        let said = read_json(tools::LINES, json!({"repository": "a/b", "path": "x", "start_line": 0})).unwrap_err();
        assert!(said.contains("`start_line` is 0, and must be at least 1"), "{said}");
        let said = read_json(tools::TREE, json!({"repository": "a/b", "recursive": "yes"})).unwrap_err();
        assert!(said.contains("must be true or false"), "{said}");
    }
}
