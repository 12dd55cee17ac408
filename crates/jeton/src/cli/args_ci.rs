//! What the commands about runners and secrets of the forges' CI have in common.

use clap::{Args, ValueEnum};

use super::ServerArgs;

/// For what, and as whom.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Where, and as whom")]
pub(crate) struct CiPlaceArgs {
    /// The repository, with its groups on GitLab; or the address of its page [default: in a job of CI, the job's own]
    #[arg(value_name = "OWNER/REPO", group = "ci_place")]
    pub(crate) repository: Option<String>,
    /// Instead of a repository: an organization of GitHub
    #[arg(long, value_name = "ORG", group = "ci_place", visible_alias = "organization")]
    pub(crate) org: Option<String>,
    /// Instead of a repository: a group of GitLab, with the groups above it
    #[arg(long, value_name = "GROUP", group = "ci_place")]
    pub(crate) group: Option<String>,
    /// Instead of a repository: a workspace of Bitbucket
    #[arg(long, value_name = "WORKSPACE", group = "ci_place")]
    pub(crate) workspace: Option<String>,
    /// Instead of a repository: an enterprise of GitHub, by the name in its address
    #[arg(long, value_name = "ENTERPRISE", group = "ci_place")]
    pub(crate) enterprise: Option<String>,
    /// Instead of a repository: all of a GitLab
    #[arg(long, group = "ci_place")]
    pub(crate) instance: bool,
    /// github, gitlab or bitbucket, or the forge's host [default: what the place says; github]
    #[arg(long, value_name = "FORGE")]
    pub(crate) forge: Option<String>,
    /// Where a self-hosted forge is, as people see it [default: github.com, gitlab.com or bitbucket.org]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// As this App of the server, by your name for it [default: the first that may and can]
    #[arg(long, value_name = "NAME", conflicts_with = "account")]
    pub(crate) app: Option<String>,
    /// As this account of the server, by its label
    #[arg(long, value_name = "LABEL")]
    pub(crate) account: Option<String>,
}

impl CiPlaceArgs {
    /// Every free text that was typed.
    pub(crate) fn texts(&self) -> [&Option<String>; 9] {
        [
            &self.repository,
            &self.org,
            &self.group,
            &self.workspace,
            &self.enterprise,
            &self.forge,
            &self.base_url,
            &self.app,
            &self.account,
        ]
    }
}

/// Through whom.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct WayArgs {
    /// Ask the forge directly, with a token of the environment, even though there is a server
    #[arg(long, conflicts_with_all = ["url", "insecure_http", "oidc_audience", "app", "account"])]
    pub(crate) alone: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// How a secret is kept at its forge.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "How the forge keeps it")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that people type")]
pub(crate) struct SecretOptionArgs {
    /// GitHub, Bitbucket: the deployment environment. GitLab: the environment scope, which may have * in it
    #[arg(long = "env", value_name = "ENVIRONMENT", visible_alias = "environment")]
    pub(crate) environment: Option<String>,
    /// GitHub: for Dependabot or Codespaces instead of Actions
    #[arg(long, value_enum, value_name = "FAMILY")]
    pub(crate) family: Option<FamilyArg>,
    /// GitHub, with --org: which repositories see it [default: private]
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(crate) visibility: Option<VisibilityArg>,
    /// GitHub, with --visibility selected: a repository that sees it, without its owner; may be given several times
    #[arg(long = "selected-repo", value_name = "REPO")]
    pub(crate) selected: Vec<String>,
    /// GitLab: let logs show it
    #[arg(long, conflicts_with = "hidden")]
    pub(crate) no_mask: bool,
    /// GitLab: let nobody read it back; only for one that is not there yet
    #[arg(long)]
    pub(crate) hidden: bool,
    /// GitLab: only for protected branches and tags
    #[arg(long)]
    pub(crate) protected: bool,
    /// GitLab: put other variables in where the value has a $
    #[arg(long)]
    pub(crate) expand: bool,
    /// GitLab: give jobs a file with it, and its path in the variable
    #[arg(long)]
    pub(crate) file_variable: bool,
    /// GitLab: for people
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
}

/// GitHub's stores of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FamilyArg {
    /// Workflows
    Actions,
    /// Workflows that Dependabot starts
    Dependabot,
    /// Codespaces
    Codespaces,
}

/// Which repositories of an organization see a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VisibilityArg {
    /// All of them
    All,
    /// Private and internal ones
    Private,
    /// Those that --selected-repo names
    Selected,
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use clap::CommandFactory as _;

    use crate::cli::args::Cli;

    /// The code between backticks in the texts of a file; its tests have none.
    fn quoted(text: &str) -> Vec<String> {
        let code: Vec<_> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        // A text that is broken into lines goes on behind the spaces of the next.
        let joined = code.join("\n").split("\\\n").map(str::trim_start).collect::<String>();
        let lines = joined.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
        lines.map(str::to_owned).collect()
    }

    /// What the forges' refusals tell people to type, against what can be typed.
    #[test]
    fn remedies_name_commands_and_flags_that_there_are() {
        let cli = Cli::command();
        let find = |words: &[&str]| {
            words
                .iter()
                .try_fold(&cli, |command, word| command.find_subcommand(word))
        };
        let has = |command: &clap::Command, flag: &str| {
            command
                .get_arguments()
                .any(|argument| argument.get_long() == Some(flag))
        };
        let (runners, secrets) = (
            [
                find(&["runner", "token"]).unwrap(),
                find(&["runner", "jit-config"]).unwrap(),
            ],
            find(&["secret", "push"]).unwrap(),
        );
        let mut seen = 0;
        for forge in ["github", "gitlab", "bitbucket"] {
            let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../jeton-forge/src")
                .join(forge)
                .join("ci");
            for file in fs::read_dir(directory).unwrap() {
                let path = file.unwrap().path();
                for code in quoted(&fs::read_to_string(&path).unwrap()) {
                    let words: Vec<_> = code.split_whitespace().collect();
                    let (commands, flags) = match words.split_first() {
                        Some((&"jeton", words)) => {
                            let known = words
                                .iter()
                                .take_while(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
                            let known: Vec<_> = known.copied().take_while(|word| !word.starts_with('-')).collect();
                            let Some(command) = find(&known) else {
                                panic!("`{code}` in {}", path.display())
                            };
                            (vec![command], words)
                        }
                        Some((first, _)) if first.starts_with("--") => {
                            (runners.iter().copied().chain([secrets]).collect(), &words[..])
                        }
                        _ => continue,
                    };
                    for flag in flags.iter().filter_map(|word| word.strip_prefix("--")) {
                        // filled in from a list beside it
                        let known = flag.starts_with('{') || commands.iter().any(|command| has(command, flag));
                        assert!(known, "`{code}` in {}", path.display());
                    }
                    seen += 1;
                }
            }
        }
        assert!(seen > 20, "{seen}");
    }
}
