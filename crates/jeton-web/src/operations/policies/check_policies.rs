use axum::response::Response;
use http::StatusCode;
use jeton_api::{CheckPolicyRequest, PolicyCheck, PolicyProblem, PolicyTest};
use jeton_policy::{Origin, PolicySet, parse_document, run_tests};

use super::render;
use crate::{
    auth::{Permitted, rights::PolicyRead},
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
};

/// Whether a policy file could be used, and whether its tests pass. Nothing takes effect. What is wrong with it is in the
/// answer, not in the status.
#[utoipa::path(
    post,
    path = "/v1/policies/check",
    operation_id = "checkPolicies",
    tag = "policies",
    request_body(content = CheckPolicyRequest, example = json!({
        "document": "[[policy]]\nname = \"ci\"\ncallers.client = \"ci\"\nactions = [\"app.read\"]\n"
    })),
    responses((status = 200, description = "What was found", body = PolicyCheck, example = json!({
        "ok": true, "valid": true, "policies": 1, "problems": [], "tests": []
    })))
)]
pub(crate) async fn check_policies(
    _: Permitted<PolicyRead>,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<CheckPolicyRequest>,
) -> Result<Response, Failure> {
    // Thousands of policies take a while: not on a thread that answers others.
    let found = tokio::task::spawn_blocking(move || check(&asked.document)).await;
    let body = found.map_err(|_| Failure::internal())?;
    Ok(render::private(StatusCode::OK, body))
}

fn check(text: &str) -> PolicyCheck {
    let document = match parse_document(text) {
        Ok(document) => document,
        Err(error) => {
            let problems = error.problems.into_iter().map(|problem| PolicyProblem {
                line: Some(problem.line as u64),
                policy: None,
                field: None,
                detail: problem.message,
                remedy: problem.remedy,
            });
            return unusable(0, problems.collect());
        }
    };
    let count = document.policy.len() as u64;
    let policies = document
        .policy
        .iter()
        .map(|spec| (Origin::File, spec.clone()))
        .collect();
    if let Err(errors) = PolicySet::compile(document.ceiling.clone(), policies) {
        let problems = errors.into_iter().map(|error| PolicyProblem {
            line: None,
            policy: error.policy,
            field: Some(error.field),
            detail: error.message,
            remedy: error.remedy,
        });
        return unusable(count, problems.collect());
    }
    let outcomes = run_tests(&document).into_iter().map(|outcome| PolicyTest {
        name: outcome.name,
        passed: outcome.passed,
        detail: (!outcome.passed).then_some(outcome.message),
    });
    let tests: Vec<PolicyTest> = outcomes.collect();
    PolicyCheck {
        ok: tests.iter().all(|test| test.passed),
        valid: true,
        policies: count,
        problems: Vec::new(),
        tests,
    }
}

fn unusable(policies: u64, problems: Vec<PolicyProblem>) -> PolicyCheck {
    PolicyCheck {
        ok: false,
        valid: false,
        policies,
        problems,
        tests: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    const POLICY: &str = "[[policy]]\nname = \"ci\"\ncallers.client = \"ci\"\nactions = [\"app.read\"]\n";

    #[test]
    fn what_is_wrong_has_a_line_or_a_field() {
        let found = check("[[policy]]\nnmae = \"x\"\n");
        assert!(!found.valid && !found.ok);
        assert!(
            found.problems.iter().any(|problem| problem.line == Some(2)),
            "{found:?}"
        );
        let found = check(&POLICY.replace("app.read", "app.fly"));
        assert!(!found.valid && found.policies == 1);
        assert_eq!(found.problems[0].policy.as_deref(), Some("ci"));
        assert!(
            found.problems[0]
                .field
                .as_ref()
                .is_some_and(|field| field.contains("actions")),
            "{found:?}"
        );
    }

    #[test]
    fn tests_are_run_and_a_failed_one_says_what_came_out() {
        let test = |expect: &str| {
            format!(
                "{POLICY}[[test]]\nname = \"t\"\ncaller.client = \"ci\"\nrequest.action = \"app.read\"\nexpect = \"{expect}\"\n"
            )
        };
        let passed = check(&test("allow"));
        assert!(passed.ok && passed.valid && passed.tests.len() == 1, "{passed:?}");
        let failed = check(&test("deny"));
        assert!(!failed.ok && failed.valid, "{failed:?}");
        assert!(
            failed.tests[0]
                .detail
                .as_ref()
                .is_some_and(|detail| detail.contains("allowed")),
            "{failed:?}"
        );
    }
}
