use std::{sync::Arc, thread};

use jeton_domain::{Action, Caller, ClientId, ClientName, Identity, IssuerName, JwtIdentity, Permissions};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Condition, Facts, LONGEST, compile_all};
use crate::Ask;

fn compile(text: &str) -> Result<Condition, String> {
    let mut all = compile_all(&[text]);
    all.remove(0)
        .map_err(|objection| format!("{} {}", objection.message, objection.remedy))
}

fn token(claims: &Value) -> Caller {
    let Value::Object(claims) = claims.clone() else {
        panic!("claims are an object")
    };
    Caller {
        identity: Identity::Jwt(Arc::new(JwtIdentity {
            issuer: IssuerName::parse("actions").unwrap(),
            subject: "repo:acme/tools:ref:refs/heads/main".to_owned(),
            claims,
        })),
        address: Some("::ffff:192.0.2.7".parse().unwrap()),
    }
}

fn client() -> Caller {
    Caller {
        identity: Identity::Client {
            id: ClientId::from_uuid(Uuid::nil()),
            name: Arc::new(ClientName::parse("ci").unwrap()),
        },
        address: None,
    }
}

fn ask<'a>(repositories: &'a [String], permissions: Option<&'a Permissions>) -> Ask<'a> {
    Ask {
        action: Action::TokenMint,
        forge: Some("GitHub.com"),
        repositories,
        permissions,
        source: Some("app:default"),
        lifetime_seconds: Some(600),
        now: "2026-11-22T17:30:00Z".parse().unwrap(),
    }
}

fn holds(text: &str, caller: &Caller) -> Result<(), String> {
    let repositories = ["Acme/Tools".to_owned(), "acme/web".to_owned()];
    let permissions = Permissions::parse_list("contents=read").unwrap();
    let condition = compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    condition.holds(
        caller,
        &ask(&repositories, None),
        Some(&permissions),
        &mut Facts::default(),
    )
}

#[test]
fn conditions_see_the_caller_and_the_request() {
    let caller = token(&json!({"run_id": 7, "flags": ["a", "b"], "big": u64::MAX, "k": {"ns": null}, "half": 0.5}));
    for text in [
        "true",
        "caller.kind == 'jwt' && caller.issuer == 'actions'",
        "caller.subject.startsWith('repo:acme/')",
        "caller.address == '192.0.2.7'",
        "caller.claims.run_id == 7 && caller.claims['run_id'] < 8",
        "'a' in caller.claims.flags && caller.claims.flags.exists(f, f == 'b')",
        "caller.claims.big == 18446744073709551615u",
        "caller.claims.k.ns == null && caller.claims.half < 0.6",
        "!has(caller.role) && !has(caller.claims.environment)",
        "request.action == 'token.mint' && request.forge == 'github.com'",
        "request.repositories == ['acme/tools', 'acme/web'] && request.owner == 'acme'",
        "request.repositories.all(r, r.startsWith('acme/'))",
        "request.repositories.filter(r, r.endsWith('web')).size() == 1",
        "request.permissions == {'contents': 'read'}",
        "request.source == 'app:default' && request.lifetime_seconds <= 600",
        "request.time.getHours() == 17 && request.time.getDayOfWeek() == 0",
        "request.time.getHours('Europe/Berlin') == 18",
        "request.time < timestamp('2027-01-01T00:00:00Z') + duration('1h')",
        "caller.subject.matches('^repo:acme/[a-z]+:ref:')",
        "caller.claims.nope == 1 || true",
        "size(caller.claims) == 5 ? true : false",
    ] {
        assert_eq!(holds(text, &caller), Ok(()), "{text}");
    }
    assert_eq!(
        holds("caller.kind == 'client' && caller.name == 'ci'", &client()),
        Ok(())
    );
}

