use std::{error::Error, fmt, io, path::PathBuf, process::ExitCode};

use jeton_api::Problem;
use jeton_domain::{Blame, Code, Coded};

use super::output::{clean, note};
use crate::config::{ConfigError, ConfigIssue};

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Anything else of jeton's own, with its code and remedy.
    #[error("{0}")]
    Failed(Box<dyn Coded + Send + Sync>),
    /// The server refused, or failed.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// A forge that was asked without a server refused, or failed.
    #[error("{}", .0.what)]
    Refused(Box<Refusal>),
    /// There is no server.
    #[error("no jeton server answers at {url}: {reason}")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What the network said.
        reason: String,
    },
    /// Something answers, but not as jeton does.
    #[error("{url} answered HTTP {status}, but not as jeton does")]
    NotJeton {
        /// Where.
        url: String,
        /// What.
        status: u16,
    },
    /// There is a server's socket, and we may not use it.
    #[error("you may not use the server's socket {}", .path.display())]
    SocketDenied {
        /// The socket.
        path: PathBuf,
        /// Whose it is, or the directory's in which it lies.
        owner: Option<String>,
        /// The permission bits of the same.
        mode: Option<u32>,
    },
    /// The command line knows no key to ask with.
    #[error("there is no key to ask the server with")]
    NoKey {
        /// Where it was looked for last.
        looked_at: String,
    },
    /// What was typed cannot be; the words say why.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to type instead.
        remedy: String,
    },
    /// The operating system.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// What it said.
        source: io::Error,
    },
}

impl CliError {
    /// Any error of jeton's own.
    pub(crate) fn of(error: impl Coded + Send + Sync + 'static) -> Self {
        Self::Failed(Box::new(error))
    }

    /// Prints it for people on standard error, and gives the status to end with.
    pub(crate) fn report(&self) -> ExitCode {
        note(&self.to_string_for_people());
        ExitCode::from(self.exit_status())
    }

    /// 1 when whoever typed or set something up can change it, 2 when the server or the forge failed.
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::Problem(problem) if problem.status < 500 => 1,
            Self::Problem(_) | Self::Unreachable { .. } | Self::NotJeton { .. } => 2,
            _ => match self.code().blame() {
                Blame::Caller | Blame::Access | Blame::Operator => 1,
                Blame::Forge | Blame::Jeton => 2,
            },
        }
    }

    /// `error:`, `caused by:`, `help:`, `page:` and `code:` lines, without a final line end.
    pub(crate) fn to_string_for_people(&self) -> String {
        if let Self::Config(error) = self {
            let blocks: Vec<_> = error.issues().iter().map(issue_for_people).collect();
            return blocks.join("\n");
        }
        let mut lines = vec![format!("error: {}", clean(&self.to_string()))];
        let (said, page, tried) = match self {
            Self::Problem(problem) => (
                problem
                    .forge_message
                    .as_ref()
                    .map(|words| (words, &problem.forge_request_id)),
                problem.url.as_ref(),
                problem.tried.get(1..).unwrap_or_default(),
            ),
            Self::Refused(refusal) => (
                refusal.said.as_ref().map(|words| (words, &refusal.request_id)),
                refusal.page.as_ref(),
                &[][..],
            ),
            _ => (None, None, &[][..]),
        };
        if let Some((words, id)) = said {
            let id = id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
            lines.push(clean(&format!("caused by: the forge said: {words}{id}")));
        }
        let mut source = match self {
            Self::Failed(error) => error.source(),
            other => other.source(),
        };
        while let Some(error) = source {
            let text = clean(&error.to_string());
            // some errors show their cause already
            if !lines.iter().any(|line| line.contains(&text)) {
                lines.push(format!("caused by: {text}"));
            }
            source = error.source();
        }
        if let Some(remedy) = self.remedy() {
            lines.push(format!("help: {}", clean(&remedy)));
        }
        lines.extend(page.map(|page| format!("page: {}", clean(page))));
        for one in tried {
            let told = &one.diagnosis;
            lines.push(clean(&format!("also tried: {}: {}", one.source, told.cause)));
            if !told.remedy.is_empty() {
                lines.push(clean(&format!("  help: {}", told.remedy)));
            }
            lines.extend(told.url.as_ref().map(|page| clean(&format!("  page: {page}"))));
        }
        let code = match self {
            Self::Problem(problem) => clean(&problem.code),
            other => other.code().to_string(),
        };
        lines.push(format!("code: {code}"));
        if let Self::Problem(problem) = self {
            lines.push(clean(&format!("request: {}", problem.request_id)));
        }
        lines.join("\n")
    }
}

