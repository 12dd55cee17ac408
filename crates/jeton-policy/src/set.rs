use std::{collections::BTreeSet, fmt, sync::Arc};

use jeton_domain::{Action, Caller, Identity, Permissions, Role};

use crate::{
    Allowed, Ask, CeilingSpec, Decision, Denied, Explanation, PolicyError, PolicySpec,
    ceiling::Ceiling,
    compile,
    condition::Facts,
    explain,
    glob::Glob,
    index::Index,
    rule::{FirstMiss, Rule},
};

/// Whoever runs the server may do everything.
pub(crate) const OPERATOR: &str = "builtin:operator";
/// An auditor may look at everything.
pub(crate) const AUDITOR: &str = "builtin:auditor";

/// Where a policy comes from. Those of the file are tried first, then the stored ones, then the built-in ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The policy file.
    File,
    /// The database.
    Stored,
    /// The server itself.
    BuiltIn,
}

impl Origin {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Stored => "stored",
            Self::BuiltIn => "built-in",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Policies that are ready to decide. Clones share their memory.
#[derive(Debug, Clone)]
pub struct PolicySet(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ceiling: Ceiling,
    /// In the order in which they are tried.
    rules: Vec<Rule>,
    index: Index,
    operator: Arc<str>,
    auditor: Arc<str>,
}

impl Inner {
    /// The name of the built-in rule that allows it.
    fn built_in(&self, identity: &Identity, action: Action) -> Option<&Arc<str>> {
        match built_in(identity, action) {
            BuiltIn::Operator => Some(&self.operator),
            BuiltIn::Auditor => Some(&self.auditor),
            BuiltIn::No => None,
        }
    }
}

/// The name of a source, or how several begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceBeginning<'a> {
    /// The text up to the first part that may be anything.
    pub text: &'a str,
    /// Whether that is the whole name.
    pub is_whole: bool,
}

/// See [`PolicySet::could_use`].
#[derive(Debug, Clone)]
pub struct CouldUse {
    set: PolicySet,
    action: Action,
    /// The positions of those that are about the caller.
    rules: Vec<usize>,
    anything: bool,
}

impl CouldUse {
    /// Whether a source on a forge could be used for some repository or other. Each request is still decided by itself.
    pub fn could(&self, forge: &str, source: &str) -> bool {
        let inner = &self.set.0;
        let gives = |position: &usize| inner.rules[*position].could_give(self.action, forge, source);
        inner.ceiling.allows_forge(forge) && (self.anything || self.rules.iter().any(gives))
    }

    /// Whether every source on every forge could be used.
    pub fn is_everything(&self) -> bool {
        let inner = &self.set.0;
        let gives_all = |position: &usize| {
            let rule = &inner.rules[*position];
            rule.forges.is_empty() && rule.sources.is_empty()
        };
        inner.ceiling.forges.is_none() && (self.anything || self.rules.iter().any(gives_all))
    }

    /// What is known of the names of all the sources that could be used, for whoever looks them up in an order: they are one of
    /// these, or begin like one.
    pub fn beginnings(&self) -> Vec<SourceBeginning<'_>> {
        let any = SourceBeginning {
            text: "",
            is_whole: false,
        };
        if self.anything {
            return vec![any];
        }
        let rules = self.rules.iter().map(|position| &self.set.0.rules[*position]);
        rules
            .flat_map(|rule| {
                let sources = rule.sources.iter().map(Glob::beginning);
                sources.chain(rule.sources.is_empty().then_some(any))
            })
            .collect()
    }
}

/// What the built-in rules say to a request.
pub(crate) enum BuiltIn {
    Operator,
    Auditor,
    No,
}

