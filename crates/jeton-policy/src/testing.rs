use std::sync::Arc;

use jeton_domain::{
    Action, Caller, ClientId, ClientName, Identity, IssuerName, JwtIdentity, Permissions, Role, UserId, UserName,
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{Ask, DocumentSpec, Expectation, Explanation, Origin, PolicyError, PolicySet, TestCallerSpec, TestSpec};

/// What came out of one `[[test]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutcome {
    /// The test's name.
    pub name: String,
    /// Whether what came out is what was expected.
    pub passed: bool,
    /// What came out, and what was expected when that is something else.
    pub message: String,
    /// How it came about; `None` when the test could not be run.
    pub explanation: Option<Explanation>,
}

/// Runs the tests of a document against its own policies, as the policy file of a server that has no others.
///
/// A document that does not compile fails each of its tests with the reason.
pub fn run_tests(doc: &DocumentSpec) -> Vec<TestOutcome> {
    let policies = doc.policy.iter().map(|policy| (Origin::File, policy.clone())).collect();
    match PolicySet::compile(doc.ceiling.clone(), policies) {
        Ok(set) => doc.test.iter().map(|test| run(&set, test)).collect(),
        Err(errors) => {
            let words: Vec<String> = errors.iter().map(PolicyError::to_string).collect();
            let message = format!("the policies do not compile: {}", words.join("; "));
            doc.test.iter().map(|test| failed(test, message.clone())).collect()
        }
    }
}

fn failed(test: &TestSpec, message: String) -> TestOutcome {
    TestOutcome {
        name: test.name.clone(),
        passed: false,
        message,
        explanation: None,
    }
}

fn run(set: &PolicySet, test: &TestSpec) -> TestOutcome {
    match explain(set, test) {
        Ok(explanation) => judge(test, explanation),
        Err(message) => failed(test, message),
    }
}

fn judge(test: &TestSpec, explanation: Explanation) -> TestOutcome {
    let rule = match (explanation.decision.allowed(), explanation.decision.denied()) {
        (Some(allowed), _) => Some(&allowed.rule),
        (None, Some(denied)) => denied.rule.as_ref(),
        (None, None) => None,
    };
    let by = rule.map(|rule| format!(" by `{rule}`")).unwrap_or_default();
    let came = match explanation.decision.denied() {
        None => (Expectation::Allow, format!("allowed{by}")),
        Some(denied) if denied.by_ceiling => (
            Expectation::Deny,
            format!("denied by the ceiling, allowed{by} otherwise"),
        ),
        Some(_) => (Expectation::Deny, "denied: no policy covers it".to_owned()),
    };
    let right_rule = test
        .rule
        .as_deref()
        .is_none_or(|wanted| rule.is_some_and(|rule| **rule == *wanted));
    let passed = came.0 == test.expect && right_rule;
    let expected = match (test.expect, &test.rule) {
        (Expectation::Allow, Some(rule)) => format!("allowed by `{rule}`"),
        (Expectation::Allow, None) => "allowed".to_owned(),
        (Expectation::Deny, Some(rule)) => format!("denied by the ceiling, allowed by `{rule}` otherwise"),
        (Expectation::Deny, None) => "denied".to_owned(),
    };
    let message = if passed {
        came.1
    } else {
        format!("{}, expected: {expected}", came.1)
    };
    TestOutcome {
        name: test.name.clone(),
        passed,
        message,
        explanation: Some(explanation),
    }
}

fn explain(set: &PolicySet, test: &TestSpec) -> Result<Explanation, String> {
    let caller = caller(&test.caller)?;
    let request = &test.request;
    let named = request.permissions.as_ref().map(Permissions::new).transpose();
    let named = named.map_err(|error| format!("request.permissions: {error}"))?;
    let now = match &request.time {
        Some(time) => time
            .parse()
            .map_err(|_| format!("request.time: `{time}` is not like 2026-11-22T09:00:00Z"))?,
        None => Timestamp::UNIX_EPOCH,
    };
    let ask = Ask {
        action: request
            .action
            .parse::<Action>()
            .map_err(|error| format!("request.action: {error}"))?,
        forge: request.forge.as_deref(),
        repositories: &request.repositories,
        permissions: named.as_ref(),
        source: request.source.as_deref(),
        lifetime_seconds: request.lifetime_seconds,
        now,
    };
    Ok(set.explain(&caller, &ask))
}

impl TestCallerSpec {
    /// The caller that is meant. What has ids in a server gets empty ones: policies go by names.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn to_caller(&self) -> Result<Caller, String> {
        caller(self)
    }
}

fn caller(spec: &TestCallerSpec) -> Result<Caller, String> {
    let of_user = spec.role.is_some() && spec.user.is_none();
    let of_unix = spec.gid.is_some() && spec.uid.is_none();
    let of_token = (spec.subject.is_some() || !spec.claims.is_empty()) && spec.issuer.is_none();
    let kinds = [
        spec.client.is_some(),
        spec.user.is_some(),
        spec.uid.is_some(),
        spec.issuer.is_some(),
        spec.operator,
        spec.anonymous,
    ];
    if kinds.into_iter().filter(|kind| *kind).count() != 1 || of_user || of_unix || of_token {
        return Err(
            "caller: say exactly one of client, user, uid, issuer, operator and anonymous (role goes with user, \
                    gid with uid, subject and claims with issuer)"
                .to_owned(),
        );
    }
    let identity = if let Some(name) = &spec.client {
        let name = ClientName::parse(name).map_err(|error| format!("caller.client: {error}"))?;
        Identity::Client {
            id: ClientId::from_uuid(Uuid::nil()),
            name: Arc::new(name),
        }
    } else if let Some(name) = &spec.user {
        let role = spec.role.as_deref().unwrap_or(Role::Member.as_str());
        Identity::User {
            id: UserId::from_uuid(Uuid::nil()),
            name: Arc::new(UserName::parse(name).map_err(|error| format!("caller.user: {error}"))?),
            role: role.parse().map_err(|error| format!("caller.role: {error}"))?,
        }
    } else if let Some(uid) = spec.uid {
        Identity::Unix {
            uid,
            gid: spec.gid.unwrap_or(uid),
        }
    } else if let Some(issuer) = &spec.issuer {
        let issuer = IssuerName::parse(issuer).map_err(|error| format!("caller.issuer: {error}"))?;
        Identity::Jwt(Arc::new(token(issuer, spec)))
    } else if spec.operator {
        Identity::Operator
    } else {
        Identity::Anonymous
    };
    Ok(Caller {
        identity,
        address: spec.address,
    })
}

/// A token says its subject among its claims, too.
fn token(issuer: IssuerName, spec: &TestCallerSpec) -> JwtIdentity {
    let mut claims: Map<String, Value> = spec.claims.clone().into_iter().collect();
    let subject = spec.subject.as_deref().or_else(|| claims.get("sub")?.as_str());
    let subject = subject.unwrap_or_default().to_owned();
    if !subject.is_empty() {
        claims.insert("sub".to_owned(), Value::String(subject.clone()));
    }
    JwtIdentity {
        issuer,
        subject,
        claims,
    }
}