fn issue_for_people(issue: &ConfigIssue) -> String {
    format!(
        "error: {}\nhelp: {}\ncode: {}",
        clean(&issue.to_string()),
        clean(&issue.remedy()),
        issue.code()
    )
}

impl From<ConfigIssue> for CliError {
    fn from(issue: ConfigIssue) -> Self {
        Self::Config(issue.into())
    }
}

impl Coded for CliError {
    fn code(&self) -> Code {
        match self {
            Self::Config(error) => error.code(),
            Self::Failed(error) => error.code(),
            Self::Problem(problem) => {
                let known = Code::ALL.iter().find(|code| code.as_str() == problem.code);
                known.copied().unwrap_or(Code::Internal)
            }
            Self::Refused(refusal) => refusal.code,
            Self::Unreachable { .. } | Self::NotJeton { .. } => Code::ServerUnreachable,
            Self::NoKey { .. } | Self::SocketDenied { .. } => Code::AuthMissing,
            Self::Usage { .. } => Code::RequestInvalid,
            Self::Io { .. } => Code::ConfigFile,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.remedy(),
            Self::Failed(error) => error.remedy(),
            Self::Problem(problem) => problem.remedy.clone(),
            Self::Refused(refusal) => refusal.remedy.clone(),
            Self::Unreachable { .. } => Some(
                "Start it with `jeton serve`, or say where it is with --url or JETON_URL. `jeton doctor` finds out \
                 what is wrong."
                    .to_owned(),
            ),
            Self::NotJeton { .. } => Some(
                "Correct --url or JETON_URL, or look at the proxy in front of the server; `jeton doctor` says which \
                 process holds the port."
                    .to_owned(),
            ),
            Self::SocketDenied { owner, mode, .. } => Some(socket_denied(owner.as_deref(), *mode)),
            Self::NoKey { looked_at } => Some(format!(
                "Set JETON_TOKEN or JETON_TOKEN_FILE, or run the command as the user who runs the server: the \
                 operator's key was looked for in {looked_at}."
            )),
            Self::Usage { remedy, .. } => Some(remedy.clone()),
            Self::Io { .. } => None,
        }
    }
}

fn socket_denied(owner: Option<&str>, mode: Option<u32>) -> String {
    let who = match (owner, mode) {
        (Some(owner), Some(mode)) => format!("It is for {owner} (mode {mode:04o}): run the command as them. "),
        _ => String::new(),
    };
    format!(
        "{who}server.unix_socket_mode lets others in, who then get what policies give them. With a key of your own there \
         is another way: set JETON_URL to the server's address and JETON_TOKEN to the key."
    )
}

/// What a forge said no to, or could not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What is wrong.
    pub(crate) what: String,
    /// Its code.
    pub(crate) code: Code,
    /// What to do.
    pub(crate) remedy: Option<String>,
    /// Where that is done.
    pub(crate) page: Option<String>,
    /// The forge's own words.
    pub(crate) said: Option<String>,
    /// The forge's name for its request.
    pub(crate) request_id: Option<String>,
}

/// An error with a code that has no enum of its own.
#[derive(Debug)]
pub(crate) struct Told {
    /// What failed.
    pub(crate) what: String,
    /// Its code.
    pub(crate) code: Code,
    /// What to do.
    pub(crate) remedy: Option<String>,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Told {}

impl Coded for Told {
    fn code(&self) -> Code {
        self.code
    }

    fn remedy(&self) -> Option<String> {
        self.remedy.clone()
    }
}

#[cfg(test)]
mod tests {
    use jeton_api::{Diagnosis, Problem, TriedSource};
    use jeton_domain::Code;

    use super::{CliError, Refusal};

