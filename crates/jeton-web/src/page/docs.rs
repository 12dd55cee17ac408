//! Writing to a `String` cannot fail: the results of `write!` are dropped here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use jeton_domain::{Blame, Code};
use serde_json::Value;

use super::html::{escape, prose, table};
use crate::status;

const NO_VALUE: &str = "";

/// The reference, rendered once from the OpenAPI document: a first page and two for each tag. Each is small enough for a phone on a
/// slow line.
pub(super) struct Docs {
    first: String,
    tags: BTreeMap<String, OfTag>,
}

/// The pages of a tag.
struct OfTag {
    title: String,
    operations: String,
    schemas: String,
}

impl Docs {
    pub(super) fn of(document: &Value) -> Self {
        let tags = document["tags"].as_array().into_iter().flatten();
        Self {
            first: first(document),
            tags: tags
                .map(|tag| {
                    let (name, title) = (text(&tag["name"]), text(&tag["description"]));
                    (name.to_owned(), OfTag::new(document, name, title))
                })
                .collect(),
        }
    }

    /// The body of the first page.
    pub(super) fn first(&self) -> &str {
        &self.first
    }

    /// The title and the body of a tag's page.
    pub(super) fn operations(&self, tag: &str) -> Option<(&str, &str)> {
        let of_tag = self.tags.get(tag)?;
        Some((&of_tag.title, &of_tag.operations))
    }

    /// The same of what its bodies are made of.
    pub(super) fn schemas(&self, tag: &str) -> Option<(&str, &str)> {
        let of_tag = self.tags.get(tag)?;
        Some((&of_tag.title, &of_tag.schemas))
    }
}

/// Where everything is, and every code there is.
fn first(document: &Value) -> String {
    let mut body = format!(
        "<h1>jeton</h1>\n<p class=\"dim\">version {} · <a href=\"/openapi.json\">openapi.json</a></p>\n<p>{}</p>\n",
        escape(text(&document["info"]["version"])),
        prose(text(&document["info"]["description"]))
    );
    for tag in document["tags"].as_array().into_iter().flatten() {
        let name = escape(text(&tag["name"]));
        let _ = writeln!(
            body,
            "<h2 id=\"tag-{name}\"><a href=\"/docs/{name}\">{}</a></h2>\n<ul class=\"plain\">",
            escape(text(&tag["description"]))
        );
        for (path, method, operation) in of(document, text(&tag["name"])) {
            let id = escape(text(&operation["operationId"]));
            let _ = writeln!(
                body,
                "<li id=\"{id}\"><a href=\"/docs/{name}#{id}\"><span class=\"method\">{}</span> <code>{}</code></a> {}</li>",
                escape(&method.to_ascii_uppercase()),
                escape(path),
                prose(text(&operation["summary"]))
            );
        }
        body.push_str("</ul>\n");
    }
    body.push_str(&error_codes());
    body
}

impl OfTag {
    fn new(document: &Value, tag: &str, title: &str) -> Self {
        let (tag_text, heading) = (escape(tag), escape(title));
        let above = "<p class=\"crumbs\"><a href=\"/docs\">HTTP API</a>";
        let place = format!("/docs/{tag_text}/schemas");
        let mut operations = format!("{above}</p>\n<h1>{heading}</h1>\n");
        let mut named = BTreeSet::new();
        for (path, method, operation) in of(document, tag) {
            operations.push_str(&section(path, method, operation, &place));
            names_in(document, operation, &mut named);
        }
        let mut schemas =
            format!("{above} › <a href=\"/docs/{tag_text}\">{heading}</a></p>\n<h1>{heading}: schemas</h1>\n");
        for name in named {
            schemas.push_str(&schema_section(name, &document["components"]["schemas"][name]));
        }
        Self {
            title: title.to_owned(),
            operations,
            schemas,
        }
    }
}

/// Path, method and operation of each that has a tag.
fn of<'a>(document: &'a Value, tag: &'a str) -> impl Iterator<Item = (&'a str, &'a str, &'a Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    all.filter(move |(.., operation)| {
        let mut tags = operation["tags"].as_array().into_iter().flatten();
        tags.any(|one| one == tag)
    })
}

/// The schemas that something names, and those that these name.
fn names_in<'a>(document: &'a Value, value: &'a Value, named: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str);
            let name = name.and_then(|path| path.strip_prefix("#/components/schemas/"));
            if let Some(name) = name.filter(|name| named.insert(name)) {
                names_in(document, &document["components"]["schemas"][name], named);
            }
            for (key, value) in fields {
                // What stands in an example names nothing.
                if key != "example" {
                    names_in(document, value, named);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names_in(document, value, named)),
        _ => {}
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or(NO_VALUE)
}

