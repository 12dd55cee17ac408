//! Tokens in an environment, found as `gh` and `glab` find them
//! (<https://cli.github.com/manual/gh_help_environment>, <https://docs.gitlab.com/editor_extensions/gitlab_cli/>).

use jeton_domain::{Credential, CredentialKind, ForgeEndpoint, ForgeKind, Secret};
use jeton_inspect::inspect;

use crate::{
    EnvironmentAccount, FoundEnvironment,
    environment::EnvironmentNote,
    place::{kind_named, url_of},
    words,
};

/// What reads a variable.
type Get<'a> = &'a dyn Fn(&str) -> Option<Secret>;

/// Looks through an environment for tokens of the three forges. Asks nobody, and reads no variable but those of the forges'
/// own tools.
pub fn read_environment(get: &dyn Fn(&str) -> Option<Secret>) -> FoundEnvironment {
    let mut reading = Reading {
        get,
        found: FoundEnvironment::default(),
    };
    reading.github();
    reading.gitlab();
    reading.bitbucket();
    reading.found
}

struct Reading<'a> {
    get: Get<'a>,
    found: FoundEnvironment,
}

/// What goes with a token.
#[derive(Default)]
struct Names {
    username: Option<String>,
    email: Option<String>,
    /// What it is, when the variable says so and the token does not.
    kind: Option<CredentialKind>,
}