    fn problem(status: u16) -> CliError {
        CliError::Problem(Box::new(Problem {
            kind: "/docs".to_owned(),
            title: "t".to_owned(),
            status,
            detail: "App is not installed on acme".to_owned(),
            code: "forge.app_not_installed".to_owned(),
            remedy: Some("Install it.".to_owned()),
            url: Some("https://github.com/apps/ci".to_owned()),
            request_id: "r1".to_owned(),
            forge_message: Some("Not Found\u{1b}[2J".to_owned()),
            forge_request_id: None,
            tried: Vec::new(),
        }))
    }

    fn tried(source: &str) -> TriedSource {
        TriedSource {
            source: source.to_owned(),
            diagnosis: Diagnosis {
                code: "runner.workflow_token".to_owned(),
                cause: format!("{source} may not"),
                remedy: "Ask an owner.".to_owned(),
                url: Some("https://github.com/settings\u{7}".to_owned()),
                retry_at: None,
            },
            evidence: Vec::new(),
        }
    }

    #[test]
    fn what_came_of_the_others_is_told_too() {
        let CliError::Problem(mut problem) = problem(403) else {
            panic!("another error");
        };
        problem.tried = vec![tried("app:ci"), tried("account:work")];
        let text = CliError::Problem(problem).to_string_for_people();
        assert!(
            text.contains(
                "also tried: account:work: account:work may not\n  help: Ask an owner.\n  page: https://github.com/settings \ncode: "
            ),
            "{text:?}"
        );
        assert!(!text.contains("app:ci"), "the first is the error itself: {text}");
    }

    #[test]
    fn a_forge_that_was_asked_directly_is_told_of_like_a_server() {
        let refused = |code| {
            CliError::Refused(Box::new(Refusal {
                what: "GITHUB_TOKEN may not register runners".to_owned(),
                code,
                remedy: Some("Ask jeton.".to_owned()),
                page: Some("https://github.com/a".to_owned()),
                said: Some("Resource not accessible by integration".to_owned()),
                request_id: Some("F:1".to_owned()),
            }))
        };
        let error = refused(Code::RunnerWorkflowToken);
        assert_eq!(error.exit_status(), 1);
        assert_eq!(
            error.to_string_for_people(),
            "error: GITHUB_TOKEN may not register runners\ncaused by: the forge said: Resource not accessible by \
             integration (request F:1)\nhelp: Ask jeton.\npage: https://github.com/a\ncode: runner.workflow_token"
        );
        assert_eq!(refused(Code::ForgeUnavailable).exit_status(), 2);
    }

    #[test]
    fn a_problem_says_what_why_and_what_to_do() {
        let lines = problem(403).to_string_for_people();
        let lines: Vec<_> = lines.lines().collect();
        assert_eq!(lines[0], "error: App is not installed on acme");
        assert_eq!(lines[1], "caused by: the forge said: Not Found [2J");
        assert_eq!(
            lines[2..],
            [
                "help: Install it.",
                "page: https://github.com/apps/ci",
                "code: forge.app_not_installed",
                "request: r1"
            ]
        );
    }

    #[test]
    fn a_closed_socket_says_who_may_use_it() {
        let denied = |owner: Option<&str>| CliError::SocketDenied {
            path: "/run/jeton/jeton.sock".into(),
            owner: owner.map(str::to_owned),
            mode: Some(0o600),
        };
        let text = denied(Some("jeton")).to_string_for_people();
        for part in [
            "error: you may not use the server's socket /run/jeton/jeton.sock",
            "It is for jeton (mode 0600)",
            "server.unix_socket_mode",
            "JETON_TOKEN",
            "code: auth.missing",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(denied(None).exit_status(), 1);
    }

    #[test]
    fn the_status_says_whose_turn_it_is() {
        assert_eq!(problem(404).exit_status(), 1);
        assert_eq!(problem(503).exit_status(), 2);
        let down = CliError::Unreachable {
            url: "http://127.0.0.1:1".to_owned(),
            reason: "refused".to_owned(),
        };
        assert_eq!(down.exit_status(), 2);
        let text = down.to_string_for_people();
        assert!(
            text.contains("http://127.0.0.1:1") && text.contains("jeton serve"),
            "{text}"
        );
        assert!(text.ends_with("code: server.unreachable"));
        assert_eq!(
            CliError::NoKey {
                looked_at: "x".to_owned()
            }
            .exit_status(),
            1
        );
    }
}