/// An operation; `place` is the page of the schemas that it names.
fn section(path: &str, method: &str, operation: &Value, place: &str) -> String {
    let id = escape(text(&operation["operationId"]));
    let mut out = format!(
        "<section>\n<h2 id=\"{id}\"><span class=\"method\">{}</span> <code>{}</code></h2>\n<p>{}</p>\n<p class=\"dim\">\
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
        .map(|one| parameter(one, place))
        .collect();
    if !parameters.is_empty() {
        out.push_str(&table(&["Parameter", "In", "Type", "Meaning"], &parameters));
    }
    for (media, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
        let _ = writeln!(
            out,
            "<p>Body: {} as <code>{}</code></p>",
            type_of(&content["schema"], place),
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
                type_of(&content["schema"], place)
            } else {
                body_of(content, place)
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

fn parameter(parameter: &Value, place: &str) -> Vec<String> {
    let required = if parameter["required"] == true {
        ""
    } else {
        " <span class=\"dim\">(optional)</span>"
    };
    vec![
        format!("<code>{}</code>{required}", escape(text(&parameter["name"]))),
        escape(text(&parameter["in"])),
        type_of(&parameter["schema"], place),
        prose(text(&parameter["description"])),
    ]
}

fn body_of(content: &Value, place: &str) -> String {
    if content["schema"].is_object() {
        type_of(&content["schema"], place)
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
fn type_of(schema: &Value, place: &str) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"{place}#schema-{0}\">{0}</a>", escape(name));
    }
    if let Some(any) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        let all: Vec<String> = any
            .iter()
            .filter(|one| one["type"] != "null")
            .map(|one| type_of(one, place))
            .collect();
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
        ["array"] => format!("list of {}", type_of(&schema["items"], place)),
        ["object"] if schema["additionalProperties"].is_object() => {
            format!("object of {}", type_of(&schema["additionalProperties"], place))
        }
        kinds => escape(&kinds.join(" or ")),
    }
}

fn schema_section(name: &str, schema: &Value) -> String {
    let name = escape(name);
    let mut out = format!(
        "<section>\n<h2 id=\"schema-{name}\">{name}</h2>\n<p>{}</p>\n",
        prose(text(&schema["description"]))
    );
    let mut rows = rows_of(schema);
    // What is made of several: the fields of each, and a link to those that have a name of their own.
    for part in schema["allOf"].as_array().into_iter().flatten() {
        if part["$ref"].is_string() {
            let all = format!("All fields of {}, beside these.", type_of(part, ""));
            let _ = writeln!(out, "<p>{all}</p>");
        } else {
            rows.extend(rows_of(part));
        }
    }
    if rows.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", type_of(schema, ""));
    } else {
        out.push_str(&table(&["Field", "Type", "Meaning"], &rows));
    }
    out.push_str("</section>\n");
    out
}

/// The fields of an object.
fn rows_of(schema: &Value) -> Vec<Vec<String>> {
    let required = |key: &str| {
        schema["required"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == key))
    };
    let properties = schema["properties"].as_object();
    properties
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
                type_of(value, ""),
                prose(text(&value["description"])),
            ]
        })
        .collect()
}

/// Every code there is, each where `type` of a problem points.
fn error_codes() -> String {
    let mut out = String::from(
        "<h2 id=\"errors\">Error codes</h2>\n<p>Codes are a promise: they are added, never renamed. Those without a \
         route of their own show up in <code>/readyz</code>, in the log and on the command line.</p>\n\
         <table class=\"stack\"><thead><tr><th scope=\"col\">Code</th>\
         <th scope=\"col\">Status</th><th scope=\"col\">On <code>/api</code></th><th scope=\"col\">Who can change it</th></tr>\
         </thead><tbody>\n",
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
            "<tr id=\"error-{code}\"><td><code>{code}</code></td><td data-name=\"Status\">{}</td>\
             <td data-name=\"On /api\">{}</td><td data-name=\"Who can change it\">{who}</td></tr>",
            status::of(*code).as_u16(),
            status::compat(*code).as_u16()
        );
    }
    out.push_str("</tbody></table>\n");
    out
}

#[cfg(test)]
mod tests {
    use jeton_domain::Code;

    use super::Docs;
    use crate::openapi;

    #[test]
    fn the_pages_have_every_operation_and_every_code_and_nothing_from_elsewhere() {
        let document = openapi::as_value(&openapi::document());
        let docs = Docs::of(&document);
        for code in Code::ALL {
            assert!(docs.first().contains(&format!("id=\"error-{code}\"")), "{code}");
        }
        let operations = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|item| item.as_object().unwrap().values());
        for operation in operations {
            let id = operation["operationId"].as_str().unwrap();
            let tag = operation["tags"][0].as_str().unwrap();
            let (_, body) = docs.operations(tag).unwrap();
            let link = format!("href=\"/docs/{tag}#{id}\"");
            assert!(
                body.contains(&format!("id=\"{id}\"")) && docs.first().contains(&link),
                "{id}"
            );
            // Every link to a schema leads somewhere.
            let (_, schemas) = docs.schemas(tag).unwrap();
            for link in body.split("/schemas#").skip(1) {
                let target = link.split('"').next().unwrap();
                assert!(schemas.contains(&format!("id=\"{target}\"")), "{target}");
            }
        }
        let of_tags = docs
            .tags
            .values()
            .flat_map(|of_tag| [&of_tag.operations, &of_tag.schemas]);
        for page in of_tags.chain([&docs.first]) {
            for forbidden in ["<script", "src=", "http://", "https://cdn", "style=\"", "onclick"] {
                assert!(!page.contains(forbidden), "{forbidden}");
            }
            // Every link inside the page leads somewhere.
            for link in page.split("href=\"#").skip(1) {
                let target = link.split('"').next().unwrap();
                assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
            }
            assert!(!page.contains("id=\"content\""), "the frame has that id");
            assert!(page.len() < 65_000, "{} bytes", page.len());
        }
    }
}
