//! Writing to a `String` cannot fail: the results of `write!` are dropped here.

use std::fmt::Write as _;

use jeton_domain::{Blame, Code};
use serde_json::Value;

use super::{
    html::{escape, prose, table},
    shell,
};
use crate::status;

const NO_VALUE: &str = "";

/// The reference, rendered from the OpenAPI document: no script, nothing from elsewhere.
pub(super) fn page(document: &Value) -> String {
    let mut body = format!(
        "<h1>jeton</h1>\n<p class=\"dim\">version {} · <a href=\"/openapi.json\">openapi.json</a></p>\n<p>{}</p>\n",
        escape(text(&document["info"]["version"])),
        prose(text(&document["info"]["description"]))
    );
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = text(&tag["name"]);
        let _ = writeln!(
            body,
            "<h2 id=\"{id}\">{title}</h2>",
            id = escape(name),
            title = escape(text(&tag["description"]))
        );
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let tagged = operation["tags"]
                    .as_array()
                    .is_some_and(|tags| tags.iter().any(|tag| tag == name));
                if tagged {
                    body.push_str(&section(path, method, operation));
                }
            }
        }
    }
    body.push_str("<h2 id=\"schemas\">Schemas</h2>\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        body.push_str(&schema_section(name, schema));
    }
    body.push_str(&error_codes());
    shell::plain("jeton: HTTP API", &body)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or(NO_VALUE)
}

fn section(path: &str, method: &str, operation: &Value) -> String {
    let id = escape(text(&operation["operationId"]));
    let mut out = format!(
        "<section>\n<h3 id=\"{id}\"><span class=\"method\">{}</span> <code>{}</code></h3>\n<p>{}</p>\n<p class=\"dim\">\
         Operation <code>{id}</code>. {}</p>\n",
        escape(&method.to_ascii_uppercase()),
        escape(path),
        prose(&words(operation)),
        key_needed(operation),
    );
    let parameters: Vec<Vec<String>> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(parameter)
        .collect();
    if !parameters.is_empty() {
        out.push_str(&table(&["Parameter", "In", "Type", "Meaning"], &parameters));
    }
    for (media, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
        let _ = writeln!(
            out,
            "<p>Body: {} as <code>{}</code></p>",
            type_of(&content["schema"]),
            escape(media)
        );
        out.push_str(&example(content));
    }
    let mut rows = Vec::new();
    let mut examples = String::new();
    for (code, response) in operation["responses"].as_object().into_iter().flatten() {
        let (media, content) = response["content"]
            .as_object()
            .and_then(|all| all.iter().next())
            .map_or((NO_VALUE, &Value::Null), |(media, content)| (media.as_str(), content));
        rows.push(vec![
            format!("<code>{}</code>", escape(code)),
            prose(text(&response["description"])),
            if media == "application/problem+json" {
                type_of(&content["schema"])
            } else {
                body_of(content)
            },
        ]);
        if code.starts_with('2') {
            examples.push_str(&example(content));
        }
    }
    out.push_str(&table(&["Status", "Meaning", "Body"], &rows));
    out.push_str(&examples);
    out.push_str("</section>\n");
    out
}

fn words(operation: &Value) -> String {
    let (summary, description) = (text(&operation["summary"]), text(&operation["description"]));
    format!("{summary} {description}").trim().to_owned()
}

/// An operation without a `security` of its own needs what the whole document says.
fn key_needed(operation: &Value) -> &'static str {
    let open = operation["security"]
        .as_array()
        .map(|all| all.iter().any(|one| one == &serde_json::json!({})));
    let only = operation["security"].as_array().is_some_and(|all| all.len() == 1);
    match (open, only) {
        (Some(true), true) => "No key is needed.",
        (Some(true), false) => "Needs a key or a token, unless the operator lets callers on this machine in without.",
        _ => "Needs a key or a token.",
    }
}

fn parameter(parameter: &Value) -> Vec<String> {
    let required = if parameter["required"] == true {
        ""
    } else {
        " <span class=\"dim\">(optional)</span>"
    };
    vec![
        format!("<code>{}</code>{required}", escape(text(&parameter["name"]))),
        escape(text(&parameter["in"])),
        type_of(&parameter["schema"]),
        prose(text(&parameter["description"])),
    ]
}

