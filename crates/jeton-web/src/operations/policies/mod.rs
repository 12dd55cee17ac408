//! Who may what: the policies, and what they would do.

mod add_policy;
mod check_policies;
mod explain_policy;
mod list_policies;
mod put_policy;
mod remove_policy;
mod render_explanation;
mod replay_policies;

use jeton_api::PolicyOrigin;
use jeton_domain::Code;
use jeton_policy::{Origin, PolicySpec};
use serde::{Serialize, de::DeserializeOwned};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{arguments, render};
use crate::{extract::shown, failure::Failure, state::Shared};

pub(super) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list_policies::list_policies, add_policy::add_policy))
        .routes(routes!(put_policy::put_policy, remove_policy::remove_policy))
        .routes(routes!(explain_policy::explain_policy))
        .routes(routes!(check_policies::check_policies))
        .routes(routes!(replay_policies::replay_policies))
}

fn origin(origin: Origin) -> PolicyOrigin {
    match origin {
        Origin::File => PolicyOrigin::File,
        Origin::Stored => PolicyOrigin::Stored,
        Origin::BuiltIn => PolicyOrigin::BuiltIn,
    }
}

/// From the JSON of the API to the policies' own types, and back: the same fields on both sides, by a test.
fn same<A: Serialize, B: DeserializeOwned>(what: &str, value: &A) -> Result<B, Failure> {
    let json = serde_json::to_value(value).map_err(|_| Failure::internal())?;
    serde_json::from_value(json).map_err(|error| {
        let words = shown(&error.to_string(), 300).replace('`', "\"");
        Failure::new(Code::RequestInvalid, format!("{what}: {words}"))
            .with_remedy("/docs shows what the body may hold.")
    })
}

fn read(spec: &jeton_api::PolicySpec) -> Result<PolicySpec, Failure> {
    same("the policy is not as expected", spec)
}

#[cfg(test)]
mod tests {
    use super::{read, same};

    #[test]
    fn no_field_of_a_policy_is_lost_on_the_way() {
        let text = r#"{"name":"a","description":"b","callers":{"client":["c","d"],"user":"e","role":"member","uid":[1,2],
            "gid":3,"issuer":"f","claims":{"g":["h",7,true],"i":"j"},"any_claims":true,"anonymous":true,"anyone":true},
            "actions":["token.mint"],"forges":["k"],"repositories":["l/m"],"permissions":{"contents":"read"},
            "sources":["app:n"],"longest_lifetime_seconds":9,"condition":"true"}"#;
        let sent: jeton_api::PolicySpec = serde_json::from_str(text).unwrap();
        let spec = read(&sent).unwrap();
        assert!(spec.callers.any_claims && spec.callers.anonymous && spec.callers.anyone);
        assert_eq!(spec.condition.as_deref(), Some("true"));
        let back: jeton_api::PolicySpec = same("", &spec).unwrap();
        let (sent, back) = (
            serde_json::to_value(&sent).unwrap(),
            serde_json::to_value(&back).unwrap(),
        );
        // One that stands alone and a list of one mean the same.
        let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&sent), keys(&back));
        assert_eq!(keys(&sent["callers"]), keys(&back["callers"]));
    }
}
