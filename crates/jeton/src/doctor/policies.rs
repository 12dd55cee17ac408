//! The policy file.

use std::path::Path;

use jeton_domain::{Code, Coded as _};
use jeton_policy::{Origin, PolicySet, parse_document, run_tests};

use super::Finding;
use crate::config::read_file;

const CHECK: &str = "policies";

/// Whether the policy file can be used, and its tests pass. Without one there is nothing to say.
pub(super) fn file(path: Option<&Path>) -> Vec<Finding> {
    let Some(path) = path else { return Vec::new() };
    match read_file(path, "policies.file") {
        Ok(bytes) => judge(&path.display().to_string(), &String::from_utf8_lossy(&bytes)),
        Err(issue) => vec![Finding::fail(CHECK, issue.code(), issue.to_string(), &issue.remedy())],
    }
}

fn judge(name: &str, text: &str) -> Vec<Finding> {
    let remedy = format!("Correct it; `jeton policy test {name}` says more.");
    let document = match parse_document(text) {
        Ok(document) => document,
        Err(error) => {
            let problems = error.problems.iter();
            return problems
                .map(|problem| Finding::fail(CHECK, error.code(), format!("{name}: {problem}"), &remedy))
                .collect();
        }
    };
    let policies = document.policy.iter().map(|policy| (Origin::File, policy.clone()));
    if let Err(errors) = PolicySet::compile(document.ceiling.clone(), policies.collect()) {
        return errors
            .iter()
            .map(|error| Finding::fail(CHECK, error.code(), format!("{name}: {error}"), &remedy))
            .collect();
    }
    let outcomes = run_tests(&document);
    let failed: Vec<_> = outcomes.into_iter().filter(|outcome| !outcome.passed).collect();
    if failed.is_empty() {
        return vec![Finding::ok(
            CHECK,
            format!("{name} is valid ({} of them)", document.policy.len()),
        )];
    }
    failed
        .into_iter()
        .map(|outcome| {
            let what = format!("{name}: the test `{}` fails: {}", outcome.name, outcome.message);
            Finding::warn(CHECK, Code::PolicyInvalid, what, &remedy)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{file, judge};
    use crate::doctor::Level;

    const FILE: &str = "[[policy]]\nname = 'a'\ncallers = { client = 'ci' }\nactions = 'grant.read'\n\
                        [[test]]\nname = 't'\ncaller = { client = 'ci' }\nrequest = { action = 'grant.read' }\n";

    #[test]
    fn a_policy_file_is_valid_or_the_finding_says_where_it_is_not() {
        assert!(file(None).is_empty());
        assert_eq!(file(Some(Path::new("/nowhere/p.toml")))[0].level, Level::Fail);
        assert_eq!(judge("p", &format!("{FILE}expect = 'allow'\n"))[0].level, Level::Ok);
        let failed = judge("p", &format!("{FILE}expect = 'deny'\n"));
        assert_eq!(failed[0].level, Level::Warn);
        let unknown = judge("p", "[[policy]]\nnmae = 'a'\n");
        assert!(
            unknown[0].level == Level::Fail && unknown[0].what.contains("line 2"),
            "{}",
            unknown[0].what
        );
        let senseless = judge("p", &FILE.replace("grant.read", "grant.raed"));
        assert_eq!(senseless[0].code.as_deref(), Some("policy.invalid"));
    }
}