fn body_of(content: &Value) -> String {
    if content["schema"].is_object() {
        type_of(&content["schema"])
    } else {
        "JSON".to_owned()
    }
}

fn example(content: &Value) -> String {
    if content["example"].is_null() {
        return String::new();
    }
    let text = serde_json::to_string_pretty(&content["example"]).unwrap_or_default();
    format!("<pre><code>{}</code></pre>\n", escape(&text))
}

/// A schema in a few words, with a link where it has a name.
fn type_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escape(name));
    }
    if let Some(any) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        let all: Vec<String> = any.iter().filter(|one| one["type"] != "null").map(type_of).collect();
        return all.join(" or ");
    }
    if let Some(values) = schema["enum"].as_array() {
        let all: Vec<String> = values
            .iter()
            .map(|value| format!("<code>{}</code>", escape(text(value))))
            .collect();
        return all.join(", ");
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).filter(|kind| *kind != "null").collect(),
        other => vec![text(other)],
    };
    match kinds.as_slice() {
        ["array"] => format!("list of {}", type_of(&schema["items"])),
        ["object"] if schema["additionalProperties"].is_object() => {
            format!("object of {}", type_of(&schema["additionalProperties"]))
        }
        kinds => escape(&kinds.join(" or ")),
    }
}

fn schema_section(name: &str, schema: &Value) -> String {
    let name = escape(name);
    let mut out = format!(
        "<section>\n<h3 id=\"schema-{name}\">{name}</h3>\n<p>{}</p>\n",
        prose(text(&schema["description"]))
    );
    let required = |key: &str| {
        schema["required"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == key))
    };
    let properties = schema["properties"].as_object();
    let rows: Vec<Vec<String>> = properties
        .into_iter()
        .flatten()
        .map(|(key, value)| {
            let optional = if required(key) {
                ""
            } else {
                " <span class=\"dim\">(optional)</span>"
            };
            vec![
                format!("<code>{}</code>{optional}", escape(key)),
                type_of(value),
                prose(text(&value["description"])),
            ]
        })
        .collect();
    if rows.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", type_of(schema));
    } else {
        out.push_str(&table(&["Field", "Type", "Meaning"], &rows));
    }
    out.push_str("</section>\n");
    out
}

/// Every code there is, each where `type` of a problem points.
fn error_codes() -> String {
    let mut out = String::from(
        "<h2 id=\"errors\">Error codes</h2>\n<p>Codes are a promise: they are added, never renamed. Those without a \
         route of their own show up in <code>/readyz</code>, in the log and on the command line.</p>\n\
         <div class=\"table\"><table><thead><tr><th>Code</th><th>Status</th><th>On <code>/api</code></th>\
         <th>Who can change it</th></tr></thead><tbody>\n",
    );
    for code in Code::ALL {
        let who = match code.blame() {
            Blame::Caller => "the caller",
            Blame::Access => "an owner or administrator at the forge",
            Blame::Forge => "the forge; waiting may help",
            Blame::Operator => "whoever runs this server",
            Blame::Jeton => "jeton's authors",
        };
        let _ = writeln!(
            out,
            "<tr id=\"error-{code}\"><td><code>{code}</code></td><td>{}</td><td>{}</td><td>{who}</td></tr>",
            status::of(*code).as_u16(),
            status::compat(*code).as_u16()
        );
    }
    out.push_str("</tbody></table></div>\n");
    out
}

#[cfg(test)]
mod tests {
    use jeton_domain::Code;

    use super::page;
    use crate::openapi;

    #[test]
    fn the_page_has_every_operation_and_every_code_and_nothing_from_elsewhere() {
        let document = openapi::as_value(&openapi::document());
        let html = page(&document);
        for code in Code::ALL {
            assert!(html.contains(&format!("id=\"error-{code}\"")), "{code}");
        }
        let operations = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|item| item.as_object().unwrap().values());
        for operation in operations {
            let id = operation["operationId"].as_str().unwrap();
            assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
        }
        for forbidden in ["<script", "src=", "http://", "https://cdn", "style=\"", "onclick"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        // Every link inside the page leads somewhere.
        for link in html.split("href=\"#").skip(1) {
            let target = link.split('"').next().unwrap();
            assert!(html.contains(&format!("id=\"{target}\"")), "{target}");
        }
    }
}
