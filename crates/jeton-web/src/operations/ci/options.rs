//! How a secret is to be kept at its forge.

use jeton_api::ForgeSecretOptions;
use jeton_ci::{SecretFamily, SecretOptions, SecretVisibility};
use jeton_domain::{Code, RepoName};

use crate::{extract::shown, failure::Failure};

/// Reads the words; whether they fit the forge is not looked at here.
pub(crate) fn options(asked: ForgeSecretOptions) -> Result<SecretOptions, Failure> {
    let family = match asked.family.as_deref() {
        None | Some("actions") => SecretFamily::Actions,
        Some("dependabot") => SecretFamily::Dependabot,
        Some("codespaces") => SecretFamily::Codespaces,
        Some(other) => return Err(no_word("family", other, "`actions`, `dependabot` or `codespaces`")),
    };
    let visibility = match (asked.visibility.as_deref(), asked.selected_repositories) {
        (None, None) => None,
        (Some("all"), None) => Some(SecretVisibility::All),
        (Some("private"), None) => Some(SecretVisibility::Private),
        (Some("selected"), Some(names)) => Some(SecretVisibility::Selected(repositories(&names)?)),
        (Some("selected"), None) => {
            return Err(invalid(
                "visibility is `selected`, and no repository is named",
                "Name them in `selected_repositories`.",
            ));
        }
        (None | Some("all" | "private"), Some(_)) => {
            return Err(invalid(
                "there are `selected_repositories`, and visibility is not `selected`",
                "Leave them out, or set `visibility` to `selected`.",
            ));
        }
        (Some(other), _) => return Err(no_word("visibility", other, "`all`, `private` or `selected`")),
    };
    Ok(SecretOptions {
        environment: asked.environment,
        family,
        visibility,
        masked: asked.masked,
        hidden: asked.hidden,
        protected: asked.protected,
        raw: asked.raw,
        file: asked.file,
        description: asked.description,
    })
}

fn repositories(names: &[String]) -> Result<Vec<RepoName>, Failure> {
    let read = |name: &String| {
        RepoName::parse(name).map_err(|error| {
            let detail = format!("selected_repositories: \"{}\": {error}", shown(name, 100));
            invalid(
                &detail,
                "Name repositories of the organization by their names alone, without the owner.",
            )
        })
    };
    names.iter().map(read).collect()
}

fn no_word(field: &str, word: &str, choice: &str) -> Failure {
    let detail = format!("{field}: \"{}\" is not one of its words", shown(word, 40));
    invalid(&detail, &format!("Choose among {choice}."))
}

fn invalid(detail: &str, remedy: &str) -> Failure {
    Failure::new(Code::SecretInvalid, detail).with_remedy(remedy)
}

#[cfg(test)]
mod tests {
    use jeton_api::ForgeSecretOptions;
    use jeton_ci::{SecretFamily, SecretOptions, SecretVisibility};
    use jeton_domain::{Code, RepoName};
    use serde_json::{Value, json};

    use super::options;

    fn read(json: Value) -> ForgeSecretOptions {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_is_left_out_is_left_to_the_forge() {
        assert_eq!(options(read(json!({}))).unwrap(), SecretOptions::default());
        let all = options(read(json!({
            "environment": "production", "family": "dependabot", "visibility": "selected", "selected_repositories": ["tools"],
            "masked": true, "hidden": false, "protected": true, "raw": false, "file": true, "description": "why",
        })))
        .unwrap();
        let expected = SecretOptions {
            environment: Some("production".to_owned()),
            family: SecretFamily::Dependabot,
            visibility: Some(SecretVisibility::Selected(vec![RepoName::parse("tools").unwrap()])),
            masked: Some(true),
            hidden: Some(false),
            protected: Some(true),
            raw: Some(false),
            file: Some(true),
            description: Some("why".to_owned()),
        };
        assert_eq!(all, expected);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for bad in [
            json!({"family": "agents"}),
            json!({"visibility": "public"}),
            json!({"visibility": "selected"}),
            json!({"selected_repositories": ["tools"]}),
            json!({"visibility": "all", "selected_repositories": []}),
            json!({"visibility": "selected", "selected_repositories": ["acme/tools"]}),
            json!({"visibility": "selected", "selected_repositories": [".."]}),
        ] {
            let failure = options(read(bad.clone())).unwrap_err();
            assert_eq!(failure.code(), Code::SecretInvalid, "{bad}");
            assert!(failure.remedy().is_some());
        }
    }
}
