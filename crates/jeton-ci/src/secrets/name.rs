use jeton_domain::{Code, ForgeKind, SecretName, redact};
use jeton_forge::ci::SecretOptions;

use crate::CiError;

/// The longest name that a forge takes.
const LONGEST: usize = 255;
/// What GitHub keeps for itself, and what people write instead.
const RESERVED: (&str, &str) = ("GITHUB_", "GH_");

/// Reads the name of a secret by its forge's rules. A name that will not do is answered with one that will.
///
/// # Errors
/// What is wrong with it. It is not shown: somebody may have put the value in its place.
pub(crate) fn secret_name(kind: ForgeKind, raw: &str) -> Result<SecretName, CiError> {
    let raw = raw.trim();
    if redact(raw) != raw {
        return Err(token_in("name"));
    }
    SecretName::parse(kind, raw).map_err(|error| {
        let remedy = match suggestion(kind, raw) {
            Some(name) => format!("Call it `{name}`, for example."),
            None => "Give it a name of letters of ASCII, digits and `_`, such as `DEPLOY_TOKEN`.".to_owned(),
        };
        CiError::asked(
            Code::SecretName,
            format!("{kind} takes no secret of this name: {error}"),
            remedy,
        )
    })
}

/// The nearest name that the forge takes.
fn suggestion(kind: ForgeKind, raw: &str) -> Option<SecretName> {
    let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut name: String = raw.chars().map(clean).take(LONGEST - 1).collect();
    let (reserved, instead) = RESERVED;
    while kind == ForgeKind::GitHub
        && name
            .get(..reserved.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(reserved))
    {
        name.replace_range(..reserved.len(), instead);
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, '_');
    }
    // A name of which nothing is left but what stood in for other characters says nothing.
    let says_something = name.contains(|c: char| c.is_ascii_alphanumeric());
    SecretName::parse(kind, &name).ok().filter(|_| says_something)
}

/// What is kept and shown as it is holds no token.
///
/// # Errors
/// That something looks like one.
pub(crate) fn no_token_in_words(options: &SecretOptions) -> Result<(), CiError> {
    let words = [
        ("environment", options.environment.as_deref()),
        ("description", options.description.as_deref()),
    ];
    for (field, text) in words {
        if text.is_some_and(|text| redact(text) != text) {
            return Err(token_in(field));
        }
    }
    Ok(())
}

fn token_in(field: &str) -> CiError {
    CiError::asked(
        Code::RequestInvalid,
        format!("there is what looks like a token in the {field}, where others could read it"),
        "Send it as the value, and revoke it at its forge if it is in use.",
    )
}

#[cfg(test)]
mod tests {
    use jeton_domain::{Code, Coded as _, ForgeKind, SecretName};
    use jeton_forge::ci::SecretOptions;

    use super::{no_token_in_words, secret_name, suggestion};

    fn suggested(kind: ForgeKind, raw: &str) -> Option<String> {
        suggestion(kind, raw).map(|name| name.to_string())
    }

    #[test]
    fn a_bad_name_is_answered_with_a_good_one() {
        let long = "A-".repeat(300);
        for (raw, good) in [
            ("MY-TOKEN", Some("MY_TOKEN")),
            ("my token", Some("my_token")),
            ("GITHUB_X", Some("GH_X")),
            ("github_GITHUB_x", Some("GH_GITHUB_x")),
            ("1A", Some("_1A")),
            ("GITHUB_1", Some("GH_1")),
            ("Schlüssel", Some("Schl_ssel")),
            ("", None),
            ("--", None),
            ("\u{202e}", None),
        ] {
            assert_eq!(suggested(ForgeKind::GitHub, raw).as_deref(), good, "{raw:?}");
        }
        for kind in [ForgeKind::GitHub, ForgeKind::GitLab, ForgeKind::Bitbucket] {
            let name = suggested(kind, &long).unwrap();
            assert!(SecretName::parse(kind, &name).is_ok() && name.len() <= 255, "{kind}");
        }
        assert_eq!(suggested(ForgeKind::GitLab, "1-A").as_deref(), Some("_1_A"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_name() {
        let error = secret_name(ForgeKind::GitHub, "MY-TOKEN").unwrap_err();
        assert_eq!(error.code(), Code::SecretName);
        assert!(!error.to_string().contains("MY-TOKEN"), "{error}");
        assert_eq!(error.remedy().unwrap(), "Call it `MY_TOKEN`, for example.");
        assert!(secret_name(ForgeKind::GitHub, " DEPLOY ").is_ok());
    }

    #[test]
    fn a_token_in_the_wrong_field_goes_nowhere() {
        let token = format!("{}{}", ["gh", "p_"].concat(), "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8");
        let error = secret_name(ForgeKind::GitHub, &token).unwrap_err();
        let shown = format!("{error} {:?} {error:?}", error.remedy());
        assert!(
            !shown.contains("A1b2C3") && error.code() == Code::RequestInvalid,
            "{shown}"
        );
        let options = SecretOptions {
            environment: Some(token),
            ..SecretOptions::default()
        };
        assert!(no_token_in_words(&options).is_err());
        assert!(no_token_in_words(&SecretOptions::default()).is_ok());
    }
}
