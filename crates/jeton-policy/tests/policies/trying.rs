use jeton_policy::{TestOutcome, parse_document, run_tests};

const POLICIES: &str = r#"
[ceiling]
permissions = { contents = "write" }

[[policy]]
name = "ci"
callers = { client = "ci" }
actions = "token.mint"
repositories = "acme/*"
permissions = { contents = "read" }

[[policy]]
name = "hours"
callers = { user = "ada" }
actions = "token.mint"
repositories = "acme/*"
permissions = { contents = "read" }
condition = "request.time.getFullYear() == 2026 && caller.address == '192.0.2.1'"
"#;

fn try_one(test: &str) -> TestOutcome {
    let doc = parse_document(&format!("{POLICIES}\n[[test]]\nname = \"t\"\n{test}")).unwrap_or_else(|e| panic!("{e}"));
    run_tests(&doc).remove(0)
}

const MINT: &str = "request = { action = \"token.mint\", repositories = \"acme/x\" }";

#[test]
fn a_test_passes_only_when_the_right_thing_comes_out() {
    for (test, passed, message) in [
        (
            "caller = { client = \"ci\" }\nexpect = \"allow\"",
            true,
            "allowed by `ci`",
        ),
        (
            "caller = { client = \"ci\" }\nexpect = \"allow\"\nrule = \"ci\"",
            true,
            "allowed by `ci`",
        ),
        (
            "caller = { client = \"ci\" }\nexpect = \"allow\"\nrule = \"hours\"",
            false,
            "allowed by `ci`, expected: allowed by `hours`",
        ),
        (
            "caller = { client = \"ci\" }\nexpect = \"deny\"",
            false,
            "allowed by `ci`, expected: denied",
        ),
        (
            "caller = { client = \"cd\" }\nexpect = \"deny\"",
            true,
            "denied: no policy covers it",
        ),
        (
            "caller = { client = \"cd\" }\nexpect = \"allow\"",
            false,
            "denied: no policy covers it, expected: allowed",
        ),
        (
            "caller = { operator = true }\nexpect = \"allow\"",
            true,
            "allowed by `builtin:operator`",
        ),
        (
            "caller = { anonymous = true }\nexpect = \"deny\"",
            true,
            "denied: no policy covers it",
        ),
        (
            "caller = { uid = 5 }\nexpect = \"deny\"",
            true,
            "denied: no policy covers it",
        ),
        (
            "caller = { user = \"ada\", role = \"operator\" }\nexpect = \"allow\"",
            true,
            "allowed by `builtin:operator`",
        ),
        (
            "caller = { user = \"ada\" }\nexpect = \"deny\"",
            true,
            "denied: no policy covers it",
        ),
    ] {
        let outcome = try_one(&format!("{MINT}\n{test}"));
        assert_eq!((outcome.passed, outcome.message.as_str()), (passed, message), "{test}");
        assert!(outcome.explanation.is_some());
    }
}

#[test]
fn time_and_address_are_given_by_the_test() {
    let caller = "caller = { user = \"ada\", address = \"192.0.2.1\" }";
    let at = |time: &str| {
        let request = format!("request = {{ action = \"token.mint\", repositories = \"acme/x\", time = \"{time}\" }}");
        try_one(&format!("{caller}\n{request}\nexpect = \"allow\"\nrule = \"hours\""))
    };
    assert!(at("2026-11-22T00:00:00Z").passed);
    assert!(!at("2025-11-22T00:00:00Z").passed);
    let outcome = at("yesterday");
    assert!(outcome.message.starts_with("request.time: `yesterday`") && outcome.explanation.is_none());
}

#[test]
fn the_ceiling_is_told_from_a_mere_no() {
    let request =
        "request = { action = \"token.mint\", repositories = \"acme/x\", permissions = { issues = \"read\" } }";
    let outcome = try_one(&format!(
        "caller = {{ operator = true }}\n{request}\nexpect = \"deny\"\nrule = \"builtin:operator\""
    ));
    assert!(outcome.passed);
    assert_eq!(
        outcome.message,
        "denied by the ceiling, allowed by `builtin:operator` otherwise"
    );
}

#[test]
fn a_test_that_cannot_be_run_fails_and_says_why() {
    for (test, words) in [
        (format!("{MINT}\ncaller = {{}}"), "caller: say exactly one of"),
        (
            format!("{MINT}\ncaller = {{ client = \"a\", uid = 1 }}"),
            "caller: say exactly one of",
        ),
        (
            format!("{MINT}\ncaller = {{ client = \"a\", role = \"member\" }}"),
            "caller: say exactly one of",
        ),
        (
            format!("{MINT}\ncaller = {{ client = \"a\", subject = \"x\" }}"),
            "caller: say exactly one of",
        ),
        (
            format!("{MINT}\ncaller = {{ client = \"A B\" }}"),
            "caller.client: a client's name",
        ),
        (
            format!("{MINT}\ncaller = {{ user = \"a\", role = \"boss\" }}"),
            "caller.role: a role is",
        ),
        (format!("{MINT}\ncaller = {{ issuer = \"\" }}"), "caller.issuer: a"),
        (
            "caller = { operator = true }\nrequest = { action = \"fly\" }".to_owned(),
            "request.action: `fly` is no action",
        ),
        (
            "caller = { operator = true }\nrequest = { action = \"token.mint\", permissions = { x = \"y\" } }"
                .to_owned(),
            "request.permissions: `y` is no access level",
        ),
    ] {
        for expect in ["allow", "deny"] {
            let outcome = try_one(&format!("{test}\nexpect = \"{expect}\""));
            assert!(
                !outcome.passed && outcome.message.starts_with(words),
                "{}",
                outcome.message
            );
        }
    }
}

#[test]
fn policies_that_do_not_compile_fail_every_test() {
    let doc = parse_document(&format!(
        "{POLICIES}\n[[policy]]\nname = \"ci\"\ncallers = {{}}\nactions = []\n[[test]]\nname = \"t\"\n{MINT}\n\
         caller = {{ anonymous = true }}\nexpect = \"deny\""
    ))
    .unwrap();
    let outcomes = run_tests(&doc);
    assert!(!outcomes[0].passed);
    assert!(
        outcomes[0].message.contains("policy `ci`, callers: it says nothing"),
        "{}",
        outcomes[0].message
    );
}