#[test]
fn what_fails_or_is_no_truth_does_not_hold() {
    let caller = token(&json!({"n": i64::MAX, "zero": 0, "text": "x"}));
    for (text, why) in [
        ("false", "its condition is false"),
        ("1 + 1", "its condition is neither true nor false"),
        ("request.owner", "its condition is neither true nor false"),
        ("caller.claims.nope == 1", "its condition fails: No such key"),
        ("caller.role == 'operator'", "its condition fails: No such key"),
        ("1 / caller.claims.zero == 1", "its condition fails: Division by zero"),
        ("1 % caller.claims.zero == 1", "its condition fails: Remainder by zero"),
        ("caller.claims.n + 1 > 0", "its condition fails: Overflow"),
        ("caller.claims.n * 2 > 0", "its condition fails: Overflow"),
        ("-9223372036854775808 - 1 < 0", "its condition fails: Overflow"),
        ("-9223372036854775808 / -1 < 0", "its condition fails"),
        ("-(-9223372036854775808) > 0", "its condition"),
        ("int('99999999999999999999') > 0", "its condition fails"),
        ("int(1e300) > 0", "its condition"),
        ("uint(-1) > 0u", "its condition"),
        ("timestamp('never') < request.time", "its condition fails"),
        (
            "request.time + duration('999999999999999h') > request.time",
            "its condition fails",
        ),
        (
            "timestamp('9999-12-31T23:59:59Z') + duration('48h') > request.time",
            "its condition",
        ),
        ("request.time.getHours('No/Where') > 0", "its condition"),
        ("[1][5] == 1", "its condition fails"),
        ("[1][-1] == 1", "its condition fails"),
        ("caller.claims.text > 5", "its condition"),
        ("{'a': 1, 'a': 2}.a == 1", "its condition"),
    ] {
        let told = holds(text, &caller).expect_err(text);
        assert!(told.starts_with(why), "{text}: {told}");
    }
}

#[test]
fn slips_are_found_before_anything_is_asked() {
    for (text, words) in [
        ("", "no CEL expression"),
        ("request.owner = 'acme'", "no CEL expression"),
        ("(", "no CEL expression"),
        ("'open", "no CEL expression"),
        ("user == 'x'", "`user` is not known in a condition"),
        ("request.repository == 'acme/x'", "Did you mean `repositories`?"),
        ("caller['subjct'] == 'x'", "Did you mean `subject`?"),
        ("caller.subject.startswith('x')", "Did you mean `startsWith`?"),
        (
            "caller.subject.matches(caller.name)",
            "must stand in the condition itself",
        ),
        ("caller.subject.matches('(')", "no regular expression"),
        ("caller.subject.matches('(((a{50}){50}){50}){50}')", "too large"),
        ("caller.subject.matches('\\\\w{500}')", "too large"),
        ("request.repositories.exists(r, r.matches('x'))", "`matches` is slow"),
        (
            "request.repositories.all(r, request.repositories.all(s, r == s))",
            "inside of, or after",
        ),
        ("request.repositories.map(r, r).map(r, r) == []", "inside of, or after"),
        ("request.repositories.map(r, r + r) == []", "added up"),
        ("(request.repositories + request.repositories).all(r, true)", "added up"),
        ("request.repositories.all(caller, true)", "cannot be a variable's name"),
        ("request.repositories.all(r, x == r)", "`x` is not known"),
        ("Caller{}.x == 1", "a condition makes no objects"),
        ("type(1) == int", "no function of conditions"),
    ] {
        let told = compile(text).expect_err(text);
        assert!(told.contains(words), "{text}: {told}");
    }
    let long = format!("'{}' == ''", "x".repeat(LONGEST));
    assert!(compile(&long).unwrap_err().contains("at most 4096 are read"));
}

