//! Who reads: a server, or this program alone. Both give the same answers.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream::BoxStream};
use jeton_api::{CommitList, FileContent, FileLines, RepositoryTree};
use jeton_content::{CommitsQuery, ContentError, TreeQuery, render};
use jeton_domain::{Code, Coded as _, FilePath};
use reqwest::header;

use super::{
    CliError, Context,
    alone::Alone,
    target::{Spot, Target},
};
use crate::cli::{
    ServerArgs,
    args_content::WhereArgs,
    client::{Client, Download},
    error::Told,
};

/// Query parameters.
type Query = Vec<(&'static str, String)>;

/// Who reads, of which repository.
pub(super) struct Reader {
    way: Way,
    repository: String,
}

enum Way {
    Server { client: Box<Client>, forge: String },
    Alone(Box<Alone>),
}

/// Which part of a tree.
#[derive(Debug, Clone)]
pub(super) struct TreeAsk {
    pub(super) recursive: bool,
    pub(super) limit: u64,
    pub(super) cursor: Option<String>,
}

/// Which part of the history.
#[derive(Debug, Clone)]
pub(super) struct CommitsAsk {
    pub(super) since: Option<String>,
    pub(super) until: Option<String>,
    pub(super) timezone: Option<String>,
    pub(super) limit: u64,
    pub(super) cursor: Option<String>,
}

/// A file on its way.
pub(super) struct Incoming<'a> {
    /// In bytes, where it is known.
    pub(super) size: Option<u64>,
    /// What to tell people.
    pub(super) notes: Vec<String>,
    bytes: Source<'a>,
}

enum Source<'a> {
    Server(Download<'a>),
    Alone(&'a Alone, BoxStream<'static, Result<Bytes, ContentError>>),
}

impl Incoming<'_> {
    /// The next piece; `None` when all of it is here.
    ///
    /// # Errors
    /// When it breaks off.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, CliError> {
        match &mut self.bytes {
            Source::Server(download) => download.next().await.map_err(broken_off),
            Source::Alone(alone, stream) => stream.next().await.transpose().map_err(|error| alone.failed(error)),
        }
    }
}

impl Reader {
    /// Finds out who is to be asked: a server that was named or is there, or else the forge itself.
    ///
    /// # Errors
    /// When the server that is meant cannot be asked, or it cannot be told which forge is meant.
    pub(super) async fn new(args: &WhereArgs, target: &Target, context: &Context) -> Result<Self, CliError> {
        let way = match server(args.alone, &args.server, context).await? {
            Some(client) => Way::Server {
                client: Box::new(client),
                forge: super::forge::name(args, target)?,
            },
            None => Way::Alone(Box::new(Alone::new(args, target, context)?)),
        };
        Ok(Self {
            way,
            repository: target.repository.clone(),
        })
    }

    /// A page of a tree.
    ///
    /// # Errors
    /// As [`Client::get`], or what the forge says.
    pub(super) async fn tree(&self, spot: &Spot, ask: &TreeAsk) -> Result<RepositoryTree, CliError> {
        match &self.way {
            Way::Server { client, forge } => {
                let mut query = place(spot);
                query.push(("recursive", ask.recursive.to_string()));
                query.push(("limit", ask.limit.to_string()));
                query.extend(ask.cursor.clone().map(|cursor| ("cursor", cursor)));
                client.get(&self.route(forge, "tree"), &query).await
            }
            Way::Alone(alone) => {
                let directory = path(&spot.path)?;
                let query = TreeQuery {
                    directory: directory.clone(),
                    recursive: ask.recursive,
                    limit: usize::try_from(ask.limit).unwrap_or(usize::MAX),
                    cursor: ask.cursor.clone(),
                };
                let reading = alone.content.tree(&self.repository, spot.reference.as_deref(), query);
                let read = reading.await.map_err(|error| alone.failed(error))?;
                Ok(render::tree(&read, &directory))
            }
        }
    }

