//! For what runners or secrets are asked for, and as whom.

use jeton_api::CiPlace;
use jeton_ci::{ScopeName, SourceAsk};
use jeton_domain::{Code, ForgeEndpoint, ForgeKind};

use crate::failure::Failure;

/// A place, as far as it can be understood without a look at the forges.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The forge's host or kind.
    pub(crate) forge: Option<String>,
    /// For what.
    pub(crate) scope: ScopeName,
    /// From what.
    pub(crate) source: SourceAsk,
}

const CHOICE: &str = "Name exactly one of `repository` (`owner/name`, or the name beside `owner`), `organization` (GitHub), `group` \
    (GitLab), `workspace` (Bitbucket), `enterprise` (GitHub), and `instance: true` (GitLab).";

/// Reads a place. `otherwise` is the kind of forge that is meant where none is named, if that is known.
pub(crate) fn place(place: CiPlace, otherwise: Option<ForgeKind>) -> Result<Place, Failure> {
    if place.instance == Some(false) {
        return Err(invalid("instance is `false`, and is `true` or left out", CHOICE));
    }
    let named = [
        ("repository", place.repository.is_some()),
        ("organization", place.organization.is_some()),
        ("group", place.group.is_some()),
        ("workspace", place.workspace.is_some()),
        ("enterprise", place.enterprise.is_some()),
        ("instance", place.instance.is_some()),
    ];
    let named: Vec<&str> = named
        .iter()
        .filter(|(_, there)| *there)
        .map(|(word, _)| *word)
        .collect();
    let [word] = named[..] else {
        return Err(match (&named[..], &place.owner) {
            ([], Some(_)) => invalid(
                "there is an `owner` and no `repository`",
                "For all repositories of an owner name the `organization` (GitHub), the `group` (GitLab) or the `workspace` \
                 (Bitbucket) instead.",
            ),
            ([], None) => invalid("nothing says for what it is", CHOICE),
            (several, _) => invalid(&format!("it is for several things: {}", several.join(", ")), CHOICE),
        });
    };
    fits_the_forge(word, place.forge.as_deref(), otherwise)?;
    let owner = place.organization.or(place.group).or(place.workspace);
    let scope = match (place.repository, place.owner, owner, place.enterprise) {
        (Some(name), Some(_), ..) if name.contains('/') => {
            return Err(invalid(
                "`repository` has its owner with it, and there is an `owner` as well",
                "Leave `owner` out, or write the name alone in `repository`.",
            ));
        }
        (Some(name), Some(owner), ..) => ScopeName::Repository(format!("{owner}/{name}")),
        (Some(path), None, ..) => ScopeName::Repository(path),
        (None, Some(_), ..) => {
            return Err(invalid(
                &format!("there is an `owner` beside `{word}`"),
                "`owner` goes with `repository` alone; leave it out.",
            ));
        }
        (None, None, Some(owner), _) => ScopeName::Owner(owner),
        (None, None, None, Some(enterprise)) => ScopeName::Enterprise(enterprise),
        (None, None, None, None) => ScopeName::Instance,
    };
    Ok(Place {
        forge: place.forge,
        scope,
        source: SourceAsk {
            app: place.app,
            account: place.account,
        },
    })
}

/// Each forge has its own word for owners. Another's is a mistake: most likely it is the forge that was forgotten.
fn fits_the_forge(word: &str, forge: Option<&str>, otherwise: Option<ForgeKind>) -> Result<(), Failure> {
    let of = match word {
        "organization" | "enterprise" => ForgeKind::GitHub,
        "group" | "instance" => ForgeKind::GitLab,
        "workspace" => ForgeKind::Bitbucket,
        _ => return Ok(()),
    };
    // Of a host of somebody's own nothing is known here; the forge itself will say.
    let meant = match forge.map(|forge| forge.trim().to_ascii_lowercase()) {
        Some(forge) => ForgeEndpoint::public(&forge).map(|public| public.kind()),
        None => otherwise,
    };
    let Some(meant) = meant.filter(|meant| *meant != of) else {
        return Ok(());
    };
    let detail = format!("`{word}` is a word of {}, and the forge is {}", name(of), name(meant));
    let remedy = if forge.is_some() {
        match meant {
            ForgeKind::GitHub => "On GitHub it is `organization`; or name another `forge`.",
            ForgeKind::GitLab => "On GitLab it is `group`; or name another `forge`.",
            ForgeKind::Bitbucket => "On Bitbucket it is `workspace`; or name another `forge`.",
        }
    } else {
        "Name the `forge`: without one it is GitHub."
    };
    Err(invalid(&detail, remedy))
}

