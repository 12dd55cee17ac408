//! For what something is asked.

use jeton_api::CiPlace;
use jeton_ci::ScopeName;
use jeton_domain::{ForgeEndpoint, ForgeKind};

use super::{CliError, Context, job::Job};
use crate::cli::{
    args_ci::CiPlaceArgs,
    args_content::WhereArgs,
    content::{forge, target::Target},
    output::clean,
};

/// What is meant where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Defaults {
    /// The repository and the forge of the job of CI.
    OfJob,
    /// What the server makes of it.
    None,
}

/// For what, as far as it can be told without asking anybody.
#[derive(Debug)]
pub(in crate::cli) struct Spot {
    /// As a server is asked for it.
    pub(in crate::cli) place: CiPlace,
    /// The same without a server.
    pub(in crate::cli) scope: ScopeName,
    /// What was said of the forge.
    pub(super) said: WhereArgs,
    /// The address that the repository was named by.
    pub(super) target: Target,
    /// The kind of forge whose word was used, and the word.
    word: Option<(ForgeKind, &'static str)>,
}

impl Spot {
    /// Reads the arguments.
    ///
    /// # Errors
    /// [`CliError::Usage`] when they name nothing, or nothing that can be.
    pub(in crate::cli) fn read(args: &CiPlaceArgs, defaults: Defaults, context: &Context) -> Result<Self, CliError> {
        let job = Job::find(&context.sources.env).filter(|_| defaults == Defaults::OfJob);
        let mut place = CiPlace {
            app: given("--app", args.app.as_ref())?,
            account: given("--account", args.account.as_ref())?,
            ..CiPlace::default()
        };
        let mut target = Target::default();
        let owners = [
            ("--org", ForgeKind::GitHub, &args.org, &mut place.organization),
            ("--group", ForgeKind::GitLab, &args.group, &mut place.group),
            (
                "--workspace",
                ForgeKind::Bitbucket,
                &args.workspace,
                &mut place.workspace,
            ),
            (
                "--enterprise",
                ForgeKind::GitHub,
                &args.enterprise,
                &mut place.enterprise,
            ),
        ];
        let mut found = None;
        for (flag, kind, text, field) in owners {
            if let Some(name) = given(flag, text.as_ref())? {
                let scope = if flag == "--enterprise" {
                    ScopeName::Enterprise(name.clone())
                } else {
                    ScopeName::Owner(name.clone())
                };
                *field = Some(name);
                found = Some((scope, Some((kind, flag))));
            }
        }
        if args.instance {
            place.instance = Some(true);
            found = Some((ScopeName::Instance, Some((ForgeKind::GitLab, "--instance"))));
        }
        let (scope, word) = if let Some(found) = found {
            found
        } else {
            target = repository(args, job.as_ref())?;
            place.repository = Some(target.repository.clone());
            (ScopeName::Repository(target.repository.clone()), None)
        };
        let said = said(args, &target, word.map(|(kind, _)| kind), job.as_ref());
        if said.forge.is_some() || said.base_url.is_some() || target.forge.is_some() {
            place.forge = Some(forge::name(&said, &target)?);
        } else if defaults == Defaults::OfJob {
            // A server takes GitHub to be meant where no forge is named.
            let other = word.map(|(kind, _)| kind).filter(|kind| *kind != ForgeKind::GitHub);
            place.forge = other.map(|kind| kind.as_str().to_owned());
        }
        Ok(Self {
            place,
            scope,
            said,
            target,
            word,
        })
    }

