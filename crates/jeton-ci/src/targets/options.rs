//! How a target's secret is to be kept, as JSON in its row: in a form of our own, so that a change of the forge's types never changes rows.

use jeton_domain::RepoName;
use jeton_forge::ci::{SecretFamily, SecretOptions, SecretVisibility};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::CiError;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    family: Family,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    visibility: Option<Visibility>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    masked: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hidden: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protected: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Family {
    Actions,
    Dependabot,
    Codespaces,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Visibility {
    All,
    Private,
    Selected(Vec<String>),
}

/// What stands in the row, but for the environment, which has a column of its own.
pub(super) fn to_json(options: &SecretOptions) -> Result<Value, CiError> {
    let stored = Stored {
        family: match options.family {
            SecretFamily::Actions => Family::Actions,
            SecretFamily::Dependabot => Family::Dependabot,
            SecretFamily::Codespaces => Family::Codespaces,
        },
        visibility: options.visibility.as_ref().map(|visibility| match visibility {
            SecretVisibility::All => Visibility::All,
            SecretVisibility::Private => Visibility::Private,
            SecretVisibility::Selected(names) => {
                Visibility::Selected(names.iter().map(|name| name.as_str().to_owned()).collect())
            }
        }),
        masked: options.masked,
        hidden: options.hidden,
        protected: options.protected,
        raw: options.raw,
        file: options.file,
        description: options.description.clone(),
    };
    serde_json::to_value(stored).map_err(|_| CiError::Internal("the options of a target are no JSON"))
}

/// Reads a row back.
///
/// # Errors
/// When it holds anything that was not written here.
pub(super) fn from_json(value: &Value, environment: Option<&str>) -> Result<SecretOptions, CiError> {
    let wrong = CiError::Internal("the options in the row of a target cannot be read");
    let stored = Stored::deserialize(value).map_err(|_| wrong.clone())?;
    let visibility = match stored.visibility {
        None => None,
        Some(Visibility::All) => Some(SecretVisibility::All),
        Some(Visibility::Private) => Some(SecretVisibility::Private),
        Some(Visibility::Selected(names)) => {
            let names: Result<Vec<RepoName>, _> = names.iter().map(|name| RepoName::parse(name)).collect();
            Some(SecretVisibility::Selected(names.map_err(|_| wrong)?))
        }
    };
    Ok(SecretOptions {
        environment: environment.map(str::to_owned),
        family: match stored.family {
            Family::Actions => SecretFamily::Actions,
            Family::Dependabot => SecretFamily::Dependabot,
            Family::Codespaces => SecretFamily::Codespaces,
        },
        visibility,
        masked: stored.masked,
        hidden: stored.hidden,
        protected: stored.protected,
        raw: stored.raw,
        file: stored.file,
        description: stored.description,
    })
}

#[cfg(test)]
mod tests {
    use jeton_domain::RepoName;
    use jeton_forge::ci::{SecretFamily, SecretOptions, SecretVisibility};
    use serde_json::json;

    use super::{from_json, to_json};

    #[test]
    fn what_was_written_is_read_back() {
        let all = SecretOptions {
            environment: Some("review/*".to_owned()),
            family: SecretFamily::Dependabot,
            visibility: Some(SecretVisibility::Selected(vec![RepoName::parse("tools").unwrap()])),
            masked: Some(false),
            hidden: Some(true),
            protected: Some(true),
            raw: Some(true),
            file: Some(false),
            description: Some("für alle".to_owned()),
        };
        for options in [all, SecretOptions::default()] {
            let stored = to_json(&options).unwrap();
            assert_eq!(from_json(&stored, options.environment.as_deref()).unwrap(), options);
        }
        // As it stands in rows.
        assert_eq!(
            to_json(&SecretOptions::default()).unwrap(),
            json!({ "family": "actions" })
        );
        for visibility in [SecretVisibility::All, SecretVisibility::Private] {
            let options = SecretOptions {
                visibility: Some(visibility),
                ..SecretOptions::default()
            };
            assert_eq!(from_json(&to_json(&options).unwrap(), None).unwrap(), options);
        }
    }

    #[test]
    fn what_nobody_wrote_is_not_guessed() {
        for bad in [
            json!(null),
            json!({}),
            json!({ "family": "agents" }),
            json!({ "family": "actions", "new": true }),
            json!({ "family": "actions", "visibility": { "selected": ["../x"] } }),
        ] {
            assert!(from_json(&bad, None).is_err(), "{bad}");
        }
    }
}
