//! `jeton whoami`

use std::process::ExitCode;

use jeton_api::WhoAmI;

use super::{
    CliError, Client, Context, Format,
    args_access::WhoamiArgs,
    output::{print, print_json, table},
    users::role_name,
};

pub(super) async fn run(args: &WhoamiArgs, context: &Context) -> Result<ExitCode, CliError> {
    let me: WhoAmI = Client::new(&args.server, context)?.get(&["v1", "whoami"], &[]).await?;
    match args.format {
        Format::Json => print_json(&me)?,
        Format::Table => print(&render(&me))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn render(me: &WhoAmI) -> String {
    let mut rows = vec![("you are", me.name.clone()), ("kind", me.kind.clone())];
    rows.extend(me.role.map(|role| ("role", role_name(role).to_owned())));
    rows.push((
        "asking from",
        me.address.clone().unwrap_or_else(|| "the Unix socket".to_owned()),
    ));
    let allowed = if me.allowed.is_empty() {
        "nothing: no policy is about you".to_owned()
    } else {
        me.allowed.join(", ")
    };
    rows.push(("may do", allowed));
    table(["", ""], rows.into_iter().map(|(name, value)| [name.to_owned(), value]))
        .trim_start()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use jeton_api::{UserRole, WhoAmI};

    use super::render;

    #[test]
    fn everybody_is_told_who_they_are() {
        let me = WhoAmI {
            kind: "user".to_owned(),
            name: "user:ada".to_owned(),
            address: None,
            role: Some(UserRole::Member),
            allowed: Vec::new(),
        };
        let text = render(&me);
        for shown in ["user:ada", "member", "the Unix socket", "no policy is about you"] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
    }
}
