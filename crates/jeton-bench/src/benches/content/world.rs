//! `acme/tools` on a simulated forge, and a server that reads it for a client with a key.

use std::{collections::BTreeMap, fmt::Write as _};

use jeton_forge_sim::{Calls, CommitSpec, PersonalTokenSpec};
use serde_json::json;

use crate::{
    benches::{Setting, operator::Operator},
    client::request_with_key,
    forge::Forge,
    jeton::Server,
};

/// The client who reads.
const CLIENT: &str = "agent";

pub(super) struct World {
    // Before the forge, so that the server ends first.
    pub(super) jeton: Server,
    pub(super) operator: Operator,
    pub(super) forge: Forge,
    key: String,
}

/// As whom GitHub is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    App,
    Account,
}

impl World {
    /// With these repositories of `acme`.
    pub(super) async fn start(setting: &Setting, repositories: &[String], by: By) -> anyhow::Result<Self> {
        let forge = Forge::start()?;
        for name in repositories {
            forge.sim.github().add_repository("acme", name, true)?;
        }
        if by == By::App {
            forge.install("acme", &[])?;
        }
        let more = [("JETON_FORGES__ALLOW_LOOPBACK", "true")];
        let jeton = Server::jeton_with(&setting.jeton, &forge, "state", &forge.sim.api_url(), &more).await?;
        let operator = Operator::of(&jeton, &forge, "state")?;
        if by == By::Account {
            let account = json!({
                "label": "reader", "forge": "github", "base_url": forge.sim.web_url(), "token": personal_token(&forge),
                "serves": ["acme"],
            });
            operator.post("/v1/accounts", &account, 201).await?;
        }
        let key = operator.add_client(CLIENT).await?;
        operator.allow(CLIENT, "content.read", &["acme/*"]).await?;
        Ok(Self {
            jeton,
            operator,
            forge,
            key,
        })
    }

    /// Commits files to `main` of a repository of `acme`; the commit's id.
    pub(super) fn commit(&self, repository: &str, files: &[(&str, &[u8])]) -> anyhow::Result<String> {
        let mut spec = CommitSpec::new("Add files");
        for (path, bytes) in files {
            spec = spec.file(path, bytes);
        }
        Ok(self.forge.sim.github().commit("acme", repository, &spec)?)
    }

    /// `GET` of a native route about GitHub, with the client's key.
    pub(super) fn request(&self, repository: &str, operation: &str) -> Vec<u8> {
        self.request_on(&self.forge.sim.web_url(), repository, operation)
    }

    /// The same about the forge at that address.
    pub(super) fn request_on(&self, web_url: &str, repository: &str, operation: &str) -> Vec<u8> {
        request_with_key(&path(web_url, repository, operation), &self.key)
    }
}

/// The path of a native route.
pub(super) fn path(web_url: &str, repository: &str, operation: &str) -> String {
    let host = web_url.trim_start_matches("http://");
    format!("/v1/content/{host}/acme/{repository}/{operation}")
}

/// A token of a person who belongs to `acme`.
pub(super) fn personal_token(forge: &Forge) -> String {
    let github = forge.sim.github();
    github.add_user("ada");
    // Whoever owns an organization sees all of it.
    github.add_member("acme", "ada", jeton_forge_sim::OrgRole::Admin).ok();
    github
        .add_personal_token("ada", PersonalTokenSpec::classic(["repo"]))
        .token
}

/// Text as programs are made of, in UTF-8: short lines, some with more than ASCII.
pub(super) fn text(length: usize) -> Vec<u8> {
    let mut text = String::with_capacity(length + 64);
    let mut number = 0;
    while text.len() < length {
        let what = if number % 8 == 0 {
            "// größer als \"é\""
        } else {
            "let value = compute(first, second);"
        };
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "    {what} {number}");
        number += 1;
    }
    let mut bytes = text.into_bytes();
    bytes.truncate(length - 1);
    // Neither half a character nor half a line at the end.
    while std::str::from_utf8(&bytes).is_err() {
        bytes.pop();
    }
    bytes.resize(length, b'\n');
    bytes
}

/// Calls of each route since then.
pub(super) struct Since(BTreeMap<String, u64>);

impl Since {
    pub(super) fn now(calls: &Calls) -> Self {
        Self(calls.all())
    }

    /// Calls about content, and those by which an App gets its token.
    pub(super) fn count(&self, calls: &Calls) -> (u64, u64) {
        let (mut content, mut token) = (0, 0);
        for (route, count) in calls.all() {
            let new = count - self.0.get(&route).copied().unwrap_or_default();
            if is_about_token(&route) {
                token += new;
            } else {
                content += new;
            }
        }
        (content, token)
    }

    /// Each route that was called, for people.
    pub(super) fn words(&self, calls: &Calls) -> String {
        let new = calls.all().into_iter().filter_map(|(route, count)| {
            let new = count - self.0.get(&route).copied().unwrap_or_default();
            (new > 0).then(|| format!("{new} × {route}"))
        });
        new.collect::<Vec<_>>().join(", ")
    }
}

/// Finding the installation, the mint, and the proof that the fresh token works.
fn is_about_token(route: &str) -> bool {
    route == "GET /app"
        || route.ends_with("/installation")
        || route.contains("access_tokens")
        || route.contains("/installation/")
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn text_has_the_length_that_was_asked_for_and_ends_a_line() {
        for length in [1, 2, 20, 1024, 51_200, 1_048_576] {
            let text = text(length);
            assert_eq!(text.len(), length);
            assert!(std::str::from_utf8(&text).is_ok() && text.ends_with(b"\n"), "{length}");
        }
    }
}
