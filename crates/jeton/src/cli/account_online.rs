//! Looks at tokens at their forges from here, without a server.

use jeton_api::CheckReport;
use jeton_domain::{Clock as _, Credential, CredentialKind, ForgeEndpoint, ForgeKind, Purpose, RepoPath};
use jeton_forge::{CheckAsk, Forges};
use jeton_inspect::Inspection;

use super::{
    CliError, Context,
    args_account_parts::{OnlineArgs, WantedFor},
    started,
};
use crate::{system::SystemClock, wiring_accounts};

/// The clients of the forges, which keep to the addresses that the configuration allows.
///
/// # Errors
/// When the configuration cannot be read, or TLS cannot be set up.
pub(super) fn forges(context: &Context) -> Result<Forges, CliError> {
    let outbound = wiring_accounts::guarded(&context.config()?).map_err(started)?;
    Ok(Forges::new(outbound))
}

/// How closely to look at a token.
///
/// # Errors
/// When the repository is none of that kind of forge.
pub(super) fn check_ask(kind: ForgeKind, wanted: &WantedFor) -> Result<CheckAsk, CliError> {
    let repository = wanted
        .repository
        .as_deref()
        .map(|text| RepoPath::parse(kind, text.trim()));
    Ok(CheckAsk {
        quick: false,
        purposes: wanted.purposes.iter().map(|&purpose| Purpose::from(purpose)).collect(),
        repository: repository.transpose().map_err(|error| CliError::Usage {
            what: format!("--repository is none of {kind}: {error}"),
            remedy: "Write it like acme/tools.".to_owned(),
        })?,
        known_end: None,
    })
}

/// Asks the forge about a token that was inspected and found usable.
///
/// # Errors
/// When it cannot be told which forge is meant, or what goes with the token is missing.
pub(super) async fn look(
    inspection: &Inspection,
    forge: Option<ForgeKind>,
    args: &OnlineArgs,
    context: &Context,
) -> Result<CheckReport, CliError> {
    let credential = credential(inspection, forge, args)?;
    let kind = credential.forge.kind();
    let ask = check_ask(kind, &args.wanted)?;
    let forges = forges(context)?;
    let report = forges.of(kind).check(&credential, &ask, SystemClock.now()).await;
    Ok(CheckReport::from(&report))
}

fn credential(inspection: &Inspection, forge: Option<ForgeKind>, args: &OnlineArgs) -> Result<Credential, CliError> {
    let kind = forge.or(inspection.forge).ok_or_else(|| CliError::Usage {
        what: "the token does not tell which forge it opens".to_owned(),
        remedy: "Name it with --forge, and one of your own also with --base-url.".to_owned(),
    })?;
    let forge = ForgeEndpoint::of_kind(kind, args.base_url.as_deref()).map_err(|error| CliError::Usage {
        what: format!("--base-url is no address of {kind}: {error}"),
        remedy: "Give the address that people see in their browser, such as https://gitlab.example.com.".to_owned(),
    })?;
    // Whoever writes the address into the field of the name means it so.
    let (username, email) = match (args.username.clone(), args.email.clone()) {
        (Some(name), None) if name.contains('@') => (None, Some(name)),
        both => both,
    };
    let found = inspection.kind.filter(|found| found.forge() == kind);
    let token = found.unwrap_or(match kind {
        ForgeKind::GitHub => CredentialKind::GitHubClassic,
        ForgeKind::GitLab => CredentialKind::GitLabPersonal,
        ForgeKind::Bitbucket if email.is_some() => CredentialKind::BitbucketApiToken,
        ForgeKind::Bitbucket => CredentialKind::BitbucketAccess,
    });
    if token.needs_email() && email.is_none() {
        return Err(CliError::Usage {
            what: format!(
                "{} cannot be tried without the e-mail address of its owner",
                token.words()
            ),
            remedy: "Give it with --email: Bitbucket's REST API takes it as user name, beside the token.".to_owned(),
        });
    }
    Ok(Credential {
        kind: token,
        forge,
        token: inspection.token.clone(),
        username,
        email,
    })
}

#[cfg(test)]
mod tests {
    use jeton_domain::{ForgeKind, Secret};
    use jeton_inspect::inspect;

    use super::credential;
    use crate::cli::args_account_parts::OnlineArgs;

    #[test]
    fn what_a_forge_wants_beside_the_token_is_asked_for_first() {
        let classic = format!(
            "ghp_{0}{1}",
            "Ab3".repeat(10),
            jeton_inspect::checksum::github_classic(&"Ab3".repeat(10))
        );
        let github = inspect(&Secret::new(classic), None);
        let none = OnlineArgs::default();
        assert_eq!(credential(&github, None, &none).unwrap().forge.host(), "github.com");
        let there = OnlineArgs {
            base_url: Some("https://git.example.com".to_owned()),
            ..OnlineArgs::default()
        };
        assert_eq!(
            credential(&github, None, &there).unwrap().forge.host(),
            "git.example.com"
        );
        let there = OnlineArgs {
            base_url: Some("http://git.example.com".to_owned()),
            ..OnlineArgs::default()
        };
        assert!(
            credential(&github, None, &there)
                .unwrap_err()
                .to_string()
                .contains("--base-url")
        );

        let api_token = inspect(
            &Secret::new(format!("{}{}", "ATATT3xFfGF0", "a1B2".repeat(40))),
            Some(ForgeKind::Bitbucket),
        );
        let error = credential(&api_token, Some(ForgeKind::Bitbucket), &none).unwrap_err();
        assert!(error.to_string().contains("e-mail"), "{error}");
        let by_name = OnlineArgs {
            username: Some("ada@example.com".to_owned()),
            ..OnlineArgs::default()
        };
        let found = credential(&api_token, Some(ForgeKind::Bitbucket), &by_name).unwrap();
        assert_eq!(
            (found.username, found.email.as_deref()),
            (None, Some("ada@example.com"))
        );
    }
}