    /// A page of the history.
    ///
    /// # Errors
    /// As [`Reader::tree`].
    pub(super) async fn commits(&self, spot: &Spot, ask: &CommitsAsk) -> Result<CommitList, CliError> {
        match &self.way {
            Way::Server { client, forge } => {
                let mut query = place(spot);
                query.push(("limit", ask.limit.to_string()));
                let more = [
                    ("since", &ask.since),
                    ("until", &ask.until),
                    ("timezone", &ask.timezone),
                    ("cursor", &ask.cursor),
                ];
                query.extend(
                    more.into_iter()
                        .filter_map(|(name, value)| Some((name, value.clone()?))),
                );
                client.get(&self.route(forge, "commits"), &query).await
            }
            Way::Alone(alone) => {
                let zone = ask.timezone.as_deref();
                let since = ask.since.as_deref().map(|text| render::since(text, zone)).transpose();
                let until = ask.until.as_deref().map(|text| render::until(text, zone)).transpose();
                let query = CommitsQuery {
                    path: path(&spot.path)?,
                    since: since.map_err(CliError::of)?,
                    until: until.map_err(CliError::of)?,
                    limit: usize::try_from(ask.limit).unwrap_or(usize::MAX),
                    cursor: ask.cursor.clone(),
                };
                let reading = alone
                    .content
                    .commits(&self.repository, spot.reference.as_deref(), query);
                Ok(render::commits(&reading.await.map_err(|error| alone.failed(error))?))
            }
        }
    }

    /// Lines of a file.
    ///
    /// # Errors
    /// As [`Reader::tree`].
    pub(super) async fn lines(&self, spot: &Spot, start: u64, end: Option<u64>) -> Result<FileLines, CliError> {
        match &self.way {
            Way::Server { client, forge } => {
                let mut query = place(spot);
                query.push(("start_line", start.to_string()));
                query.extend(end.map(|end| ("end_line", end.to_string())));
                client.get(&self.route(forge, "lines"), &query).await
            }
            Way::Alone(alone) => {
                let reading = alone
                    .content
                    .file(&self.repository, spot.reference.as_deref(), &spot.path);
                let read = reading.await.map_err(|error| alone.failed(error))?;
                let lines = render::file_lines(&read, start, end).await;
                lines.map_err(|error| alone.failed(error))
            }
        }
    }

    /// A file or a piece of it, as JSON has it.
    ///
    /// # Errors
    /// As [`Reader::tree`].
    pub(super) async fn content(
        &self,
        spot: &Spot,
        offset: Option<u64>,
        limit: Option<u64>,
    ) -> Result<FileContent, CliError> {
        match &self.way {
            Way::Server { client, forge } => {
                let mut query = place(spot);
                query.extend(offset.map(|offset| ("offset", offset.to_string())));
                query.extend(limit.map(|limit| ("limit", limit.to_string())));
                client.get(&self.route(forge, "file"), &query).await
            }
            Way::Alone(alone) => {
                let reading = alone
                    .content
                    .file(&self.repository, spot.reference.as_deref(), &spot.path);
                let read = reading.await.map_err(|error| alone.failed(error))?;
                let content = render::file_content(&read, offset, limit).await;
                content.map_err(|error| alone.failed(error))
            }
        }
    }

    /// A file as it is.
    ///
    /// # Errors
    /// As [`Reader::tree`].
    pub(super) async fn raw(&self, spot: &Spot) -> Result<Incoming<'_>, CliError> {
        match &self.way {
            Way::Server { client, forge } => {
                let download = client.open(&self.route(forge, "raw"), &place(spot), "*/*").await?;
                Ok(Incoming {
                    size: download.length(),
                    notes: notes_of(&download, forge),
                    bytes: Source::Server(download),
                })
            }
            Way::Alone(alone) => {
                let reading = alone
                    .content
                    .raw(&self.repository, spot.reference.as_deref(), &spot.path);
                let read = reading.await.map_err(|error| alone.failed(error))?;
                let arrival = &read.value.arrival;
                arrival.ready().await.map_err(|error| alone.failed(error))?;
                Ok(Incoming {
                    size: arrival.size(),
                    notes: super::notes(&render::origin(&read.meta)),
                    bytes: Source::Alone(alone, arrival.stream(None)),
                })
            }
        }
    }

    fn route<'a>(&'a self, forge: &'a str, what: &'a str) -> [&'a str; 6] {
        let (owner, name) = self.repository.rsplit_once('/').unwrap_or(("", &self.repository));
        ["v1", "content", forge, owner, name, what]
    }
}

