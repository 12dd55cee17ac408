use jeton_accounts::{AccountsOverview, StateCounts};
use jeton_domain::ForgeKind;

use crate::page::{
    chart::{Chart, Ink, Part, legend, stack},
    link::link,
    number::counted,
};

/// Where accounts are listed.
pub(super) const LIST: &str = "/settings/accounts";

/// How the accounts stand, in all and on each kind of forge.
#[derive(Debug)]
pub(super) struct States {
    /// `1,204 accounts`; `or more` when there are more than were looked at.
    pub(super) total: String,
    pub(super) has_any: bool,
    pub(super) chart: Chart,
    pub(super) legend: Chart,
    /// Only where there are several.
    pub(super) forges: Vec<OnForge>,
}

#[derive(Debug)]
pub(super) struct OnForge {
    pub(super) name: String,
    pub(super) total: String,
    pub(super) link: String,
    pub(super) chart: Chart,
    pub(super) legend: Chart,
}

impl States {
    pub(super) fn of(accounts: &AccountsOverview) -> Self {
        let all = parts(&accounts.states, None);
        let total = counted(accounts.states.total, "account", "accounts");
        let several = accounts.by_forge.len() > 1;
        let forges = accounts.by_forge.iter().filter(|_| several);
        Self {
            total: if accounts.or_more {
                format!("{total} or more")
            } else {
                total
            },
            has_any: accounts.states.total > 0 || accounts.or_more,
            chart: stack("states", "Accounts by state", &all),
            legend: legend("states", &all),
            forges: forges.map(|(kind, counts)| on_forge(*kind, counts)).collect(),
        }
    }
}

fn on_forge(kind: ForgeKind, counts: &StateCounts) -> OnForge {
    let id = format!("states-{}", kind.as_str());
    let mut parts = parts(counts, Some(kind));
    let name = kind.to_string();
    let chart = stack(&id, &format!("Accounts on {name} by state"), &parts);
    parts.retain(|part| part.value > 0);
    OnForge {
        total: counted(counts.total, "account", "accounts"),
        link: link(LIST, &[("forge", kind.as_str())]),
        chart,
        legend: legend(&id, &parts),
        name,
    }
}

/// The states in the order of the list's filter, each with the list of those that stand so.
fn parts(counts: &StateCounts, on: Option<ForgeKind>) -> Vec<Part<'static>> {
    let forge = on.map_or("", ForgeKind::as_str);
    let states = [
        ("Work", "works", counts.valid, Ink::Good),
        ("Refused", "refused", counts.invalid, Ink::Bad),
        ("Ended", "ended", counts.ended, Ink::Warn),
        ("Not known", "unknown", counts.unknown, Ink::Dim),
        ("Switched off", "off", counts.off, Ink::Off),
    ];
    let parts = states.into_iter().map(|(name, state, value, ink)| Part {
        name,
        value,
        ink,
        link: Some(link(LIST, &[("forge", forge), ("state", state)])),
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use jeton_accounts::StateCounts;
    use jeton_domain::ForgeKind;

    use super::parts;

    #[test]
    fn each_account_is_in_one_part_that_links_to_its_list() {
        let counts = StateCounts {
            valid: 1,
            invalid: 2,
            unknown: 4,
            ended: 8,
            off: 16,
            total: 31,
        };
        let parts = parts(&counts, Some(ForgeKind::GitLab));
        assert_eq!(parts.iter().map(|part| part.value).sum::<u64>(), counts.total);
        assert_eq!(
            parts[1].link.as_deref(),
            Some("/settings/accounts?forge=gitlab&state=refused")
        );
    }
}
