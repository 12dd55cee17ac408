use jeton_domain::{Code, Coded};
use jeton_policy::{DocumentSpec, PolicySpec, parse_document, run_tests};
use proptest::prelude::*;

/// Every complaint about a file, one per line.
fn complaints(toml: &str) -> Vec<String> {
    let error = parse_document(toml).expect_err(toml);
    assert_eq!(error.code(), Code::PolicyInvalid);
    error.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn one_stands_for_a_list_of_one() {
    let one = parse_document(
        "[[policy]]\nname = \"p\"\ncallers = { uid = 1, gid = [2, 3] }\nactions = \"token.mint\"\nforges = \"f\"\n\
         repositories = \"a/b\"\nsources = \"app:x\"\n[ceiling]\nforges = \"f\"\nrepositories = \"a/*\"",
    )
    .unwrap();
    let many = parse_document(
        "[[policy]]\nname = \"p\"\ncallers = { uid = [1], gid = [2, 3] }\nactions = [\"token.mint\"]\nforges = [\"f\"]\n\
         repositories = [\"a/b\"]\nsources = [\"app:x\"]\n[ceiling]\nforges = [\"f\"]\nrepositories = [\"a/*\"]",
    )
    .unwrap();
    assert_eq!(one, many);
    assert_eq!(parse_document("").unwrap(), DocumentSpec::default());
}

#[test]
fn claims_are_texts_numbers_truths_and_lists_of_them() {
    let doc = parse_document(
        "[[policy]]\nname = \"p\"\nactions = []\ncallers = { issuer = \"i\", claims = { a = 1, b = true, c = \"x\", d = [1, \"y\", false], e = -5 } }",
    )
    .unwrap();
    let claims = &doc.policy[0].callers.claims;
    let values: Vec<_> = claims.values().map(|claim| claim.0.join(" ")).collect();
    assert_eq!(values, ["1", "true", "x", "1 y false", "-5"]);
}

#[test]
fn unknown_keys_are_all_named_with_their_lines_and_the_nearest_known() {
    let found = complaints(
        r#"[cieling]
repositories = []

[[policy]]
name = "p"
caller = { client = "ci" }
callers = { clinet = "ci" }
actions = "token.mint"
repository = "acme/*"

[[policy]]
name = "q"
actions = []
longest_lifetime = 5

[policy.callers.claims]
anything = "is a claim"

[[test]]
name = "t"
caller = { operator = true, rolle = "x" }
request = { action = "a", repos = "x/y" }
expect = "allow"
"#,
    );
    assert_eq!(
        found,
        [
            "line 1: a policy file has no key `cieling`. Did you mean `ceiling`?",
            "line 6: `policy` has no key `caller`. Did you mean `callers`?",
            "line 7: `callers` has no key `clinet`. Did you mean `client`?",
            "line 9: `policy` has no key `repository`. Did you mean `repositories`?",
            "line 14: `policy` has no key `longest_lifetime`. Did you mean `longest_lifetime_seconds`?",
            "line 21: `caller` has no key `rolle`. Did you mean `role`?",
            "line 22: `request` has no key `repos`. Did you mean `repositories`?",
        ]
    );
    let far = complaints("\n\nxyzzy = 1");
    assert_eq!(
        far,
        ["line 3: a policy file has no key `xyzzy`. Known are: ceiling, policy, test."]
    );
}

#[test]
fn values_of_the_wrong_kind_are_named_with_their_lines() {
    for (toml, expected) in [
        (
            "\n[[policy]]\nname = \"p\"\nactions = []",
            "line 2: missing field `callers`",
        ),
        (
            "[[policy]]\nname = 5\ncallers = {}\nactions = []",
            "line 2: invalid type: integer `5`",
        ),
        (
            "[[policy]]\nname = \"p\"\ncallers = { uid = \"root\" }\nactions = []",
            "line 3: invalid type: string \"root\", expected a number from 0",
        ),
        (
            "[[policy]]\nname = \"p\"\ncallers = { uid = -1 }\nactions = []",
            "line 3: invalid value: integer `-1`",
        ),
        (
            "[[policy]]\nname = \"p\"\ncallers = { client = 7 }\nactions = []",
            "line 3: invalid type: integer `7`",
        ),
        (
            "[[policy]]\nname = \"p\"\ncallers = { issuer = \"i\", claims = { a = 1.5 } }\nactions = []",
            "line 3: invalid type: floating point `1.5`, expected a text, a whole number or true/false",
        ),
        (
            "[[policy]]\nname = \"p\"\ncallers = {}\nactions = []\nlongest_lifetime_seconds = -1",
            "line 5: invalid value: integer `-1`",
        ),
        (
            "[policy]\nname = \"p\"",
            "line 1: `policy` is a list of tables. Write `[[policy]]` above each.",
        ),
        ("ceiling = 5", "line 1: invalid type: integer `5`"),
        (
            "[[test]]\nname = \"t\"\ncaller = {}\nrequest = { action = \"x\" }\nexpect = \"maybe\"",
            "line 5: unknown variant `maybe`",
        ),
    ] {
        let found = complaints(toml);
        assert!(found.iter().any(|line| line.starts_with(expected)), "{found:?}");
    }
}

#[test]
fn what_is_no_toml_is_named_with_its_line() {
    let found = complaints("[[policy]]\nname = \"p\"\nactions = [\n\n[ceiling\nx = = 1\n");
    assert!(found.iter().all(|line| line.starts_with("line ")), "{found:?}");
    assert!(!found.iter().any(|line| line.contains("no key")), "{found:?}");
    let found = complaints("[[policy]]\nname = \"p\"\nname = \"q\"\n");
    assert!(found[0].starts_with("line 3: duplicate key"), "{found:?}");
}

#[test]
fn several_mistakes_come_at_once() {
    let found = complaints("[[policy]]\nname = 1\n\n[[policy]]\nnmae = \"x\"\n\n[[policy]]\nname = 3\n");
    let lines: Vec<_> = found.iter().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["line 2", "line 5", "line 8"], "{found:?}");
}