fn name(kind: ForgeKind) -> &'static str {
    match kind {
        ForgeKind::GitHub => "GitHub",
        ForgeKind::GitLab => "GitLab",
        ForgeKind::Bitbucket => "Bitbucket",
    }
}

fn invalid(detail: &str, remedy: &str) -> Failure {
    Failure::new(Code::RequestInvalid, detail).with_remedy(remedy)
}

#[cfg(test)]
mod tests {
    use jeton_api::CiPlace;
    use jeton_ci::ScopeName;
    use jeton_domain::{Code, ForgeKind};
    use serde_json::{Value, json};

    use super::place;

    fn read(json: Value) -> CiPlace {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_place_is_one_thing() {
        let scope = |json: Value| place(read(json), Some(ForgeKind::GitHub)).unwrap().scope;
        let repository = ScopeName::Repository("acme/tools".to_owned());
        assert_eq!(scope(json!({"repository": "acme/tools"})), repository);
        assert_eq!(scope(json!({"owner": "acme", "repository": "tools"})), repository);
        let acme = ScopeName::Owner("acme".to_owned());
        assert_eq!(scope(json!({"organization": "acme"})), acme);
        assert_eq!(scope(json!({"forge": "GitLab", "group": "acme"})), acme);
        assert_eq!(scope(json!({"forge": "bitbucket.org", "workspace": "acme"})), acme);
        assert_eq!(scope(json!({"forge": "git.example.org", "group": "acme"})), acme);
        let enterprise = ScopeName::Enterprise("acme".to_owned());
        assert_eq!(scope(json!({"enterprise": "acme"})), enterprise);
        assert_eq!(
            scope(json!({"forge": "git.example.org", "instance": true})),
            ScopeName::Instance
        );
    }

    #[test]
    fn what_is_no_place_is_refused_with_the_choice() {
        for (bad, words) in [
            (json!({}), "nothing says"),
            (json!({"owner": "acme"}), "no `repository`"),
            (
                json!({"repository": "a/b", "organization": "a"}),
                "repository, organization",
            ),
            (json!({"owner": "a", "repository": "a/b"}), "as well"),
            (json!({"owner": "a", "organization": "b"}), "beside `organization`"),
            (json!({"instance": false}), "`true` or left out"),
            (json!({"forge": "github", "group": "a"}), "a word of GitLab"),
            (json!({"forge": "gitlab.com", "organization": "a"}), "a word of GitHub"),
            (json!({"forge": "gitlab", "enterprise": "a"}), "a word of GitHub"),
            (json!({"forge": "bitbucket", "instance": true}), "a word of GitLab"),
            (json!({"workspace": "a"}), "the forge is GitHub"),
        ] {
            let failure = place(read(bad.clone()), Some(ForgeKind::GitHub)).unwrap_err();
            assert_eq!(failure.code(), Code::RequestInvalid);
            assert!(failure.detail().contains(words), "{bad}: {}", failure.detail());
            assert!(failure.remedy().is_some());
        }
    }

    #[test]
    fn where_the_forge_is_the_accounts_own_any_word_will_do() {
        for word in ["organization", "group", "workspace"] {
            assert!(place(read(json!({word: "acme"})), None).is_ok());
        }
    }
}
