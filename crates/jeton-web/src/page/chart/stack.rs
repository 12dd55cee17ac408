use std::fmt::Write as _;

use super::{Along, Chart, Ink, scale};
use crate::page::{html::escape, number::count};

/// How wide a part of a few among many is at least: it must be seen.
const LEAST: u32 = 70;

/// A part of a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::page) struct Part<'a> {
    pub(in crate::page) name: &'a str,
    pub(in crate::page) value: u64,
    pub(in crate::page) ink: Ink,
    /// Where they are listed.
    pub(in crate::page) link: Option<String>,
}

/// A whole as one bar of its parts. `id` is our own word and the chart's alone on its page. The numbers stand in its description;
/// [`legend`] or a table shows them beside it.
pub(in crate::page) fn stack(id: &str, name: &str, parts: &[Part<'_>]) -> Chart {
    let whole: u128 = parts.iter().map(|part| u128::from(part.value)).sum();
    let shown: Vec<_> = parts.iter().filter(|part| part.value > 0).collect();
    let mut words: Vec<String> = shown
        .iter()
        .map(|part| format!("{} {}", escape(part.name), count(part.value)))
        .collect();
    if words.is_empty() {
        words.push("none".to_owned());
    }
    let mut out = format!(
        "<svg class=\"chart stack\" width=\"100%\" height=\"20\" role=\"img\" aria-labelledby=\"{id}-t\" aria-describedby=\"{id}-d\">\
         <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}.</desc>",
        escape(name),
        words.join(", "),
    );
    out.push_str(&Ink::patterns(id, shown.iter().map(|part| part.ink)));
    if shown.is_empty() {
        out.push_str("<rect class=\"off\" x=\"0\" y=\"1\" width=\"100%\" height=\"18\"/>");
    }
    let mut at = 0;
    let rest = Along::ALL - LEAST * u32::try_from(shown.len()).unwrap_or(0).min(Along::ALL / LEAST);
    for (index, (part, words)) in shown.iter().zip(&words).enumerate() {
        let is_last = index + 1 == shown.len();
        let width = LEAST + scale(part.value.into(), whole, rest);
        let width = if is_last { Along::ALL - at } else { width };
        let place = format!("x=\"{}\" y=\"1\" width=\"{}\" height=\"18\"", Along(at), Along(width));
        out.push_str(&part.ink.rectangle(id, &place, words));
        at += width;
    }
    out.push_str("</svg>");
    Chart(out)
}

/// What the parts of the chart `id` are called and how many there are of each, also of those of which there are none.
pub(in crate::page) fn legend(id: &str, parts: &[Part<'_>]) -> Chart {
    let mut out = String::from("<ul class=\"legend\">");
    for part in parts {
        // The chart has the patterns of what it shows.
        let key = if part.value > 0 {
            part.ink.key(id)
        } else {
            String::new()
        };
        let words = format!("{} <b>{}</b>", escape(part.name), count(part.value));
        let _ = match &part.link {
            Some(link) if part.value > 0 => write!(out, "<li>{key}<a href=\"{}\">{words}</a></li>", escape(link)),
            _ => write!(out, "<li>{key}<span>{words}</span></li>"),
        };
    }
    out.push_str("</ul>");
    Chart(out)
}

#[cfg(test)]
mod tests {
    use super::{Part, legend, stack};
    use crate::page::chart::{
        Ink,
        testing::{HOSTILE, assert_whole, percentages},
    };

    fn parts(values: &[u64]) -> Vec<Part<'static>> {
        let inks = [Ink::Good, Ink::Bad, Ink::Dim, Ink::Warn, Ink::Off];
        let parts = values.iter().zip(inks);
        parts
            .map(|(value, ink)| Part {
                name: HOSTILE,
                value: *value,
                ink,
                link: Some("/a?b=c&d=\"e\"".to_owned()),
            })
            .collect()
    }

    #[test]
    fn a_bar_is_filled_whatever_the_numbers_are() {
        for values in [
            vec![1],
            vec![1, 1, 1, 1, 1],
            vec![u64::MAX; 5],
            vec![u64::MAX, 1, 0, 0, 1],
            vec![0, 0, 3, 0, 1],
        ] {
            let html = stack("x", HOSTILE, &parts(&values)).to_string();
            assert_whole(&html);
            let widths = percentages(&html, "<rect class=", "width");
            assert_eq!(widths.len(), values.iter().filter(|value| **value > 0).count());
            assert_eq!(widths.iter().sum::<u32>(), 10_000, "{html}");
            assert!(widths.iter().all(|width| *width >= 70), "{widths:?}");
        }
    }

    #[test]
    fn nothing_is_an_empty_bar() {
        for values in [&[][..], &[0, 0]] {
            let html = stack("x", "Accounts", &parts(values)).to_string();
            assert_whole(&html);
            assert_eq!(html.matches("<rect").count(), 1);
            assert!(html.contains("none.</desc>"), "{html}");
        }
    }

    #[test]
    fn a_legend_links_to_what_there_is() {
        let html = legend("x", &parts(&[10_000, 0])).to_string();
        assert_whole(&html);
        assert_eq!(html.matches("<a href=\"/a?b=c&amp;d=&quot;e&quot;\">").count(), 1);
        assert!(html.contains("<b>10,000</b>") && html.contains("<b>0</b>"), "{html}");
    }
}
