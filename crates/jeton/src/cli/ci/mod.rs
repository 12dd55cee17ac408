//! Runners and secrets of the forges' CI: for what, and through whom.

mod alone;
mod job;
mod render;
mod spot;

use jeton_api::RunnerExamination;

use super::{
    CliError, Client, Context,
    account_token::refuse_tokens_in,
    args_ci::{CiPlaceArgs, SecretOptionArgs, WayArgs},
    content::reader::server,
};

use alone::Alone;
pub(super) use render::{check_selected, jit_config, options, options_json, pushed, runner_token, source};
pub(super) use spot::{Defaults, Spot};

/// How to give a token, when it is not by an argument.
const WAY: &str = "A server has tokens of its own, and is asked with JETON_TOKEN; without one, set GITHUB_TOKEN, GITLAB_TOKEN, or \
                   BITBUCKET_TOKEN with BITBUCKET_EMAIL. A secret comes from standard input or --from-file.";

/// Who does it.
pub(crate) enum Way {
    /// A server.
    Server(Box<Client>),
    /// The forge itself, with a token of the environment.
    Alone(Box<Alone>),
}

impl Way {
    /// Finds out who is to be asked: a server that was named or is there, or else the forge itself.
    ///
    /// # Errors
    /// When the server that is meant cannot be asked, or the environment has nothing for the forge.
    pub(in crate::cli) async fn find(
        args: &WayArgs,
        place: &CiPlaceArgs,
        spot: &Spot,
        context: &Context,
    ) -> Result<Self, CliError> {
        if let Some(client) = server(args.alone, &args.server, context).await? {
            return Ok(Self::Server(Box::new(client)));
        }
        if place.app.is_some() || place.account.is_some() {
            return Err(CliError::Usage {
                what: "--app and --account name what a server has, and there is no server".to_owned(),
                remedy: "Say where it is with --url or JETON_URL, or leave them out.".to_owned(),
            });
        }
        Alone::find(spot, context).map(|alone| Self::Alone(Box::new(alone)))
    }
}

/// Whether runners could be registered, found out by reading alone.
///
/// # Errors
/// When that cannot be found out.
pub(crate) async fn examine(
    args: &WayArgs,
    place: &CiPlaceArgs,
    context: &Context,
) -> Result<RunnerExamination, CliError> {
    refuse_tokens(place, args.server.texts())?;
    let spot = Spot::read(place, Defaults::OfJob, context)?;
    match Way::find(args, place, &spot, context).await? {
        Way::Server(client) => client.post(&["v1", "runners", "examine"], &spot.place).await,
        Way::Alone(alone) => {
            let found = alone.ci.examine_runners(&spot.scope).await;
            let report = found.map_err(|error| alone.failed(error))?;
            Ok(render::examination(&report))
        }
    }
}

/// Refuses a token where no token belongs.
///
/// # Errors
/// As said.
pub(super) fn refuse_tokens<'a>(
    place: &'a CiPlaceArgs,
    more: impl IntoIterator<Item = &'a str>,
) -> Result<(), CliError> {
    let texts = place.texts().into_iter().flatten().map(String::as_str);
    refuse_tokens_in(texts.chain(more), WAY)
}

impl SecretOptionArgs {
    /// Every free text that was typed.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = [&self.environment, &self.description].into_iter().flatten();
        texts.chain(&self.selected).map(String::as_str)
    }
}
