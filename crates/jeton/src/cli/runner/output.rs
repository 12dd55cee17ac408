//! A runner's credential in the forms in which it is asked for.

use std::{fmt::Write as _, path::PathBuf};

use jeton_api::{JitConfigResponse, KeptRunner, RunnerTokenResponse};
use jeton_domain::Secret;
use zeroize::Zeroizing;

use crate::{
    cli::{
        CliError, Context,
        args_runner::{RunnerFormat, RunnerOutputArgs},
        output::{clean, note, print, print_json, table},
        token_output::{append_entries, hide, shell_quoted},
        tokens::github_output,
    },
    system::SystemEntropy,
};

/// Where it goes; looked up before anything is asked, as a token that cannot be put anywhere is one too many.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// To standard output.
    Standard(RunnerFormat),
    /// To the file of `$GITHUB_OUTPUT`, by this name.
    GitHub { path: PathBuf, name: String },
}

/// What goes there.
pub(super) enum Shown<'a> {
    Token(&'a RunnerTokenResponse),
    Jit(&'a JitConfigResponse),
}

impl Output {
    /// Reads the flags.
    ///
    /// # Errors
    /// [`CliError::Usage`] when there is no such file, or the name is none.
    pub(super) fn of(args: &RunnerOutputArgs, context: &Context) -> Result<Self, CliError> {
        let (name, flag) = match (&args.github_output, args.format) {
            (Some(name), _) => (name.as_str(), "--github-output"),
            (None, RunnerFormat::GithubOutput) => ("token", "--format github-output"),
            (None, format) => return Ok(Self::Standard(format)),
        };
        if !is_output_name(name) {
            return Err(CliError::Usage {
                what: format!("`{}` is no name of an output", clean(name)),
                remedy: "Write letters, digits, `_` and `-`, and a letter or `_` first, such as token.".to_owned(),
            });
        }
        Ok(Self::GitHub {
            path: github_output(flag, context)?,
            name: name.to_owned(),
        })
    }

    /// Puts it there.
    ///
    /// # Errors
    /// When that cannot be written.
    pub(super) fn print(&self, shown: &Shown<'_>) -> Result<(), CliError> {
        match self {
            Self::Standard(RunnerFormat::Json) => match shown {
                Shown::Token(token) => print_json(token),
                Shown::Jit(jit) => print_json(jit),
            },
            Self::Standard(RunnerFormat::Plain) => print(&Zeroizing::new(format!("{}\n", shown.secret().expose()))),
            Self::Standard(RunnerFormat::Env) => print(&shown.env_lines()),
            Self::Standard(RunnerFormat::Table | RunnerFormat::GithubOutput) => print(&shown.table()),
            Self::GitHub { path, name } => {
                // The mask first: from then on the runner hides it wherever it turns up.
                hide(shown.secret())?;
                let of = |what: &str| format!("{name}-{what}");
                let (until, url, client, runner) = (of("expires-at"), of("url"), of("client-id"), of("runner-id"));
                let mut entries = vec![(name.as_str(), shown.secret().expose())];
                entries.extend(shown.expires_at().map(|at| (until.as_str(), at)));
                entries.push((&url, shown.url()));
                if let Some(kept) = shown.runner() {
                    entries.extend(kept.client_id.as_deref().map(|id| (client.as_str(), id)));
                    entries.extend(kept.forge_id.as_deref().map(|id| (runner.as_str(), id)));
                }
                append_entries(path, &entries, &SystemEntropy::default())?;
                note(&clean(&shown.line()));
                Ok(())
            }
        }
    }
}

fn is_output_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// For people: a repository, or whatever else has runners.
pub(super) fn whole(scope: &str, path: &str) -> String {
    match (scope, path) {
        ("instance", _) | (_, "") => "the whole instance".to_owned(),
        ("enterprise", path) => format!("enterprise {path}"),
        ("owner", path) => format!("{path}/*"),
        (_, path) => path.to_owned(),
    }
}

impl Shown<'_> {
    fn secret(&self) -> &Secret {
        match self {
            Self::Token(token) => &token.token.0,
            Self::Jit(jit) => &jit.encoded_jit_config.0,
        }
    }

    /// One that jeton made, with its ids at the forge.
    fn runner(&self) -> Option<&KeptRunner> {
        match self {
            Self::Token(token) => token.runner.as_ref(),
            Self::Jit(_) => None,
        }
    }

    fn expires_at(&self) -> Option<&str> {
        match self {
            Self::Token(token) => token.expires_at.as_deref(),
            Self::Jit(_) => None,
        }
    }

    fn url(&self) -> &str {
        match self {
            Self::Token(token) => &token.url,
            Self::Jit(jit) => &jit.url,
        }
    }

    fn what(&self) -> &'static str {
        match self {
            Self::Token(token) if token.token_kind == "removal" => "removal token",
            Self::Token(_) => "runner token",
            Self::Jit(_) => "configuration of a runner",
        }
    }

    /// `runner token for acme/tools from app:ci until 2026-11-22T10:00:00Z`
    fn line(&self) -> String {
        let (scope, path, source) = match self {
            Self::Token(token) => (&token.scope, &token.path, &token.source),
            Self::Jit(jit) => (&jit.scope, &jit.path, &jit.source),
        };
        let mut line = format!("{} for {} from {source}", self.what(), whole(scope, path));
        if let Some(at) = self.expires_at() {
            let _ = write!(line, " until {at}");
        }
        line
    }

    /// Everything but the secret.
    fn table(&self) -> String {
        let mut rows = match self {
            Self::Token(token) => {
                let mut rows = vec![
                    ("for", whole(&token.scope, &token.path)),
                    ("forge", token.forge.clone()),
                    ("source", token.source.clone()),
                    ("kind", token.token_kind.clone()),
                    ("ends", token.expires_at.clone().unwrap_or_else(|| "-".to_owned())),
                    ("url", token.url.clone()),
                ];
                if let Some(runner) = &token.runner {
                    rows.push(("runner", runner.name.clone()));
                    rows.extend((!runner.labels.is_empty()).then(|| ("labels", runner.labels.join(", "))));
                    let id = if runner.client_id.is_some() {
                        "uuid"
                    } else {
                        "runner id"
                    };
                    rows.extend(runner.client_id.clone().map(|id| ("client id", id)));
                    rows.extend(runner.forge_id.clone().map(|at_forge| (id, at_forge)));
                }
                rows.push(("shared", if token.shared { "yes" } else { "no" }.to_owned()));
                rows.push(("fingerprint", token.fingerprint.clone()));
                rows
            }
            Self::Jit(jit) => vec![
                ("for", whole(&jit.scope, &jit.path)),
                ("forge", jit.forge.clone()),
                ("source", jit.source.clone()),
                ("runner", format!("{} ({})", jit.name, jit.runner_id)),
                ("labels", jit.labels.join(", ")),
                ("url", jit.url.clone()),
                ("fingerprint", jit.fingerprint.clone()),
            ],
        };
        let hidden = match self {
            // plain would print the secret without the ids that belong to it
            Self::Token(token) if token.token_kind == "oauth_client" => {
                ("secret", "(use --format env or json to print the client's secret)")
            }
            Self::Token(_) => ("token", "(use --format plain, json or env to print the token)"),
            Self::Jit(_) => ("config", "(use --format plain, json or env to print the configuration)"),
        };
        rows.push((hidden.0, hidden.1.to_owned()));
        let rows = rows.into_iter().map(|(name, value)| [name.to_owned(), value]);
        table(["", ""], rows).trim_start().to_owned()
    }

    /// Lines that a shell can `eval`, with the names that the forge's own runner reads where it reads any.
    fn env_lines(&self) -> Zeroizing<String> {
        let mut lines = Zeroizing::new(String::new());
        let mut put = |name: &str, value: &str| {
            let _ = writeln!(lines, "{name}={}", shell_quoted(value));
        };
        let secret = self.secret().expose();
        match self {
            // <https://docs.gitlab.com/runner/commands/#gitlab-runner-register>
            Self::Token(token) if token.token_kind == "authentication" => {
                put("CI_SERVER_URL", &token.url);
                put("CI_SERVER_TOKEN", secret);
            }
            // <https://support.atlassian.com/bitbucket-cloud/docs/set-up-and-use-runners-for-linux/>
            Self::Token(token) if token.token_kind == "oauth_client" => {
                let runner = token.runner.as_ref();
                let known = [
                    ("OAUTH_CLIENT_ID", runner.and_then(|runner| runner.client_id.as_deref())),
                    ("OAUTH_CLIENT_SECRET", Some(secret)),
                    ("RUNNER_UUID", runner.and_then(|runner| runner.forge_id.as_deref())),
                ];
                for (name, value) in known {
                    put(name, value.unwrap_or_default());
                }
            }
            Self::Token(token) => {
                put("RUNNER_URL", &token.url);
                put("RUNNER_TOKEN", secret);
            }
            Self::Jit(jit) => {
                put("RUNNER_URL", &jit.url);
                put("RUNNER_JITCONFIG", secret);
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use jeton_api::{JitConfigResponse, KeptRunner, Released, RunnerTokenResponse};
    use jeton_domain::Secret;
    use uuid::Uuid;

    use super::{Output, Shown, is_output_name, whole};
    use crate::{
        cli::{Context, args_runner::RunnerOutputArgs},
        config::ConfigSources,
    };

    fn token(kind: &str) -> RunnerTokenResponse {
        RunnerTokenResponse {
            token: Released(Secret::new("planted")),
            token_kind: kind.to_owned(),
            expires_at: Some("2026-01-01T00:00:00Z".to_owned()),
            forge: "github.com".to_owned(),
            scope: "repository".to_owned(),
            path: "acme/tools".to_owned(),
            url: "https://github.com/acme/tools".to_owned(),
            source: "app:ci".to_owned(),
            fingerprint: "ba7816bf8f01".to_owned(),
            shared: true,
            runner: None,
        }
    }

    fn runner() -> KeptRunner {
        KeptRunner {
            id: Uuid::nil(),
            name: "big".to_owned(),
            forge: "bitbucket.org".to_owned(),
            scope: "repository".to_owned(),
            path: "acme/tools".to_owned(),
            labels: vec!["linux".to_owned()],
            state: "live".to_owned(),
            forge_id: Some("{0a1b}".to_owned()),
            client_id: Some("cl1".to_owned()),
            fingerprint: None,
            expires_at: None,
            renew_at: None,
            source: "account:work".to_owned(),
            made_by: "operator".to_owned(),
            error: None,
            created_at: String::new(),
        }
    }

    #[test]
    fn people_see_everything_but_the_token() {
        let text = Shown::Token(&token("registration")).table();
        assert!(!text.contains("planted"), "{text}");
        for shown in [
            "acme/tools",
            "app:ci",
            "ba7816bf8f01",
            "2026-01-01T00:00:00Z",
            "--format plain",
        ] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
        let line = Shown::Token(&token("registration")).line();
        assert_eq!(
            line,
            "runner token for acme/tools from app:ci until 2026-01-01T00:00:00Z"
        );
        assert!(Shown::Token(&token("removal")).line().starts_with("removal token for"));
        assert_eq!(whole("owner", "acme"), "acme/*");
        assert_eq!(whole("instance", ""), "the whole instance");
    }

    #[test]
    fn each_forges_runner_finds_what_it_reads() {
        let lines = |token: &RunnerTokenResponse| Shown::Token(token).env_lines().to_string();
        assert_eq!(
            lines(&token("registration")),
            "RUNNER_URL=https://github.com/acme/tools\nRUNNER_TOKEN=planted\n"
        );
        let gitlab = RunnerTokenResponse {
            url: "https://gitlab.com".to_owned(),
            ..token("authentication")
        };
        assert_eq!(
            lines(&gitlab),
            "CI_SERVER_URL=https://gitlab.com\nCI_SERVER_TOKEN=planted\n"
        );
        let bitbucket = RunnerTokenResponse {
            runner: Some(runner()),
            ..token("oauth_client")
        };
        assert_eq!(
            lines(&bitbucket),
            "OAUTH_CLIENT_ID=cl1\nOAUTH_CLIENT_SECRET=planted\nRUNNER_UUID='{0a1b}'\n"
        );
        let table = Shown::Token(&bitbucket).table();
        for shown in ["cl1", "{0a1b}", "--format env"] {
            assert!(table.contains(shown), "{shown} in {table}");
        }
        assert!(!table.contains("planted") && !table.contains("plain"), "{table}");
        let jit = JitConfigResponse {
            encoded_jit_config: Released(Secret::new("eyJ==")),
            runner_id: 23,
            name: "big".to_owned(),
            labels: vec!["linux".to_owned()],
            forge: "github.com".to_owned(),
            scope: "owner".to_owned(),
            path: "acme".to_owned(),
            url: "https://github.com/acme".to_owned(),
            source: "app:ci".to_owned(),
            fingerprint: "ba7816bf8f01".to_owned(),
        };
        let shown = Shown::Jit(&jit);
        assert_eq!(
            shown.env_lines().as_str(),
            "RUNNER_URL=https://github.com/acme\nRUNNER_JITCONFIG=eyJ==\n"
        );
        assert!(!shown.table().contains("eyJ") && shown.table().contains("big (23)"));
    }

    #[test]
    fn an_outputs_name_cannot_write_another_output() {
        for good in ["token", "_a", "RUNNER_TOKEN", "a-b1"] {
            assert!(is_output_name(good), "{good}");
        }
        for bad in ["", "1a", "-a", "a b", "a=b", "a\nb", "ä", "a<<b", "$(id)", "a.b"] {
            assert!(!is_output_name(bad), "{bad:?}");
        }
        let args = RunnerOutputArgs {
            github_output: Some("a=b".to_owned()),
            ..RunnerOutputArgs::default()
        };
        let context = Context {
            sources: ConfigSources::default(),
        };
        let error = Output::of(&args, &context).unwrap_err().to_string();
        assert!(error.contains("no name of an output"), "{error}");
        let args = RunnerOutputArgs {
            github_output: Some("token".to_owned()),
            ..RunnerOutputArgs::default()
        };
        let error = Output::of(&args, &context).unwrap_err().to_string();
        assert!(error.contains("GITHUB_OUTPUT"), "{error}");
    }
}
