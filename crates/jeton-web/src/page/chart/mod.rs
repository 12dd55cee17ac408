//! Charts: from numbers to inline SVG. Pure functions; nothing in them is run, loaded or styled from elsewhere.
//!
//! Shapes stand at percentages of the box and text has the size of the page, so that both can be read in a narrow box and in a wide
//! one: with a `viewBox`, text would shrink along with the box. What a shape means is told by its pattern or its form as well as by
//! its colour, and every number stands on the page as text too.

mod columns;
mod ink;
mod meter;
mod stack;
#[cfg(test)]
mod testing;
mod time_line;

use std::fmt;

use askama::filters::HtmlSafe;

pub(super) use self::{
    columns::{Column, Columns, Series},
    ink::Ink,
    meter::meter,
    stack::{Part, legend, stack},
    time_line::{Mark, TimeLine},
};

/// HTML of a chart, in which names are escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chart(String);

impl fmt::Display for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Chart {}

/// A place or a length along a box, in hundredths of a percent of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Along(u32);

impl Along {
    const ALL: u32 = 10_000;

    /// `part` of `whole`, no more than all of it. Nothing of nothing is nothing.
    fn of(part: u128, whole: u128) -> Self {
        Self(scale(part, whole, Self::ALL))
    }
}

impl fmt::Display for Along {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}%", self.0 / 100, self.0 % 100)
    }
}

/// `part / whole` of a length, rounded down.
fn scale(part: u128, whole: u128, length: u32) -> u32 {
    let scaled = (part.min(whole) * u128::from(length)).checked_div(whole);
    scaled.map_or(0, |scaled| u32::try_from(scaled).unwrap_or(length))
}

#[cfg(test)]
mod tests {
    use super::{Along, scale};

    #[test]
    fn places_stay_inside_the_box() {
        for (part, whole, expected) in [
            (0, 0, "0.00%"),
            (1, 3, "33.33%"),
            (5, 5, "100.00%"),
            (7, 5, "100.00%"),
            (u128::from(u64::MAX), u128::from(u64::MAX), "100.00%"),
            (1, u128::from(u64::MAX), "0.00%"),
        ] {
            assert_eq!(Along::of(part, whole).to_string(), expected, "{part} of {whole}");
        }
        assert_eq!(scale(1, 2, 9), 4);
    }
}
