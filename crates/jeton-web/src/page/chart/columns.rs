use std::fmt::Write as _;

use super::{Along, Chart, Ink, scale};
use crate::page::{html::escape, number::count};

/// The height of the highest column.
const HIGH: u32 = 120;
/// Above it stands its number.
const ABOVE: u32 = 18;
/// Below the columns stand their names.
const BELOW: u32 = 22;
/// How high a part is at least when it is not nothing.
const LEAST: u32 = 2;
/// How many columns are named at most: their names must not run into each other on a phone.
const NAMED: usize = 4;

/// What each column has a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::page) struct Series<'a> {
    pub(in crate::page) name: &'a str,
    pub(in crate::page) ink: Ink,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::page) struct Column {
    pub(in crate::page) name: String,
    /// One for each series, from the bottom up; fewer where that was not counted.
    pub(in crate::page) values: Vec<u64>,
}

/// A chart of columns, with the same numbers as a table that can be opened.
#[derive(Debug, Clone, Copy)]
pub(in crate::page) struct Columns<'a> {
    /// Our own word, and the chart's alone on its page.
    pub(in crate::page) id: &'a str,
    /// What is counted.
    pub(in crate::page) name: &'a str,
    /// What a column is: the head of the table's first column.
    pub(in crate::page) of: &'a str,
    pub(in crate::page) series: &'a [Series<'a>],
    pub(in crate::page) data: &'a [Column],
}

impl Column {
    fn sum(&self) -> u128 {
        self.values.iter().map(|value| u128::from(*value)).sum()
    }
}

