//! What those see who may use some accounts and read none: a walk past outlines, in the order of the lists. Rows are read of what
//! is shown, and of nothing else.

use jeton_domain::{AccountId, AccountLabel, AccountScope, Caller};
use jeton_policy::{CouldUse, SourceBeginning};
use jeton_vault::{AccountFilter, AccountSketch, VaultTx};

use crate::{
    AccountError,
    account::source_of,
    rights::{Sight, view_of},
};

/// Shared accounts that are looked at, at most, to find those that somebody may use. Whoever needs what lies beyond asks by host or
/// by the beginning of a label.
const MOST_PASSED: u32 = 10_000;
/// Outlines that are read at once.
const AT_ONCE: u32 = 1_000;
/// With more parts than these the whole order is walked: each is a statement of its own.
const MOST_PARTS: usize = 32;

/// A part of the order by labels, in which lies what policies could let somebody use.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    /// The label, or how the labels begin.
    label: String,
    is_whole: bool,
}

impl Part {
    const ALL: Self = Self {
        label: String::new(),
        is_whole: false,
    };

    /// Where shared accounts of such a source lie; `None` when there can be none.
    fn of(source: &SourceBeginning<'_>, before_labels: &str) -> Option<Self> {
        if let Some(label) = source.text.strip_prefix(before_labels) {
            return Some(Self {
                label: label.to_owned(),
                is_whole: source.is_whole,
            });
        }
        let may_go_on = !source.is_whole && before_labels.starts_with(source.text);
        may_go_on.then_some(Self::ALL)
    }

    /// Whether all of another part lies in this one.
    fn holds(&self, other: &Self) -> bool {
        if self.is_whole {
            self == other
        } else {
            other.label.starts_with(&self.label)
        }
    }

    /// What a filter leaves of it.
    fn narrow(&self, filter: &AccountFilter) -> Option<AccountFilter> {
        let asked = filter.label_prefix.as_deref().unwrap_or_default();
        let prefix = match (self.label.starts_with(asked), asked.starts_with(&self.label)) {
            (true, _) => self.label.as_str(),
            (false, true) if !self.is_whole => asked,
            _ => return None,
        };
        Some(AccountFilter {
            label_prefix: Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty()),
            private: Some(false),
            ..filter.clone()
        })
    }
}

/// The parts in the order of the labels; none lies in another.
fn parts(could: &CouldUse) -> Vec<Part> {
    let before_labels = before_labels();
    let mut parts: Vec<Part> = could
        .beginnings()
        .iter()
        .filter_map(|source| Part::of(source, &before_labels))
        .collect();
    // A beginning comes before the label that is the same, which lies in it.
    parts.sort_by(|a, b| (&a.label, a.is_whole).cmp(&(&b.label, b.is_whole)));
    parts.dedup_by(|next, kept| kept.holds(next));
    if parts.len() > MOST_PARTS {
        return vec![Part::ALL];
    }
    parts
}

/// What stands before the label in the name of a shared account's source.
fn before_labels() -> String {
    const ANY: &str = "a";
    let any = AccountLabel::parse(ANY).map(|label| source_of(&AccountScope::Shared, &label));
    any.map(|source| source.trim_end_matches(ANY).to_owned())
        .unwrap_or_default()
}

/// Accounts that somebody sees, by label, then by id.
#[derive(Debug, Default)]
pub(crate) struct Outlines {
    pub(crate) accounts: Vec<AccountSketch>,
    /// Whether there are more shared ones than were looked at.
    pub(crate) is_cut: bool,
}

impl Outlines {
    /// The first `wanted` after a place that a caller sees. What is theirs is found by its owner, however many others there are.
    pub(crate) async fn walk(
        tx: &mut dyn VaultTx,
        caller: &Caller,
        sight: &Sight<'_>,
        filter: &AccountFilter,
        after: Option<(&AccountLabel, AccountId)>,
        wanted: u32,
    ) -> Result<Self, AccountError> {
        let mut found = Self::default();
        if filter.private != Some(false) {
            let private = AccountFilter {
                private: Some(true),
                ..filter.clone()
            };
            let own = tx.accounts().browse(&view_of(caller), &private, after, wanted).await?;
            found
                .accounts
                .extend(own.into_iter().filter(|one| sight.sees_sketch(one)));
        }
        if let Some(could) = sight.usable().filter(|_| filter.private != Some(true)) {
            found
                .add_shared(tx, caller, sight, could, filter, after, wanted)
                .await?;
        }
        found
            .accounts
            .sort_by(|a, b| (a.label.as_str(), a.id).cmp(&(b.label.as_str(), b.id)));
        found.accounts.truncate(wanted as usize);
        Ok(found)
    }

