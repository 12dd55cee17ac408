use jeton_domain::{Action, Caller};

use crate::{
    Ask, Considered, Decision, Explanation, Origin,
    condition::Facts,
    rule::{AllMisses, Rule},
    set::{AUDITOR, BuiltIn, OPERATOR, built_in},
};

/// Nobody reads more.
const MOST: usize = 20;

pub(crate) fn explain(
    rules: &[Rule],
    decision: Decision,
    ceiling: Option<String>,
    caller: &Caller,
    ask: &Ask<'_>,
) -> Explanation {
    let mut facts = Facts::default();
    let mut considered: Vec<Considered> = rules
        .iter()
        .map(|rule| {
            let mut misses = AllMisses::default();
            let _all = rule.check(caller, ask, &mut facts, &mut misses);
            if misses.0.is_empty() && rule.is_barred(ask) {
                misses
                    .0
                    .push("nothing is left of its permissions under the ceiling".to_owned());
            }
            note(rule.name.as_ref(), rule.origin, misses.0)
        })
        .collect();
    considered.extend(built_in_rules(caller, ask.action));
    // Stable: equals stay in the order in which they are tried.
    considered.sort_by_key(|one| one.distance);
    considered.truncate(MOST);
    Explanation {
        decision,
        ceiling,
        considered,
    }
}

fn built_in_rules(caller: &Caller, action: Action) -> [Considered; 2] {
    let identity = &caller.identity;
    let found = built_in(identity, action);
    let operator = match found {
        BuiltIn::Operator => Vec::new(),
        BuiltIn::Auditor | BuiltIn::No => vec![format!("it is for operators, and this is {identity}")],
    };
    let auditor = match found {
        BuiltIn::Auditor => Vec::new(),
        BuiltIn::Operator | BuiltIn::No => {
            let mut why = Vec::new();
            if !action.only_looks() {
                why.push(format!("it only lets look, and `{action}` does more"));
            }
            if !matches!(
                identity,
                jeton_domain::Identity::User {
                    role: jeton_domain::Role::Auditor,
                    ..
                }
            ) {
                why.push(format!("it is for auditors, and this is {identity}"));
            }
            why
        }
    };
    [
        note(OPERATOR, Origin::BuiltIn, operator),
        note(AUDITOR, Origin::BuiltIn, auditor),
    ]
}

fn note(rule: &str, origin: Origin, why_not: Vec<String>) -> Considered {
    Considered {
        rule: rule.into(),
        origin,
        matched: why_not.is_empty(),
        distance: why_not.len(),
        why_not,
    }
}
