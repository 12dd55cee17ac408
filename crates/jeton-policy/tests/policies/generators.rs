//! Small policies and requests, from so small an alphabet that they meet.

use std::collections::BTreeMap;

use jeton_domain::{Action, Caller, Permissions, Role};
use jeton_policy::{CallerSpec, CeilingSpec, ClaimSpec, OneOrMany, PolicySpec};
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use crate::support::{Request, client, jwt, operator, unix, user};

const LEVELS: [&str; 3] = ["read", "write", "admin"];
const ACTIONS: [Action; 3] = [Action::TokenMint, Action::ContentRead, Action::AppRead];

fn pattern() -> impl Strategy<Value = String> {
    let any = "[ab*/:]{1,4}".prop_filter("known", |text| !text.contains("**"));
    prop_oneof![any, select(vec!["a", "b", "*"]).prop_map(str::to_owned)]
}

fn repository_pattern() -> impl Strategy<Value = String> {
    let any = "[ab*]{1,2}/[ab*]{1,3}(/[ab*])?".prop_filter("known", |text| !text.contains("**"));
    prop_oneof![
        any,
        select(vec!["a/*", "*/b", "*/*", "a/**", "*/**", "b/a/**"]).prop_map(str::to_owned)
    ]
}

fn permissions() -> impl Strategy<Value = BTreeMap<String, String>> {
    let pair = (select(vec!["a", "b", "metadata"]), select(LEVELS.to_vec()));
    prop::collection::btree_map(pair.0.prop_map(str::to_owned), pair.1.prop_map(str::to_owned), 1..3)
}

fn texts(one: impl Strategy<Value = String>) -> impl Strategy<Value = OneOrMany<String>> {
    prop::collection::vec(one, 1..3).prop_map(OneOrMany)
}

fn callers() -> impl Strategy<Value = CallerSpec> {
    let claims = prop::collection::btree_map(
        select(vec!["x", "y", "z.a"]).prop_map(str::to_owned),
        prop::collection::vec(pattern(), 1..3).prop_map(ClaimSpec),
        1..3,
    );
    prop_oneof![
        texts("[ab*]{1,2}".prop_filter("known", |text| text != "**")).prop_map(|client| CallerSpec {
            client: Some(client),
            ..CallerSpec::default()
        }),
        (
            prop::option::of(texts(select(vec!["a", "b*", "*"]).prop_map(str::to_owned))),
            texts(select(vec!["operator", "member", "auditor"]).prop_map(str::to_owned)),
        )
            .prop_map(|(user, role)| CallerSpec {
                user,
                role: Some(role),
                ..CallerSpec::default()
            }),
        (prop::option::of(0_u32..2), 0_u32..2).prop_map(|(uid, gid)| CallerSpec {
            uid: uid.map(OneOrMany::from),
            gid: Some(gid.into()),
            ..CallerSpec::default()
        }),
        claims.prop_map(|claims| CallerSpec {
            issuer: Some("i".to_owned()),
            claims,
            ..CallerSpec::default()
        }),
        Just(CallerSpec {
            issuer: Some("i".to_owned()),
            any_claims: true,
            ..CallerSpec::default()
        }),
        Just(CallerSpec {
            anyone: true,
            ..CallerSpec::default()
        }),
        Just(CallerSpec {
            anonymous: true,
            ..CallerSpec::default()
        }),
    ]
}

pub(crate) fn policy() -> impl Strategy<Value = PolicySpec> {
    (
        callers(),
        select(vec![vec![0], vec![1], vec![0, 2]]),
        prop::collection::vec(repository_pattern(), 1..3),
        permissions(),
        prop::option::weighted(0.2, select(vec!["f", "G"])),
        prop::option::weighted(0.2, select(vec!["app:a", "app:*"])),
        prop::option::weighted(0.3, 60_u64..63),
        prop::option::of(select(vec![
            "true",
            "request.time.getHours() == 0",
            "request.permissions.a != 'admin'",
            "request.scope == 'repository'",
        ])),
    )
        .prop_map(
            |(callers, actions, repositories, permissions, forge, source, lifetime, condition)| PolicySpec {
                callers,
                actions: actions
                    .into_iter()
                    .map(|index: usize| ACTIONS[index].to_string())
                    .collect(),
                repositories,
                permissions: Some(permissions),
                forges: forge.into_iter().map(str::to_owned).collect(),
                sources: source.into_iter().map(str::to_owned).collect(),
                longest_lifetime_seconds: lifetime,
                condition: condition.map(str::to_owned),
                ..PolicySpec::default()
            },
        )
}

fn claim() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[ab]".prop_map(Value::from),
        "[ab*/:]{0,4}".prop_map(Value::from),
        prop::collection::vec("[ab]{1,2}", 0..3).prop_map(Value::from),
        Just(json!(null)),
        "[ab]{1,2}".prop_map(|text| json!({ "a": text })),
    ]
}

pub(crate) fn caller() -> impl Strategy<Value = Caller> {
    prop_oneof![
        "[ab]".prop_map(|name| client(&name)),
        ("[ab]{1,2}", select(Role::ALL.to_vec())).prop_map(|(name, role)| user(&name, role)),
        (0_u32..2, 0_u32..2).prop_map(|(uid, gid)| unix(uid, gid)),
        (claim(), claim(), claim()).prop_map(|(x, y, z)| jwt("i", &json!({ "x": x, "y": y, "z": z }))),
        Just(jwt("other", &json!({ "x": "a" }))),
        Just(operator()),
        Just(Caller::anonymous(None)),
    ]
}

pub(crate) fn request() -> impl Strategy<Value = Request> {
    (
        select(ACTIONS.to_vec()),
        prop_oneof![
            3 => "[aA]/[abB]".prop_map(|one| vec![one]),
            2 => prop::collection::vec("[abA*]{0,2}/[abB*]{0,3}(/[ab])?", 0..3),
        ],
        prop::option::of(permissions()),
        select(vec![None, Some("F"), Some("g")]),
        select(vec![None, Some("app:a"), Some("account:a")]),
        prop::option::weighted(0.3, 60_u64..64),
    )
        .prop_map(
            |(action, repositories, permissions, forge, source, lifetime_seconds)| Request {
                action,
                repositories,
                permissions: permissions.map(|pairs| Permissions::new(pairs).unwrap()),
                forge,
                source,
                lifetime_seconds,
                now: "2026-11-22T00:00:00Z".parse().unwrap(),
            },
        )
}

pub(crate) fn ceiling() -> impl Strategy<Value = CeilingSpec> {
    (
        prop::option::of(permissions()),
        prop::option::of(prop::collection::vec(repository_pattern(), 1..3)),
        prop::option::weighted(0.3, 60_u64..64),
    )
        .prop_map(|(permissions, repositories, longest_lifetime_seconds)| CeilingSpec {
            permissions,
            repositories,
            longest_lifetime_seconds,
            forges: None,
        })
}
