use std::sync::{Arc, LazyLock};

use jeton_content::render::{LARGEST_PIECE, MOST_LINES, PIECE};
use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Value, json};

use crate::operations::content::{COMMIT_PAGE, TREE_PAGE};

pub(super) const TREE: &str = "getRepositoryTree";
pub(super) const FILE: &str = "getFileContent";
pub(super) const LINES: &str = "getFileLinesByRange";
pub(super) const MAX_LINES: &str = "getMaxLinesInFile";
pub(super) const COMMITS: &str = "listCommits";

/// All tools, in the order in which they are shown.
pub(super) fn all() -> &'static [Tool] {
    static ALL: LazyLock<Vec<Tool>> = LazyLock::new(|| vec![tree(), file(), lines(), max_lines(), commits()]);
    &ALL
}

/// The tool of this name.
pub(super) fn find(name: &str) -> Option<&'static Tool> {
    all().iter().find(|tool| tool.name == name)
}

/// The names of all, for people.
pub(super) fn names() -> String {
    all()
        .iter()
        .map(|tool| tool.name.as_ref())
        .collect::<Vec<_>>()
        .join(", ")
}

fn tree() -> Tool {
    let page = format!("Entries per page; {} when left out.", TREE_PAGE.0);
    let about = "Lists files and directories of a repository, one path per line: sorted where the forge gives the tree at once, else in its order. A directory ends with `/`. Begin here \
        when you do not know where something lies. Of a large repository, list one directory with `path`, or only the top with \
        `recursive` false.";
    tool(
        TREE,
        "List a repository's files",
        about,
        &[
            (
                "path",
                text("Directory to list, from the root of the repository. The root when left out."),
            ),
            (
                "recursive",
                flag("With everything below (true, the default), or only what lies directly in the directory."),
            ),
            ("limit", number(&page, 1, Some(TREE_PAGE.1.into()))),
            ("cursor", text("The `cursor` that the page before ended with.")),
        ],
        &[],
    )
}

fn file() -> Tool {
    let limit = format!(
        "Bytes at most. When left out, a file of up to {LARGEST_PIECE} bytes comes whole, and a larger one in parts of {PIECE}."
    );
    let about = "Reads a file, or a part of it by bytes. The first line of the answer says what it is, the text follows as it is. A part \
        never ends inside of a character. Files that are not text in UTF-8 are described. To read a part by lines, take \
        getFileLinesByRange.";
    tool(
        FILE,
        "Read a file",
        about,
        &[
            ("path", path()),
            (
                "offset",
                number(
                    "Byte to begin at, counted from 0: the `offset` that the part before ended with.",
                    0,
                    None,
                ),
            ),
            ("limit", number(&limit, 1, Some(LARGEST_PIECE))),
        ],
        &["path"],
    )
}

fn lines() -> Tool {
    let about = format!(
        "Reads lines of a text file, each with its number. Lines count from 1, and both ends are included; at most {MOST_LINES} lines or \
         {LARGEST_PIECE} bytes come at a time. For large files this is cheaper than getFileContent."
    );
    tool(
        LINES,
        "Read lines of a file",
        &about,
        &[
            ("path", path()),
            (
                "start_line",
                number("First line, counted from 1. 1 when left out.", 1, None),
            ),
            (
                "end_line",
                number(
                    "Last line, included. The file's last line when left out or beyond it.",
                    1,
                    None,
                ),
            ),
        ],
        &["path"],
    )
}

fn max_lines() -> Tool {
    let about = "Tells how many lines a file has, its size, encoding and line ends, without its content. Use it before reading lines of a \
        file whose length you do not know.";
    tool(MAX_LINES, "Count a file's lines", about, &[("path", path())], &["path"])
}

fn commits() -> Tool {
    let page = format!("Commits per page; {} when left out.", COMMIT_PAGE.0);
    let about = "Lists commits, newest first, one per line: id, date, author, first line of the message (structuredContent has the \
        whole messages). Filter by path and by the date at which a commit was put there.";
    tool(
        COMMITS,
        "List commits",
        about,
        &[
            (
                "path",
                text("Only commits that changed this file, or something in this directory."),
            ),
            (
                "since",
                text("Not before: a day such as 2026-01-31 (from its beginning), or RFC 3339 with an offset."),
            ),
            (
                "until",
                text("Not after: a day (to its end), or RFC 3339 with an offset."),
            ),
            (
                "timezone",
                text("Zone in which days are meant, such as Europe/Berlin or +02:00. UTC when left out."),
            ),
            ("limit", number(&page, 1, Some(COMMIT_PAGE.1.into()))),
            (
                "cursor",
                text("The `cursor` that the page before ended with. New commits do not move it."),
            ),
        ],
        &[],
    )
}

fn path() -> Value {
    text("The file, from the root of the repository, such as src/lib.rs. Case counts.")
}

fn text(about: &str) -> Value {
    json!({"type": "string", "description": about})
}

fn flag(about: &str) -> Value {
    json!({"type": "boolean", "description": about})
}

fn number(about: &str, least: u64, most: Option<u64>) -> Value {
    let mut schema = json!({"type": "integer", "description": about, "minimum": least});
    if let Some(most) = most {
        schema["maximum"] = json!(most);
    }
    schema
}

/// A tool that takes these arguments besides those that all take, of which the repository must be there. There is no schema of the
/// answers: they are the API's, which /openapi.json describes, and a model would have to read it with every list of tools.
fn tool(name: &'static str, title: &str, about: &str, own: &[(&str, Value)], required: &[&str]) -> Tool {
    let mut properties = json!({
        "repository": text("The repository as owner/name, such as acme/tools; on GitLab with all its groups."),
        "ref": text("Branch, tag or commit id. The default branch when left out."),
        "forge": text("Host of the forge, such as github.com, gitlab.com or bitbucket.org. The server's GitHub when left out."),
    });
    for (name, schema) in own {
        properties[*name] = schema.clone();
    }
    let required: Vec<&str> = ["repository"].iter().chain(required).copied().collect();
    let schema = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    let schema = schema.as_object().cloned().unwrap_or_default();
    let hints = ToolAnnotations::with_title(title)
        .read_only(true)
        .destructive(false)
        .idempotent(true)
        .open_world(true);
    Tool::new(name, about.to_owned(), Arc::new(schema))
        .with_title(title)
        .with_annotations(hints)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{all, find};

    #[test]
    fn tools_are_called_like_the_operations() {
        let document: serde_json::Value = serde_json::from_str(&crate::openapi_json()).unwrap();
        let paths = document["paths"].as_object().unwrap().values();
        let ids: BTreeSet<&str> = paths.filter_map(|item| item["get"]["operationId"].as_str()).collect();
        for tool in all() {
            assert!(ids.contains(tool.name.as_ref()), "{}", tool.name);
            assert_eq!(find(&tool.name).unwrap(), tool);
        }
        assert_eq!(all().len(), 5);
        assert!(find("getRawFile").is_none());
    }

    #[test]
    fn every_argument_is_described() {
        for tool in all() {
            let schema = &tool.input_schema;
            assert_eq!(schema["additionalProperties"], false, "{}", tool.name);
            let properties = schema["properties"].as_object().unwrap();
            for required in schema["required"].as_array().unwrap() {
                assert!(
                    properties.contains_key(required.as_str().unwrap()),
                    "{}: {required}",
                    tool.name
                );
            }
            for (name, property) in properties {
                assert!(
                    property["description"].as_str().is_some_and(|words| words.len() > 20),
                    "{}: {name}",
                    tool.name
                );
            }
        }
    }
}
