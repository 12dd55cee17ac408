use std::ops::ControlFlow;

use jeton_domain::{Identity, IssuerName, Role};

use crate::{
    claim::{ClaimMatcher, describe},
    glob::{Glob, any_of},
    rule::Misses,
};

/// Whom a policy is for, ready to compare.
#[derive(Debug, Clone)]
pub(crate) enum CallerMatcher {
    Client(Vec<Glob>),
    User {
        names: Option<Vec<Glob>>,
        roles: Option<Vec<Role>>,
    },
    Unix {
        uids: Option<Vec<u32>>,
        gids: Option<Vec<u32>>,
    },
    Jwt {
        issuer: IssuerName,
        claims: Vec<ClaimMatcher>,
    },
    Anonymous,
    Anyone,
}

impl CallerMatcher {
    pub(crate) fn check(&self, identity: &Identity, misses: &mut impl Misses) -> ControlFlow<()> {
        match (self, identity) {
            (Self::Anonymous, Identity::Anonymous) => ControlFlow::Continue(()),
            (Self::Client(names), Identity::Client { name, .. }) if any(names, name.as_str()) => {
                ControlFlow::Continue(())
            }
            (Self::User { names, roles }, Identity::User { name, role, .. }) => {
                if names.as_ref().is_some_and(|names| !any(names, name.as_str())) {
                    misses.miss(|| self.is_for(identity))?;
                }
                if roles.as_ref().is_some_and(|roles| !roles.contains(role)) {
                    misses.miss(|| format!("it is for other roles than {role}"))?;
                }
                ControlFlow::Continue(())
            }
            (Self::Unix { uids, gids }, Identity::Unix { uid, gid }) => {
                if uids.as_ref().is_some_and(|uids| !uids.contains(uid)) {
                    misses.miss(|| self.is_for(identity))?;
                }
                if gids.as_ref().is_some_and(|gids| !gids.contains(gid)) {
                    misses.miss(|| format!("it is for other groups than gid {gid}"))?;
                }
                ControlFlow::Continue(())
            }
            (Self::Jwt { issuer, claims }, Identity::Jwt(jwt)) if *issuer == jwt.issuer => {
                for claim in claims.iter().filter(|claim| !claim.matches(&jwt.claims)) {
                    misses.miss(|| {
                        let is = describe(&jwt.claims, &claim.path);
                        format!("the claim `{}` {is}, not {}", claim.path, any_of(&claim.values))
                    })?;
                }
                ControlFlow::Continue(())
            }
            // Some issuers sign for the whole world: their callers are never just anyone.
            (Self::Anyone, identity) if !matches!(identity, Identity::Anonymous | Identity::Jwt(_)) => {
                ControlFlow::Continue(())
            }
            _ => misses.miss(|| self.is_for(identity)),
        }
    }

    fn is_for(&self, identity: &Identity) -> String {
        let whom = match self {
            Self::Client(names) => format!("client {}", any_of(names)),
            Self::User { names: Some(names), .. } => format!("user {}", any_of(names)),
            Self::User { roles, .. } => format!("role {}", any_of(roles.as_deref().unwrap_or_default())),
            Self::Unix { uids: Some(uids), .. } => format!("uid {}", any_of(uids)),
            Self::Unix { gids, .. } => format!("gid {}", any_of(gids.as_deref().unwrap_or_default())),
            Self::Jwt { issuer, .. } => format!("tokens of issuer `{issuer}`"),
            Self::Anonymous => "callers who do not say who they are".to_owned(),
            Self::Anyone => "callers who say who they are, other than by a token of an issuer".to_owned(),
        };
        format!("it is for {whom}, and this is {identity}")
    }
}

fn any(globs: &[Glob], text: &str) -> bool {
    globs.iter().any(|glob| glob.matches(text))
}
