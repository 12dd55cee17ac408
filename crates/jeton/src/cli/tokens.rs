//! `jeton token`

use std::{path::PathBuf, process::ExitCode};

use jeton_api::{Grant, GrantList, RevokeResponse, RevokedGrants, TokenRequest, TokenResponse};
use jeton_domain::Permissions;
use uuid::Uuid;

use super::{
    CliError, Client, Context, Format, ServerArgs,
    args::{GrantFilterArgs, MintArgs, TokenCommand, TokenFormat},
    output::{clean, note, permission_list, print, print_json, table},
    token_output,
};
use crate::system::SystemEntropy;

/// How many grants are asked for at once.
const PAGE: u32 = 100;

pub(super) async fn run(command: TokenCommand, context: &Context) -> Result<ExitCode, CliError> {
    match command {
        TokenCommand::Mint(args) => mint(args, context).await?,
        TokenCommand::Inspect(args) => return super::inspect::run(args, context).await,
        TokenCommand::Revoke {
            grant_id,
            force,
            all_of,
            server,
        } => match (grant_id, all_of) {
            (_, Some(holder)) => revoke_all_of(&holder, &server, context).await?,
            (Some(grant_id), None) => revoke(grant_id, force, &server, context).await?,
            // The arguments are read so that one of both is there.
            (None, None) => {}
        },
        TokenCommand::List {
            all,
            mine,
            filter,
            limit,
            format,
            server,
        } => {
            let conditions = conditions(all, mine, filter);
            let list = list(&Client::new(&server, context)?, &conditions, limit).await?;
            match format {
                Format::Json => print_json(&list)?,
                Format::Table if list.grants.is_empty() && mine => note("you hold no token"),
                Format::Table if list.grants.is_empty() => note("nobody holds a token, or none that you may see"),
                Format::Table => {
                    print(&render(&list.grants))?;
                    if list.next.is_some() {
                        note("there are more; --limit shows them");
                    }
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn mint(args: MintArgs, context: &Context) -> Result<(), CliError> {
    // looked up before anything is minted: a token that cannot be put anywhere is one too many
    let output = match args.format {
        TokenFormat::GithubOutput => Some(github_output("--format github-output", context)?),
        _ => None,
    };
    let permissions = permissions(&args.permissions)?;
    let request = TokenRequest {
        forge: args.forge,
        app: args.app,
        account: args.account,
        repositories: args.repositories,
        permissions,
        min_validity_seconds: args.min_validity,
        fresh: args.fresh.then_some(true),
    };
    let token: TokenResponse = Client::new(&args.server, context)?
        .post(&["v1", "tokens"], &request)
        .await?;
    match args.format {
        TokenFormat::Table => print(&token_output::render(&token)),
        TokenFormat::Json => print_json(&token),
        TokenFormat::Plain => print(&token_output::plain(&token)),
        TokenFormat::Env => print(&token_output::env_lines(&token)),
        TokenFormat::GithubOutput => {
            // the mask first: from then on the runner hides the token wherever it turns up
            token_output::hide(&token.token.0)?;
            let path = output.unwrap_or_default();
            token_output::append(&path, &token, &SystemEntropy::default())
        }
    }
}

/// The file in which a step of GitHub Actions leaves what later ones shall have.
///
/// # Errors
/// That there is none.
pub(super) fn github_output(flag: &str, context: &Context) -> Result<PathBuf, CliError> {
    let path = context.sources.env.get("GITHUB_OUTPUT").filter(|path| !path.is_empty());
    path.map(PathBuf::from).ok_or_else(|| CliError::Usage {
        what: format!("{flag} needs GITHUB_OUTPUT, which GitHub Actions sets for every step"),
        remedy: "Elsewhere use --format env, plain or json.".to_owned(),
    })
}

pub(super) fn permissions(given: &[String]) -> Result<Option<std::collections::BTreeMap<String, String>>, CliError> {
    if given.is_empty() {
        return Ok(None);
    }
    let parsed = Permissions::parse_list(&given.join(",")).map_err(|error| CliError::Usage {
        what: error.to_string(),
        remedy: "Write it like --permission contents=read --permission issues=write.".to_owned(),
    })?;
    Ok(Some(
        parsed
            .iter()
            .map(|(name, level)| (name.to_owned(), level.as_str().to_owned()))
            .collect(),
    ))
}

async fn revoke(grant_id: Uuid, force: bool, server: &ServerArgs, context: &Context) -> Result<(), CliError> {
    let query: Vec<_> = force.then(|| ("force", "true".to_owned())).into_iter().collect();
    let id = grant_id.to_string();
    let done: RevokeResponse = Client::new(server, context)?
        .delete(&["v1", "tokens", &id], &query)
        .await?;
    note(&clean(&done.detail));
    Ok(())
}

async fn revoke_all_of(holder: &str, server: &ServerArgs, context: &Context) -> Result<(), CliError> {
    let query = [("holder", holder.to_owned())];
    let done: RevokedGrants = Client::new(server, context)?.delete(&["v1", "grants"], &query).await?;
    let holder = clean(holder);
    match done.grants_ended {
        0 => note(&format!("{holder} holds nothing")),
        1 => note(&format!("ended the one token that {holder} held")),
        many => note(&format!(
            "ended {many} grants of {holder}; their tokens are handed out no more"
        )),
    }
    Ok(())
}

/// What the list is asked for, but for its pages.
fn conditions(all: bool, mine: bool, filter: GrantFilterArgs) -> Vec<(&'static str, String)> {
    let mut query = Vec::new();
    query.extend((!all).then(|| ("live", "true".to_owned())));
    query.extend(mine.then(|| ("mine", "true".to_owned())));
    let texts = [
        ("holder", filter.holder),
        ("source", filter.source),
        ("repository", filter.repository),
        ("fingerprint", filter.fingerprint),
    ];
    query.extend(texts.into_iter().filter_map(|(name, text)| Some((name, text?))));
    query
}

async fn list(client: &Client, conditions: &[(&'static str, String)], limit: u32) -> Result<GrantList, CliError> {
    let mut out = GrantList {
        grants: Vec::new(),
        next: None,
    };
    loop {
        let wanted = limit.saturating_sub(u32::try_from(out.grants.len()).unwrap_or(u32::MAX));
        let mut query = conditions.to_vec();
        query.push(("limit", wanted.min(PAGE).to_string()));
        query.extend(out.next.map(|id| ("before", id.to_string())));
        let page: GrantList = client.get(&["v1", "grants"], &query).await?;
        let stuck = page.grants.is_empty();
        out.grants.extend(page.grants);
        out.next = page.next;
        if stuck || out.next.is_none() || out.grants.len() >= limit as usize {
            return Ok(out);
        }
    }
}

fn render(grants: &[Grant]) -> String {
    let rows = grants.iter().map(|grant| {
        let end = match &grant.released_at {
            Some(at) => format!("given back {at}"),
            None => grant.expires_at.clone(),
        };
        [
            grant.grant_id.to_string(),
            grant.holder.clone(),
            if grant.rule.is_empty() {
                "-".to_owned()
            } else {
                grant.rule.clone()
            },
            token_output::some_of(&grant.repositories),
            grant
                .permissions
                .as_ref()
                .map_or_else(|| "-".to_owned(), permission_list),
            grant.fingerprint.clone(),
            end,
        ]
    });
    table(
        [
            "GRANT",
            "HOLDER",
            "POLICY",
            "REPOSITORIES",
            "PERMISSIONS",
            "TOKEN",
            "ENDS",
        ],
        rows,
    )
}

#[cfg(test)]
mod tests {
    use super::permissions;

    #[test]
    fn permissions_are_checked_before_anything_is_asked() {
        assert!(permissions(&[]).unwrap().is_none());
        let given = permissions(&["contents=read".to_owned(), "issues=write".to_owned()])
            .unwrap()
            .unwrap();
        assert_eq!(given.get("issues").map(String::as_str), Some("write"));
        assert!(permissions(&["contents".to_owned()]).is_err());
    }
}