/// The server answered, so that it is there; but not all of the file came.
fn broken_off(error: CliError) -> CliError {
    let CliError::Unreachable { url, reason } = error else {
        return error;
    };
    CliError::of(Told {
        what: format!("the file broke off on its way through {url}: {reason}"),
        code: Code::ForgeUnavailable,
        remedy: Some("Try again; the server's log says why it ended.".to_owned()),
    })
}

/// What the headers of a file tell people; only of JSON can a server say more.
fn notes_of(download: &Download<'_>, forge: &str) -> Vec<String> {
    let passed_over = download.header("jeton-notice").map(|codes| {
        format!("note: the server passed over credentials: {codes}. With --json it tells which, and what to do.")
    });
    let age = download.header(header::AGE.as_str());
    let stale = age.and_then(|age| age.parse().ok());
    let stale = stale.map(|age| super::stale(forge, age));
    let notes = stale.into_iter().chain(passed_over);
    notes.map(|line| super::clean(&line)).collect()
}

fn place(spot: &Spot) -> Query {
    let mut query = vec![("path", spot.path.clone())];
    query.retain(|(_, path)| !path.is_empty());
    query.extend(spot.reference.clone().map(|reference| ("ref", reference)));
    query
}

fn path(raw: &str) -> Result<FilePath, CliError> {
    FilePath::parse(raw).map_err(|error| CliError::Usage {
        what: format!("`{}` is no path in a repository: {error}", super::clean(raw)),
        remedy: "Write it from the root of the repository, like src/main.rs.".to_owned(),
    })
}

/// The server, unless there is none or it is not wanted. One that was named has to answer; any other is looked for.
pub(in crate::cli) async fn server(
    alone: bool,
    args: &ServerArgs,
    context: &Context,
) -> Result<Option<Client>, CliError> {
    if alone {
        return Ok(None);
    }
    let named = args.url.is_some() || context.sources.variable("JETON_URL")?.is_some();
    match Client::for_long_answers(args, context) {
        Ok(client) if named || client.is_there().await => Ok(Some(client)),
        Ok(_) => Ok(None),
        // Nobody said that there is a server, and nothing here could ask one.
        Err(CliError::NoKey { .. }) if !named => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads at the likeliest of these places: at the next one when there is no such branch, tag or commit.
///
/// # Errors
/// What `read` says; that there is none of these names.
pub(super) async fn at_one_of<T>(
    spots: &[Spot],
    read: impl AsyncFn(&Spot) -> Result<T, CliError>,
) -> Result<(T, Spot), CliError> {
    let mut first = None;
    for spot in spots {
        match read(spot).await {
            Ok(value) => return Ok((value, spot.clone())),
            Err(error) if error.code() == Code::ContentRefNotFound => {
                first.get_or_insert(error);
            }
            Err(error) => return Err(super::words::to_type(error)),
        }
    }
    let names: Vec<&str> = spots.iter().filter_map(|spot| spot.reference.as_deref()).collect();
    match first {
        Some(error) if names.len() < 2 => Err(super::words::to_type(error)),
        _ => Err(CliError::of(Told {
            what: format!("the repository has no branch, tag or commit `{}`", names.join("`, `")),
            code: Code::ContentRefNotFound,
            remedy: Some(
                "The address does not tell where the branch ends and the path begins; say it with --ref, or write OWNER/REPO PATH."
                    .to_owned(),
            ),
        })),
    }
}
