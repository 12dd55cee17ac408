//! The command line: what can be typed, and where it leads.

mod account;
mod account_add;
mod account_list;
mod account_online;
mod account_output;
mod account_report;
mod account_target;
mod account_test;
mod account_token;
mod apps;
mod args;
mod args_access;
mod args_account;
mod args_account_parts;
mod args_ci;
mod args_content;
mod args_policy;
mod args_runner;
mod args_secret;
mod args_target;
mod audit;
mod ci;
mod client;
mod clients;
mod content;
mod error;
mod hidden_input;
mod identity;
mod inspect;
mod keys;
mod output;
mod place;
mod policies;
mod runner;
mod secret;
mod token_output;
mod tokens;
mod users;
mod when;
mod whoami;

use std::{collections::BTreeMap, process::ExitCode};

use clap::Parser as _;

pub(crate) use account_report::problem;
use args::{Cli, Command};
pub(crate) use args::{DoctorArgs, DoctorCommand, DoctorRunnerArgs, ServerArgs};
pub(crate) use ci::{Way, examine};
pub(crate) use client::{Client, http_client, reason};
pub(crate) use error::CliError;
pub(crate) use output::{Format, clean, print, print_json, table};
pub(crate) use place::Place;

use crate::{
    config::{Config, ConfigSources, Override},
    demo::DemoOptions,
    wiring::StartError,
};

/// What a command gets from the process: its environment, and where its configuration is.
pub(crate) struct Context {
    /// Where the configuration comes from.
    pub(crate) sources: ConfigSources,
}

impl Context {
    /// Reads the configuration.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub(crate) fn config(&self) -> Result<Config, CliError> {
        Ok(Config::load(self.sources.clone())?)
    }
}

/// Reads the arguments, runs the command, and prints what went wrong.
pub(crate) async fn main(env: BTreeMap<String, String>, is_root: bool) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let wrong = error.use_stderr();
            // a closed pipe is nobody's failure
            let _ = error.print();
            return if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match run(cli, env, is_root).await {
        Ok(code) => code,
        Err(error) => error.report(),
    }
}

async fn run(cli: Cli, env: BTreeMap<String, String>, is_root: bool) -> Result<ExitCode, CliError> {
    let mut sources = ConfigSources::usual(env, is_root);
    sources.config_file = cli.config;
    sources.env_file = cli.env_file;
    let mut context = Context { sources };
    match cli.command {
        Command::Serve(args) => {
            context.sources.overrides = args.overrides();
            let config = context.config()?;
            crate::logging::init(config.log);
            crate::serve::run(config, context.sources).await.map_err(started)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Demo(args) => crate::demo::run(DemoOptions {
            once: args.once,
            keep: args.keep,
        })
        .await
        .map_err(started),
        Command::Token(command) => tokens::run(command, &context).await,
        Command::Account(command) => account::run(command, &context).await,
        Command::Runner(command) => runner::run(command, &context).await,
        Command::Secret(command) => secret::run(command, &context).await,
        Command::App(command) => apps::run(command, &context).await,
        Command::Client(command) => clients::run(command, &context).await,
        Command::Content(command) => content::run(command, &context).await,
        Command::Policy(command) => policies::run(command, &context).await,
        Command::Audit(command) => audit::run(command, &context).await,
        Command::User(command) => users::run(command, &context).await,
        Command::Whoami(args) => whoami::run(&args, &context).await,
        Command::Key(command) => keys::run(command, &context).await,
        Command::Doctor(args) => crate::doctor::run(&args, &context).await,
    }
}

/// A wrong configuration is shown issue by issue, wherever it was noticed.
fn started(error: StartError) -> CliError {
    match error {
        StartError::Config(error) => error.into(),
        other => CliError::of(other),
    }
}

/// A flag as a setting, if it was given.
fn overridden(key: &'static str, flag: &'static str, value: Option<&String>) -> Option<Override> {
    value.map(|value| Override {
        key,
        flag,
        value: value.clone(),
    })
}
