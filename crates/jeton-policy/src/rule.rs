use std::{ops::ControlFlow, sync::Arc};

use jeton_domain::{Action, Caller, Permissions};
use jiff::SignedDuration;

use crate::{
    Ask, Origin,
    callers::CallerMatcher,
    ceiling::{covers, outlives},
    condition::{Condition, Facts},
    glob::{Glob, any_of},
    nearest::shown,
};

/// Hears what keeps a rule from covering a request, and says whether to go on looking. A decision stops at the first and
/// writes no words; an explanation wants them all. Both walk the same checks, so they cannot disagree.
pub(crate) trait Misses {
    fn miss(&mut self, why: impl FnOnce() -> String) -> ControlFlow<()>;

    /// Whether anything was heard.
    fn any(&self) -> bool;
}

/// Stops at the first.
pub(crate) struct FirstMiss;

impl Misses for FirstMiss {
    fn miss(&mut self, _: impl FnOnce() -> String) -> ControlFlow<()> {
        ControlFlow::Break(())
    }

    fn any(&self) -> bool {
        false
    }
}

/// Writes down all.
#[derive(Default)]
pub(crate) struct AllMisses(pub(crate) Vec<String>);

impl Misses for AllMisses {
    fn miss(&mut self, why: impl FnOnce() -> String) -> ControlFlow<()> {
        self.0.push(why());
        ControlFlow::Continue(())
    }

    fn any(&self) -> bool {
        !self.0.is_empty()
    }
}

/// A policy, ready to compare.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: Arc<str>,
    pub(crate) origin: Origin,
    pub(crate) callers: CallerMatcher,
    pub(crate) actions: Vec<Action>,
    /// In lower case; empty means any.
    pub(crate) forges: Vec<String>,
    pub(crate) repositories: Vec<Glob>,
    pub(crate) permissions: Option<Permissions>,
    /// [`Rule::permissions`] within the ceiling; `None` when nothing is left of them.
    pub(crate) within_ceiling: Option<Permissions>,
    /// Empty means any.
    pub(crate) sources: Vec<Glob>,
    pub(crate) longest: Option<SignedDuration>,
    pub(crate) condition: Option<Condition>,
}

impl Rule {
    /// Tells `misses` everything that keeps it from covering the request; `Break` when they had heard enough.
    pub(crate) fn check(
        &self,
        caller: &Caller,
        ask: &Ask<'_>,
        facts: &mut Facts,
        misses: &mut impl Misses,
    ) -> ControlFlow<()> {
        if !self.actions.contains(&ask.action) {
            misses.miss(|| format!("it is for {}, not for `{}`", any_of(&self.actions), ask.action))?;
        }
        self.callers.check(&caller.identity, misses)?;
        self.check_forge(ask, misses)?;
        self.check_repositories(ask, misses)?;
        self.check_permissions(ask, misses)?;
        self.check_source(ask, misses)?;
        if let (Some(longest), Some(asked)) = (self.longest, ask.lifetime_seconds)
            && outlives(asked, longest)
        {
            let most = longest.as_secs();
            misses.miss(|| format!("it gives {most} seconds at most, and {asked} are needed"))?;
        }
        if self
            .condition
            .as_ref()
            .is_some_and(|condition| !condition.looks_at_scope)
            && is_for_all(ask)
        {
            misses.miss(|| {
                "the request is for all repositories of an owner, and its condition does not look at `request.scope`"
                    .to_owned()
            })?;
        }
        match &self.condition {
            // Only asked when nothing else is in the way: it costs more than all the rest, and may look at the time.
            Some(condition) if !misses.any() => match condition.holds(caller, ask, self.offer(ask), facts) {
                Ok(()) => ControlFlow::Continue(()),
                Err(why) => misses.miss(|| why),
            },
            _ => ControlFlow::Continue(()),
        }
    }

    /// Whether it covers a request but for what depends on the source: that itself, and what the condition makes of it.
    pub(crate) fn could_cover(&self, caller: &Caller, ask: &Ask<'_>) -> bool {
        let blind = self
            .condition
            .as_ref()
            .is_some_and(|condition| !condition.looks_at_scope);
        let misses = &mut FirstMiss;
        self.actions.contains(&ask.action)
            && self.callers.check(&caller.identity, misses).is_continue()
            && self.check_forge(ask, misses).is_continue()
            && self.check_repositories(ask, misses).is_continue()
            && !(blind && is_for_all(ask))
    }

