use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Along, Chart, Ink};
use crate::page::html::escape;

/// Marks that are nearer than this would lie on each other: the later one stands a row higher.
const NEAR: u32 = 450;
/// As many rows of marks as there is room for. What comes on top of that is told in the list alone.
const ROWS: usize = 5;
/// The height of a row.
const ROW: usize = 15;
/// Room at both ends, so that no mark is cut.
const END: u32 = 200;

/// Something that happens at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::page) struct Mark {
    pub(in crate::page) at: Timestamp,
    /// What, and when, in words.
    pub(in crate::page) name: String,
    pub(in crate::page) ink: Ink,
}

/// What happens between two times. A list beside it must say the same.
#[derive(Debug, Clone, Copy)]
pub(in crate::page) struct TimeLine<'a> {
    /// Our own word, and the chart's alone on its page.
    pub(in crate::page) id: &'a str,
    pub(in crate::page) name: &'a str,
    pub(in crate::page) from: Timestamp,
    pub(in crate::page) to: Timestamp,
    /// Times that are named below the line.
    pub(in crate::page) ticks: &'a [(Timestamp, &'a str)],
    /// In the order of their times.
    pub(in crate::page) marks: &'a [Mark],
}

impl TimeLine<'_> {
    pub(in crate::page) fn chart(&self) -> Chart {
        let places: Vec<_> = self.marks.iter().map(|mark| self.place(mark.at)).collect();
        let rows = rows(&places);
        let high = rows.iter().flatten().max().map_or(1, |row| row + 1);
        let line = high * ROW + 10;
        let id = self.id;
        let mut out = format!(
            "<svg class=\"chart line\" width=\"100%\" height=\"{}\" role=\"img\" aria-labelledby=\"{id}-t\" aria-describedby=\"{id}-d\">\
             <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc><line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"{line}\" y2=\"{line}\"/>",
            line + 24,
            escape(self.name),
            self.words(),
        );
        for (at, name) in self.ticks {
            let at = self.place(*at);
            let anchor = match at.0 {
                0..1_500 => "start",
                8_500.. => "end",
                _ => "middle",
            };
            let _ = write!(
                out,
                "<svg x=\"{at}\" y=\"{line}\" overflow=\"visible\"><path class=\"axis\" d=\"M0 -4v8\"/></svg>\
                 <text x=\"{at}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
                line + 19,
                escape(name),
            );
        }
        for ((mark, at), row) in self.marks.iter().zip(&places).zip(&rows) {
            let Some(row) = row else { continue };
            let y = line - 10 - row * ROW;
            let _ = write!(
                out,
                "<svg x=\"{at}\" y=\"{y}\" overflow=\"visible\"><title>{}</title><path class=\"{}\" d=\"{}\"/></svg>",
                escape(&mark.name),
                mark.ink.class(),
                form(mark.ink),
            );
        }
        out.push_str("</svg>");
        Chart(out)
    }

    fn place(&self, at: Timestamp) -> Along {
        let length = |until: Timestamp| {
            let seconds = until.duration_since(self.from).as_secs().max(0);
            u128::from(seconds.unsigned_abs())
        };
        let inside = Along::of(length(at), length(self.to)).0;
        Along(END + inside * (Along::ALL - 2 * END) / Along::ALL)
    }

    fn words(&self) -> String {
        let names: Vec<String> = self.marks.iter().map(|mark| escape(&mark.name)).collect();
        if names.is_empty() {
            "Nothing.".to_owned()
        } else {
            format!("{}.", names.join("; "))
        }
    }
}

/// The row of each mark: the lowest in which it lies on no other.
fn rows(places: &[Along]) -> Vec<Option<usize>> {
    let mut ends: [Option<Along>; ROWS] = [None; ROWS];
    let mut rows = Vec::with_capacity(places.len());
    for at in places {
        let free = ends
            .iter()
            .position(|end| end.is_none_or(|end| at.0.abs_diff(end.0) >= NEAR));
        if let Some(row) = free {
            ends[row] = Some(*at);
        }
        rows.push(free);
    }
    rows
}

/// A cross for what is over, a triangle for what is near, a disc for all else: around 0, 0.
fn form(ink: Ink) -> &'static str {
    match ink {
        Ink::Bad => "M-6 -4l2 -2 4 4 4 -4 2 2 -4 4 4 4 -2 2 -4 -4 -4 4 -2 -2 4 -4z",
        Ink::Warn => "M-6 5L0 -6L6 5z",
        _ => "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Mark, ROWS, TimeLine};
    use crate::page::chart::{
        Ink,
        testing::{HOSTILE, assert_whole, percentages},
    };

    fn chart(days: &[i64]) -> String {
        let from: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let day = |days: i64| from + SignedDuration::from_hours(24 * days);
        let marks: Vec<Mark> = days
            .iter()
            .zip([Ink::Bad, Ink::Warn, Ink::Good].into_iter().cycle())
            .map(|(days, ink)| Mark {
                at: day(*days),
                name: HOSTILE.to_owned(),
                ink,
            })
            .collect();
        let line = TimeLine {
            id: "x",
            name: HOSTILE,
            from,
            to: day(90),
            ticks: &[(from, "today"), (day(30), "30 days"), (day(90), HOSTILE)],
            marks: &marks,
        };
        line.chart().to_string()
    }

    #[test]
    fn marks_stay_on_the_line_and_beside_each_other() {
        for days in [
            &[][..],
            &[0],
            &[-7, -1, 0, 1, 30, 90, 400],
            &[45; 12],
            &[i64::from(i16::MAX)],
        ] {
            let html = chart(days);
            assert_whole(&html);
            let places = percentages(&html, "<svg", "x");
            assert!(places.iter().all(|place| (200..=9_800).contains(place)), "{places:?}");
        }
        assert_eq!(
            chart(&[45; 12]).matches("M-6 -4l2").count(),
            2,
            "five rows, every third a cross"
        );
        assert_eq!(ROWS, 5);
        assert!(chart(&[]).contains("Nothing.</desc>"));
    }

    #[test]
    fn a_quarter_of_the_way_is_a_quarter_of_the_line() {
        let html = chart(&[45]);
        let places = percentages(&html, "<svg", "x");
        // After the three ticks.
        assert_eq!(places[3], 5_000, "{html}");
    }
}
