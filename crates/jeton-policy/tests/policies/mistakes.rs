use jeton_domain::Coded;
use jeton_policy::{Origin, PolicyError, PolicySet, parse_document};

fn errors(toml: &str) -> Vec<PolicyError> {
    let doc = parse_document(toml).unwrap_or_else(|error| panic!("{toml}: {error}"));
    let policies = doc.policy.into_iter().map(|policy| (Origin::File, policy)).collect();
    PolicySet::compile(doc.ceiling, policies).expect_err(toml)
}

/// The only complaint about a policy that is fine but for these lines.
#[track_caller]
fn complaint(change: &[(&str, &str)]) -> String {
    let mut lines = vec![
        ("name", "\"p\""),
        ("callers", "{ client = \"ci\" }"),
        ("actions", "[\"token.mint\"]"),
        ("repositories", "[\"acme/*\"]"),
        ("permissions", "{ contents = \"read\" }"),
    ];
    for (key, value) in change {
        lines.retain(|(known, _)| known != key);
        if !value.is_empty() {
            lines.push((key, value));
        }
    }
    let text: Vec<String> = lines.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    let found = errors(&format!("[[policy]]\n{}", text.join("\n")));
    let words: Vec<String> = found
        .iter()
        .map(|error| format!("{error} {}", error.remedy().unwrap_or_default()))
        .collect();
    assert_eq!(words.len(), 1, "{words:#?}");
    assert!(
        found
            .iter()
            .all(|error| error.remedy().is_some_and(|remedy| remedy.ends_with(['.', '?']))),
        "{words:?}"
    );
    words.into_iter().next().unwrap()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_mistake_names_its_policy_its_field_and_what_to_write() {
    let anybody = ("callers", "{ anyone = true }");
    for (change, expected) in [
        (vec![("name", "\"No\"")], "policy `No`, name: a policy's name is"),
        (vec![("name", "\"\"")], "policy ``, name: a policy's name is"),
        (
            vec![("name", "\"builtin:x\"")],
            "policy `builtin:x`, name: names that begin with `builtin:`",
        ),
        (
            vec![("callers", "{}")],
            "policy `p`, callers: it says nothing about who may ask",
        ),
        (
            vec![("callers", "{ anyone = false }")],
            "callers: it says nothing about who may ask",
        ),
        (
            vec![("callers", "{ client = [] }")],
            "callers.client: the list is empty",
        ),
        (
            vec![("callers", "{ client = \"\" }")],
            "callers.client: a name is empty",
        ),
        (
            vec![("callers", "{ client = \"a**\" }")],
            "callers.client: `**` is not known",
        ),
        (vec![("callers", "{ user = [] }")], "callers.user: the list is empty"),
        (
            vec![("callers", "{ role = \"oprator\" }")],
            "callers.role: `oprator` is no role Did you mean `operator`?",
        ),
        (vec![("callers", "{ role = [] }")], "callers.role: the list is empty"),
        (vec![("callers", "{ uid = [] }")], "callers.uid: the list is empty"),
        (
            vec![("callers", "{ uid = 1, gid = [] }")],
            "callers.gid: the list is empty",
        ),
        (
            vec![("callers", "{ client = \"a\", user = \"b\" }")],
            "callers: no caller can be all of this at once: client, user",
        ),
        (
            vec![("callers", "{ anyone = true, anonymous = true }")],
            "at once: anonymous, anyone",
        ),
        (
            vec![("callers", "{ role = \"member\", uid = 5 }")],
            "at once: role, uid",
        ),
        (
            vec![("callers", "{ claims = { sub = \"x\" } }")],
            "callers.issuer: there are claims, and no issuer",
        ),
        (
            vec![("callers", "{ any_claims = true }")],
            "callers.issuer: there are claims, and no issuer",
        ),
        (
            vec![("callers", "{ issuer = \"actions\" }")],
            "callers.claims: no claim is asked for, and an issuer may sign for the whole world",
        ),
        (
            vec![("callers", "{ issuer = \"actions\", claims = {} }")],
            "callers.claims: no claim is asked for",
        ),
        (
            vec![("callers", "{ issuer = \"i\", claims = { a = 1 }, any_claims = true }")],
            "callers.any_claims:",
        ),
        (
            vec![("callers", "{ issuer = \"Not A Name\", any_claims = true }")],
            "issuer's name is",
        ),
        (
            vec![("callers", "{ issuer = \"i\", claims = { sub = [] } }")],
            "callers.claims.sub: the list is empty",
        ),
        (
            vec![("callers", "{ issuer = \"i\", claims = { sub = \"repo:acme/**\" } }")],
            "callers.claims.sub: `**` is not known",
        ),
        (
            vec![("callers", "{ issuer = \"i\", claims = { \"\" = \"x\" } }")],
            "a claim's name has 1 to 200 bytes",
        ),
        (
            vec![(
                "callers",
                "{ issuer = \"i\", claims = { \"a.b.c.d.e.f.g.h.i.j\" = \"x\" } }",
            )],
            "at most 8 dots",
        ),
        (vec![("actions", "[]")], "actions: no action is named"),
        (
            vec![("actions", "\"token.mnt\""), ("permissions", ""), ("repositories", "")],
            "actions: `token.mnt` is no action Did you mean `token.mint`?",
        ),
        (
            vec![("actions", "\"*\""), ("permissions", ""), ("repositories", "")],
            "actions: `*` is no action",
        ),
        (
            vec![("repositories", "")],
            "repositories: `token.mint` is about repositories, and none is named",
        ),
        (
            vec![("repositories", "[]")],
            "repositories: `token.mint` is about repositories, and none is named",
        ),
        (vec![("repositories", "\"acme/**/x\"")], "repositories: `**` stands for"),
        (
            vec![("repositories", "\"acme/?\"")],
            "repositories: `?` is not a glob here",
        ),
        (
            vec![("repositories", "\"acme\"")],
            "repositories: a repository is `owner/name`",
        ),
        (
            vec![("repositories", "\"\"")],
            "repositories: a repository is `owner/name`",
        ),
        (
            vec![("permissions", "")],
            "permissions: `token.mint` needs the widest permissions",
        ),
        (vec![("permissions", "{}")], "permissions: no permission is named"),
        (
            vec![("permissions", "{ contents = \"all\" }")],
            "permissions.contents: `all` is no access level",
        ),
        (
            vec![("permissions", "{ Contents = \"read\" }")],
            "permissions.Contents: `Contents` is no permission's name",
        ),
        (
            vec![anybody, ("actions", "\"app.read\""), ("permissions", "")],
            "repositories: it has no effect",
        ),
        (
            vec![anybody, ("actions", "\"app.read\""), ("repositories", "")],
            "permissions: it has no effect",
        ),
        (
            vec![
                ("actions", "\"app.read\""),
                ("repositories", ""),
                ("permissions", ""),
                ("sources", "\"app:x\""),
            ],
            "sources: it has no effect",
        ),
        (
            vec![("forges", "\"https://github.com\"")],
            "forges: `https://github.com` is no host of a forge",
        ),
        (vec![("forges", "\"\"")], "forges: `` is no host of a forge"),
        (vec![("sources", "\"default\"")], "sources: `default` is no source"),
        (vec![("sources", "\"app:\"")], "sources: `app:` is no source"),
        (vec![("sources", "\"app:**\"")], "sources: `**` is not known"),
        (
            vec![("longest_lifetime_seconds", "0")],
            "longest_lifetime_seconds: 0 seconds is no lifetime",
        ),
        (
            vec![("longest_lifetime_seconds", "9223372036854775807")],
            "longest_lifetime_seconds: 9223372036854775807 seconds",
        ),
        (
            vec![("condition", "\"\"")],
            "condition: the condition is no CEL expression",
        ),
        (
            vec![("condition", "\"user == 'x'\"")],
            "condition: `user` is not known in a condition",
        ),
    ] {
        let told = complaint(&change);
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[test]
fn the_ceiling_is_checked_too() {
    for (line, expected) in [
        ("repositories = []", "ceiling.repositories: it is empty"),
        ("forges = []", "ceiling.forges: it is empty"),
        ("permissions = {}", "ceiling.permissions: it is empty"),
        (
            "permissions = { contents = \"x\" }",
            "ceiling.permissions.contents: `x` is no access level",
        ),
        ("repositories = [\"**\"]", "ceiling.repositories: `**` stands for"),
        ("forges = [\"a/b\"]", "ceiling.forges: `a/b` is no host"),
        (
            "longest_lifetime_seconds = 0",
            "ceiling.longest_lifetime_seconds: 0 seconds",
        ),
    ] {
        let found = errors(&format!("[ceiling]\n{line}"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].to_string().starts_with(expected), "{}", found[0]);
        assert_eq!(found[0].policy, None);
    }
}

const WRONG: &str = r#"
[ceiling]
forges = []

[[policy]]
name = "a"
callers = {}
actions = "token.mint"
repositories = ["x", "y/*"]
permissions = { contents = "none" }
condition = "nonsense"

[[policy]]
name = "b"
actions = ["app.read", "what"]
condition = "request.nothing"

[policy.callers]
issuer = "i"

[policy.callers.claims]
sub = "x"
"kubernetes.io.namespace" = "**"

[[policy]]
name = "c"
callers = { client = "ci" }
actions = "token.mint"
repositories = "acme/*"

[[policy]]
name = "c"
callers = { client = "ci" }
actions = "app.read"
"#;

#[test]
fn all_mistakes_come_at_once_with_their_lines() {
    let found = errors(WRONG);
    let places: Vec<_> = found
        .iter()
        .map(|error| {
            (
                error.policy.as_deref(),
                error.field.as_str(),
                error.line_in(WRONG).unwrap(),
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            (None, "ceiling.forges", 3),
            (Some("a"), "callers", 7),
            (Some("a"), "permissions.contents", 10),
            (Some("a"), "repositories", 9),
            (Some("b"), "actions", 15),
            (Some("b"), "callers.claims.kubernetes.io.namespace", 23),
            (Some("c"), "permissions", 25),
            (Some("c"), "name", 26),
            (Some("a"), "condition", 11),
            (Some("b"), "condition", 16),
        ]
    );
    assert_eq!(found[0].line_in(""), None);
    assert_eq!(found[1].line_in("[[policy]]\nname = \"z\""), None);
}

#[test]
fn only_the_server_names_its_own_rules() {
    let doc = parse_document("[[policy]]\nname = \"builtin:x\"\ncallers = { anyone = true }\nactions = \"app.read\"")
        .unwrap();
    let policy = doc.policy[0].clone();
    assert!(PolicySet::compile(None, vec![(Origin::BuiltIn, policy.clone())]).is_ok());
    assert!(PolicySet::compile(None, vec![(Origin::Stored, policy.clone())]).is_err());
    for taken in ["builtin:operator", "builtin:auditor"] {
        let policy = jeton_policy::PolicySpec {
            name: taken.to_owned(),
            ..policy.clone()
        };
        assert!(PolicySet::compile(None, vec![(Origin::BuiltIn, policy)]).is_err());
    }
}
