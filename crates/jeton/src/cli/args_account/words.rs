//! The free texts among the arguments, in which no token belongs.

use std::path::Path;

use super::{AccountCommand, AddAccountArgs, ReplaceAccountArgs, UpdateAccountArgs};

impl AccountCommand {
    /// Every free text that was typed: none of it is a place for a token, and people put one there all the same.
    pub(crate) fn words(&self) -> Vec<&str> {
        let (texts, server) = match self {
            Self::Target(command) => return command.words(),
            Self::Add(args) => (args.texts(), &args.server),
            Self::List(args) => (vec![&args.host, &args.prefix], &args.server),
            Self::Test(args) => (vec![&args.label, &args.from_env, &args.wanted.repository], &args.server),
            Self::Update(args) => (args.texts(), &args.server),
            Self::Replace(args) => (args.texts(), &args.server),
            Self::Guide(args) => (
                vec![&args.forge, &args.base_url, &args.kind, &args.wanted.repository],
                &args.server,
            ),
            Self::Show { server, .. }
            | Self::Default { server, .. }
            | Self::Rotate { server, .. }
            | Self::Remove { server, .. }
            | Self::Repositories { server, .. }
            | Self::ImportEnv { server, .. } => (Vec::new(), server),
        };
        let account = match self {
            Self::Update(args) => Some(&args.account),
            Self::Replace(args) => Some(&args.account),
            Self::Show { account, .. }
            | Self::Default { account, .. }
            | Self::Rotate { account, .. }
            | Self::Remove { account, .. }
            | Self::Repositories { account, .. } => Some(account),
            Self::Add(_)
            | Self::List(_)
            | Self::Test(_)
            | Self::ImportEnv { .. }
            | Self::Guide(_)
            | Self::Target(_) => None,
        };
        let lists: &[String] = match self {
            Self::Add(args) => &args.serves,
            Self::Update(args) => args.serves.as_deref().unwrap_or_default(),
            Self::ImportEnv { variables, .. } => variables,
            _ => &[],
        };
        let file = match self {
            Self::Add(args) => args.from.token_file.as_deref(),
            Self::Replace(args) => args.from.token_file.as_deref(),
            _ => None,
        };
        texts
            .into_iter()
            .flatten()
            .chain(account.map(|account| &account.label))
            .chain(lists)
            .map(String::as_str)
            .chain(server.texts())
            .chain(file.and_then(Path::to_str))
            .collect()
    }
}

impl AddAccountArgs {
    fn texts(&self) -> Vec<&Option<String>> {
        vec![
            &self.label,
            &self.forge,
            &self.base_url,
            &self.username,
            &self.email,
            &self.note,
            &self.expires,
            &self.wanted.repository,
            &self.from.token_env,
        ]
    }
}

impl UpdateAccountArgs {
    fn texts(&self) -> Vec<&Option<String>> {
        vec![&self.new_label, &self.note, &self.username, &self.email, &self.expires]
    }
}

impl ReplaceAccountArgs {
    fn texts(&self) -> Vec<&Option<String>> {
        vec![&self.username, &self.email, &self.expires, &self.from.token_env]
    }
}
