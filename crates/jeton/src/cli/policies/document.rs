//! Policy files, looked at without a server.

use std::{
    io::{self, Read as _},
    path::Path,
};

use jeton_api::{
    Considered, ExplainRequest, Explanation, Outcome, PolicyCheck, PolicyOrigin, PolicyProblem, PolicySpec, PolicyTest,
};
use jeton_domain::{Code, Permissions};
use jeton_policy::{
    Decision, DocumentSpec, Expectation, Origin, PolicySet, TestCallerSpec, TestRequestSpec, TestSpec, parse_document,
    run_tests,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    cli::{CliError, error::Told, output::clean},
    config::read_file,
};

/// The largest policy file that is read from standard input, in bytes; as much as from a file.
const MAX_FILE: u64 = 1024 * 1024;

/// What a file is called in messages.
pub(super) fn name_of(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// The text of a file, or of standard input.
pub(super) fn read(path: &Path) -> Result<String, CliError> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        let stdin = io::stdin().lock();
        let read = stdin.take(MAX_FILE + 1).read_to_end(&mut bytes);
        read.map_err(|source| CliError::Io {
            what: "standard input cannot be read".to_owned(),
            source,
        })?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(invalid("standard input is larger than 1 MiB", None));
        }
        bytes
    } else {
        read_file(path, "the command line")?
    };
    String::from_utf8(bytes).map_err(|_| invalid(&format!("{} is no text", name_of(path)), None))
}

fn invalid(what: &str, remedy: Option<String>) -> CliError {
    CliError::of(Told {
        what: clean(what),
        code: Code::PolicyInvalid,
        remedy,
    })
}

/// What is wrong with a file, and what became of its tests.
pub(super) fn check(text: &str) -> PolicyCheck {
    let mut check = PolicyCheck {
        ok: false,
        valid: false,
        policies: 0,
        problems: Vec::new(),
        tests: Vec::new(),
    };
    let document = match parse_document(text) {
        Ok(document) => document,
        Err(error) => {
            check.problems = error
                .problems
                .into_iter()
                .map(|problem| PolicyProblem {
                    line: Some(problem.line as u64),
                    policy: None,
                    field: None,
                    detail: problem.message,
                    remedy: problem.remedy,
                })
                .collect();
            return check;
        }
    };
    check.policies = document.policy.len() as u64;
    let policies = document.policy.iter().map(|policy| (Origin::File, policy.clone()));
    if let Err(errors) = PolicySet::compile(document.ceiling.clone(), policies.collect()) {
        check.problems = errors
            .into_iter()
            .map(|error| PolicyProblem {
                line: None,
                policy: error.policy,
                field: Some(error.field),
                detail: error.message,
                remedy: error.remedy,
            })
            .collect();
        return check;
    }
    check.valid = true;
    check.tests = run_tests(&document)
        .into_iter()
        .map(|outcome| PolicyTest {
            name: outcome.name,
            passed: outcome.passed,
            detail: Some(outcome.message),
        })
        .collect();
    check.ok = check.tests.iter().all(|test| test.passed);
    check
}

/// A file that could be used.
///
/// # Errors
/// With everything that is wrong with it.
pub(super) fn compiled(text: &str, name: &str) -> Result<DocumentSpec, CliError> {
    let check = check(text);
    if !check.valid {
        let problems: Vec<_> = check.problems.iter().map(problem_in_words).collect();
        let remedy = check.problems.into_iter().find_map(|problem| problem.remedy);
        return Err(invalid(&format!("{name}: {}", problems.join("; ")), remedy));
    }
    parse_document(text).map_err(CliError::of)
}

/// One thing that is wrong, in a line.
pub(super) fn problem_in_words(problem: &PolicyProblem) -> String {
    let line = problem.line.map(|line| format!("line {line}: ")).unwrap_or_default();
    let policy = problem
        .policy
        .as_ref()
        .map(|policy| format!("policy `{policy}`, "))
        .unwrap_or_default();
    let field = problem
        .field
        .as_ref()
        .map(|field| format!("{field}: "))
        .unwrap_or_default();
    format!("{line}{policy}{field}{}", problem.detail)
}

