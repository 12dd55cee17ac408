use jeton_accounts::{Account, AccountsOverview};
use jiff::{SignedDuration, Timestamp};

use super::accounts::LIST;
use crate::page::{
    accounts::SOON,
    badge::{Badge, Tone},
    chart::{Chart, Ink, Mark, TimeLine},
    link::{link, under},
    number::counted,
    time::{self, Time},
    viewer::Viewer,
};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How far the line reaches, in days.
const DAYS: i32 = 90;

/// Which accounts end next.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) chart: Chart,
    pub(super) rows: Vec<End>,
    /// `12 accounts end within 30 days`.
    pub(super) within_30_days: String,
    /// Those.
    pub(super) link: String,
}

#[derive(Debug)]
pub(super) struct End {
    pub(super) state: Badge,
    pub(super) label: String,
    pub(super) link: String,
    pub(super) host: String,
    pub(super) at: Time,
    /// Somebody noted it: the forge does not tell.
    pub(super) is_noted: bool,
    /// jeton renews it by itself.
    pub(super) is_renewed: bool,
}

impl Ending {
    pub(super) fn of(accounts: &AccountsOverview, viewer: &Viewer) -> Self {
        let now = viewer.now;
        let ends: Vec<(&Account, Timestamp)> = accounts
            .ending
            .iter()
            .filter_map(|account| Some((account, account.end.time()?)))
            .collect();
        let marks: Vec<Mark> = ends.iter().map(|(account, at)| mark(account, *at, now)).collect();
        let day = |days: i32| now.checked_add(DAY * days).unwrap_or(Timestamp::MAX);
        let line = TimeLine {
            id: "ending",
            name: "What ends in the next 90 days",
            from: now,
            to: day(DAYS),
            ticks: &[
                (now, "now"),
                (day(30), "30 days"),
                (day(60), "60 days"),
                (day(DAYS), "90 days"),
            ],
            marks: &marks,
        };
        let within = counted(accounts.ending_30_days, "account ends", "accounts end");
        Self {
            chart: line.chart(),
            within_30_days: format!("{within} within 30 days"),
            link: link(LIST, &[("state", "ending")]),
            rows: ends
                .into_iter()
                .map(|(account, at)| End {
                    state: state(at, now),
                    link: under(LIST, &account.id.to_string()),
                    label: account.label.to_string(),
                    host: account.forge.host().to_owned(),
                    at: viewer.time(at),
                    is_noted: account.end_is_noted,
                    is_renewed: account.auto_rotate && at > now,
                })
                .collect(),
        }
    }
}

fn mark(account: &Account, at: Timestamp, now: Timestamp) -> Mark {
    let verb = if at <= now { "ended" } else { "ends" };
    Mark {
        at,
        name: format!("{} {verb} {}", account.label, time::relative(at, now)),
        ink: match state(at, now).tone {
            Tone::Bad => Ink::Bad,
            Tone::Warn => Ink::Warn,
            _ => Ink::First,
        },
    }
}

fn state(at: Timestamp, now: Timestamp) -> Badge {
    if at <= now {
        Badge::new(Tone::Bad, "Ended")
    } else if at < now + SOON {
        Badge::new(Tone::Warn, "Ends soon")
    } else {
        Badge::new(Tone::Dim, "Later")
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{DAY, state};

    #[test]
    fn an_end_is_past_soon_or_later() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        for (days, words) in [
            (-1, "Ended"),
            (0, "Ended"),
            (1, "Ends soon"),
            (29, "Ends soon"),
            (30, "Later"),
        ] {
            assert_eq!(state(now + DAY * days, now).words, words, "{days}");
        }
    }
}
