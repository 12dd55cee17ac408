use jeton_broker::Traffic;
use jiff::{SignedDuration, Timestamp};

use crate::page::{
    chart::{Chart, Column, Columns, Ink, Series},
    number::{count, counted},
    time::Time,
    viewer::Viewer,
};

/// The hours of a chart.
const HOURS: usize = 24;

/// What this server was asked for, and where it had it from.
#[derive(Debug)]
pub(super) struct Usage {
    pub(super) chart: Chart,
    /// `98 %`: of the Apps' tokens that went out, those that cost no mint of their own.
    pub(super) from_cache: Option<String>,
    pub(super) minted: String,
    pub(super) cached: String,
    /// What the forges minted in all, renewals ahead among it.
    pub(super) mints: String,
    pub(super) accounts: String,
    pub(super) refused: String,
    pub(super) failed: String,
    /// When it began to count, where that is less than a day ago.
    pub(super) since: Option<Time>,
}

/// What was handed out in each of the last hours.
pub(super) fn per_hour(hours: &[(Timestamp, u64)]) -> Chart {
    let columns: Vec<Column> = hours
        .iter()
        .map(|(hour, grants)| Column {
            name: clock(*hour),
            values: vec![*grants],
        })
        .collect();
    let chart = Columns {
        id: "grants",
        name: "Grants per hour",
        of: "Hour (UTC)",
        series: &[Series {
            name: "Grants",
            ink: Ink::First,
        }],
        data: &columns,
    };
    chart.chart()
}

impl Usage {
    pub(super) fn of(traffic: &Traffic, viewer: &Viewer) -> Self {
        let sum = |of: fn(&jeton_broker::HourTraffic) -> u64| traffic.hours.iter().map(of).fold(0, u64::saturating_add);
        let (minted, cached) = (sum(|hour| hour.minted), sum(|hour| hour.from_cache));
        let counted_hours = traffic.hours.iter().map(|hour| Column {
            name: clock(hour.hour),
            values: vec![hour.from_cache, hour.minted],
        });
        let columns: Vec<Column> = not_counted(traffic).chain(counted_hours).collect();
        let chart = Columns {
            id: "traffic",
            name: "Tokens of Apps per hour",
            of: "Hour (UTC)",
            series: &[
                Series {
                    name: "From the cache",
                    ink: Ink::First,
                },
                Series {
                    name: "Minted for the request",
                    ink: Ink::Second,
                },
            ],
            data: &columns,
        };
        let is_new = viewer.now.duration_since(traffic.since) < SignedDuration::from_hours(24);
        Self {
            chart: chart.chart(),
            from_cache: percent(cached, minted),
            minted: counted(minted, "time", "times"),
            cached: counted(cached, "time", "times"),
            mints: counted(sum(|hour| hour.mints), "time", "times"),
            accounts: counted(sum(|hour| hour.accounts), "time", "times"),
            refused: count(sum(|hour| hour.refused)),
            failed: count(sum(|hour| hour.failed)),
            since: is_new.then(|| viewer.time(traffic.since)),
        }
    }
}

/// The hours of the last day in which this server did not count yet.
fn not_counted(traffic: &Traffic) -> impl Iterator<Item = Column> {
    let first = traffic.hours.first().map_or(traffic.since, |hour| hour.hour);
    let missing = HOURS.saturating_sub(traffic.hours.len());
    (1..=missing).rev().map(move |before| {
        let before = i64::try_from(before).unwrap_or(0);
        let hour = first.checked_sub(SignedDuration::from_hours(before)).unwrap_or(first);
        Column {
            name: clock(hour),
            values: Vec::new(),
        }
    })
}

/// Rounded down: nothing that is less than all is told as all.
fn percent(part: u64, rest: u64) -> Option<String> {
    let percent = (u128::from(part) * 100).checked_div(u128::from(part) + u128::from(rest))?;
    Some(format!("{percent} %"))
}

fn clock(hour: Timestamp) -> String {
    hour.strftime("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_share_is_told_only_of_something_and_never_too_high() {
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(1, 0).as_deref(), Some("100 %"));
        assert_eq!(percent(999, 1).as_deref(), Some("99 %"));
        assert_eq!(percent(u64::MAX, u64::MAX).as_deref(), Some("50 %"));
    }
}