impl Columns<'_> {
    pub(in crate::page) fn chart(&self) -> Chart {
        let mut out = self.picture();
        if self.series.len() > 1 {
            out.push_str(&self.names());
        }
        out.push_str(&self.table());
        Chart(out)
    }

    fn picture(&self) -> String {
        let id = self.id;
        let highest = self.data.iter().map(Column::sum).max().unwrap_or(0);
        let mut out = format!(
            "<svg class=\"chart columns\" width=\"100%\" height=\"{}\" role=\"img\" aria-labelledby=\"{id}-t\" aria-describedby=\"{id}-d\">\
             <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>",
            ABOVE + HIGH + BELOW,
            escape(self.name),
            self.words(),
        );
        out.push_str(&Ink::patterns(id, self.series.iter().map(|series| series.ink)));
        let (top, bottom) = (ABOVE, ABOVE + HIGH);
        if highest > 0 {
            let _ = write!(
                out,
                "<line class=\"grid\" x1=\"0\" x2=\"100%\" y1=\"{top}\" y2=\"{top}\"/>\
                 <text x=\"0\" y=\"{}\">{}</text>",
                top - 5,
                number(highest),
            );
        } else {
            let middle = top + HIGH / 2;
            let _ = write!(out, "<text x=\"50%\" y=\"{middle}\" text-anchor=\"middle\">none</text>");
        }
        let all = self.data.len() as u128;
        let step = self.data.len().div_ceil(NAMED).max(1);
        for (index, column) in self.data.iter().enumerate() {
            // In tenths of the room that each column has: one is left free on either side.
            let place = |tenth: u128| Along::of(index as u128 * 10 + tenth, all * 10);
            let (left, middle, right) = (place(1), place(5), place(9));
            let width = Along(right.0 - left.0);
            out.push_str(&self.column(column, highest, left, width));
            if index.is_multiple_of(step) {
                // The first name would stand half outside.
                let (x, anchor) = if index == 0 {
                    (left, "start")
                } else {
                    (middle, "middle")
                };
                let _ = write!(
                    out,
                    "<text x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
                    bottom + 17,
                    escape(&column.name),
                );
            }
        }
        let _ = write!(
            out,
            "<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"{bottom}\" y2=\"{bottom}\"/></svg>"
        );
        out
    }

    fn column(&self, column: &Column, highest: u128, left: Along, width: Along) -> String {
        let mut out = String::new();
        let mut top = ABOVE + HIGH;
        // The same scale in every column: what is kept for the least parts is kept in all.
        let kept = LEAST * u32::try_from(self.series.len()).unwrap_or(0).min(HIGH / LEAST);
        for (series, value) in self.series.iter().zip(&column.values) {
            if *value == 0 {
                continue;
            }
            let height = LEAST + scale((*value).into(), highest, HIGH - kept);
            top = top.saturating_sub(height);
            let place = format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"");
            let title = format!("{}, {}: {}", escape(&column.name), escape(series.name), count(*value));
            out.push_str(&series.ink.rectangle(self.id, &place, &title));
        }
        out
    }

    /// What is to be seen, in a sentence.
    fn words(&self) -> String {
        let all: u128 = self.data.iter().map(Column::sum).sum();
        if all == 0 {
            return "Nothing in all that time.".to_owned();
        }
        let mut words = format!("{} in all", number(all));
        if self.series.len() > 1 {
            let sums = self.series.iter().enumerate().map(|(index, series)| {
                let values = self.data.iter().filter_map(|column| column.values.get(index));
                let sum: u128 = values.map(|value| u128::from(*value)).sum();
                format!("{} {}", escape(series.name), number(sum))
            });
            let sums: Vec<String> = sums.collect();
            let _ = write!(words, " ({})", sums.join(", "));
        }
        // The first of several that are equal.
        let highest = self.data.iter().rev().max_by_key(|column| column.sum());
        if let Some(highest) = highest {
            let _ = write!(words, "; most at {}: {}", escape(&highest.name), number(highest.sum()));
        }
        words.push('.');
        words
    }

    fn names(&self) -> String {
        let mut out = String::from("<ul class=\"legend\">");
        for series in self.series {
            let _ = write!(
                out,
                "<li>{}<span>{}</span></li>",
                series.ink.key(self.id),
                escape(series.name)
            );
        }
        out.push_str("</ul>");
        out
    }

    fn table(&self) -> String {
        let name = escape(self.name);
        let mut out = format!(
            "<details class=\"numbers\"><summary>{name}: the numbers</summary>\
             <div class=\"table\" role=\"region\" aria-label=\"{name}\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">{}</th>",
            escape(self.of),
        );
        for series in self.series {
            let _ = write!(out, "<th scope=\"col\" class=\"number\">{}</th>", escape(series.name));
        }
        out.push_str("</tr></thead><tbody>");
        for column in self.data {
            let _ = write!(out, "<tr><th scope=\"row\">{}</th>", escape(&column.name));
            for index in 0..self.series.len() {
                let value = column
                    .values
                    .get(index)
                    .map_or_else(|| "–".to_owned(), |value| count(*value));
                let _ = write!(out, "<td class=\"number\">{value}</td>");
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div></details>");
        out
    }
}

/// Sums of more than any server hands out are told as the most that can be told.
fn number(sum: u128) -> String {
    count(u64::try_from(sum).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Column, Columns, Series};
    use crate::page::chart::{
        Ink,
        testing::{HOSTILE, assert_whole, numbers, percentages},
    };

    const TWO: [Series<'static>; 2] = [
        Series {
            name: "from the cache",
            ink: Ink::First,
        },
        Series {
            name: HOSTILE,
            ink: Ink::Second,
        },
    ];

    fn chart(series: &[Series<'_>], values: &[&[u64]]) -> String {
        let columns: Vec<Column> = values
            .iter()
            .enumerate()
            .map(|(hour, values)| Column {
                name: format!("{hour}:00"),
                values: values.to_vec(),
            })
            .collect();
        let chart = Columns {
            id: "x",
            name: HOSTILE,
            of: "Hour",
            series,
            data: &columns,
        };
        chart.chart().to_string()
    }

    #[test]
    fn columns_stay_inside_whatever_the_numbers_are() {
        let day = [[3_u64, 4].as_slice(); 24];
        let cases: [&[&[u64]]; 7] = [
            &[],
            &[&[0, 0]],
            &[&[1, 0]],
            &[&[u64::MAX, u64::MAX], &[1, 1]],
            &[&[7, 7], &[7, 7]],
            &day,
            &[&[1], &[]],
        ];
        for values in cases {
            let html = chart(&TWO, values);
            assert_whole(&html);
            let picture = html.split("</svg>").next().unwrap();
            let tops = numbers(picture, "<rect class=", "y");
            let heights = numbers(picture, "<rect class=", "height");
            assert!(tops.iter().all(|top| *top >= 18), "{tops:?}");
            for (top, height) in tops.iter().zip(&heights) {
                assert!(*height >= 2 && top + height <= 138, "{top} {height}");
            }
            let lefts = percentages(picture, "<rect class=", "x");
            let widths = percentages(picture, "<rect class=", "width");
            for (left, width) in lefts.iter().zip(&widths) {
                assert!(*width > 0 && left + width <= 10_000);
            }
        }
    }

    #[test]
    fn what_is_equal_is_equally_high_and_what_is_more_is_higher() {
        let one = [TWO[0]];
        let html = chart(&one, &[&[10], &[10], &[20], &[0], &[1]]);
        let heights = numbers(html.split("</svg>").next().unwrap(), "<rect class=", "height");
        assert_eq!(heights.len(), 4, "nothing is no column");
        assert!(heights[0] == heights[1] && heights[0] < heights[2] && heights[3] < heights[0]);
        assert_eq!(heights[2], 120);
        assert!(html.contains("41 in all; most at 2:00: 20."), "{html}");
        assert!(!html.contains("legend"), "one series needs none");
    }

    #[test]
    fn every_number_stands_in_the_table() {
        let html = chart(&TWO, &[&[1_234, 5], &[0, 67]]);
        let (_, table) = html.split_once("<tbody>").unwrap();
        for cell in [">1,234<", ">5<", ">0<", ">67<"] {
            assert_eq!(table.matches(cell).count(), 1, "{cell}: {table}");
        }
        assert!(html.contains("from the cache 1,234"));
        assert!(chart(&TWO, &[&[0, 0]]).contains("Nothing in all that time."));
        assert_eq!(
            chart(&TWO, &[&[], &[1]]).matches(">–<").count(),
            3,
            "what was not counted is not nothing"
        );
    }

    #[test]
    fn a_day_has_four_named_hours() {
        let html = chart(&[TWO[0]], &[[1_u64].as_slice(); 24]);
        assert_eq!(html.matches("text-anchor=").count(), 4);
    }
}
