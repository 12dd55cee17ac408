use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::{Account, AccountChange, AccountError};
use jeton_domain::{AccountScope, Action, Code, TokenEnd};

use super::{dates, detail, failure, is_about_the_account, offers::Offers, path_of, view::AccountView};
use crate::{
    extract::Name,
    failure::Failure,
    page::{
        fields::{Cleared, Fields, clear_tokens},
        link::link,
        problem::Problem,
        respond,
        shell::{Here, Shell},
        viewer::{Sent, Viewer},
    },
    state::Shared,
};

#[derive(Template)]
#[template(path = "accounts/edit.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a part of the page that is there or not"
)]
struct Edit {
    shell: Shell,
    account: AccountView,
    problem: Option<Problem>,
    /// The field that is wrong.
    wrong: &'static str,
    cleared: Cleared,
    typed: Values,
    /// How it stands now, when somebody else changed it while this form was filled in.
    theirs: Option<Values>,
    /// The state of the account that the form is about.
    as_of: String,
    may_share: bool,
    can_be_renewed: bool,
    can_note_end: bool,
    needs_email: bool,
}

/// What the form has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Values {
    label: String,
    note: String,
    username: String,
    email: String,
    serves: String,
    shared: bool,
    auto_rotate: bool,
    expires_at: String,
}

/// The form with what is known of an account, for those who may change it; others see its page.
pub(super) async fn edit_page(
    viewer: Viewer,
    State(state): State<Shared>,
    Name(name): Name,
) -> Result<Response, Failure> {
    let account = detail::get(&viewer, &state, &name).await?;
    if !Offers::of(&account, &viewer).change {
        return Ok(respond::see_other(&path_of(account.id)));
    }
    let typed = Values::of(&account);
    Ok(page(&viewer, &account, typed, None, None))
}

/// Changes what is known of an account.
pub(super) async fn edit(State(state): State<Shared>, Name(name): Name, sent: Sent) -> Result<Response, Failure> {
    let Sent { viewer, fields } = sent;
    let account = detail::get(&viewer, &state, &name).await?;
    let accounts = state.broker.accounts();
    let id = account.id.to_string();
    accounts
        .permit_change(viewer.caller(), viewer.request_id(), &id)
        .await
        .map_err(failure)?;
    let now = Values::of(&account);
    let typed = Values::typed(&fields, &now);
    // The use case sees changes within its own moment; this form may have been open for an hour.
    if fields.text("as_of") != as_of(&account) && typed != now {
        let error = AccountError::Changed(account.label.to_string());
        return Ok(page(&viewer, &account, typed, Some(now), Some(&error.into())));
    }
    let change = match typed.change(&now) {
        Ok(change) => change,
        Err(wrong) => return Ok(page(&viewer, &account, typed, None, Some(&wrong))),
    };
    match accounts.update(viewer.caller(), viewer.request_id(), &id, change).await {
        Ok(changed) => Ok(respond::see_other(&link(&path_of(changed.id), &[("done", "saved")]))),
        Err(error) if !is_about_the_account(&error) => Err(failure(error)),
        Err(error @ AccountError::Changed(_)) => {
            let account = detail::get(&viewer, &state, &id).await?;
            let theirs = Values::of(&account);
            Ok(page(&viewer, &account, typed, Some(theirs), Some(&error.into())))
        }
        Err(error) => Ok(page(&viewer, &account, typed, None, Some(&error.into()))),
    }
}

fn page(
    viewer: &Viewer,
    account: &Account,
    mut typed: Values,
    theirs: Option<Values>,
    failure: Option<&Failure>,
) -> Response {
    let status = failure.map_or(StatusCode::OK, |failure| respond::page_status(failure.code()));
    let page = Edit {
        shell: viewer.shell(Here::Accounts),
        account: AccountView::of(account, viewer),
        problem: failure.map(Problem::from),
        wrong: failure.map(field_of).unwrap_or_default(),
        cleared: typed.clear_tokens(),
        typed,
        theirs,
        as_of: as_of(account),
        may_share: viewer.may(Action::AccountManage),
        can_be_renewed: account.kind.renews_itself(),
        can_note_end: can_note_end(account),
        needs_email: account.kind.needs_email(),
    };
    respond::render(status, &page)
}

/// What a form is about: it changes with each change by a person.
fn as_of(account: &Account) -> String {
    account.updated_at.map(|at| at.to_string()).unwrap_or_default()
}

