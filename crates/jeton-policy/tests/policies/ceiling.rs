use jeton_domain::{Action, Code, Coded, Permissions};
use jiff::SignedDuration;

use crate::support::{Request, allowed, client, denied, look, mint, operator, set};

const DOCUMENT: &str = r#"
[ceiling]
permissions = { contents = "read", issues = "write" }
repositories = ["acme/*"]
forges = ["GitHub.com"]
longest_lifetime_seconds = 3600

[[policy]]
name = "barred"
callers = { client = "ci" }
actions = "token.mint"
repositories = "acme/admin"
permissions = { administration = "write" }

[[policy]]
name = "wide"
callers = { client = "ci" }
actions = ["token.mint", "content.read"]
repositories = "*/*"
permissions = { contents = "write", issues = "write", administration = "write" }
longest_lifetime_seconds = 7200

[[policy]]
name = "short"
callers = { client = "quick" }
actions = "token.mint"
repositories = "acme/*"
permissions = { contents = "read" }
longest_lifetime_seconds = 60

[[policy]]
name = "only-barred"
callers = { client = "admin" }
actions = "token.mint"
repositories = "acme/*"
permissions = { administration = "write" }
"#;

#[test]
fn what_is_not_named_is_cut_to_the_ceiling() {
    let set = set(DOCUMENT);
    let found = allowed(&set, &client("ci"), &mint("acme/x"));
    assert_eq!(found.permissions.unwrap().to_string(), "contents=read,issues=write");
    assert_eq!(found.longest_lifetime, Some(SignedDuration::from_secs(3600)));
    let found = allowed(&set, &client("quick"), &mint("acme/x"));
    assert_eq!(found.longest_lifetime, Some(SignedDuration::from_secs(60)));
    // A policy of which nothing is left covers nothing: the next has its turn.
    assert_eq!(&*allowed(&set, &client("ci"), &mint("acme/admin")).rule, "wide");
    let refusal = denied(&set, &client("admin"), &mint("acme/x"));
    assert!(refusal.by_ceiling);
    assert_eq!(refusal.rule.as_deref(), Some("only-barred"));
    assert_eq!(
        refusal.to_string(),
        "what the policy gives is more than this server ever grants"
    );
}

#[test]
fn what_is_beyond_the_ceiling_is_named_and_refused() {
    let set = set(DOCUMENT);
    let fine = mint("acme/x");
    for (request, beyond) in [
        (fine.clone().named("contents=write"), "`contents=write`"),
        (
            fine.clone().named("contents=read,administration=write"),
            "`administration=write`",
        ),
        (mint("beta/x"), "`beta/x`"),
        (fine.clone().also("acme-evil/x"), "`acme-evil/x`"),
        (
            Request {
                forge: Some("git.example.com"),
                ..fine.clone()
            },
            "`git.example.com`",
        ),
        (
            Request {
                forge: None,
                ..fine.clone()
            },
            "a request without a forge",
        ),
        (fine.clone().seconds(3601), "a lifetime of 3601 seconds"),
        (
            mint("beta/x").named("administration=write"),
            "`administration=write`, `beta/x`",
        ),
    ] {
        for caller in [client("ci"), operator()] {
            let refusal = denied(&set, &caller, &request);
            assert!(refusal.by_ceiling, "{beyond}");
            assert_eq!(refusal.what_exceeds.as_deref(), Some(beyond));
            assert_eq!(refusal.code(), Code::PolicyCeiling);
            assert!(refusal.remedy().unwrap().contains("ceiling"));
            assert!(refusal.rule.is_some());
        }
        // To somebody whom no policy lets in anyway, the ceiling is nobody's business.
        let refusal = denied(&set, &client("stranger"), &request);
        assert!(!refusal.by_ceiling && refusal.what_exceeds.is_none() && refusal.rule.is_none());
        assert_eq!(refusal.code(), Code::PolicyDenied);
    }
}

#[test]
fn the_operator_stays_below_the_ceiling() {
    let set = set(DOCUMENT);
    let unnamed = allowed(&set, &operator(), &mint("acme/x"));
    assert_eq!(
        (unnamed.permissions, unnamed.longest_lifetime),
        (None, Some(SignedDuration::from_secs(3600)))
    );
    allowed(&set, &operator(), &mint("acme/x").named("contents=read,metadata=read"));
    allowed(&set, &operator(), &look(Action::RecordRead));
    let default = Permissions::parse_list("contents=write,metadata=read").unwrap();
    assert_eq!(set.within_ceiling(&default).unwrap().to_string(), "contents=read");
    assert!(
        set.within_ceiling(&Permissions::parse_list("administration=read").unwrap())
            .is_none()
    );
    let mut none = mint("acme/x");
    none.repositories.clear();
    assert_eq!(
        denied(&set, &operator(), &none).what_exceeds.as_deref(),
        Some("a request without a repository")
    );
}

#[test]
fn a_refusal_names_neither_policies_nor_the_ceiling() {
    let set = set(DOCUMENT);
    for (caller, request) in [
        (client("ci"), mint("acme/x").named("contents=write")),
        (client("admin"), mint("acme/x")),
        (client("stranger"), mint("acme/x")),
    ] {
        let refusal = denied(&set, &caller, &request);
        let words = format!("{refusal} {}", refusal.remedy().unwrap());
        for secret in [
            "wide",
            "barred",
            "short",
            "only",
            "issues",
            "3600",
            "acme/*",
            "administration",
        ] {
            assert!(!words.contains(secret), "{secret}: {words}");
        }
    }
}