impl PolicySet {
    /// Checks and compiles policies. Within one origin they are tried in the order given; the first that covers a request
    /// decides.
    ///
    /// # Errors
    /// Everything that is wrong with any of them; then none is usable.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "whoever compiles a document is done with it"
    )]
    pub fn compile(
        ceiling: Option<CeilingSpec>,
        policies: Vec<(Origin, PolicySpec)>,
    ) -> Result<Self, Vec<PolicyError>> {
        let (ceiling, rules) = compile::compile(ceiling.as_ref(), policies)?;
        Ok(Self(Arc::new(Inner {
            index: Index::new(&rules),
            ceiling,
            rules,
            operator: OPERATOR.into(),
            auditor: AUDITOR.into(),
        })))
    }

    /// How many policies there are, without `builtin:operator` and `builtin:auditor`.
    pub fn len(&self) -> usize {
        self.0.rules.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.rules.is_empty()
    }

    /// The policies in the order in which they are tried, without `builtin:operator` and `builtin:auditor`.
    pub fn names(&self) -> impl Iterator<Item = (Origin, &str)> {
        self.0.rules.iter().map(|rule| (rule.origin, &*rule.name))
    }

    /// What is left of `permissions` under the ceiling; `None` when nothing is. For whoever puts permissions of their own
    /// where [`Allowed::permissions`] is `None`.
    pub fn within_ceiling(&self, permissions: &Permissions) -> Option<Permissions> {
        self.0.ceiling.cut(permissions)
    }

    /// Whether the caller may do what they ask, all of it, under one policy.
    pub fn decide(&self, caller: &Caller, ask: &Ask<'_>) -> Decision {
        let inner = &*self.0;
        let mut facts = Facts::default();
        let mut examined = 0;
        let mut barred: Option<&Arc<str>> = None;
        let beyond = inner.ceiling.exceeded_by(ask);
        for position in inner.index.candidates(&caller.identity, ask) {
            let rule = &inner.rules[position as usize];
            examined += 1;
            if rule.check(caller, ask, &mut facts, &mut FirstMiss).is_break() {
                continue;
            }
            if beyond.is_none() && !rule.is_barred(ask) {
                return Decision::Allowed(Allowed {
                    rule: Arc::clone(&rule.name),
                    permissions: rule.offer(ask).cloned(),
                    longest_lifetime: [rule.longest, inner.ceiling.longest].into_iter().flatten().min(),
                    stable: !facts.asked,
                    examined,
                });
            }
            barred = Some(&rule.name);
            // What is beyond the ceiling stays so whichever policy allows it.
            if beyond.is_some() {
                break;
            }
        }
        let built_in = inner.built_in(&caller.identity, ask.action);
        match built_in {
            Some(rule) if beyond.is_none() => Decision::Allowed(Allowed {
                rule: Arc::clone(rule),
                permissions: ask.permissions.cloned(),
                longest_lifetime: inner.ceiling.longest,
                stable: !facts.asked,
                examined,
            }),
            _ => {
                let rule = barred.or(built_in).cloned();
                let all = || "what the policy gives".to_owned();
                Decision::Denied(Denied {
                    action: ask.action,
                    by_ceiling: rule.is_some(),
                    what_exceeds: rule.is_some().then(|| beyond.unwrap_or_else(all)),
                    rule,
                    stable: !facts.asked,
                    examined,
                })
            }
        }
    }

    /// As [`PolicySet::decide`], for something that takes these permissions of a forge. No policy has to give them, since the
    /// action says it all; but they, too, have to be below the ceiling.
    pub fn decide_taking(&self, caller: &Caller, ask: &Ask<'_>, takes: &Permissions) -> Decision {
        let decision = self.decide(caller, ask);
        match (decision, self.0.ceiling.exceeded_by_taking(takes)) {
            (Decision::Allowed(allowed), Some(beyond)) => Decision::Denied(Denied {
                action: ask.action,
                by_ceiling: true,
                what_exceeds: Some(beyond),
                rule: Some(allowed.rule),
                stable: allowed.stable,
                examined: allowed.examined,
            }),
            (decision, _) => decision,
        }
    }

    /// Whether there could be a source from which the caller may have what they ask: what the request says of one does not count,
    /// and conditions are not asked. For a refusal before anybody looks whether there is such a source.
    ///
    /// # Errors
    /// That no policy covers it whatever the source, or that the ceiling does not.
    pub fn could_cover(&self, caller: &Caller, ask: &Ask<'_>) -> Result<(), Denied> {
        let inner = &*self.0;
        let candidates = inner.index.candidates(&caller.identity, ask);
        let examined = candidates.len();
        let mut rules = candidates.into_iter().map(|position| &inner.rules[position as usize]);
        let rule = rules.find(|rule| rule.could_cover(caller, ask)).map(|rule| &rule.name);
        let rule = rule.or_else(|| inner.built_in(&caller.identity, ask.action));
        let beyond = inner.ceiling.exceeded_by(ask);
        if rule.is_some() && beyond.is_none() {
            return Ok(());
        }
        Err(Denied {
            action: ask.action,
            by_ceiling: rule.is_some(),
            what_exceeds: beyond.filter(|_| rule.is_some()),
            rule: rule.cloned(),
            stable: true,
            examined,
        })
    }

    /// What policies, or the caller's role, could let them do to something or other. Each request is still decided by
    /// itself.
    pub fn could_allow(&self, caller: &Caller) -> Vec<Action> {
        let is_about = |rule: &&Rule| rule.callers.check(&caller.identity, &mut FirstMiss).is_continue();
        let named: BTreeSet<Action> = self
            .0
            .rules
            .iter()
            .filter(is_about)
            .flat_map(|rule| rule.actions.iter().copied())
            .collect();
        let could =
            |action: &Action| named.contains(action) || !matches!(built_in(&caller.identity, *action), BuiltIn::No);
        Action::ALL.iter().copied().filter(could).collect()
    }

    /// What could let them use a source for some repository or other: asked about each of many, it looks at every policy once.
    pub fn could_use(&self, caller: &Caller, action: Action) -> CouldUse {
        let is_about = |(_, rule): &(usize, &Rule)| {
            rule.actions.contains(&action) && rule.callers.check(&caller.identity, &mut FirstMiss).is_continue()
        };
        let rules = self.0.rules.iter().enumerate().filter(is_about);
        CouldUse {
            rules: rules.map(|(position, _)| position).collect(),
            anything: !matches!(built_in(&caller.identity, action), BuiltIn::No),
            action,
            set: self.clone(),
        }
    }

    /// How [`PolicySet::decide`] comes to its answer, with the policies that came near. Looks at every policy there is.
    pub fn explain(&self, caller: &Caller, ask: &Ask<'_>) -> Explanation {
        let decision = self.decide(caller, ask);
        let beyond = self.0.ceiling.exceeded_by(ask);
        explain::explain(&self.0.rules, decision, beyond, caller, ask)
    }
}

pub(crate) fn built_in(identity: &Identity, action: Action) -> BuiltIn {
    match identity {
        Identity::Operator
        | Identity::User {
            role: Role::Operator, ..
        } => BuiltIn::Operator,
        Identity::User {
            role: Role::Auditor, ..
        } if action.only_looks() => BuiltIn::Auditor,
        _ => BuiltIn::No,
    }
}