impl Reading<'_> {
    /// The text of a variable that is set and not empty.
    fn secret(&self, variable: &str) -> Option<Secret> {
        (self.get)(variable).filter(|text| !text.expose().trim().is_empty())
    }

    /// The same of one that is no secret.
    fn text(&self, variable: &str) -> Option<String> {
        self.secret(variable).map(|text| text.expose().trim().to_owned())
    }

    fn note(&mut self, variable: &'static str, words: impl Into<String>) {
        let words = words.into();
        self.found.notes.push(EnvironmentNote { variable, words });
    }

    fn github(&mut self) {
        // `gh` takes GH_TOKEN before GITHUB_TOKEN, for github.com and *.ghe.com; GH_HOST says which of them.
        let gh_host = self.text("GH_HOST").map(|host| host.to_ascii_lowercase());
        let cloud = gh_host.as_deref().filter(|host| host.ends_with(".ghe.com"));
        let cloud = cloud.map_or_else(
            || Ok(ForgeEndpoint::github_com()),
            |host| endpoint(ForgeKind::GitHub, host),
        );
        // A workflow's own variables say where its GITHUB_TOKEN belongs, also on an Enterprise Server.
        let workflow = ["GITHUB_SERVER_URL", "GITHUB_API_URL"];
        let server = workflow
            .into_iter()
            .find_map(|name| self.text(name).map(|url| (name, url)));
        let server = server.map(|(name, url)| (name, endpoint(ForgeKind::GitHub, &url)));
        let of_github_token = match &server {
            Some((_, Ok(forge))) => Ok(forge.clone()),
            Some((name, Err(error))) => {
                let words = format!("it is no address of a GitHub ({error}), so GITHUB_TOKEN is not used");
                self.note(name, words);
                Err(String::new())
            }
            None => cloud.clone(),
        };
        match &cloud {
            Ok(forge) => self.first_of(&["GH_TOKEN"], forge, &Names::default()),
            Err(error) => self.note("GH_HOST", format!("it is no address of a GitHub: {error}")),
        }
        if let Ok(forge) = &of_github_token {
            let has_one = |one: &EnvironmentAccount| one.credential.forge == *forge;
            if self.found.accounts.iter().any(has_one) {
                self.shadowed("GITHUB_TOKEN", "GH_TOKEN");
            } else {
                self.first_of(&["GITHUB_TOKEN"], forge, &Names::default());
            }
        }
        self.github_enterprise(gh_host.as_deref(), server.and_then(|(_, forge)| forge.ok()).as_ref());
    }

    fn github_enterprise(&mut self, gh_host: Option<&str>, server: Option<&ForgeEndpoint>) {
        let variables = ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];
        let Some(first) = variables.into_iter().find(|name| self.secret(name).is_some()) else {
            return;
        };
        let by_host = gh_host.map(|host| endpoint(ForgeKind::GitHub, host));
        let is_server = |forge: &&ForgeEndpoint| !forge.is_public() && !forge.host().ends_with(".ghe.com");
        let forge = by_host.as_ref().and_then(|forge| forge.as_ref().ok()).or(server);
        match forge.filter(is_server).cloned() {
            Some(forge) => self.first_of(&variables, &forge, &Names::default()),
            None => self.note(
                first,
                "it is for a GitHub Enterprise Server, and nothing says which: set GH_HOST to its host as well",
            ),
        }
    }

    fn gitlab(&mut self) {
        let hosts = ["GITLAB_HOST", "GL_HOST", "CI_SERVER_URL"];
        let named = hosts
            .into_iter()
            .find_map(|name| self.text(name).map(|host| (name, host)));
        let forge = match named {
            None => ForgeEndpoint::gitlab_com(),
            Some((name, host)) => match endpoint(ForgeKind::GitLab, &host) {
                Ok(forge) => forge,
                Err(error) => {
                    let words = format!("it is no address of a GitLab ({error}), so no GitLab token is used");
                    self.note(name, words);
                    return;
                }
            },
        };
        self.first_of(&["GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN"], &forge, &Names::default());
    }

    fn bitbucket(&mut self) {
        let forge = ForgeEndpoint::bitbucket_org();
        let mut names = Names::default();
        for (variable, is_email) in [("BITBUCKET_EMAIL", true), ("BITBUCKET_USERNAME", false)] {
            let Some(text) = self.text(variable) else { continue };
            // Atlassian's own examples put the e-mail address into either.
            let checked = if is_email || text.contains('@') {
                words::email(Some(&text)).map(|email| names.email = names.email.take().or(email))
            } else {
                words::username(Some(&text)).map(|username| names.username = username)
            };
            if let Err(error) = checked {
                self.note(
                    if is_email {
                        "BITBUCKET_EMAIL"
                    } else {
                        "BITBUCKET_USERNAME"
                    },
                    format!("it is not used: {error}"),
                );
            }
        }
        self.first_of(&["BITBUCKET_API_TOKEN", "BITBUCKET_TOKEN"], &forge, &names);
        let access = Names {
            kind: Some(CredentialKind::BitbucketAccess),
            ..Names::default()
        };
        self.first_of(&["BITBUCKET_ACCESS_TOKEN"], &forge, &access);
        if self.secret("BITBUCKET_APP_PASSWORD").is_some() {
            self.note(
                "BITBUCKET_APP_PASSWORD",
                "Bitbucket's app passwords ended on 2026-07-28: make an API token, and set BITBUCKET_API_TOKEN and \
                 BITBUCKET_EMAIL instead",
            );
        }
    }

    /// Takes the first of the variables that is set; the others are noted as not used when they say something else.
    fn first_of(&mut self, variables: &[&'static str], forge: &ForgeEndpoint, names: &Names) {
        let mut set = variables.iter().filter(|name| self.secret(name).is_some());
        let Some(first) = set.next().copied() else { return };
        let others: Vec<&'static str> = set.copied().collect();
        self.take(first, forge, names);
        for other in others {
            self.shadowed(other, first);
        }
    }

    fn shadowed(&mut self, variable: &'static str, by: &'static str) {
        let (one, other) = (self.secret(variable), self.secret(by));
        if let (Some(one), Some(other)) = (one, other)
            && one.expose().trim() != other.expose().trim()
        {
            self.note(
                variable,
                format!("{by} is set too, and goes first; import it or unset it"),
            );
        }
    }

    fn take(&mut self, variable: &'static str, forge: &ForgeEndpoint, names: &Names) {
        let Some(pasted) = self.secret(variable) else { return };
        let inspection = inspect(&pasted, Some(forge.kind()));
        if let Some(finding) = inspection.findings.first().filter(|_| !inspection.usable()) {
            let words = format!("{} {}", finding.words, finding.remedy);
            self.note(variable, words.trim());
            return;
        }
        let kind = inspection.kind.filter(|kind| kind.forge() == forge.kind());
        let guessed = || match forge.kind() {
            ForgeKind::GitHub => CredentialKind::GitHubClassic,
            ForgeKind::GitLab => CredentialKind::GitLabPersonal,
            ForgeKind::Bitbucket if names.email.is_some() => CredentialKind::BitbucketApiToken,
            ForgeKind::Bitbucket => CredentialKind::BitbucketAccess,
        };
        let kind = kind.or(names.kind).unwrap_or_else(guessed);
        if !kind.can_be_account() {
            self.note(variable, format!("{} cannot serve as an account", kind.words()));
            return;
        }
        if kind.needs_email() && names.email.is_none() {
            self.note(
                variable,
                "Bitbucket's REST API wants the e-mail address of the token's owner beside it: set BITBUCKET_EMAIL as well",
            );
            return;
        }
        let credential = Credential {
            kind,
            forge: forge.clone(),
            token: inspection.token,
            username: names.username.clone(),
            email: names.email.clone().filter(|_| kind.needs_email()),
        };
        self.found
            .accounts
            .extend(EnvironmentAccount::new(variable, credential));
    }
}

/// A forge by a host or URL, as the tools' variables have either.
fn endpoint(kind: ForgeKind, host: &str) -> Result<ForgeEndpoint, String> {
    if let Some(other) = kind_named(host).filter(|other| *other != kind) {
        return Err(format!("`{}` is a {other}", words::shown(host)));
    }
    ForgeEndpoint::of_kind(kind, Some(&url_of(host))).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
