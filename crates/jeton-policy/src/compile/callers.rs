use jeton_domain::{IssuerName, Role};

use super::Wrongs;
use crate::{
    CallerSpec, ClaimSpec, OneOrMany,
    callers::CallerMatcher,
    claim::ClaimMatcher,
    error::Objection,
    glob::Glob,
    nearest::{did_you_mean, shown},
};

/// The longest path of a claim. Looking one up tries every way to cut it at its dots.
const LONGEST_PATH: usize = 200;
const MOST_DOTS: usize = 8;

/// The kinds of caller that a policy can name, by the fields that belong together.
const KINDS: &[(&str, &[&str])] = &[
    ("client", &["client"]),
    ("user", &["user", "role"]),
    ("unix", &["uid", "gid"]),
    ("jwt", &["issuer", "claims", "any_claims"]),
    ("anonymous", &["anonymous"]),
    ("anyone", &["anyone"]),
];

/// `None` when something is wrong, which was added to `wrongs`.
pub(super) fn read(spec: &CallerSpec, wrongs: &mut Wrongs) -> Option<CallerMatcher> {
    let before = wrongs.found.len();
    let there = [
        ("client", spec.client.is_some()),
        ("user", spec.user.is_some()),
        ("role", spec.role.is_some()),
        ("uid", spec.uid.is_some()),
        ("gid", spec.gid.is_some()),
        ("issuer", spec.issuer.is_some()),
        ("claims", !spec.claims.is_empty()),
        ("any_claims", spec.any_claims),
        ("anonymous", spec.anonymous),
        ("anyone", spec.anyone),
    ];
    let given: Vec<&str> = there
        .iter()
        .filter(|(_, there)| *there)
        .map(|(field, _)| *field)
        .collect();
    let kinds: Vec<&str> = KINDS
        .iter()
        .filter(|(_, fields)| fields.iter().any(|field| given.contains(field)))
        .map(|(kind, _)| *kind)
        .collect();
    let matcher = match kinds.as_slice() {
        [] => {
            wrongs.add(
                "callers",
                "it says nothing about who may ask",
                "Write `callers = { client = \"ci\" }`, or `callers = { anyone = true }` for everybody who has shown who they are.",
            );
            None
        }
        ["client"] => Some(CallerMatcher::Client(names(
            "callers.client",
            spec.client.as_ref(),
            wrongs,
        )?)),
        ["user"] => Some(CallerMatcher::User {
            names: names("callers.user", spec.user.as_ref(), wrongs),
            roles: roles(spec.role.as_ref(), wrongs),
        }),
        ["unix"] => Some(CallerMatcher::Unix {
            uids: numbers("callers.uid", spec.uid.as_ref(), wrongs),
            gids: numbers("callers.gid", spec.gid.as_ref(), wrongs),
        }),
        ["jwt"] => jwt(spec, wrongs),
        ["anonymous"] => Some(CallerMatcher::Anonymous),
        ["anyone"] => Some(CallerMatcher::Anyone),
        _ => {
            wrongs.add(
                "callers",
                format!("no caller can be all of this at once: {}", given.join(", ")),
                "Make one policy for each kind of caller.",
            );
            None
        }
    };
    matcher.filter(|_| wrongs.found.len() == before)
}

fn jwt(spec: &CallerSpec, wrongs: &mut Wrongs) -> Option<CallerMatcher> {
    let Some(issuer) = &spec.issuer else {
        wrongs.add(
            "callers.issuer",
            "there are claims, and no issuer who would vouch for them",
            "Add `issuer = \"NAME\"`, by the name that the issuer has in the configuration.",
        );
        return None;
    };
    let issuer = match IssuerName::parse(issuer) {
        Ok(issuer) => Some(issuer),
        Err(error) => {
            wrongs.add(
                "callers.issuer",
                error.to_string(),
                "Write the name that the issuer has in the configuration.",
            );
            None
        }
    };
    match (spec.claims.is_empty(), spec.any_claims) {
        (true, false) => wrongs.add(
            "callers.claims",
            "no claim is asked for, and an issuer may sign for the whole world",
            "Write `claims = { repository_owner_id = \"123\" }`; `any_claims = true` if every token of the issuer is to do.",
        ),
        (false, true) => wrongs.add(
            "callers.any_claims",
            "it says that the claims do not matter, beside claims that do",
            "Take out one of the two.",
        ),
        (true, true) | (false, false) => {}
    }
    let claims = spec
        .claims
        .iter()
        .map(|(path, values)| claim(path, values, wrongs))
        .collect();
    Some(CallerMatcher::Jwt {
        issuer: issuer?,
        claims,
    })
}

fn claim(path: &str, values: &ClaimSpec, wrongs: &mut Wrongs) -> ClaimMatcher {
    let field = format!("callers.claims.{}", shown(path));
    let dots = path.bytes().filter(|byte| *byte == b'.').count();
    if path.is_empty() || path.len() > LONGEST_PATH || dots > MOST_DOTS {
        wrongs.add(
            &field,
            format!("a claim's name has 1 to {LONGEST_PATH} bytes and at most {MOST_DOTS} dots"),
            "Write it as in `kubernetes.io.serviceaccount.uid`.",
        );
    }
    if values.0.is_empty() {
        wrongs.add(&field, "the list is empty, so no token would ever do", "Name a value.");
    }
    ClaimMatcher {
        path: path.into(),
        values: wrongs.read(&field, &values.0, Glob::words),
    }
}

fn names(field: &str, given: Option<&OneOrMany<String>>, wrongs: &mut Wrongs) -> Option<Vec<Glob>> {
    let given = &given?.0;
    check_some(field, given, wrongs);
    let read = |text: &str| {
        if text.is_empty() {
            return Err(Objection::new("a name is empty", "Write the name, or take it out."));
        }
        Glob::words(text)
    };
    Some(wrongs.read(field, given, read))
}

fn roles(given: Option<&OneOrMany<String>>, wrongs: &mut Wrongs) -> Option<Vec<Role>> {
    let given = &given?.0;
    check_some("callers.role", given, wrongs);
    let known: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
    Some(wrongs.read("callers.role", given, |text| {
        let refuse = |_| Objection::new(format!("`{}` is no role", shown(text)), did_you_mean(text, &known));
        text.parse::<Role>().map_err(refuse)
    }))
}

fn numbers(field: &str, given: Option<&OneOrMany<u32>>, wrongs: &mut Wrongs) -> Option<Vec<u32>> {
    let given = &given?.0;
    check_some(field, given, wrongs);
    Some(given.clone())
}

fn check_some<T>(field: &str, given: &[T], wrongs: &mut Wrongs) {
    if given.is_empty() {
        wrongs.add(
            field,
            "the list is empty, so nobody would ever match",
            "Name somebody, or take the policy out.",
        );
    }
}