/// The policies of a file that has nothing else.
pub(super) fn policies_alone(document: &DocumentSpec, name: &str) -> Result<Vec<PolicySpec>, CliError> {
    if document.ceiling.is_some() {
        let remedy = "A ceiling stands in the server's own policy file alone (policies.file); remove [ceiling].";
        return Err(invalid(&format!("{name} has a [ceiling]"), Some(remedy.to_owned())));
    }
    if document.policy.is_empty() {
        let remedy = "Write at least one [[policy]]; `jeton policy add --help` shows one.";
        return Err(invalid(&format!("{name} has no policy in it"), Some(remedy.to_owned())));
    }
    document.policy.iter().map(as_other).collect()
}

/// One policy as the API shows it, where the file holds that; the server looks at what it says.
///
/// # Errors
/// When it begins as JSON and is none, or is no policy.
pub(super) fn as_json(text: &str, name: &str) -> Result<Option<PolicySpec>, CliError> {
    if !text.trim_start().starts_with('{') {
        return Ok(None);
    }
    let spec = serde_json::from_str(text);
    spec.map(Some)
        .map_err(|error| invalid(&format!("{name}: {error}"), None))
}

/// The same words in another type: the API and the policy engine write them alike.
fn as_other<A: Serialize, B: DeserializeOwned>(value: &A) -> Result<B, CliError> {
    let json = serde_json::to_value(value);
    json.and_then(serde_json::from_value)
        .map_err(|error| invalid(&error.to_string(), None))
}

/// What a file would say to a request.
pub(super) fn explain(document: DocumentSpec, request: &ExplainRequest) -> Result<Explanation, CliError> {
    let caller: TestCallerSpec = as_other(&request.caller)?;
    let asked: TestRequestSpec = as_other(&request.request)?;
    let test = TestSpec {
        name: String::new(),
        caller,
        request: asked,
        expect: Expectation::Allow,
        rule: None,
    };
    let outcome = run_tests(&DocumentSpec {
        test: vec![test],
        ..document
    });
    let outcome = outcome.into_iter().next();
    let refused = |message: &str| CliError::Usage {
        what: clean(message),
        remedy: "See `jeton policy explain --help`.".to_owned(),
    };
    let outcome = outcome.ok_or_else(|| refused("there is nothing to explain"))?;
    let explained = outcome.explanation.ok_or_else(|| refused(&outcome.message))?;
    Ok(in_words(explained))
}

fn in_words(explained: jeton_policy::Explanation) -> Explanation {
    let considered = explained.considered.into_iter().map(|one| Considered {
        rule: one.rule.to_string(),
        origin: match one.origin {
            Origin::File => PolicyOrigin::File,
            Origin::Stored => PolicyOrigin::Stored,
            Origin::BuiltIn => PolicyOrigin::BuiltIn,
        },
        matched: one.matched,
        why_not: one.why_not,
    });
    let mut out = Explanation {
        decision: Outcome::Deny,
        rule: None,
        by_ceiling: false,
        ceiling: explained.ceiling,
        permissions: None,
        longest_lifetime_seconds: None,
        considered: considered.collect(),
    };
    match explained.decision {
        Decision::Allowed(allowed) => {
            out.decision = Outcome::Allow;
            out.rule = Some(allowed.rule.to_string());
            out.permissions = allowed.permissions.as_ref().map(permissions);
            let longest = allowed.longest_lifetime.map(|longest| longest.as_secs());
            out.longest_lifetime_seconds = longest.and_then(|seconds| seconds.try_into().ok());
        }
        Decision::Denied(denied) => {
            out.by_ceiling = denied.by_ceiling;
            out.rule = denied.rule.map(|rule| rule.to_string());
        }
    }
    out
}

