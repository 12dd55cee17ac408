//! What holds for every policy and request, tried on many small ones.

use std::collections::BTreeMap;

use jeton_domain::Action;
use jeton_policy::{CeilingSpec, Decision, Origin, PolicySet, PolicySpec};
use proptest::prelude::*;

use crate::{
    generators::{caller, ceiling, policy, request},
    naive,
};

fn compile(policies: &[PolicySpec], ceiling: &CeilingSpec) -> PolicySet {
    let policies = policies.iter().map(|policy| (Origin::File, policy.clone())).collect();
    PolicySet::compile(Some(ceiling.clone()), policies).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn named(mut policies: Vec<PolicySpec>) -> Vec<PolicySpec> {
    for (index, policy) in policies.iter_mut().enumerate() {
        policy.name = format!("p{index}");
    }
    policies
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_decision_is_that_of_a_scan_of_all_policies(
        policies in prop::collection::vec(policy(), 0..8).prop_map(named),
        ceiling in ceiling(),
        asked in prop::collection::vec((caller(), request()), 1..12),
    ) {
        let set = compile(&policies, &ceiling);
        for (caller, request) in &asked {
            let decision = set.decide(caller, &request.ask());
            let rule = decision.allowed().map(|allowed| allowed.rule.to_string());
            let expected = naive::decide(&policies, &ceiling, caller, request);
            prop_assert_eq!(rule, expected, "{}", set.explain(caller, &request.ask()));
        }
    }

    #[test]
    fn no_grant_exceeds_its_policy_the_ceiling_or_what_was_asked(
        policies in prop::collection::vec(policy(), 1..6).prop_map(named),
        ceiling in ceiling(),
        asked in prop::collection::vec((caller(), request()), 1..12),
    ) {
        let set = compile(&policies, &ceiling);
        for (caller, request) in &asked {
            let Decision::Allowed(allowed) = set.decide(caller, &request.ask()) else { continue };
            let policy = policies.iter().find(|policy| policy.name == *allowed.rule);
            if let Some(given) = &allowed.permissions {
                prop_assert!(!given.is_empty());
                for (name, access) in given.iter() {
                    let within = |map: &Option<BTreeMap<String, String>>| map.as_ref().is_none_or(|map| naive::includes(map, name, access));
                    prop_assert!(within(&ceiling.permissions));
                    prop_assert!(policy.is_none_or(|policy| within(&policy.permissions)));
                    prop_assert!(request.permissions.as_ref().is_none_or(|asked| asked.get(name) == Some(access)));
                }
            } else {
                prop_assert!(policy.is_none() || request.action == Action::AppRead);
                prop_assert!(request.permissions.is_none());
            }
            let longest = allowed.longest_lifetime.map(|longest| longest.as_secs().cast_unsigned());
            let limits = [policy.and_then(|policy| policy.longest_lifetime_seconds), ceiling.longest_lifetime_seconds];
            prop_assert_eq!(longest, limits.into_iter().flatten().min());
            prop_assert!(request.lifetime_seconds.is_none_or(|asked| longest.is_none_or(|longest| asked <= longest)));
            for repository in &request.repositories {
                let globs = ceiling.repositories.as_ref();
                prop_assert!(globs.is_none_or(|globs| naive::repository(globs, repository)));
            }
        }
    }

    #[test]
    fn an_explanation_agrees_with_its_decision(
        policies in prop::collection::vec(policy(), 0..6).prop_map(named),
        ceiling in ceiling(),
        caller in caller(),
        request in request(),
    ) {
        let set = compile(&policies, &ceiling);
        let told = set.explain(&caller, &request.ask());
        prop_assert_eq!(&told.decision, &set.decide(&caller, &request.ask()));
        prop_assert_eq!(told.considered.len(), policies.len() + 2);
        let first = told.considered.iter().find(|one| one.matched).map(|one| one.rule.clone());
        match &told.decision {
            Decision::Allowed(allowed) => {
                prop_assert_eq!(first, Some(allowed.rule.clone()));
                prop_assert!(told.ceiling.is_none());
            }
            Decision::Denied(denied) if denied.by_ceiling => {
                prop_assert!(denied.rule.is_some() && denied.what_exceeds.is_some());
            }
            Decision::Denied(denied) => prop_assert!(denied.rule.is_none() && first.is_none()),
        }
        for one in &told.considered {
            prop_assert_eq!((one.distance, one.matched), (one.why_not.len(), one.why_not.is_empty()));
        }
    }

    #[test]
    fn more_can_only_be_asked_in_vain(
        policies in prop::collection::vec(policy(), 1..6).prop_map(named),
        caller in caller(),
        first in request(),
        more in "[ab]/[ab]",
    ) {
        let set = compile(&policies, &CeilingSpec::default());
        let wider = first.clone().also(&more);
        let about = first.action.is_about_repositories();
        if about && !first.repositories.is_empty() && set.decide(&caller, &first.ask()).denied().is_some() {
            prop_assert!(set.decide(&caller, &wider.ask()).denied().is_some());
        }
    }
}

/// The generators above must meet often enough for the properties to mean something.
#[test]
fn the_generators_meet() {
    let config = ProptestConfig {
        cases: 600,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let seed = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(config, seed);
    let strategy = (
        prop::collection::vec(policy(), 4..8).prop_map(named),
        ceiling(),
        caller(),
        request(),
    );
    let allowed = std::cell::Cell::new(0);
    let by_ceiling = std::cell::Cell::new(0);
    runner
        .run(&strategy, |(policies, ceiling, caller, request)| {
            let set = compile(&policies, &ceiling);
            match set.decide(&caller, &request.ask()) {
                Decision::Allowed(found) if !found.rule.starts_with("builtin:") => allowed.set(allowed.get() + 1),
                Decision::Denied(denied) if denied.by_ceiling => by_ceiling.set(by_ceiling.get() + 1),
                _ => {}
            }
            Ok(())
        })
        .unwrap();
    assert!(
        allowed.get() > 20 && by_ceiling.get() > 20,
        "{} {}",
        allowed.get(),
        by_ceiling.get()
    );
}