/// What a parser by descent, or an evaluator by descent, could be ended by.
#[test]
fn no_text_ends_the_process() {
    let depth = LONGEST / 2 - 4;
    let texts = [
        format!("{}true{}", "(".repeat(depth), ")".repeat(depth)),
        format!("{}{}", "[".repeat(depth), "]".repeat(depth)),
        format!("{}true", "!".repeat(LONGEST - 8)),
        format!("{}1 == 1", "-".repeat(LONGEST - 8)),
        "(".repeat(LONGEST - 1),
        "{".repeat(LONGEST - 1),
        "true ? ".repeat(500),
        format!("{}true", "true ? true : ".repeat(290)),
        format!("1{} == 1", "+1".repeat(2000)),
        format!("caller{} == 1", ".claims".repeat(500)),
        format!("caller.claims{} == 1", "[0]".repeat(1300)),
        format!("true{}", "&&true".repeat(600)),
        "\u{0}".to_owned(),
        "'\\uD800' == ''".to_owned(),
        "'\\x' == ''".to_owned(),
        "'ü𝕏' == 'ü𝕏' && ü".to_owned(),
        "b'\\377' == b''".to_owned(),
        "99999999999999999999 == 1".to_owned(),
        "1e999 > 1.0".to_owned(),
        "request.repositories.all(1, true)".to_owned(),
        "has(caller)".to_owned(),
        "has(1)".to_owned(),
        "[].all()".to_owned(),
        "`x` == 1".to_owned(),
        "caller.?name == 1".to_owned(),
    ];
    let caller = token(&json!({}));
    let mut compiled = 0;
    for text in &texts {
        if let Ok(condition) = compile(text) {
            compiled += 1;
            // Whatever comes out: what counts is that something does.
            let _outcome = condition.holds(&caller, &ask(&[], None), None, &mut Facts::default());
        }
    }
    assert!(compiled < texts.len());
    assert!(compile(&texts[0]).is_err() && compile(&texts[8]).is_err());
}

/// The deepest condition that compiles, over the deepest claims that are looked at, on a small stack.
#[test]
fn evaluation_needs_little_stack() {
    let mut deep = json!("x");
    for _ in 0..13 {
        deep = json!([deep]);
    }
    let caller = token(&json!({ "a": deep, "b": deep }));
    let deepest = |wrap: &dyn Fn(String) -> String, end: &str| {
        let mut text = "1".to_owned();
        let mut last = None;
        while let Ok(condition) = compile(&format!("{text}{end}")) {
            last = Some(condition);
            text = wrap(text);
        }
        last.expect("the first compiles")
    };
    let conditions = [
        deepest(&|inner| format!("{inner}+1"), " > 0"),
        deepest(&|inner| format!("(true ? {inner} : 1)"), " > 0"),
        deepest(&|inner| format!("[{inner}][0]"), " > 0"),
        deepest(&|inner| format!("{{'x': {inner}}}.x"), " > 0"),
        deepest(&|inner| format!("-(-{inner})"), " > 0"),
        deepest(&|inner| format!("int(string({inner}))"), " > 0"),
        deepest(&|inner| format!("-(0 - {inner})"), " in [1].filter(x, [x].size() == 1)"),
        compile("caller.claims.a == caller.claims.b").unwrap(),
    ];
    thread::scope(|scope| {
        // Half of what a thread of the server has, in a build that optimises nothing.
        let small = thread::Builder::new().stack_size(1 << 20);
        let run = || {
            let ask = ask(&[], None);
            for condition in &conditions {
                let outcome = condition.holds(&caller, &ask, None, &mut Facts::default());
                assert_eq!(outcome, Ok(()), "{condition:?}");
            }
        };
        small.spawn_scoped(scope, run).unwrap().join().unwrap();
    });
}

#[test]
fn claims_that_are_too_many_do_not_match() {
    let mut deep = json!("x");
    for _ in 0..100 {
        deep = json!({ "x": deep });
    }
    let many: Vec<u32> = (0..3_000).collect();
    for claims in [
        json!({ "many": many }),
        json!({ "long": "x".repeat(40_000) }),
        json!({ "deep": deep }),
        json!({ "x".repeat(40_000): 1 }),
    ] {
        let told = holds("caller.kind == 'jwt'", &token(&claims)).unwrap_err();
        assert!(told.contains("too many"), "{told}");
    }
}

#[test]
fn a_name_in_another_case_passes_no_condition_that_forbids_it() {
    let repositories = ["ACME/Secret".to_owned()];
    let condition = compile("request.owner != 'acme' || !('acme/secret' in request.repositories)").unwrap();
    let told = condition.holds(&client(), &ask(&repositories, None), None, &mut Facts::default());
    assert_eq!(told, Err("its condition is false".to_owned()));
}