    #[expect(clippy::too_many_arguments, reason = "what `walk` was given, and what it found out")]
    async fn add_shared(
        &mut self,
        tx: &mut dyn VaultTx,
        caller: &Caller,
        sight: &Sight<'_>,
        could: &CouldUse,
        filter: &AccountFilter,
        after: Option<(&AccountLabel, AccountId)>,
        wanted: u32,
    ) -> Result<(), AccountError> {
        let view = view_of(caller);
        let wanted = self.accounts.len() + wanted as usize;
        // One more tells that there are more.
        let mut left = MOST_PASSED + 1;
        for part in parts(could) {
            let Some(filter) = part.narrow(filter) else { continue };
            let mut place = after.map(|(label, id)| (label.clone(), id));
            loop {
                let most = if part.is_whole { 1 } else { AT_ONCE.min(left) };
                let from = place.as_ref().map(|(label, id)| (label, *id));
                let page = tx.accounts().browse(&view, &filter, from, most).await?;
                let read = u32::try_from(page.len()).unwrap_or(most);
                place = page.last().map(|last| (last.label.clone(), last.id));
                let is_meant = |one: &AccountSketch| !part.is_whole || one.label.as_str() == part.label;
                self.accounts
                    .extend(page.into_iter().filter(|one| is_meant(one) && sight.sees_sketch(one)));
                left = left.saturating_sub(read);
                if self.accounts.len() >= wanted {
                    return Ok(());
                }
                if left == 0 {
                    self.is_cut = true;
                    return Ok(());
                }
                if part.is_whole || read < most {
                    break;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jeton_policy::SourceBeginning;
    use jeton_vault::AccountFilter;

    use super::{Part, before_labels};

    fn part(text: &str, is_whole: bool) -> Option<Part> {
        Part::of(&SourceBeginning { text, is_whole }, &before_labels())
    }

    #[test]
    fn only_what_could_name_a_shared_account_is_walked() {
        let some = |label: &str, is_whole| {
            Some(Part {
                label: label.to_owned(),
                is_whole,
            })
        };
        assert_eq!(part("account:work", true), some("work", true));
        assert_eq!(part("account:team-", false), some("team-", false));
        assert_eq!(part("account:", false), Some(Part::ALL));
        for beginning in ["", "acc", "account"] {
            assert_eq!(part(beginning, false), Some(Part::ALL), "{beginning}");
            assert_eq!(part(beginning, true), None, "{beginning}");
        }
        for other in ["app:default", "app:", "accounts"] {
            assert_eq!(part(other, false), None, "{other}");
        }
    }

    #[test]
    fn a_filter_leaves_what_it_shares_with_a_part() {
        let narrowed = |label: &str, is_whole, asked: &str| {
            let filter = AccountFilter {
                label_prefix: Some(asked.to_owned()).filter(|text| !text.is_empty()),
                ..AccountFilter::default()
            };
            let part = Part {
                label: label.to_owned(),
                is_whole,
            };
            part.narrow(&filter)
                .map(|filter| filter.label_prefix.unwrap_or_default())
        };
        for (label, is_whole, asked, want) in [
            ("", false, "", Some("")),
            ("", false, "ci", Some("ci")),
            ("ci-", false, "ci", Some("ci-")),
            ("ci", false, "ci-bot", Some("ci-bot")),
            ("ci", true, "ci-bot", None),
            ("ci", true, "c", Some("ci")),
            ("work", false, "ci", None),
        ] {
            assert_eq!(
                narrowed(label, is_whole, asked).as_deref(),
                want,
                "{label} {is_whole} {asked}"
            );
        }
    }
}
