use jeton_accounts::AccountError;
use jeton_domain::{AccountLabel, Code, ForgeKind, RepoPath, Serves};

use super::typed::Typed;
use crate::{
    failure::Failure,
    page::{
        html::{escape, prose},
        problem::{Problem, sentence},
    },
};

/// What somebody can put right in the form.
#[derive(Debug, Clone)]
pub(super) struct Wrong {
    pub(super) problem: Problem,
    /// Where, if it is one field; the id of its control.
    pub(super) field: Option<&'static str>,
}

impl Wrong {
    pub(super) fn at(field: &'static str, detail: &str, remedy: Option<&str>) -> Self {
        Self {
            problem: Problem::new(detail, remedy),
            field: Some(field),
        }
    }

    /// What has to be put right before anybody is asked, in the order of the page. Without the address of a forge of their own, a token
    /// would go to the public one; and one that was typed is not passed over because its field is out of sight.
    pub(super) fn before_asking(typed: &Typed, has_token: bool) -> Vec<Self> {
        let mut wrong = Vec::new();
        if !has_token && typed.forge.is_none() {
            wrong.push(Self::at("forge", "No forge is chosen.", Some("Choose your forge.")));
        }
        if typed.self_hosted && typed.base_url.is_empty() {
            wrong.push(Self::at(
                "base_url",
                "Type the address of your forge.",
                Some("Nobody was asked. For the public forge, untick “My forge is self-hosted”."),
            ));
        }
        if !typed.self_hosted && !typed.base_url.is_empty() {
            wrong.push(Self::at(
                "base_url",
                "There is the address of a forge, but “My forge is self-hosted” is not ticked.",
                Some("Nobody was asked. Tick it, or empty the field of the address."),
            ));
        }
        if !has_token {
            wrong.push(Self::at(
                "token",
                "There is no token yet.",
                Some("Paste it into its field, and send the form again."),
            ));
        }
        wrong
    }

    /// The field, where several are wrong.
    pub(super) fn place(&self) -> &'static str {
        match self.field {
            Some("forge") => "your forge",
            Some("base_url") => "the address",
            Some("token") => "the token",
            _ => "the field",
        }
    }

    /// What the page says of an error; `None` for one that no change of the form puts right.
    pub(super) fn of(error: &AccountError, typed: &Typed) -> Option<Self> {
        let problem = match error {
            AccountError::Refused { .. } => Problem::new(
                "Nothing was saved: the forge does not take this token.",
                Some("What it said, and what to do, stands below."),
            ),
            AccountError::Untested { .. } => Problem::new(
                "Nothing was saved: the forge did not say whether it takes this token.",
                Some("Try again, or save it without a test. It is tested as soon as the forge answers."),
            ),
            AccountError::Pasted(_) => Problem::new(
                "Nothing was saved: this text cannot be the token.",
                Some("What it is, and what to do, stands below."),
            ),
            AccountError::Forge(found) if found.code == Code::CredentialUsername => Problem {
                detail: prose(&sentence(&found.cause)),
                remedy: Some(prose(
                    "Type the e-mail address into its field. Atlassian shows it to the token's owner here:",
                )),
                url: found.url.clone(),
            },
            AccountError::Stored { id, label } => Problem {
                remedy: Some(format!(
                    "Open <a href=\"/settings/accounts/{id}\"><bdi>{}</bdi></a>, or paste another token.",
                    escape(label)
                )),
                ..Problem::new(&sentence(&error.to_string()), None)
            },
            AccountError::LabelTaken(_)
            | AccountError::Invalid(_)
            | AccountError::Endpoint(_)
            | AccountError::Changed(_)
            | AccountError::RotationUnsupported { .. }
            | AccountError::Forge(_) => Problem::from(&Failure::from(error.clone())),
            _ => return None,
        };
        let field = field_of(error, typed);
        let is_unnamed = matches!(error, AccountError::Invalid(words) if named_in(words).is_none());
        if field == Some("label") && is_unnamed {
            return Some(Self::at(
                "label",
                "A label has 64 characters at most: small letters, digits, `-`, `_` and `.`, with a letter or a digit first.",
                Some("Choose another one; nothing was saved."),
            ));
        }
        Some(Self { problem, field })
    }
}

/// The field that an error is about, as far as it says so or the field itself shows it.
fn field_of(error: &AccountError, typed: &Typed) -> Option<&'static str> {
    match error {
        AccountError::LabelTaken(_) => Some("label"),
        AccountError::Endpoint(_) => Some("base_url"),
        AccountError::Pasted(_) | AccountError::Stored { .. } => Some("token"),
        AccountError::RotationUnsupported { .. } => Some("auto_renew"),
        AccountError::Forge(found) if found.code == Code::CredentialUsername => Some("email"),
        AccountError::Invalid(words) => named_in(words).or_else(|| found_in(typed)),
        _ => None,
    }
}

/// By the words of the use case, which begin so; what people typed stands further on.
fn named_in(words: &str) -> Option<&'static str> {
    const FIELDS: [(&str, &str); 16] = [
        ("the note ", "note"),
        ("the user name ", "username"),
        ("no account can be labelled ", "label"),
        ("an account serves ", "serves"),
        ("the token ended already", "end"),
        ("no token ends as late", "end"),
        ("neither ", "forge"),
        ("the token does not tell which forge", "forge"),
        ("there is what looks like a token in the label", "label"),
        ("there is what looks like a token in the note", "note"),
        ("there is what looks like a token in the user name", "username"),
        ("there is what looks like a token in the e-mail", "email"),
        ("there is what looks like a token in the forge's address", "base_url"),
        (
            "there is what looks like a token in the list of what it serves",
            "serves",
        ),
        ("there is what looks like a token in the repository", "repository"),
        ("nobody has more than ", "scope"),
    ];
    let found = FIELDS.iter().find(|(mark, _)| words.starts_with(mark));
    if found.is_none() && words.contains("is no e-mail address") {
        return Some("email");
    }
    if found.is_none() && words.contains("reads like an id") {
        return Some("label");
    }
    found.map(|(_, field)| *field)
}

/// The first field that cannot be read.
fn found_in(typed: &Typed) -> Option<&'static str> {
    let forge = typed.forge.unwrap_or(ForgeKind::GitLab);
    if !typed.label.is_empty() && AccountLabel::parse(&typed.label).is_err() {
        return Some("label");
    }
    if typed.served().iter().any(|one| Serves::parse(one).is_err()) {
        return Some("serves");
    }
    (!typed.repository.is_empty() && RepoPath::parse(forge, &typed.repository).is_err()).then_some("repository")
}
