//! Commits in GitHub's JSON.

use serde_json::{Value, json};

use super::files::encode;
use crate::git::{Change, Commit, Signature};
use crate::github::GitHubSim;
use crate::github::model::Repository;
use crate::github::wire::merge;

impl GitHubSim {
    /// A commit as lists show it. Times are in UTC, whatever the zone was.
    pub(super) fn commit_json(&self, repository: &Repository, commit: &Commit) -> Value {
        let api = self.api_of(repository);
        let html = format!("{}/{}/commit", self.web_url(), repository.full_name());
        let (id, tree) = (&commit.id, &commit.tree);
        let who = |signature: &Signature| json!({ "name": signature.name, "email": signature.email, "date": signature.date_utc() });
        let parents: Vec<Value> = commit
            .parents
            .iter()
            .map(
                |sha| json!({ "sha": sha, "url": format!("{api}/commits/{sha}"), "html_url": format!("{html}/{sha}") }),
            )
            .collect();
        json!({
            "sha": id,
            "node_id": format!("C_sim{id}"),
            "commit": {
                "author": who(&commit.author),
                "committer": who(&commit.committer),
                "message": commit.message,
                "tree": { "sha": tree, "url": format!("{api}/git/trees/{tree}") },
                "url": format!("{api}/git/commits/{id}"),
                "comment_count": 0,
                "verification": { "verified": false, "reason": "unsigned", "signature": null, "payload": null },
            },
            "url": format!("{api}/commits/{id}"),
            "html_url": format!("{html}/{id}"),
            "comments_url": format!("{api}/commits/{id}/comments"),
            // No e-mail address here belongs to an account.
            "author": null,
            "committer": null,
            "parents": parents,
        })
    }

    /// A commit by itself, with some of the files that it changed.
    pub(super) fn commit_with_files(
        &self,
        repository: &Repository,
        commit: &Commit,
        all: &[Change],
        shown: &[Change],
    ) -> Value {
        let sum = |count: fn(&Change) -> u64| all.iter().map(count).sum::<u64>();
        let (additions, deletions) = (sum(|change| change.additions), sum(|change| change.deletions));
        let files: Vec<Value> = shown
            .iter()
            .map(|change| self.change_json(repository, commit, change))
            .collect();
        let mut body = self.commit_json(repository, commit);
        let more = json!({
            "stats": { "total": additions + deletions, "additions": additions, "deletions": deletions },
            "files": files,
        });
        merge(&mut body, more);
        body
    }

    fn change_json(&self, repository: &Repository, commit: &Commit, change: &Change) -> Value {
        let web = format!("{}/{}", self.web_url(), repository.full_name());
        let (id, path) = (&commit.id, encode(&change.path));
        let status = match change.status {
            'A' => "added",
            'D' => "removed",
            'R' => "renamed",
            'C' => "copied",
            'T' => "changed",
            _ => "modified",
        };
        let mut file = json!({
            "sha": change.object,
            "filename": change.path,
            "status": status,
            "additions": change.additions,
            "deletions": change.deletions,
            "changes": change.additions + change.deletions,
            "blob_url": format!("{web}/blob/{id}/{path}"),
            "raw_url": format!("{web}/raw/{id}/{path}"),
            "contents_url": format!("{}/contents/{path}?ref={id}", self.api_of(repository)),
        });
        if let Some(patch) = &change.patch {
            merge(&mut file, json!({ "patch": patch }));
        }
        if let Some(old) = &change.old_path {
            merge(&mut file, json!({ "previous_filename": old }));
        }
        file
    }
}