#[test]
fn a_policy_survives_json() {
    let doc = parse_document(include_str!("../../../../policies.example.toml")).unwrap();
    for policy in &doc.policy {
        let json = serde_json::to_string(policy).unwrap();
        assert_eq!(&serde_json::from_str::<PolicySpec>(&json).unwrap(), policy, "{json}");
        assert!(!json.contains("null") && !json.contains("false"), "{json}");
    }
    let unknown = serde_json::from_str::<PolicySpec>("{\"name\":\"p\",\"callers\":{\"x\":1},\"actions\":[]}");
    assert!(unknown.unwrap_err().to_string().contains("unknown field `x`"));
}

#[test]
fn the_example_passes_its_own_tests() {
    let text = include_str!("../../../../policies.example.toml");
    let outcomes = run_tests(&parse_document(text).unwrap());
    assert_eq!(outcomes.len(), text.matches("\n[[test]]").count());
    for outcome in &outcomes {
        assert!(outcome.passed, "{}: {}", outcome.name, outcome.message);
    }
    assert!(outcomes.len() > 10);
}

#[test]
fn the_readme_passes_its_own_tests() {
    let readme = include_str!("../../README.md");
    let example = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let outcomes = run_tests(&parse_document(example).unwrap());
    assert_eq!(outcomes.len(), 2);
    for outcome in &outcomes {
        assert!(outcome.passed, "{}: {}", outcome.name, outcome.message);
    }
}

proptest! {
    #[test]
    fn no_text_ends_the_reader(text in "[\\[\\]{}=\",.a-z0-9\n ü]{0,60}") {
        if let Err(error) = parse_document(&text) {
            prop_assert!(!error.problems.is_empty());
            let lines = text.matches('\n').count() + 1;
            prop_assert!(error.problems.iter().all(|problem| (1..=lines).contains(&problem.line)));
        }
    }
}
