use std::{fmt, sync::Arc};

use jeton_domain::{Action, Code, Coded, Permissions};
use jiff::{SignedDuration, Timestamp};

use crate::Origin;

/// What somebody asks for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// What they want to do.
    pub action: Action,
    /// The host of the forge. An unnamed forge is covered only by a policy that allows any.
    pub forge: Option<&'a str>,
    /// `owner/name` each. With none, an action about repositories is covered by no policy.
    pub repositories: &'a [String],
    /// The permissions that they name; without, they get those of the policy.
    pub permissions: Option<&'a Permissions>,
    /// `app:NAME` or `account:NAME`. An unnamed source is covered only by a policy that allows any.
    pub source: Option<&'a str>,
    /// For how many seconds it must live at least.
    pub lifetime_seconds: Option<u64>,
    /// When they ask.
    pub now: Timestamp,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is allowed, whole.
    Allowed(Allowed),
    /// It is refused, whole.
    Denied(Denied),
}

impl Decision {
    /// The permit, if there is one.
    pub fn allowed(&self) -> Option<&Allowed> {
        match self {
            Self::Allowed(allowed) => Some(allowed),
            Self::Denied(_) => None,
        }
    }

    /// The refusal, if it is one.
    pub fn denied(&self) -> Option<&Denied> {
        match self {
            Self::Allowed(_) => None,
            Self::Denied(denied) => Some(denied),
        }
    }
}

/// Why it may be done, and how far it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// The policy or built-in rule that decided.
    pub rule: Arc<str>,
    /// What the grant may do: what was named, or the policy's permissions within the ceiling. `None` when neither names
    /// any; what is put there instead must go through [`PolicySet::within_ceiling`](crate::PolicySet::within_ceiling).
    pub permissions: Option<Permissions>,
    /// For how long the grant may be held: the shorter of the policy's and the ceiling's.
    pub longest_lifetime: Option<SignedDuration>,
    /// Whether the same request of the same caller with the same claims always gets this answer from this set. False when
    /// a condition was asked on the way, for it may look at the time.
    pub stable: bool,
    /// How many policies were looked at.
    #[doc(hidden)]
    pub examined: usize,
}

/// Why it may not be done. `Display` is for the caller, and holds nothing that they did not say themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Denied {
    /// What was asked.
    pub action: Action,
    /// A policy would have allowed it, and the ceiling forbids it.
    pub by_ceiling: bool,
    /// What of the request is beyond the ceiling, in the request's own words; only with `by_ceiling`.
    pub what_exceeds: Option<String>,
    /// For the operator alone: the policy that would have allowed it, but for the ceiling.
    pub rule: Option<Arc<str>>,
    /// As in [`Allowed::stable`].
    pub stable: bool,
    /// How many policies were looked at.
    #[doc(hidden)]
    pub examined: usize,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.by_ceiling, &self.what_exceeds) {
            (true, Some(what)) => write!(f, "{what} is more than this server ever grants"),
            (true, None) => f.write_str("this is more than this server ever grants"),
            (false, _) => write!(f, "no policy allows you this `{}`", self.action),
        }
    }
}

impl Coded for Denied {
    fn code(&self) -> Code {
        if self.by_ceiling {
            Code::PolicyCeiling
        } else {
            Code::PolicyDenied
        }
    }

    fn remedy(&self) -> Option<String> {
        Some(if self.by_ceiling {
            "Ask for less, or have whoever runs jeton raise the ceiling in the policy file.".to_owned()
        } else {
            "Ask for less, or have whoever runs jeton add a policy; `jeton policy explain` shows them which one nearly \
             allowed it."
                .to_owned()
        })
    }
}

/// How a decision came about, for operators and auditors: it names policies that are none of the caller's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What [`PolicySet::decide`](crate::PolicySet::decide) answers.
    pub decision: Decision,
    /// What of the request is beyond the ceiling, whether or not a policy would allow it.
    pub ceiling: Option<String>,
    /// The policies that came nearest, at most 20: those that cover the request in their order, then by what they lack.
    pub considered: Vec<Considered>,
}

/// What one policy says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// Its name.
    pub rule: Arc<str>,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether it covers the request.
    pub matched: bool,
    /// Each thing that keeps it from covering the request.
    pub why_not: Vec<String>,
    /// How many of them there are.
    pub distance: usize,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.decision {
            Decision::Allowed(allowed) => writeln!(f, "allowed by `{}`", allowed.rule)?,
            Decision::Denied(Denied {
                by_ceiling: true,
                rule: Some(rule),
                ..
            }) => {
                writeln!(f, "denied by the ceiling; `{rule}` would allow it")?;
            }
            Decision::Denied(_) => writeln!(f, "denied: no policy covers it")?,
        }
        if let Some(ceiling) = &self.ceiling {
            writeln!(f, "beyond the ceiling: {ceiling}")?;
        }
        for one in &self.considered {
            if one.matched {
                writeln!(f, "  `{}` ({}) covers it", one.rule, one.origin)?;
            } else {
                writeln!(
                    f,
                    "  `{}` ({}) does not: {}",
                    one.rule,
                    one.origin,
                    one.why_not.join("; ")
                )?;
            }
        }
        Ok(())
    }
}
