use jeton_api::ContentOrigin;
use jeton_content::{At, CommitsQuery, ContentError, FileRead, Read, TreeQuery, render};
use rmcp::model::{JsonObject, Tool};
use serde::Serialize;
use serde_json::Value;

use super::{
    arguments::{self, Arguments},
    server::ContentTools,
    tools, words,
};
use crate::{
    failure::Failure,
    operations::content::{COMMIT_PAGE, TREE_PAGE, directory, span},
};

/// A part of what is no text is given as base64, for programs alone, up to so many bytes.
const MOST_BINARY: u64 = render::PIECE;

/// What a tool answers.
pub(super) struct Answered {
    /// For a model.
    pub(super) text: String,
    /// What it should know besides: of credentials that were passed over.
    pub(super) notes: Vec<String>,
    /// For programs: as the API's JSON has it.
    pub(super) structured: Value,
}

impl ContentTools {
    /// Calls a tool.
    pub(super) async fn call(&self, tool: &Tool, given: JsonObject) -> Result<Answered, Failure> {
        let arguments = arguments::read(tool, given)?;
        let forge = self.forge(arguments.forge.as_deref())?;
        let at = At {
            forge: &forge,
            repository: &arguments.repository,
            reference: arguments.reference.as_deref(),
            revalidate: false,
        };
        match tool.name.as_ref() {
            tools::TREE => self.tree(&at, &arguments).await,
            tools::FILE => self.file(&at, &arguments).await,
            tools::LINES => self.lines(&at, &arguments).await,
            tools::MAX_LINES => self.max_lines(&at, &arguments).await,
            tools::COMMITS => self.commits(&at, &arguments).await,
            _ => Err(Failure::internal()),
        }
    }

    /// The forge that was named, or the GitHub that the compatible routes read from.
    fn forge(&self, named: Option<&str>) -> Result<String, Failure> {
        if let Some(named) = named {
            return Ok(named.to_owned());
        }
        let host = self.content.compat_host();
        host.map_err(|error| self.failure(&error).with_remedy("Name one in `forge`."))
    }

    fn failure(&self, error: &ContentError) -> Failure {
        Failure::of_content(error, self.state.access.now())
    }

    async fn tree(&self, at: &At<'_>, arguments: &Arguments) -> Result<Answered, Failure> {
        let directory = directory(arguments.path.as_deref())?;
        let query = TreeQuery {
            directory: directory.clone(),
            recursive: arguments.recursive.unwrap_or(true),
            limit: limit(arguments, TREE_PAGE.0),
            cursor: arguments.cursor.clone(),
        };
        let read = self.content.tree(&self.asker, at, query).await;
        let read = read.map_err(|error| self.failure(&error))?;
        let tree = render::tree(&read, &directory);
        answered(words::tree(&tree), &tree.origin, &tree)
    }

    async fn read(&self, at: &At<'_>, arguments: &Arguments) -> Result<Read<FileRead>, Failure> {
        let path = arguments.path.as_deref().unwrap_or_default();
        let read = self.content.file(&self.asker, at, path).await;
        read.map_err(|error| self.failure(&error))
    }

    async fn file(&self, at: &At<'_>, arguments: &Arguments) -> Result<Answered, Failure> {
        let read = self.read(at, arguments).await?;
        let part = render::file_content(&read, arguments.offset, arguments.limit).await;
        let part = part.map_err(|error| self.failure(&error))?;
        let bytes = part.next.unwrap_or(part.file.size) - part.offset;
        let left_out = part.encoding != "utf-8" && bytes > MOST_BINARY;
        let mut answer = answered(words::file(&part, left_out), &part.origin, &part)?;
        if let (true, Some(fields)) = (left_out, answer.structured.as_object_mut()) {
            fields.remove("content");
            fields.remove("encoding");
        }
        Ok(answer)
    }

    async fn lines(&self, at: &At<'_>, arguments: &Arguments) -> Result<Answered, Failure> {
        let read = self.read(at, arguments).await?;
        let start = arguments.start_line.unwrap_or(1);
        let lines = render::file_lines(&read, start, arguments.end_line).await;
        let lines = lines.map_err(|error| self.failure(&error))?;
        answered(words::lines(&lines), &lines.origin, &lines)
    }

    async fn max_lines(&self, at: &At<'_>, arguments: &Arguments) -> Result<Answered, Failure> {
        let count = render::line_count(&self.read(at, arguments).await?);
        answered(words::line_count(&count), &count.origin, &count)
    }

    async fn commits(&self, at: &At<'_>, arguments: &Arguments) -> Result<Answered, Failure> {
        let (since, until) = (arguments.since.as_deref(), arguments.until.as_deref());
        let span = span(since, until, arguments.timezone.as_deref());
        let (since, until) = span.map_err(|error| self.failure(&error))?;
        let query = CommitsQuery {
            path: directory(arguments.path.as_deref())?,
            since,
            until,
            limit: limit(arguments, COMMIT_PAGE.0),
            cursor: arguments.cursor.clone(),
        };
        let read = self.content.commits(&self.asker, at, query).await;
        let commits = render::commits(&read.map_err(|error| self.failure(&error))?);
        answered(words::commits(&commits), &commits.origin, &commits)
    }
}

/// How many at most; the schema has looked at it.
fn limit(arguments: &Arguments, default: u32) -> usize {
    let limit = arguments.limit.unwrap_or(default.into());
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn answered(text: String, origin: &ContentOrigin, body: &impl Serialize) -> Result<Answered, Failure> {
    Ok(Answered {
        text,
        notes: origin.notices.iter().map(words::notice).collect(),
        structured: serde_json::to_value(body).map_err(|_| Failure::internal())?,
    })
}
