//! The frame of all pages: who has signed in, and where they can go.

use jeton_access::Session;
use jeton_domain::{Action, Secret};

use super::{assets, viewer::Viewer};

/// Where in the frame a page stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    Overview,
    Grants,
    Runners,
    Apps,
    Record,
    Accounts,
    Clients,
    Policies,
    Users,
    Doctor,
    Docs,
    Profile,
    /// In none of the frame's places.
    Elsewhere,
}

/// The places of the frame: where, its name, its path, whether it belongs to the settings, and what one needs the right to, any of
/// several. Of nothing: everybody who has signed in sees what is theirs there.
const PLACES: [(Here, &str, &str, bool, &[Action]); 11] = [
    (Here::Overview, "Overview", "/", false, &[]),
    (Here::Grants, "Grants", "/grants", false, &[]),
    (Here::Runners, "Runners", "/runners", false, &[Action::RunnerRegister]),
    (Here::Apps, "Apps", "/apps", false, &[Action::AppRead]),
    (Here::Record, "Record", "/record", false, &[Action::RecordRead]),
    (
        Here::Accounts,
        "Provider accounts",
        "/settings/accounts",
        true,
        &[Action::AccountRead, Action::AccountUse, Action::AccountManage],
    ),
    (
        Here::Clients,
        "Clients",
        "/settings/clients",
        true,
        &[Action::ClientRead],
    ),
    (
        Here::Policies,
        "Policies",
        "/settings/policies",
        true,
        &[Action::PolicyRead],
    ),
    (Here::Users, "Users", "/settings/users", true, &[Action::UserRead]),
    (Here::Doctor, "Doctor", "/doctor", true, &[Action::ServerRead]),
    (Here::Docs, "HTTP API", "/docs", true, &[]),
];

/// The frame of a page.
#[derive(Debug, Clone)]
pub(super) struct Shell {
    pub(super) style: &'static str,
    pub(super) script: &'static str,
    pub(super) icon: &'static str,
    pub(super) signed_in: Option<SignedIn>,
}

/// Who has signed in, for the frame.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    pub(super) name: String,
    pub(super) csrf: Secret,
    pub(super) places: Vec<Place>,
    pub(super) settings: Vec<Place>,
    pub(super) at_profile: bool,
}

/// A place of the frame.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) is_here: bool,
}

impl Shell {
    pub(super) fn of_nobody() -> Self {
        Self {
            style: assets::STYLE.address(),
            script: assets::SCRIPT.address(),
            icon: assets::ICON.address(),
            signed_in: None,
        }
    }

    pub(super) fn of_viewer(viewer: &Viewer, here: Here) -> Self {
        let session: &Session = &viewer.session;
        let places = |in_settings: bool| {
            PLACES
                .iter()
                .filter(|(.., settings, needs)| {
                    *settings == in_settings && (needs.is_empty() || needs.iter().any(|action| viewer.may(*action)))
                })
                .map(|(at, name, path, ..)| Place {
                    name,
                    path,
                    is_here: *at == here,
                })
                .collect()
        };
        Self {
            signed_in: Some(SignedIn {
                name: session.user.name.to_string(),
                csrf: session.csrf.clone(),
                places: places(false),
                settings: places(true),
                at_profile: here == Here::Profile,
            }),
            ..Self::of_nobody()
        }
    }
}
