use std::fmt::Write as _;

/// What a shape means. Each has a colour and a pattern of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::page) enum Ink {
    /// As it should be.
    Good,
    /// Soon something to do.
    Warn,
    /// Does not work.
    Bad,
    /// Not known.
    Dim,
    /// Switched off: an outline alone.
    Off,
    /// Of two kinds that are compared, the first.
    First,
    /// And the second.
    Second,
}

impl Ink {
    /// Its name in the stylesheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Dim => "dim",
            Self::Off => "off",
            Self::First => "first",
            Self::Second => "second",
        }
    }

    /// What is cut out of its colour: a pattern of 6 by 6. `None`: it is whole.
    fn pattern(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Good | Self::First | Self::Off => None,
            Self::Warn | Self::Second => Some(("slash", "M-1 1l2-2M0 6L6 0M5 7l2-2")),
            Self::Bad => Some(("cross", "M0 0L6 6M0 6L6 0")),
            Self::Dim => Some(("dots", "M1 1.5h2M4 4.5h2")),
        }
    }

    /// The patterns of a chart, to stand in its `svg` before they are used. `id` is the chart's.
    pub(super) fn patterns(id: &str, inks: impl IntoIterator<Item = Self>) -> String {
        let mut all: Vec<_> = inks.into_iter().filter_map(Self::pattern).collect();
        all.sort_unstable();
        all.dedup();
        if all.is_empty() {
            return String::new();
        }
        let mut out = String::from("<defs>");
        for (name, path) in all {
            let _ = write!(
                out,
                "<pattern id=\"{id}-{name}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
                 <path class=\"cut\" d=\"{path}\"/></pattern>"
            );
        }
        out.push_str("</defs>");
        out
    }

    /// A rectangle. `place` are its attributes, `title` is HTML that says what it is.
    pub(super) fn rectangle(self, id: &str, place: &str, title: &str) -> String {
        let class = self.class();
        let title = if title.is_empty() {
            String::new()
        } else {
            format!("<title>{title}</title>")
        };
        match self.pattern() {
            None => format!("<rect class=\"{class}\" {place}>{title}</rect>"),
            Some((name, _)) => {
                format!("<g>{title}<rect class=\"{class}\" {place}/><rect fill=\"url(#{id}-{name})\" {place}/></g>")
            }
        }
    }

    /// What stands beside its name in a legend. The patterns are those of the chart.
    pub(super) fn key(self, id: &str) -> String {
        let square = self.rectangle(id, "x=\"1\" y=\"1\" width=\"14\" height=\"14\"", "");
        format!("<svg class=\"chart key\" width=\"16\" height=\"16\" aria-hidden=\"true\">{square}</svg>")
    }
}

#[cfg(test)]
mod tests {
    use super::Ink;
    use crate::page::chart::testing::assert_whole;

    #[test]
    fn every_ink_has_another_look_than_its_neighbours() {
        let states = [Ink::Good, Ink::Warn, Ink::Bad, Ink::Dim, Ink::Off];
        for (index, one) in states.iter().enumerate() {
            for other in &states[index + 1..] {
                assert_ne!(one.class(), other.class());
                assert!(
                    one.pattern() != other.pattern() || *other == Ink::Off,
                    "{one:?} and {other:?}"
                );
            }
        }
        assert_ne!(Ink::First.pattern(), Ink::Second.pattern());
    }

    #[test]
    fn a_pattern_is_there_once_for_those_that_use_it() {
        let patterns = Ink::patterns("x", [Ink::Warn, Ink::Good, Ink::Second, Ink::Bad]);
        assert_eq!(patterns.matches("<pattern").count(), 2);
        assert_whole(&patterns);
        assert_eq!(Ink::patterns("x", [Ink::Good, Ink::Off]), "");
        assert!(Ink::Bad.key("x").contains("url(#x-cross)"));
    }
}
