//! From flags to a request that shall be explained.

use std::collections::BTreeMap;

use jeton_api::{AskOf, CallerOf, ExplainRequest};
use jiff::Timestamp;
use serde_json::Value;

use crate::cli::{CliError, args_policy::ExplainArgs, tokens::permissions};

pub(super) fn request(args: ExplainArgs, now: Timestamp) -> Result<ExplainRequest, CliError> {
    Ok(ExplainRequest {
        caller: CallerOf {
            client: args.client,
            user: args.user,
            role: args.role,
            uid: args.uid,
            gid: args.gid,
            issuer: args.issuer,
            subject: args.subject,
            claims: claims(&args.claims)?,
            operator: args.operator,
            anonymous: args.anonymous,
            address: args.address.map(|address| address.to_string()),
        },
        request: AskOf {
            action: args.action,
            forge: args.forge,
            repositories: args.repositories.into(),
            permissions: permissions(&args.permissions)?,
            source: args.source,
            lifetime_seconds: args.lifetime.map(u64::from),
            // conditions may look at the time, and a file knows none
            time: Some(args.time.map_or(now, |when| when.after(now)).to_string()),
        },
    })
}

/// `ref=refs/heads/main`, `project_id=42`, `kubernetes.io={"namespace":"ci"}`
fn claims(given: &[String]) -> Result<BTreeMap<String, Value>, CliError> {
    let read = |text: &String| {
        let (name, value) = text
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| CliError::Usage {
                what: format!("--claim cannot be `{text}`"),
                remedy: "Write it like --claim ref=refs/heads/main.".to_owned(),
            })?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        Ok((name.to_owned(), value))
    };
    given.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::claims;

    #[test]
    fn claims_are_text_unless_they_are_json() {
        let given = [
            "ref=refs/heads/main",
            "project_id=42",
            r#"kubernetes.io={"namespace":"ci"}"#,
            "a=b=c",
            "x=",
        ];
        let read = claims(&given.map(str::to_owned)).unwrap();
        assert_eq!(read["ref"], json!("refs/heads/main"));
        assert_eq!(read["project_id"], json!(42));
        assert_eq!(read["kubernetes.io"]["namespace"], json!("ci"));
        assert_eq!((&read["a"], &read["x"]), (&json!("b=c"), &json!("")));
        assert!(claims(&["ref".to_owned()]).is_err());
        assert!(claims(&["=x".to_owned()]).is_err());
    }
}