/// Where the forge itself says when a token ends, nobody else does.
fn can_note_end(account: &Account) -> bool {
    account.end_is_noted || account.end == TokenEnd::Unknown
}

/// The field that a failure is about, by its words; empty when they do not tell.
fn field_of(failure: &Failure) -> &'static str {
    const FIELDS: [(&str, &str); 9] = [
        ("what it serves", "serves"),
        ("account's name is", "label"),
        ("user name", "username"),
        ("e-mail", "email"),
        ("note", "note"),
        ("owner", "serves"),
        ("token ended", "expires_at"),
        ("no token ends", "expires_at"),
        ("label", "label"),
    ];
    match failure.code() {
        Code::AccountLabelTaken => "label",
        Code::RequestInvalid => "expires_at",
        Code::AccountInvalid => {
            let found = FIELDS.iter().find(|(words, _)| failure.detail().contains(words));
            found.map(|(_, field)| *field).unwrap_or_default()
        }
        _ => "",
    }
}

impl Values {
    fn of(account: &Account) -> Self {
        let noted = account.end.time().filter(|_| account.end_is_noted);
        Self {
            label: account.label.to_string(),
            note: account.note.clone().unwrap_or_default(),
            username: account.username.clone().unwrap_or_default(),
            email: account.email.clone().unwrap_or_default(),
            serves: account
                .serves
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            shared: account.scope == AccountScope::Shared,
            auto_rotate: account.auto_rotate,
            expires_at: dates::day(noted),
        }
    }

    fn typed(fields: &Fields, now: &Self) -> Self {
        let text = |name| fields.text(name).to_owned();
        Self {
            label: text("label"),
            note: text("note"),
            username: text("username"),
            email: text("email"),
            serves: fields.list("serves").join(", "),
            // Radio buttons that were not offered are not sent.
            shared: if fields.is_on("shared") {
                fields.text("shared") == "yes"
            } else {
                now.shared
            },
            auto_rotate: fields.is_on("auto_rotate"),
            expires_at: text("expires_at"),
        }
    }

    fn clear_tokens(&mut self) -> Cleared {
        clear_tokens([
            ("Label", &mut self.label),
            ("Note", &mut self.note),
            ("Serves", &mut self.serves),
            ("User name at the forge", &mut self.username),
            ("E-mail address at the forge", &mut self.email),
            ("End, as you know it", &mut self.expires_at),
        ])
    }

    /// What was typed otherwise than it stands: the rest is not touched.
    fn change(&self, now: &Self) -> Result<AccountChange, Failure> {
        let other = |typed: &String, now: &String| (typed != now).then(|| typed.clone());
        let serves = self.serves.split(", ").filter(|one| !one.is_empty());
        Ok(AccountChange {
            label: other(&self.label, &now.label),
            note: other(&self.note, &now.note),
            username: other(&self.username, &now.username),
            email: other(&self.email, &now.email),
            serves: (self.serves != now.serves).then(|| serves.map(str::to_owned).collect()),
            active: None,
            auto_rotate: (self.auto_rotate != now.auto_rotate).then_some(self.auto_rotate),
            shared: (self.shared != now.shared).then_some(self.shared),
            expires_at: if self.expires_at == now.expires_at {
                None
            } else {
                Some(dates::read(&self.expires_at)?)
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use jeton_accounts::AccountChange;

    use super::{Fields, Values};

    #[test]
    fn only_what_was_typed_otherwise_is_changed() {
        let now = Values {
            label: "work".to_owned(),
            serves: "acme, acme/tools".to_owned(),
            shared: true,
            ..Values::default()
        };
        let same = Fields::read(b"label=+work+&note=&serves=acme%0D%0Aacme%2Ftools");
        let typed = Values::typed(&same, &now);
        assert_eq!(typed, now);
        assert_eq!(typed.change(&now).unwrap(), AccountChange::default());
        let other = Fields::read(b"label=work&note=mine&serves=&shared=no&auto_rotate=on&expires_at=2027-01-31");
        let change = Values::typed(&other, &now).change(&now).unwrap();
        assert_eq!((change.label, change.note.as_deref()), (None, Some("mine")));
        assert_eq!(change.serves, Some(Vec::new()));
        assert_eq!((change.shared, change.auto_rotate), (Some(false), Some(true)));
        assert!(change.expires_at.unwrap().is_some());
        let bad = Fields::read(b"label=work&serves=acme&expires_at=soon");
        assert!(Values::typed(&bad, &now).change(&now).is_err());
    }
}
