use jeton_domain::{Access, Permissions};
use jiff::SignedDuration;

use crate::{Ask, glob::Glob, nearest::shown};

/// What nothing can exceed, ready to compare.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ceiling {
    pub(crate) permissions: Option<Permissions>,
    pub(crate) repositories: Option<Vec<Glob>>,
    /// In lower case.
    pub(crate) forges: Option<Vec<String>>,
    pub(crate) longest: Option<SignedDuration>,
}

impl Ceiling {
    /// What of the request is beyond it, in the request's own words: the ceiling itself is nobody's business.
    pub(crate) fn exceeded_by(&self, ask: &Ask<'_>) -> Option<String> {
        let mut beyond: Vec<String> = ask.permissions.map(|asked| self.too_much(asked)).unwrap_or_default();
        let about_repositories = ask.action.is_about_repositories();
        if let Some(globs) = &self.repositories {
            if about_repositories && ask.repositories.is_empty() {
                beyond.push("a request without a repository".to_owned());
            }
            let others = ask
                .repositories
                .iter()
                .filter(|repo| !globs.iter().any(|glob| glob.matches(repo)));
            beyond.extend(others.take(5).map(|repo| format!("`{}`", shown(repo))));
        }
        if let Some(hosts) = &self.forges {
            match ask.forge {
                Some(forge) if !hosts.iter().any(|host| host.eq_ignore_ascii_case(forge)) => {
                    beyond.push(format!("`{}`", shown(forge)));
                }
                None if about_repositories => beyond.push("a request without a forge".to_owned()),
                Some(_) | None => {}
            }
        }
        if let (Some(longest), Some(asked)) = (self.longest, ask.lifetime_seconds)
            && outlives(asked, longest)
        {
            beyond.push(format!("a lifetime of {asked} seconds"));
        }
        (!beyond.is_empty()).then(|| beyond.join(", "))
    }

    /// What of these permissions is beyond it, where a thing takes all of them or is not done.
    pub(crate) fn exceeded_by_taking(&self, permissions: &Permissions) -> Option<String> {
        let beyond = self.too_much(permissions);
        (!beyond.is_empty()).then(|| beyond.join(", "))
    }

    fn too_much(&self, asked: &Permissions) -> Vec<String> {
        let Some(most) = &self.permissions else {
            return Vec::new();
        };
        let too_much = asked.iter().filter(|(name, access)| !covers_one(most, name, *access));
        too_much
            .map(|(name, access)| format!("`{name}={}`", access.as_str()))
            .collect()
    }

    /// Whether it leaves anything of a forge.
    pub(crate) fn allows_forge(&self, forge: &str) -> bool {
        let hosts = self.forges.as_deref();
        hosts.is_none_or(|hosts| hosts.iter().any(|host| host.eq_ignore_ascii_case(forge)))
    }

    /// What is left of these permissions under it; `None` when nothing is.
    pub(crate) fn cut(&self, permissions: &Permissions) -> Option<Permissions> {
        let Some(most) = &self.permissions else {
            return (!permissions.is_empty()).then(|| permissions.clone());
        };
        let left = permissions.iter().filter_map(|(name, access)| {
            let allowed = most.get(name)?;
            Some((name, allowed.min(access).as_str()))
        });
        // The names and levels come from permissions that were checked before, so this fails on an empty rest alone.
        Permissions::new(left).ok()
    }
}

/// Whether `most` includes all of `asked`.
pub(crate) fn covers(most: &Permissions, asked: &Permissions) -> bool {
    asked.iter().all(|(name, access)| covers_one(most, name, access))
}

/// GitHub adds `metadata: read` to every token by itself, so it comes with any permission at all.
fn covers_one(most: &Permissions, name: &str, access: Access) -> bool {
    let implied = name == "metadata" && access == Access::Read && !most.is_empty();
    implied || most.get(name).is_some_and(|have| have >= access)
}

pub(crate) fn outlives(asked_seconds: u64, longest: SignedDuration) -> bool {
    i64::try_from(asked_seconds).map_or(true, |asked| asked > longest.as_secs())
}
