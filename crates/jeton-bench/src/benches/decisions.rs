//! How fast a request is decided among many policies: in this process, on one thread, without a server.

mod shapes;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::ensure;
use jeton_domain::{Action, Caller};
use jeton_policy::{Ask, Decision, Origin, PolicySet};
use jiff::Timestamp;

use self::shapes::Shape;
use super::Setting;
use crate::{args::Bench, report::Line, spread::median};

/// Policies in force.
const POLICIES: usize = 10_000;
const LEAST_PER_SECOND: f64 = 50_000.0;
/// Between two looks at the clock.
const AT_ONCE: usize = 100;

/// Somebody asks for a repository.
struct Question {
    caller: Caller,
    repository: [String; 1],
    /// The policy that must allow it; `None` when it must be refused.
    rule: Option<String>,
}

/// Decisions per second for each shape of policies, allowed and refused.
pub(super) fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::Decisions.as_str();
    let (rounds, length) = if setting.quick { (3, 200) } else { (5, 1_000) };
    let (mut lines, mut compiled) = (Vec::new(), Vec::new());
    for shape in shapes::ALL {
        let policies = (0..POLICIES)
            .map(|number| (Origin::File, shape.policy(number)))
            .collect();
        let begun = Instant::now();
        let set = PolicySet::compile(None, policies)
            .map_err(|errors| anyhow::anyhow!("{}: {:?}", shape.name(), errors.first()))?;
        compiled.push(begun.elapsed());
        // A condition is asked only where all else fits: to a refusal it makes no difference.
        let outcomes: &[bool] = if shape.is_judged() { &[true, false] } else { &[true] };
        for &allowed in outcomes {
            let questions = questions(shape, allowed)?;
            for question in &questions {
                check(&set, question)?;
            }
            let duration = Duration::from_millis(length);
            let runs = (0..rounds).map(|_| per_second(&set, &questions, duration)).collect();
            let per_second = median(runs);
            let what = format!("{}, {}", shape.name(), if allowed { "allowed" } else { "refused" });
            let measured = format!("{per_second:.0} per s");
            lines.push(if shape.is_judged() {
                let target = format!("≥ {LEAST_PER_SECOND:.0} per s");
                Line::judged(bench, what, measured, target, per_second >= LEAST_PER_SECOND)
            } else {
                Line::info(bench, what, measured)
            });
        }
    }
    compiled.sort_unstable();
    if let [fastest, .., slowest] = compiled.as_slice() {
        lines.push(Line::info(
            bench,
            format!("compiling {POLICIES} policies, by shape"),
            format!("{} to {} ms", fastest.as_millis(), slowest.as_millis()),
        ));
    }
    Ok(lines)
}

/// Spread over all policies, so that no small part of them stays in the processor's cache.
fn questions(shape: Shape, allowed: bool) -> anyhow::Result<Vec<Question>> {
    // The step has no divisor in common with the count: each number comes once.
    let numbers = (0..POLICIES).map(|step| step * 7_919 % POLICIES);
    numbers
        .map(|number| {
            let (caller, repository) = shape.question(number, allowed)?;
            Ok(Question {
                caller,
                repository: [repository],
                rule: allowed.then(|| format!("p{number}")),
            })
        })
        .collect()
}

fn decide(set: &PolicySet, question: &Question) -> Decision {
    let ask = Ask {
        action: Action::TokenMint,
        forge: Some("github.com"),
        repositories: &question.repository,
        permissions: None,
        source: Some("app:bench"),
        lifetime_seconds: None,
        now: Timestamp::UNIX_EPOCH,
    };
    set.decide(&question.caller, &ask)
}

/// A fast wrong decision is worth nothing.
fn check(set: &PolicySet, question: &Question) -> anyhow::Result<()> {
    let decision = decide(set, question);
    let rule = decision.allowed().map(|allowed| &*allowed.rule);
    ensure!(
        rule == question.rule.as_deref(),
        "{} was decided by {rule:?} rather than {:?}",
        question.repository[0],
        question.rule
    );
    Ok(())
}

fn per_second(set: &PolicySet, questions: &[Question], duration: Duration) -> f64 {
    let (begun, mut decided) = (Instant::now(), 0_u32);
    let mut endless = questions.iter().cycle();
    while begun.elapsed() < duration {
        for question in endless.by_ref().take(AT_ONCE) {
            black_box(decide(set, black_box(question)));
            decided += 1;
        }
    }
    f64::from(decided) / begun.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use jeton_policy::{Origin, PolicySet};

    use super::{Question, check, shapes};

    #[test]
    fn each_shape_is_decided_as_it_says() {
        for shape in shapes::ALL {
            let policies = (0..20).map(|number| (Origin::File, shape.policy(number))).collect();
            let set = PolicySet::compile(None, policies).unwrap();
            for (allowed, rule) in [(true, Some("p7".to_owned())), (false, None)] {
                let (caller, repository) = shape.question(7, allowed).unwrap();
                let question = Question {
                    caller,
                    repository: [repository],
                    rule,
                };
                check(&set, &question).unwrap();
            }
        }
    }
}
