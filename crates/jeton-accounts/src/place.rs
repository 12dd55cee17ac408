//! Which forge is meant.

use jeton_domain::{ForgeEndpoint, ForgeKind};

use crate::{
    AccountError,
    words::{shown, without_token},
};

/// The kind of forge that words name: `github`, a public host such as `gitlab.com`, or a host or URL whose own name tells.
pub(crate) fn kind_named(words: &str) -> Option<ForgeKind> {
    let words = words.trim().to_ascii_lowercase();
    if let Some(kind) = ForgeKind::parse(&words) {
        return Some(kind);
    }
    let host = host_in(&words);
    let kinds = [
        (
            ForgeKind::GitHub,
            host == "github.com" || host.ends_with(".ghe.com") || host == "api.github.com",
        ),
        (ForgeKind::GitLab, host == "gitlab.com"),
        (
            ForgeKind::Bitbucket,
            host == "bitbucket.org" || host == "api.bitbucket.org",
        ),
    ];
    let public = kinds.iter().find(|(_, is_it)| *is_it).map(|(kind, _)| *kind);
    // The name that its administrators gave it, as in gitlab.example.com, is a hint: the forge's answer shows soon enough.
    public.or_else(|| {
        let labels = || host.split(['.', ':', '-']);
        [
            (ForgeKind::GitHub, ["github", "ghe"]),
            (ForgeKind::GitLab, ["gitlab", "gitlab"]),
        ]
        .into_iter()
        .find(|(_, names)| labels().any(|label| names.contains(&label)))
        .map(|(kind, _)| kind)
    })
}

/// The forge that is meant by the words and the URL that were given, and by the token itself.
///
/// # Errors
/// When none of them tells, they contradict each other, or the URL is no forge's.
pub(crate) fn forge_of(
    words: Option<&str>,
    base_url: Option<&str>,
    by_token: Option<ForgeKind>,
) -> Result<ForgeEndpoint, AccountError> {
    let words = words.map(str::trim).filter(|words| !words.is_empty());
    let base_url = base_url.map(str::trim).filter(|url| !url.is_empty());
    without_token("forge's name", words.unwrap_or_default())?;
    without_token("forge's address", base_url.unwrap_or_default())?;
    let by_words = words.and_then(kind_named);
    let by_url = base_url.and_then(kind_named);
    let kind = by_words.or(by_token).or(by_url).ok_or_else(|| {
        AccountError::Invalid(match words {
            Some(words) => format!(
                "neither `{}` nor the token tells which kind of forge it is: name `github`, `gitlab` or `bitbucket`, and its \
                 address as `base_url`",
                shown(words)
            ),
            None => "the token does not tell which forge it opens: name `github`, `gitlab` or `bitbucket`".to_owned(),
        })
    })?;
    // A host in the words is an address; a kind in the words needs one beside it, or means the public forge.
    let address = words
        .filter(|words| ForgeKind::parse(&words.to_ascii_lowercase()).is_none())
        .map(url_of);
    let address = match (base_url, address) {
        (Some(url), Some(named)) => {
            let (one, other) = (
                ForgeEndpoint::of_kind(kind, Some(url))?,
                ForgeEndpoint::of_kind(kind, Some(&named))?,
            );
            if !one.host().eq_ignore_ascii_case(other.host()) {
                return Err(AccountError::Invalid(format!(
                    "the forge is named `{}`, and its address is `{}`",
                    shown(other.host()),
                    shown(one.host())
                )));
            }
            Some(url.to_owned())
        }
        (Some(url), None) => Some(url.to_owned()),
        (None, named) => named,
    };
    Ok(ForgeEndpoint::of_kind(kind, address.as_deref())?)
}

/// A host as people write it, as a URL.
pub(crate) fn url_of(words: &str) -> String {
    if words.contains("://") {
        words.to_owned()
    } else {
        format!("https://{words}")
    }
}

fn host_in(words: &str) -> &str {
    let rest = words.split_once("://").map_or(words, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use jeton_domain::ForgeKind::{self, Bitbucket, GitHub, GitLab};

    use super::{forge_of, kind_named};
    use crate::AccountError;

    #[test]
    fn a_forge_is_known_by_kind_host_or_url() {
        for (words, kind) in [
            ("github", Some(GitHub)),
            ("GitLab", Some(GitLab)),
            ("bitbucket.org", Some(Bitbucket)),
            ("acme.ghe.com", Some(GitHub)),
            ("https://gitlab.example.com/lab", Some(GitLab)),
            ("git.example.com", None),
            ("notgithub.example.com", None),
        ] {
            assert_eq!(kind_named(words), kind, "{words}");
        }
    }

    #[test]
    fn the_token_tells_what_is_left_out() {
        let host = |words, url, token: Option<ForgeKind>| {
            forge_of(words, url, token).map(|forge| (forge.kind(), forge.host().to_owned()))
        };
        assert_eq!(
            host(None, None, Some(GitHub)).unwrap(),
            (GitHub, "github.com".to_owned())
        );
        assert_eq!(
            host(Some("git.example.com"), None, Some(GitLab)).unwrap(),
            (GitLab, "git.example.com".to_owned())
        );
        assert_eq!(
            host(Some("gitlab"), Some("http://127.0.0.1:7/"), None).unwrap(),
            (GitLab, "127.0.0.1:7".to_owned())
        );
        assert_eq!(
            host(Some("gitlab.com"), Some("https://gitlab.com/api/v4"), None).unwrap(),
            (GitLab, "gitlab.com".to_owned())
        );
        for (words, url) in [
            (None, None),
            (Some("git.example.com"), None),
            (Some("gitlab.com"), Some("https://git.example.com")),
        ] {
            assert!(
                matches!(forge_of(words, url, None), Err(AccountError::Invalid(_))),
                "{words:?} {url:?}"
            );
        }
        assert!(matches!(
            forge_of(Some("github"), Some("http://git.example.com"), None),
            Err(AccountError::Endpoint(_))
        ));
    }
}
