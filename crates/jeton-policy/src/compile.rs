use std::collections::{BTreeMap, HashSet};

use jeton_domain::{Action, Permissions, PolicyName};
use jiff::SignedDuration;

use crate::{
    CeilingSpec, Origin, PolicyError, PolicySpec,
    ceiling::{Ceiling, covers},
    condition,
    error::Objection,
    glob::Glob,
    nearest::{did_you_mean, shown},
    rule::Rule,
};

mod callers;

/// Less would end on its way to whoever asked.
const SHORTEST_LIFETIME_SECONDS: u64 = 60;

/// Ten years: longer is a slip.
const LONGEST_LIFETIME_SECONDS: u64 = 10 * 366 * 86_400;

/// Collects what is wrong with one policy, or with the ceiling.
pub(crate) struct Wrongs {
    policy: Option<String>,
    found: Vec<PolicyError>,
}

impl Wrongs {
    fn of(policy: Option<&str>) -> Self {
        Self {
            policy: policy.map(shown),
            found: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, field: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.found.push(PolicyError {
            policy: self.policy.clone(),
            field: field.to_owned(),
            message: message.into(),
            remedy: Some(remedy.into()),
        });
    }

    pub(crate) fn object(&mut self, field: &str, objection: Objection) {
        self.add(field, objection.message, objection.remedy);
    }

    /// Reads each text of a field and goes on after those that are wrong.
    pub(crate) fn read<T>(
        &mut self,
        field: &str,
        texts: &[String],
        read: impl Fn(&str) -> Result<T, Objection>,
    ) -> Vec<T> {
        let mut out = Vec::with_capacity(texts.len());
        for text in texts {
            match read(text) {
                Ok(value) => out.push(value),
                Err(objection) => self.object(field, objection),
            }
        }
        out
    }
}

/// Everything of a document that is ready to compare, with the rules in the order in which they are tried.
pub(crate) fn compile(
    ceiling: Option<&CeilingSpec>,
    mut policies: Vec<(Origin, PolicySpec)>,
) -> Result<(Ceiling, Vec<Rule>), Vec<PolicyError>> {
    policies.sort_by_key(|(origin, _)| *origin);
    let mut found = Vec::new();
    let mut wrongs = Wrongs::of(None);
    let ceiling = ceiling.map(|spec| read_ceiling(spec, &mut wrongs)).unwrap_or_default();
    found.append(&mut wrongs.found);
    let mut rules = Vec::with_capacity(policies.len());
    let mut names = HashSet::new();
    for (origin, spec) in &policies {
        let mut wrongs = Wrongs::of(Some(&spec.name));
        if !names.insert((*origin, spec.name.as_str())) {
            wrongs.add(
                "name",
                "another policy has this name",
                "Give each policy a name of its own.",
            );
        }
        let rule = read_policy(*origin, spec, &ceiling, &mut wrongs);
        found.append(&mut wrongs.found);
        rules.extend(rule);
    }
    let with_conditions: Vec<(usize, &str)> = policies
        .iter()
        .enumerate()
        .filter_map(|(index, (_, spec))| Some((index, spec.condition.as_deref()?)))
        .collect();
    let texts: Vec<&str> = with_conditions.iter().map(|(_, text)| *text).collect();
    let compiled = condition::compile_all(&texts);
    // With anything wrong above, rules and policies no longer stand side by side; then no rule is used anyway.
    for ((index, _), outcome) in with_conditions.into_iter().zip(compiled) {
        match outcome {
            Ok(condition) => {
                if let Some(rule) = rules.get_mut(index) {
                    rule.condition = Some(condition);
                }
            }
            Err(objection) => {
                let mut wrongs = Wrongs::of(Some(&policies[index].1.name));
                wrongs.object("condition", objection);
                found.append(&mut wrongs.found);
            }
        }
    }
    if found.is_empty() {
        Ok((ceiling, rules))
    } else {
        Err(found)
    }
}

fn read_ceiling(spec: &CeilingSpec, wrongs: &mut Wrongs) -> Ceiling {
    let nothing = "Leave it out when nothing is to be limited; name at least one otherwise.";
    for (field, empty) in [
        (
            "ceiling.repositories",
            spec.repositories.as_ref().is_some_and(Vec::is_empty),
        ),
        ("ceiling.forges", spec.forges.as_ref().is_some_and(Vec::is_empty)),
        (
            "ceiling.permissions",
            spec.permissions.as_ref().is_some_and(BTreeMap::is_empty),
        ),
    ] {
        if empty {
            wrongs.add(field, "it is empty, so nothing would ever be allowed", nothing);
        }
    }
    let globs = spec.repositories.as_deref();
    Ceiling {
        permissions: spec
            .permissions
            .as_ref()
            .and_then(|map| permissions("ceiling.permissions", map, wrongs)),
        repositories: globs.map(|globs| wrongs.read("ceiling.repositories", globs, Glob::repositories)),
        forges: spec
            .forges
            .as_deref()
            .map(|hosts| wrongs.read("ceiling.forges", hosts, host)),
        longest: lifetime(
            "ceiling.longest_lifetime_seconds",
            spec.longest_lifetime_seconds,
            wrongs,
        ),
    }
}

/// The rule without its condition, which is compiled with all others on another thread.
fn read_policy(origin: Origin, spec: &PolicySpec, ceiling: &Ceiling, wrongs: &mut Wrongs) -> Option<Rule> {
    name(origin, &spec.name, wrongs);
    let actions = actions(spec, wrongs);
    check_what_is_needed(spec, &actions, wrongs);
    let callers = callers::read(&spec.callers, wrongs);
    let permissions = spec
        .permissions
        .as_ref()
        .and_then(|map| permissions("permissions", map, wrongs));
    let within_ceiling = permissions.as_ref().and_then(|given| ceiling.cut(given));
    debug_assert!(
        within_ceiling
            .iter()
            .all(|cut| permissions.iter().all(|given| covers(given, cut)))
    );
    // Everything is read before anything is given up, so that all of its errors come at once.
    let forges = wrongs.read("forges", &spec.forges, host);
    let repositories = wrongs.read("repositories", &spec.repositories, Glob::repositories);
    let sources = wrongs.read("sources", &spec.sources, source);
    let longest = lifetime("longest_lifetime_seconds", spec.longest_lifetime_seconds, wrongs);
    Some(Rule {
        name: spec.name.as_str().into(),
        origin,
        callers: callers?,
        actions,
        forges,
        repositories,
        permissions,
        within_ceiling,
        sources,
        longest,
        condition: None,
    })
}

fn name(origin: Origin, name: &str, wrongs: &mut Wrongs) {
    let own = name.strip_prefix("builtin:");
    match (origin, own) {
        (Origin::BuiltIn, Some("operator" | "auditor")) => {
            wrongs.add("name", "the server has a rule of this name", "Take another name.");
        }
        (Origin::File | Origin::Stored, Some(_)) => wrongs.add(
            "name",
            "names that begin with `builtin:` are the server's own",
            "Take another name.",
        ),
        (Origin::BuiltIn, _) => {}
        (Origin::File | Origin::Stored, None) => {
            if let Err(error) = PolicyName::parse(name) {
                wrongs.add("name", error.to_string(), "Take a name such as `ci:read`.");
            }
        }
    }
}

fn actions(spec: &PolicySpec, wrongs: &mut Wrongs) -> Vec<Action> {
    let known: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
    if spec.actions.is_empty() {
        wrongs.add(
            "actions",
            "no action is named",
            format!("Known are: {}.", known.join(", ")),
        );
    }
    wrongs.read("actions", &spec.actions, |text| {
        let refuse = |_| Objection::new(format!("`{}` is no action", shown(text)), did_you_mean(text, &known));
        text.parse::<Action>().map_err(refuse)
    })
}

/// What a policy must say for its actions, and what would have no effect.
fn check_what_is_needed(spec: &PolicySpec, actions: &[Action], wrongs: &mut Wrongs) {
    if actions.is_empty() {
        return;
    }
    let about = actions.iter().find(|action| action.is_about_repositories());
    if let Some(action) = about {
        if spec.repositories.is_empty() {
            wrongs.add(
                "repositories",
                format!("`{action}` is about repositories, and none is named"),
                "Write `repositories = [\"acme/*\"]`; `*/*` means every repository.",
            );
        }
    } else {
        let what = [
            ("repositories", !spec.repositories.is_empty()),
            ("permissions", spec.permissions.is_some()),
            ("sources", !spec.sources.is_empty()),
        ];
        for (field, _) in what.into_iter().filter(|(_, there)| *there) {
            wrongs.add(
                field,
                "it has no effect: none of the actions is about repositories",
                "Take it out, so that nobody reads a limit into it.",
            );
        }
    }
    if actions.contains(&Action::TokenMint) && spec.permissions.is_none() {
        wrongs.add(
            "permissions",
            "`token.mint` needs the widest permissions that a token may have",
            "Write `permissions = { contents = \"read\" }`.",
        );
    }
}

fn permissions(field: &str, map: &BTreeMap<String, String>, wrongs: &mut Wrongs) -> Option<Permissions> {
    let mut fine = !map.is_empty();
    for pair in map {
        if let Err(error) = Permissions::new([pair]) {
            let field = format!("{field}.{}", shown(pair.0));
            wrongs.add(
                &field,
                error.to_string(),
                "Write `permissions = { contents = \"read\" }`.",
            );
            fine = false;
        }
    }
    if map.is_empty() && field == "permissions" {
        wrongs.add(
            field,
            "no permission is named",
            "Write `permissions = { contents = \"read\" }`.",
        );
    }
    fine.then(|| Permissions::new(map).ok()).flatten()
}

fn host(text: &str) -> Result<String, Objection> {
    let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'));
    if text.is_empty() || text.contains(odd) {
        let message = format!("`{}` is no host of a forge", shown(text));
        return Err(Objection::new(
            message,
            "Write the host alone, such as `github.com` or `git.example.com:8443`.",
        ));
    }
    Ok(text.to_ascii_lowercase())
}

fn source(text: &str) -> Result<Glob, Objection> {
    let fine = ["app:", "account:"]
        .iter()
        .any(|kind| text.strip_prefix(kind).is_some_and(|name| !name.is_empty()));
    // As nobody, where content is read that is public.
    if !fine && text != "anonymous" {
        let message = format!("`{}` is no source", shown(text));
        return Err(Objection::new(
            message,
            "Write `app:NAME`, `account:NAME`, or `anonymous` for reading as nobody; `app:*` means every App.",
        ));
    }
    Glob::words(text)
}

fn lifetime(field: &str, seconds: Option<u64>, wrongs: &mut Wrongs) -> Option<SignedDuration> {
    let seconds = seconds?;
    if !(SHORTEST_LIFETIME_SECONDS..=LONGEST_LIFETIME_SECONDS).contains(&seconds) {
        wrongs.add(
            field,
            format!("{seconds} seconds is no lifetime for a grant"),
            "Write a number of seconds from 60 up, such as 3600.",
        );
        return None;
    }
    i64::try_from(seconds).ok().map(SignedDuration::from_secs)
}
