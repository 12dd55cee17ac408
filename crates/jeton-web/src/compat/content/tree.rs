use axum::response::Response;
use jeton_content::{TreeListing, render::kind_word};
use serde::{Serialize, Serializer};

use super::{RefParams, asking::CompatAsking};
use crate::{extract::Params, failure::Failure};

/// The body: written from the listing as it is kept.
#[derive(Serialize)]
struct Tree<'a> {
    #[serde(serialize_with = "paths_of_files")]
    file_paths: &'a TreeListing,
}

fn paths_of_files<S: Serializer>(listing: &TreeListing, serializer: S) -> Result<S::Ok, S::Error> {
    // What git calls blobs: a directory is none, and a submodule is another repository.
    let is_blob = |kind: &str| matches!(kind, "file" | "executable" | "symlink");
    let files = listing.entries().iter().filter(|entry| is_blob(kind_word(entry.kind)));
    serializer.collect_seq(files.map(|entry| entry.path.as_str()))
}

/// The paths of all files of a repository on GitHub, without its directories, however many there are.
#[utoipa::path(
    get,
    path = "/repo/{owner}/{repo}/tree",
    operation_id = "getCompatibleTree",
    tag = "compatible",
    params(
        ("owner" = String, Path, description = "The owner", example = "acme"),
        ("repo" = String, Path, description = "The repository's own name", example = "tools"),
        RefParams,
    ),
    security(("bearer" = []), ("basic" = []), ()),
    responses((status = 200, description = "The paths", body = Object, example = json!({"file_paths": ["README.md", "src/lib.rs"]})))
)]
pub(crate) async fn get_compatible_tree(
    CompatAsking { asking, .. }: CompatAsking,
    Params(params): Params<RefParams>,
) -> Result<Response, Failure> {
    let at = asking.at(params.reference.as_deref());
    let read = asking.content().whole_tree(asking.asker(), &at).await;
    let read = read.map_err(|error| asking.failure(&error))?;
    if let Some(response) = asking.unchanged(&read.meta) {
        return Ok(response);
    }
    asking.json(
        &read.meta,
        &Tree {
            file_paths: &read.value,
        },
    )
}