fn permissions(permissions: &Permissions) -> std::collections::BTreeMap<String, String> {
    permissions
        .iter()
        .map(|(name, access)| (name.to_owned(), access.as_str().to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use jeton_api::{AskOf, CallerOf, ExplainRequest, Outcome};
    use jeton_domain::Coded as _;

    use super::{as_other, check, compiled, explain, policies_alone};

    const FILE: &str = r#"
        [[policy]]
        name = "ci"
        description = "builds"
        callers = { issuer = "actions", claims = { repository = ["acme/*", "x/y"], run_number = 7 } }
        actions = "token.mint"
        forges = "github.com"
        repositories = ["acme/tools", "acme/web-*"]
        permissions = { contents = "read" }
        sources = "app:*"
        longest_lifetime_seconds = 600
        condition = "request.repositories.size() < 5"

        [[policy]]
        name = "people"
        callers = { role = ["member", "operator"] }
        actions = ["grant.read", "app.read"]

        [[policy]]
        name = "socket"
        callers = { uid = 1000, gid = [0, 1000] }
        actions = "grant.read"

        [[test]]
        name = "members look"
        caller = { user = "ada" }
        request = { action = "grant.read" }
        expect = "allow"
    "#;

    #[test]
    fn what_the_engine_writes_the_api_reads_and_the_other_way_round() {
        let document = compiled(FILE, "x").unwrap();
        for policy in &document.policy {
            let api: jeton_api::PolicySpec = as_other(policy).unwrap();
            let back: jeton_policy::PolicySpec = as_other(&api).unwrap();
            assert_eq!(&back, policy);
        }
        assert_eq!(policies_alone(&document, "x").unwrap().len(), 3);
        let error = policies_alone(&compiled("[ceiling]\nforges = 'github.com'\n", "x").unwrap(), "x").unwrap_err();
        assert!(error.to_string().contains("[ceiling]"), "{error}");
    }

    #[test]
    fn tests_are_run_and_problems_are_told_with_their_place() {
        assert!(check(FILE).ok, "{:?}", check(FILE));
        let wrong = check(&FILE.replace("expect = \"allow\"", "expect = \"deny\""));
        assert!(wrong.valid && !wrong.ok && !wrong.tests[0].passed, "{wrong:?}");
        let typo = check("[[policy]]\nname = 'a'\ncalers = {}\n");
        assert!(
            !typo.valid && typo.problems.iter().any(|problem| problem.line == Some(3)),
            "{typo:?}"
        );
        let senseless = check(&FILE.replace("\"grant.read\", ", "\"grant.raed\", "));
        assert_eq!(senseless.problems[0].policy.as_deref(), Some("people"), "{senseless:?}");
        let error = compiled("[[policy]]\n", "p.toml").unwrap_err();
        assert!(error.to_string().starts_with("p.toml: line 1"), "{error}");
        assert_eq!(error.code().as_str(), "policy.invalid");
    }

    #[test]
    fn a_file_explains_without_a_server() {
        let request = |action: &str| ExplainRequest {
            caller: CallerOf {
                user: Some("ada".to_owned()),
                ..CallerOf::default()
            },
            request: AskOf {
                action: action.to_owned(),
                ..AskOf::default()
            },
        };
        let document = || compiled(FILE, "x").unwrap();
        let allowed = explain(document(), &request("grant.read")).unwrap();
        assert_eq!(
            (allowed.decision, allowed.rule.as_deref()),
            (Outcome::Allow, Some("people"))
        );
        let denied = explain(document(), &request("key.read")).unwrap();
        assert_eq!(denied.decision, Outcome::Deny);
        assert!(
            denied
                .considered
                .iter()
                .any(|one| one.rule == "people" && !one.why_not.is_empty())
        );
        assert!(explain(document(), &request("no.such")).is_err());
    }
}