    /// Refuses the word of another forge.
    ///
    /// # Errors
    /// As said.
    pub(super) fn fits(&self, forge: &ForgeEndpoint) -> Result<(), CliError> {
        match self.word {
            Some((kind, flag)) if kind != forge.kind() => Err(CliError::Usage {
                what: format!("{flag} is a word of {kind}, and {} is a {}", forge.host(), forge.kind()),
                remedy:
                    "On GitHub it is --org or --enterprise, on GitLab --group or --instance, on Bitbucket --workspace."
                        .to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// What is there of a text that must not be empty: a script whose variable is empty would mean something else than it says.
fn given(flag: &str, text: Option<&String>) -> Result<Option<String>, CliError> {
    match text.map(|text| text.trim()) {
        Some("") => Err(CliError::Usage {
            what: format!("{flag} is empty"),
            remedy: "Look whether the variable that it is made from is set.".to_owned(),
        }),
        text => Ok(text.map(str::to_owned)),
    }
}

fn repository(args: &CiPlaceArgs, job: Option<&Job>) -> Result<Target, CliError> {
    if let Some(text) = &args.repository {
        return Target::parse(text);
    }
    let of_job = job.and_then(|job| job.repository.as_deref());
    let Some(path) = of_job else {
        return Err(CliError::Usage {
            what: "it is not said for what".to_owned(),
            remedy: "Name a repository like acme/tools, or an owner with --org (GitHub), --group (GitLab) or --workspace (Bitbucket). \
                     Only in a job of CI is it the job's own repository."
                .to_owned(),
        });
    };
    // An address in its place would lead a job's identity elsewhere.
    let target = Target::parse(path)?;
    if target.forge.is_some() {
        return Err(CliError::Usage {
            what: format!("the job's own repository is `{}`, which is none", clean(path)),
            remedy: "Name the repository as an argument.".to_owned(),
        });
    }
    Ok(target)
}

/// What is said of the forge, by flags or else by the job, if it is a job of the right kind of forge.
fn said(args: &CiPlaceArgs, target: &Target, word: Option<ForgeKind>, job: Option<&Job>) -> WhereArgs {
    let mut said = WhereArgs {
        forge: args.forge.clone(),
        base_url: args.base_url.clone(),
        ..WhereArgs::default()
    };
    let nothing = said.forge.is_none() && said.base_url.is_none() && target.forge.is_none();
    let of_job = job.filter(|job| nothing && word.is_none_or(|kind| kind == job.kind));
    if let Some(job) = of_job {
        said.forge = Some(job.kind.as_str().to_owned());
        said.base_url.clone_from(&job.url);
    } else if said.forge.is_none() && said.base_url.is_some() {
        // The owner's word says what kind of forge the address is of.
        said.forge = word.map(|kind| kind.as_str().to_owned());
    }
    said
}

impl Spot {
    /// The forge to ask directly: as with `jeton content`, the environment's own is meant where none is named.
    pub(super) fn words(&self) -> WhereArgs {
        let mut said = self.said.clone();
        if said.forge.is_none() && said.base_url.is_none() && self.target.forge.is_none() {
            said.forge = self.word.map(|(kind, _)| kind.as_str().to_owned());
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jeton_ci::ScopeName;
    use serde_json::{Value, json};

    use super::{CiPlaceArgs, Defaults, Spot};
    use crate::{
        cli::{CliError, Context},
        config::ConfigSources,
    };

    fn read(args: &CiPlaceArgs, env: &[(&str, &str)]) -> Result<Spot, CliError> {
        let env: BTreeMap<_, _> = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let context = Context {
            sources: ConfigSources {
                env,
                ..ConfigSources::default()
            },
        };
        Spot::read(args, Defaults::OfJob, &context)
    }

    fn json_of(args: &CiPlaceArgs, env: &[(&str, &str)]) -> Value {
        serde_json::to_value(read(args, env).unwrap().place).unwrap()
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is what a flag that was typed gives")]
    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    const ACTIONS: [(&str, &str); 3] = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", "https://git.example.com"),
        ("GITHUB_REPOSITORY", "acme/tools"),
    ];

    #[test]
    fn a_job_is_meant_where_nothing_is_said() {
        let nothing = CiPlaceArgs::default();
        assert_eq!(
            json_of(&nothing, &ACTIONS),
            json!({"forge": "git.example.com", "repository": "acme/tools"})
        );
        let gitlab = [
            ("GITLAB_CI", "true"),
            ("CI_SERVER_URL", "https://lab.example.com:8443"),
            ("CI_PROJECT_PATH", "acme/web/site"),
        ];
        assert_eq!(
            json_of(&nothing, &gitlab),
            json!({"forge": "lab.example.com:8443", "repository": "acme/web/site"})
        );
        let bitbucket = [
            ("BITBUCKET_BUILD_NUMBER", "7"),
            ("BITBUCKET_REPO_FULL_NAME", "acme/tools"),
        ];
        assert_eq!(
            json_of(&nothing, &bitbucket),
            json!({"forge": "bitbucket", "repository": "acme/tools"})
        );
        let error = read(&nothing, &[("GITHUB_REPOSITORY", "acme/tools")]).unwrap_err();
        assert!(error.to_string_for_people().contains("job of CI"), "outside of CI");
        for odd in ["https://evil.example/acme/tools", "", "tools"] {
            let env = [("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", odd)];
            assert!(read(&nothing, &env).is_err(), "{odd}");
        }
    }

    #[test]
    fn owners_have_the_word_of_their_forge() {
        let org = CiPlaceArgs {
            org: some("acme"),
            ..CiPlaceArgs::default()
        };
        assert_eq!(json_of(&org, &[]), json!({"organization": "acme"}));
        assert_eq!(
            json_of(&org, &ACTIONS),
            json!({"forge": "git.example.com", "organization": "acme"})
        );
        let group = CiPlaceArgs {
            group: some("acme/web"),
            ..CiPlaceArgs::default()
        };
        assert_eq!(json_of(&group, &[]), json!({"forge": "gitlab", "group": "acme/web"}));
        assert_eq!(
            json_of(&group, &ACTIONS),
            json!({"forge": "gitlab", "group": "acme/web"}),
            "a GitHub has no groups"
        );
        let own = CiPlaceArgs {
            base_url: some("https://code.example.com"),
            ..group
        };
        assert_eq!(
            json_of(&own, &[]),
            json!({"forge": "code.example.com", "group": "acme/web"})
        );
        let workspace = CiPlaceArgs {
            workspace: some("acme"),
            ..CiPlaceArgs::default()
        };
        assert_eq!(
            json_of(&workspace, &[]),
            json!({"forge": "bitbucket", "workspace": "acme"})
        );
        let enterprise = CiPlaceArgs {
            enterprise: some("acme"),
            ..CiPlaceArgs::default()
        };
        assert_eq!(json_of(&enterprise, &[]), json!({"enterprise": "acme"}));
        assert_eq!(
            read(&enterprise, &[]).unwrap().scope,
            ScopeName::Enterprise("acme".to_owned())
        );
        let instance = CiPlaceArgs {
            instance: true,
            forge: some("lab.example.com"),
            ..CiPlaceArgs::default()
        };
        assert_eq!(
            json_of(&instance, &[]),
            json!({"forge": "lab.example.com", "instance": true})
        );
        let empty = CiPlaceArgs {
            org: some(" "),
            ..CiPlaceArgs::default()
        };
        assert!(
            read(&empty, &ACTIONS)
                .unwrap_err()
                .to_string()
                .contains("--org is empty")
        );
    }

    #[test]
    fn a_repository_may_be_a_pages_address() {
        let place = |text: &str| {
            let args = CiPlaceArgs {
                repository: some(text),
                ..CiPlaceArgs::default()
            };
            json_of(&args, &[])
        };
        assert_eq!(place("acme/tools"), json!({"repository": "acme/tools"}));
        assert_eq!(
            place("https://gitlab.com/acme/web/site"),
            json!({"forge": "gitlab.com", "repository": "acme/web/site"})
        );
        let bad = CiPlaceArgs {
            repository: some("tools"),
            ..CiPlaceArgs::default()
        };
        assert!(read(&bad, &[]).is_err());
    }
}
