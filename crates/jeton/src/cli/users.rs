//! `jeton user`

use std::process::ExitCode;

use jeton_api::{AddUserRequest, ChangeUserRequest, InvitedUser, RemovedUser, User, UserList, UserRole};

use super::{
    CliError, Client, Context, Format, ServerArgs,
    args_access::{RoleArg, UserCommand},
    clients::print_alone,
    output::{clean, confirmed, note, print, print_json, table},
};

impl From<RoleArg> for UserRole {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Operator => Self::Operator,
            RoleArg::Member => Self::Member,
            RoleArg::Auditor => Self::Auditor,
        }
    }
}

pub(super) fn role_name(role: UserRole) -> &'static str {
    match role {
        UserRole::Operator => "operator",
        UserRole::Member => "member",
        UserRole::Auditor => "auditor",
    }
}

pub(super) async fn run(command: UserCommand, context: &Context) -> Result<ExitCode, CliError> {
    match command {
        UserCommand::Add {
            name,
            role,
            format,
            server,
        } => {
            let role = role.into();
            let invited: InvitedUser = Client::new(&server, context)?
                .post(&["v1", "users"], &AddUserRequest { name, role })
                .await?;
            show_link(&invited, format, "added")?;
        }
        UserCommand::Invite { name, format, server } => {
            let path = ["v1", "users", &name, "invite"];
            let invited: InvitedUser = Client::new(&server, context)?
                .post(&path, &serde_json::json!({}))
                .await?;
            show_link(&invited, format, "invited")?;
        }
        UserCommand::List { format, server } => {
            let list = list(&Client::new(&server, context)?).await?;
            match format {
                Format::Json => print_json(&list)?,
                Format::Table if list.users.is_empty() => note("no users yet; add one with `jeton user add NAME`"),
                Format::Table => print(&render(&list.users))?,
            }
        }
        UserCommand::SetRole { name, role, server } => {
            let user = change(&name, Some(role.into()), None, &server, context).await?;
            note(&clean(&format!("{} is now {}", user.name, role_name(user.role))));
        }
        UserCommand::Disable { name, server } => {
            let user = change(&name, None, Some(true), &server, context).await?;
            note(&clean(&format!(
                "{} is shut out; `jeton user enable` lets them in again",
                user.name
            )));
        }
        UserCommand::Enable { name, server } => {
            let user = change(&name, None, Some(false), &server, context).await?;
            note(&clean(&format!("{} may sign in again", user.name)));
        }
        UserCommand::Remove { name, yes, server } => {
            let client = Client::new(&server, context)?;
            let question = format!("Remove the user `{name}`?");
            if !yes && !confirmed(&format!("removing `{name}`"), &question)? {
                note("nothing was changed");
                return Ok(ExitCode::FAILURE);
            }
            let removed: RemovedUser = client.delete(&["v1", "users", &name], &[]).await?;
            let off = match removed.accounts_switched_off {
                0 => String::new(),
                1 => "; their private account was switched off".to_owned(),
                count => format!("; their {count} private accounts were switched off"),
            };
            note(&clean(&format!("removed {}{off}", removed.name)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show_link(invited: &InvitedUser, format: Format, done: &str) -> Result<(), CliError> {
    match format {
        Format::Json => print_json(invited)?,
        Format::Table => print_alone(&invited.link.0)?,
    }
    note(&clean(&format!(
        "{done} {} ({}); the link works once, until {}",
        invited.user.name,
        role_name(invited.user.role),
        invited.link_expires_at
    )));
    Ok(())
}

async fn change(
    name: &str,
    role: Option<UserRole>,
    disabled: Option<bool>,
    server: &ServerArgs,
    context: &Context,
) -> Result<User, CliError> {
    let request = ChangeUserRequest { role, disabled };
    Client::new(server, context)?
        .patch(&["v1", "users", name], &request)
        .await
}

async fn list(client: &Client) -> Result<UserList, CliError> {
    let mut out = UserList {
        users: Vec::new(),
        next: None,
    };
    loop {
        let query: Vec<_> = out.next.take().map(|next| ("after", next)).into_iter().collect();
        let page: UserList = client.get(&["v1", "users"], &query).await?;
        let stuck = page.users.is_empty();
        out.users.extend(page.users);
        out.next = page.next;
        if stuck || out.next.is_none() {
            out.next = None;
            return Ok(out);
        }
    }
}

fn render(users: &[User]) -> String {
    let rows = users.iter().map(|user| {
        let state = match (&user.disabled_at, user.has_password, &user.provider) {
            (Some(at), _, _) => format!("shut out {at}"),
            (None, true, _) => "active".to_owned(),
            (None, false, Some(provider)) => format!("active through {provider}"),
            (None, false, None) => "invited".to_owned(),
        };
        [
            user.name.clone(),
            role_name(user.role).to_owned(),
            state,
            user.created_at.clone(),
            user.last_sign_in_at.clone().unwrap_or_else(|| "never".to_owned()),
        ]
    });
    table(["NAME", "ROLE", "STATE", "ADDED", "LAST SIGN-IN"], rows)
}

#[cfg(test)]
mod tests {
    use jeton_api::{User, UserRole};
    use uuid::Uuid;

    use super::render;

    #[test]
    fn people_are_shown_with_what_they_can_do() {
        let ada = User {
            id: Uuid::nil(),
            name: "ada".to_owned(),
            role: UserRole::Auditor,
            has_password: false,
            provider: None,
            created_at: "2026-11-22T09:00:00Z".to_owned(),
            last_sign_in_at: None,
            disabled_at: None,
        };
        let away = User {
            provider: Some("https://id.example.com".to_owned()),
            ..ada.clone()
        };
        let out = User {
            has_password: true,
            disabled_at: Some("2026-11-23T00:00:00Z".to_owned()),
            ..ada.clone()
        };
        let text = render(&[ada, away, out]);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[1].contains("auditor") && lines[1].contains("invited"), "{text}");
        assert!(lines[2].contains("through https://id.example.com"), "{text}");
        assert!(lines[3].contains("shut out 2026-11-23"), "{text}");
    }
}
