//! What Bitbucket is sent and sends of runners, variables and environments (<https://developer.atlassian.com/cloud/bitbucket/rest/>).

use std::borrow::Cow;

use jeton_domain::Secret;
use serde::{Deserialize, Serialize};

use crate::clean::{name, name_if_any};

/// The longest secret that is believed.
const MOST_SECRET: usize = 8 * 1024;

/// Every runner of somebody's own has this label.
pub(super) const SELF_HOSTED: &str = "self.hosted";

/// `POST …/runners`. Bitbucket publishes no schema of this body: these are the fields of its answers that a caller can choose.
#[derive(Serialize)]
pub(super) struct RunnerBody<'a> {
    pub(super) name: &'a str,
    pub(super) labels: Vec<&'a str>,
}

/// The answer to a runner that was made: the only one with the client's secret.
#[derive(Deserialize)]
pub(super) struct MadeObject<'b> {
    pub(super) uuid: String,
    #[serde(borrow)]
    pub(super) oauth_client: ClientObject<'b>,
}

#[derive(Deserialize)]
pub(super) struct ClientObject<'b> {
    pub(super) id: String,
    #[serde(borrow)]
    pub(super) secret: Cow<'b, str>,
}

/// A variable of a list. Those that are not secured come with their value: there is no field for it here, so that it is read over and goes
/// with the body, which is wiped.
#[derive(Deserialize)]
pub(super) struct VariableObject {
    pub(super) uuid: String,
    pub(super) key: String,
}

#[derive(Deserialize)]
pub(super) struct EnvironmentObject {
    pub(super) uuid: String,
    #[serde(deserialize_with = "name")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "name_if_any")]
    pub(super) slug: Option<String>,
}

/// `POST` and `PUT …/variables`.
#[derive(Serialize)]
pub(super) struct VariableBody<'a> {
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) secured: bool,
}

/// A secret that can be one.
pub(super) fn secret(text: Cow<'_, str>) -> Option<Secret> {
    let whole = !text.is_empty() && text.len() <= MOST_SECRET && text.bytes().all(|b| b.is_ascii_graphic());
    whole.then(|| Secret::new(text.into_owned()))
}

/// Whether this is one of Bitbucket's ids: a UUID in braces. It goes into paths.
pub(super) fn is_uuid(text: &str) -> bool {
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|inner| {
        !inner.is_empty() && inner.len() <= 64 && inner.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::{MadeObject, is_uuid};

    #[test]
    fn reads_the_answer_of_the_description() {
        let body = r#"{"uuid":"{9a5b-1}","name":"r","labels":["self.hosted"],"state":{"status":"UNREGISTERED"},
            "oauth_client":{"id":"c1","secret":"s\u00331","token_endpoint":"https://x","audience":"a"}}"#;
        let made: MadeObject<'_> = serde_json::from_str(body).unwrap();
        assert_eq!(
            (
                made.uuid.as_str(),
                made.oauth_client.id.as_str(),
                &*made.oauth_client.secret
            ),
            ("{9a5b-1}", "c1", "s31")
        );
        assert!(serde_json::from_str::<MadeObject<'_>>(r#"{"uuid":"{1}","oauth_client":{"id":"c1"}}"#).is_err());
    }

    #[test]
    fn an_id_has_braces_and_nothing_odd() {
        assert!(is_uuid("{0b1c-9a}"));
        for bad in [
            "",
            "{}",
            "0b1c",
            "{a/b}",
            "{..}",
            "{a%2Fb}",
            "{a",
            &format!("{{{}}}", "a".repeat(65)),
        ] {
            assert!(!is_uuid(bad), "{bad}");
        }
    }
}