    /// Whether it could let some request or other use a source on a forge, for a caller whom it is about.
    pub(crate) fn could_give(&self, action: Action, forge: &str, source: &str) -> bool {
        self.actions.contains(&action)
            && (self.forges.is_empty() || self.forges.iter().any(|host| host.eq_ignore_ascii_case(forge)))
            && (self.sources.is_empty() || self.sources.iter().any(|glob| glob.matches(source)))
    }

    /// What the grant may do: what was named, or what the policy gives.
    pub(crate) fn offer<'a>(&'a self, ask: &Ask<'a>) -> Option<&'a Permissions> {
        ask.permissions.or(self.gives(ask.action))
    }

    /// Whether nothing is left of what it gives, under the ceiling.
    pub(crate) fn is_barred(&self, ask: &Ask<'_>) -> bool {
        let speaks = self.permissions.is_some() && ask.action.is_about_repositories();
        speaks && ask.permissions.is_none() && self.within_ceiling.is_none()
    }

    fn gives(&self, action: Action) -> Option<&Permissions> {
        self.within_ceiling.as_ref().filter(|_| action.is_about_repositories())
    }

    fn check_forge(&self, ask: &Ask<'_>, misses: &mut impl Misses) -> ControlFlow<()> {
        if self.forges.is_empty() {
            return ControlFlow::Continue(());
        }
        match ask.forge {
            Some(forge) if self.forges.iter().any(|host| host.eq_ignore_ascii_case(forge)) => ControlFlow::Continue(()),
            Some(forge) => misses.miss(|| format!("it is for {}, not for `{}`", any_of(&self.forges), shown(forge))),
            None => misses.miss(|| format!("it is for {}, and no forge is named", any_of(&self.forges))),
        }
    }

    fn check_repositories(&self, ask: &Ask<'_>, misses: &mut impl Misses) -> ControlFlow<()> {
        if !ask.action.is_about_repositories() {
            return ControlFlow::Continue(());
        }
        // All of none would be true, and a forge takes none for all.
        if ask.repositories.is_empty() {
            misses.miss(|| "no repository is named".to_owned())?;
        }
        for repo in ask.repositories {
            let clean = repo.contains('/') && repo.split('/').all(|part| !part.is_empty());
            if !clean {
                misses.miss(|| format!("`{}` is not `owner/name`", shown(repo)))?;
            } else if !self.repositories.iter().any(|glob| glob.matches(repo)) {
                misses.miss(|| format!("`{}` does not match {}", shown(repo), any_of(&self.repositories)))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn check_permissions(&self, ask: &Ask<'_>, misses: &mut impl Misses) -> ControlFlow<()> {
        let Some(asked) = ask.permissions else {
            return ControlFlow::Continue(());
        };
        match &self.permissions {
            Some(most) if covers(most, asked) => ControlFlow::Continue(()),
            Some(most) => {
                let lacking = asked.missing_from(&most.clone().with_implied_metadata());
                misses.miss(|| format!("it does not give {lacking}"))
            }
            None => misses.miss(|| "it gives no permissions".to_owned()),
        }
    }

    fn check_source(&self, ask: &Ask<'_>, misses: &mut impl Misses) -> ControlFlow<()> {
        if self.sources.is_empty() || !ask.action.is_about_repositories() {
            return ControlFlow::Continue(());
        }
        match ask.source {
            Some(source) if self.sources.iter().any(|glob| glob.matches(source)) => ControlFlow::Continue(()),
            Some(source) => misses.miss(|| format!("it is for {}, not for `{}`", any_of(&self.sources), shown(source))),
            None => misses.miss(|| format!("it is for {}, and no source is named", any_of(&self.sources))),
        }
    }
}

/// Whether a request is for whatever an owner has, rather than for repositories by their names.
pub(crate) fn is_for_all(ask: &Ask<'_>) -> bool {
    let is_all = |repo: &String| repo.ends_with("/*") || repo.ends_with("/**");
    ask.repositories.iter().any(is_all)
}
