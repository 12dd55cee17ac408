//! The identity that a job of CI has anyway, as the key to ask a server with: then nothing has to be stored.

use std::time::Duration;

use jeton_api::Released;
use jeton_domain::{Clock as _, Code, Secret};
use reqwest::StatusCode;
use serde::Deserialize;
use url::Url;
use zeroize::Zeroizing;

use super::{CliError, Context, ServerArgs, client, error::Told, place::is_this_machine, token_output::hide};
use crate::system::SystemClock;

/// How long GitHub may take to make an identity.
const LIMIT: Duration = Duration::from_secs(20);
/// So often GitHub is asked for one, as its service fails now and then.
const TRIES: u32 = 3;
/// The largest answer that is read, in bytes.
const MOST: usize = 64 * 1024;

/// Where the identity comes from.
pub(super) enum Identity {
    /// A job of GitHub Actions asks for it, at this URL and with this token.
    GitHub { url: Url, token: Secret, audience: String },
    /// The forge put it into the job's environment.
    Given(Secret),
}

impl Identity {
    /// Finds out whether the job's identity is wanted, and how it is come by; asks nobody.
    ///
    /// # Errors
    /// That the job has none, with the line that its definition lacks.
    pub(super) fn find(args: &ServerArgs, context: &Context) -> Result<Option<Self>, CliError> {
        let audience = match &args.oidc_audience {
            Some(audience) => Some(audience.clone()),
            None => context.sources.variable("JETON_OIDC_AUDIENCE")?,
        };
        let audience = audience.map(|audience| audience.trim().to_owned());
        // Jobs get their variables from their forge, so that a file beside the command says nothing of them; but for our own.
        let variable = |name: &str| context.sources.env.get(name).filter(|text| !text.trim().is_empty());
        let is_true = |name: &str| variable(name).is_some_and(|text| text.trim() == "true");
        if let Some(given) = context.sources.variable("JETON_IDENTITY_TOKEN")? {
            return token(given.trim(), "JETON_IDENTITY_TOKEN").map(|token| Some(Self::Given(token)));
        }
        let Some(audience) = audience else { return Ok(None) };
        if audience.is_empty() || audience.chars().any(char::is_control) {
            return Err(usage(
                "the audience (--oidc-audience or JETON_OIDC_AUDIENCE) is empty or has control characters".to_owned(),
                "Give the one that the server expects; mostly it is the server's URL.".to_owned(),
            ));
        }
        if is_true("GITHUB_ACTIONS") {
            let (Some(url), Some(token)) = (
                variable("ACTIONS_ID_TOKEN_REQUEST_URL"),
                variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
            ) else {
                return Err(none(
                    "this job has no identity to ask the server with",
                    "Give it `permissions: id-token: write` in the workflow, for the job or for all of them. A pull request from a fork \
                     never gets one."
                        .to_owned(),
                ));
            };
            return Ok(Some(Self::GitHub {
                url: safe(url.trim())?,
                token: Secret::new(token.trim()),
                audience,
            }));
        }
        if is_true("GITLAB_CI") {
            return Err(none(
                "this job has no identity to ask the server with: JETON_IDENTITY_TOKEN is not set",
                format!("Give the job `id_tokens: {{ JETON_IDENTITY_TOKEN: {{ aud: {audience} }} }}`."),
            ));
        }
        if variable("BITBUCKET_BUILD_NUMBER").is_some() {
            let Some(given) = variable("BITBUCKET_STEP_OIDC_TOKEN") else {
                return Err(none(
                    "this step has no identity to ask the server with",
                    format!("Give it `oidc: true`, or `oidc: {{ audiences: [{audience}] }}` for this audience."),
                ));
            };
            return token(given.trim(), "BITBUCKET_STEP_OIDC_TOKEN").map(|token| Some(Self::Given(token)));
        }
        Err(usage(
            "an audience is named, and this is no job of GitHub Actions, GitLab CI or Bitbucket Pipelines, which alone have an identity"
                .to_owned(),
            "Leave --oidc-audience and JETON_OIDC_AUDIENCE out here, and set JETON_TOKEN or JETON_TOKEN_FILE.".to_owned(),
        ))
    }

    /// The identity. In GitHub Actions it is hidden in the log before anything else is done with it.
    ///
    /// # Errors
    /// When GitHub does not make one.
    pub(super) async fn get(&self) -> Result<Secret, CliError> {
        match self {
            Self::Given(token) => Ok(token.clone()),
            Self::GitHub { url, token, audience } => {
                let identity = made(url, token, audience).await?;
                hide(&identity)?;
                Ok(identity)
            }
        }
    }
}

/// What GitHub answers.
#[derive(Deserialize)]
struct Made {
    value: Released,
}

async fn made(url: &Url, bearer: &Secret, audience: &str) -> Result<Secret, CliError> {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("audience", audience);
    // A machine of one's own may reach GitHub through a proxy alone.
    let http = client::builder(LIMIT, true, true);
    let http = http.build().map_err(|error| CliError::Io {
        what: "HTTP cannot be set up".to_owned(),
        source: std::io::Error::other(error),
    })?;
    let mut left = TRIES;
    loop {
        left -= 1;
        let asked = http.get(url.clone()).bearer_auth(bearer.expose()).send().await;
        let failed = match asked {
            Ok(answer) if answer.status().is_success() => return identity_in(answer).await,
            Ok(answer) if answer.status().is_client_error() && answer.status() != StatusCode::TOO_MANY_REQUESTS => {
                return Err(not_made(&format!("it answered HTTP {}", answer.status().as_u16())));
            }
            Ok(answer) => format!("it answered HTTP {}", answer.status().as_u16()),
            Err(error) => client::reason(error),
        };
        if left == 0 {
            return Err(not_made(&failed));
        }
        SystemClock.sleep(Duration::from_secs(1)).await;
    }
}

