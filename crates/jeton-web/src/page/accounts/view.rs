use jeton_accounts::{Account, AccountOrigin};
use jeton_domain::{AccountScope, TokenEnd, Validity};
use jiff::{SignedDuration, Timestamp};

use super::{offers::is_own, path_of};
use crate::{
    extract::shown,
    page::{
        badge::{Badge, Tone},
        problem::is_web,
        time::Time,
        viewer::Viewer,
    },
};

/// An end that is nearer is one to look at.
pub(in crate::page) const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Characters of a finding in a list.
const FEW: usize = 110;

/// What the list and the head of every page about one account show of it.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a mark of its own beside the label"
)]
pub(super) struct AccountView {
    pub(super) path: String,
    pub(super) label: String,
    pub(super) note: Option<String>,
    /// As people write it.
    pub(super) forge: String,
    pub(super) host: String,
    /// Fit to stand in a link.
    pub(super) web_url: Option<String>,
    /// Whose the token is at the forge.
    pub(super) identity: Option<String>,
    pub(super) state: Badge,
    /// What is wrong, in few words.
    pub(super) finding: Option<String>,
    pub(super) end: End,
    pub(super) is_default: bool,
    pub(super) is_active: bool,
    pub(super) is_private: bool,
    pub(super) is_own: bool,
    /// Who added it.
    pub(super) owner: Option<String>,
    /// The variable of the server's environment that it comes from.
    pub(super) variable: Option<&'static str>,
}

/// When a token ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) at: Option<Time>,
    /// What is said where there is no time.
    pub(super) words: &'static str,
    /// Whether somebody noted it: the forge does not tell.
    pub(super) is_noted: bool,
    /// Beside an end that is near.
    pub(super) soon: Option<Badge>,
}

impl AccountView {
    pub(super) fn of(account: &Account, viewer: &Viewer) -> Self {
        let web_url = account.forge.web_url().to_owned();
        Self {
            path: path_of(account.id),
            label: account.label.to_string(),
            note: account.note.clone(),
            forge: account.forge.kind().to_string(),
            host: account.forge.host().to_owned(),
            web_url: Some(web_url).filter(|url| is_web(url)),
            identity: account.identity.as_ref().map(|identity| identity.name.clone()),
            state: state_of(account, viewer.now),
            finding: account.finding.as_ref().map(|finding| few_words(&finding.cause)),
            end: End::of(account, viewer),
            is_default: account.is_default,
            is_active: account.active,
            is_private: account.scope != AccountScope::Shared,
            is_own: is_own(account, viewer),
            owner: account.owner.clone(),
            variable: match account.origin {
                AccountOrigin::Stored => None,
                AccountOrigin::Environment { variable } => Some(variable),
            },
        }
    }
}

impl End {
    fn of(account: &Account, viewer: &Viewer) -> Self {
        let now = viewer.now;
        Self {
            at: account.end.time().map(|at| viewer.time(at)),
            words: match account.end {
                TokenEnd::At(_) => "",
                TokenEnd::Never => "never by itself",
                TokenEnd::Unknown => "not told by the forge",
            },
            is_noted: account.end_is_noted,
            soon: account
                .end
                .time()
                .filter(|at| account.active && *at > now && *at < now + SOON)
                .map(|_| Badge::new(Tone::Warn, "Ends soon")),
        }
    }
}

/// How an account stands, in one or two words.
fn state_of(account: &Account, now: Timestamp) -> Badge {
    let has_ended = account.end.time().is_some_and(|end| end <= now);
    match account.validity {
        _ if !account.active => Badge::new(Tone::Dim, "Switched off"),
        _ if has_ended => Badge::new(Tone::Bad, "Ended"),
        Validity::Valid => Badge::new(Tone::Good, "Works"),
        Validity::Invalid => Badge::new(Tone::Bad, "Refused"),
        Validity::Unknown => Badge::new(Tone::Warn, "Not known"),
    }
}

/// The beginning of a finding; all of it stands on the account's own page.
fn few_words(cause: &str) -> String {
    shown(&cause.replace('`', ""), FEW)
}

#[cfg(test)]
mod tests {
    use super::few_words;

    #[test]
    fn a_list_says_it_in_few_words() {
        assert_eq!(few_words("the token `x` ended"), "the token x ended");
        assert_eq!(few_words(&"x".repeat(10_000)).chars().count(), 111);
    }
}
