//! Codes and remedies of [`ForgeError`], apart from the variants so that each file stays small.

use jeton_domain::{Code, Coded};

use crate::{ForgeError, Unprocessable};

/// GitHub's own hosts: its pages, and its API.
const PUBLIC: [&str; 2] = ["github.com", "api.github.com"];

/// Where an owner sees and changes the Apps on their account.
fn installations(web: &str) -> String {
    format!(
        "https://{web}/organizations/OWNER/settings/installations (for a personal account \
         https://{web}/settings/installations)"
    )
}

/// Where an App's own settings are.
fn app_settings(web: &str) -> String {
    format!(
        "the App's settings (https://{web}/settings/apps/APP, or \
         https://{web}/organizations/OWNER/settings/apps/APP)"
    )
}

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
        self.remedy_at(PUBLIC[0])
    }
}

impl ForgeError {
    /// What to do about an error of this host. Somebody's own server is not sent to the pages of github.com.
    pub fn remedy_at(&self, host: &str) -> Option<String> {
        let is_public = PUBLIC.contains(&host);
        let web = if is_public { PUBLIC[0] } else { host };
        let text = match self {
            Self::Unreachable { .. } => "Check from this machine that the API URL is right and can be reached: its \
                name resolves, a firewall lets it through, and its certificate is trusted. Proxies from the \
                environment are not used."
                .to_owned(),
            Self::Timeout | Self::Cut { .. } | Self::ServerError { .. } if !is_public => {
                format!("Try again later, or ask whoever runs {host}.")
            }
            Self::Timeout | Self::Cut { .. } | Self::ServerError { .. } => {
                "Try again later; https://www.githubstatus.com tells whether GitHub itself has trouble.".to_owned()
            }
            Self::Garbled { status: 410, .. } => "This GitHub no longer serves the version of its API that jeton \
                speaks (2022-11-28). Update jeton."
                .to_owned(),
            Self::Garbled { .. } if !is_public => {
                "Check that the API URL is that of your GitHub (https://HOST/api/v3), \
                and that no proxy or login page answers in its place."
                    .to_owned()
            }
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
                "Compare the App id (or client id) with the one in {}, and see there under \"Private \
                 keys\" whether the key is still listed; if it is not, use \"Generate a private key\" and give jeton \
                 the new one.",
                app_settings(web)
            ),
            Self::ClockSkew { .. } => {
                "Set this machine's clock (`timedatectl status` tells whether it is synchronized).".to_owned()
            }
            Self::Suspended { .. } => {
                format!(
                    "An owner can lift the suspension with \"Configure\" and \"Unsuspend\" at {}.",
                    installations(web)
                )
            }
            Self::Forbidden { .. } => format!(
                "GitHub's own words say why. An owner can change what the App may do at {}; an IP allow \
                 list must include this machine's address.",
                installations(web)
            ),
            Self::NotFound { .. } => format!(
                "Check how the repository is written. An owner can install the App, or add the repository to its \
                 selection, at {}.",
                installations(web)
            ),
            Self::Unprocessable { about, .. } => unprocessable(*about, web),
            Self::Unexpected { .. } => unprocessable(Unprocessable::Other, web),
            Self::TooWide { .. } => "The token was thrown away. Check that the API URL leads to GitHub itself; if it \
                does, report it to GitHub's support."
                .to_owned(),
            Self::Request(_) => return None,
        };
        Some(text)
    }
}

fn unprocessable(about: Unprocessable, web: &str) -> String {
    match about {
        Unprocessable::PermissionsNotGranted => format!(
            "Ask for less, or add the permission under \"Permissions & events\" in {}; then an owner \
             accepts the change at {}.",
            app_settings(web),
            installations(web)
        ),
        Unprocessable::RepositoriesNotAccessible => format!(
            "Check how the repositories are written. An owner can add them to the App's selection at {}.",
            installations(web)
        ),
        Unprocessable::Other => "GitHub's own words say why; if they make no sense for what was asked, report it with \
            the request id."
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{ForgeError, Said, Unprocessable};

    #[test]
    fn another_host_is_not_sent_to_the_pages_of_github_com() {
        let said = || Said {
            message: None,
            request_id: None,
            status: 403,
        };
        let reason = || "a reason".to_owned();
        let about = Unprocessable::PermissionsNotGranted;
        for error in [
            ForgeError::Cut { reason: reason() },
            ForgeError::Timeout,
            ForgeError::BadCredentials { said: said() },
            ForgeError::Suspended { said: said() },
            ForgeError::Forbidden { said: said() },
            ForgeError::NotFound { said: said() },
            ForgeError::Unprocessable { said: said(), about },
        ] {
            let public = ["github.com", "api.github.com"].map(|host| error.remedy_at(host).unwrap());
            let own = error.remedy_at("git.example.com").unwrap();
            assert_eq!(public[0], public[1]);
            assert!(public[0].contains("github"), "{}", public[0]);
            assert!(
                own.contains("git.example.com") && !own.contains("github.com") && !own.contains("githubstatus"),
                "{own}"
            );
        }
        let garbled = ForgeError::Garbled {
            status: 200,
            reason: reason(),
        };
        assert!(!garbled.remedy_at("git.example.com").unwrap().contains("github.com"));
    }
}
