//! Codes and remedies of [`ForgeError`], apart from the variants so that each file stays small.

use jeton_domain::{Code, Coded};

use crate::{ForgeError, Unprocessable};

/// Where an owner sees and changes the Apps on their account.
const INSTALLATIONS: &str = "https://github.com/organizations/OWNER/settings/installations (for a personal account \
    https://github.com/settings/installations; on GitHub Enterprise Server the same path on that server)";

/// Where an App's own settings are.
const APP_SETTINGS: &str = "the App's settings (https://github.com/settings/apps/APP, or \
    https://github.com/organizations/OWNER/settings/apps/APP)";

impl Coded for ForgeError {
    fn code(&self) -> Code {
        match self {
            Self::Unreachable { .. } | Self::Cut { .. } | Self::ServerError { .. } => Code::ForgeUnavailable,
            Self::Timeout => Code::ForgeTimeout,
            Self::Garbled { .. } => Code::ForgeGarbled,
            Self::RateLimited { .. } => Code::ForgeRateLimited,
            Self::BadCredentials { .. } => Code::AppKeyRejected,
            Self::ClockSkew { .. } => Code::ClockSkew,
            Self::Suspended { .. } => Code::InstallationSuspended,
            Self::Forbidden { .. } => Code::ForgeForbidden,
            Self::NotFound { .. } => Code::AppNotInstalled,
            Self::Unprocessable { about, .. } => match about {
                Unprocessable::PermissionsNotGranted => Code::PermissionNotGranted,
                Unprocessable::RepositoriesNotAccessible => Code::AppNotInstalled,
                Unprocessable::Other => Code::ForgeUnprocessable,
            },
            Self::TooWide { .. } => Code::TokenTooWide,
            Self::Unexpected { .. } => Code::ForgeUnprocessable,
            Self::Request(_) => Code::Internal,
        }
    }

    fn remedy(&self) -> Option<String> {
        let text = match self {
            Self::Unreachable { .. } => "Check from this machine that the API URL is right and can be reached: its \
                name resolves, a firewall lets it through, and its certificate is trusted. Proxies from the \
                environment are not used."
                .to_owned(),
            Self::Timeout | Self::Cut { .. } | Self::ServerError { .. } => {
                "Try again later; https://www.githubstatus.com tells whether GitHub itself has trouble.".to_owned()
            }
            Self::Garbled { status: 410, .. } => "This GitHub no longer serves the version of its API that jeton \
                speaks (2022-11-28). Update jeton."
                .to_owned(),
            Self::Garbled { .. } => "Check that the API URL is GitHub's (https://api.github.com, or \
                https://HOST/api/v3 for Enterprise Server) and that no proxy or login page answers in its place."
                .to_owned(),
            Self::RateLimited { retry_after, .. } => {
                let seconds = retry_after.as_secs();
                format!(
                    "Wait {seconds} seconds. If it happens often, let fewer programs share the App, or ask for the \
                     same repositories and permissions, so that they share tokens."
                )
            }
            Self::BadCredentials { .. } => format!(
                "Compare the App id (or client id) with the one in {APP_SETTINGS}, and see there under \"Private \
                 keys\" whether the key is still listed; if it is not, use \"Generate a private key\" and give jeton \
                 the new one."
            ),
            Self::ClockSkew { .. } => {
                "Set this machine's clock (`timedatectl status` tells whether it is synchronized).".to_owned()
            }
            Self::Suspended { .. } => {
                format!("An owner can lift the suspension with \"Configure\" and \"Unsuspend\" at {INSTALLATIONS}.")
            }
            Self::Forbidden { .. } => format!(
                "GitHub's own words say why. An owner can change what the App may do at {INSTALLATIONS}; an IP allow \
                 list must include this machine's address."
            ),
            Self::NotFound { .. } => format!(
                "Check how the repository is written. An owner can install the App, or add the repository to its \
                 selection, at {INSTALLATIONS}."
            ),
            Self::Unprocessable { about, .. } => unprocessable(*about),
            Self::Unexpected { .. } => unprocessable(Unprocessable::Other),
            Self::TooWide { .. } => "The token was thrown away. Check that the API URL leads to GitHub itself; if it \
                does, report it to GitHub's support."
                .to_owned(),
            Self::Request(_) => return None,
        };
        Some(text)
    }
}

fn unprocessable(about: Unprocessable) -> String {
    match about {
        Unprocessable::PermissionsNotGranted => format!(
            "Ask for less, or add the permission under \"Permissions & events\" in {APP_SETTINGS}; then an owner \
             accepts the change at {INSTALLATIONS}."
        ),
        Unprocessable::RepositoriesNotAccessible => format!(
            "Check how the repositories are written. An owner can add them to the App's selection at {INSTALLATIONS}."
        ),
        Unprocessable::Other => "GitHub's own words say why; if they make no sense for what was asked, report it with \
            the request id."
            .to_owned(),
    }
}