async fn identity_in(mut answer: reqwest::Response) -> Result<Secret, CliError> {
    let mut body = Zeroizing::new(Vec::with_capacity(MOST));
    while let Some(chunk) = answer.chunk().await.map_err(|error| not_made(&client::reason(error)))? {
        if body.len() + chunk.len() > MOST {
            return Err(not_made("its answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    let made: Made = serde_json::from_slice(&body).map_err(|_| not_made("its answer holds none"))?;
    token(made.value.0.expose(), "GitHub's answer")
}

/// A JSON Web Token, as far as it can be told: three parts of letters that a header can carry.
fn token(text: &str, origin: &str) -> Result<Secret, CliError> {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if text.split('.').count() == 3 && text.split('.').all(is_part) {
        return Ok(Secret::new(text));
    }
    Err(CliError::of(Told {
        what: format!("what is in {origin} is no identity of a job"),
        code: Code::AuthMissing,
        remedy: Some("It is a JSON Web Token that the forge itself puts there for each job.".to_owned()),
    }))
}

/// The address where GitHub makes identities, unless somebody on the way could read what is sent there.
fn safe(text: &str) -> Result<Url, CliError> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(url)));
    url.ok_or_else(|| {
        none(
            "ACTIONS_ID_TOKEN_REQUEST_URL is no https address, so that nothing was sent there",
            "GitHub's runner sets it; look whether something in the workflow changes it.".to_owned(),
        )
    })
}

fn not_made(why: &str) -> CliError {
    CliError::of(Told {
        what: format!("GitHub did not give this job its identity: {why}"),
        code: Code::ForgeUnavailable,
        remedy: Some(
            "Run the job again; https://www.githubstatus.com tells whether GitHub Actions is in trouble.".to_owned(),
        ),
    })
}

fn none(what: &str, remedy: String) -> CliError {
    CliError::of(Told {
        what: what.to_owned(),
        code: Code::AuthMissing,
        remedy: Some(remedy),
    })
}

fn usage(what: String, remedy: String) -> CliError {
    CliError::Usage { what, remedy }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Identity, ServerArgs, safe, token};
    use crate::{cli::Context, config::ConfigSources};

    fn find(audience: Option<&str>, env: &[(&str, &str)]) -> Result<Option<Identity>, String> {
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
        let args = ServerArgs {
            oidc_audience: audience.map(str::to_owned),
            ..ServerArgs::default()
        };
        Identity::find(&args, &context).map_err(|error| error.to_string_for_people())
    }

    fn refused(audience: &str, env: &[(&str, &str)]) -> String {
        find(Some(audience), env).err().expect("a refusal")
    }

    #[test]
    fn a_job_without_an_identity_is_told_which_line_it_lacks() {
        let text = refused("https://j.example", &[("GITHUB_ACTIONS", "true")]);
        assert!(text.contains("permissions: id-token: write"), "{text}");
        let text = refused("https://j.example", &[("GITLAB_CI", "true")]);
        assert!(text.contains("aud: https://j.example"), "{text}");
        let text = refused("https://j.example", &[("BITBUCKET_BUILD_NUMBER", "7")]);
        assert!(text.contains("oidc: true"), "{text}");
        let text = refused("https://j.example", &[]);
        assert!(text.contains("is no job of") && text.contains("JETON_TOKEN"), "{text}");
        assert!(refused(" ", &[("GITHUB_ACTIONS", "true")]).contains("is empty"));
        assert!(
            find(None, &[("GITHUB_ACTIONS", "true")]).unwrap().is_none(),
            "it is not wanted"
        );
    }

    #[test]
    fn an_identity_of_the_environment_needs_no_audience_where_its_variable_is_ours() {
        let jwt = ["aa", "bb", "cc"].join(".");
        let given = find(None, &[("JETON_IDENTITY_TOKEN", &jwt)]).unwrap();
        assert!(matches!(given, Some(Identity::Given(token)) if token.expose() == jwt));
        let step = [
            ("BITBUCKET_BUILD_NUMBER", "7"),
            ("BITBUCKET_STEP_OIDC_TOKEN", jwt.as_str()),
        ];
        assert!(matches!(find(Some("a"), &step).unwrap(), Some(Identity::Given(_))));
        assert!(find(None, &step).unwrap().is_none());
        let text = find(None, &[("JETON_IDENTITY_TOKEN", "planted")]).err().unwrap();
        assert!(
            !text.contains("planted") && text.contains("JETON_IDENTITY_TOKEN"),
            "{text}"
        );
    }

    #[test]
    fn what_asks_for_an_identity_goes_over_tls() {
        assert!(safe("https://run.actions.example/x?api-version=2").is_ok());
        assert!(safe("http://127.0.0.1:1/x").is_ok());
        for bad in ["http://run.actions.example/", "file:///etc/passwd", "", "x"] {
            assert!(safe(bad).is_err(), "{bad}");
        }
        for bad in ["", "a.b", "a.b.c.d", "a.b.c\n", "a..c", "a.b.c\"x"] {
            assert!(token(bad, "x").is_err(), "{bad:?}");
        }
    }
}
