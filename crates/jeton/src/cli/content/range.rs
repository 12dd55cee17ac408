use super::CliError;

/// Lines, from 1, both included; up to the last one of the file without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineRange {
    pub(super) start: u64,
    pub(super) end: Option<u64>,
}

impl LineRange {
    /// All of a file.
    pub(super) const ALL: Self = Self { start: 1, end: None };

    /// Reads `100-200`, `100` or `100-`, also as addresses of pages have it: `L100-L200`, `L3C1-L4C2`, `lines-3:4`.
    ///
    /// # Errors
    /// [`CliError::Usage`] when it is none.
    pub(super) fn parse(text: &str) -> Result<Self, CliError> {
        let wrong = |why: &str| CliError::Usage {
            what: format!("`{}` is no range of lines{why}", super::clean(text)),
            remedy: "Write it like 100-200, 100 or 100-; lines count from 1, and the last one is in.".to_owned(),
        };
        let bare = text.strip_prefix("lines-").unwrap_or(text);
        let range = match bare.split_once(['-', ':']) {
            None => line(bare).map(|line| (line, Some(line))),
            Some((start, "")) => line(start).map(|start| (start, None)),
            Some((start, end)) => line(start).zip(line(end)).map(|(start, end)| (start, Some(end))),
        };
        match range {
            None => Err(wrong("")),
            Some((0, _)) => Err(wrong(": there is no line 0")),
            Some((start, Some(end))) if end < start => Err(wrong(": it ends before it begins")),
            Some((start, end)) => Ok(Self { start, end }),
        }
    }
}

/// `10`, `L10` or `L10C5`.
fn line(text: &str) -> Option<u64> {
    let number = match text.strip_prefix(['L', 'l']) {
        Some(rest) => rest.split_once('C').map_or(rest, |(line, _)| line),
        None => text,
    };
    // `parse` takes a sign too
    number
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| number.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::LineRange;

    #[test]
    fn lines_are_read_as_people_write_and_copy_them() {
        for (text, start, end) in [
            ("100-200", 100, Some(200)),
            ("100", 100, Some(100)),
            ("100-", 100, None),
            ("L10", 10, Some(10)),
            ("L10-L20", 10, Some(20)),
            ("L10-20", 10, Some(20)),
            ("L3C1-L4C2", 3, Some(4)),
            ("lines-10", 10, Some(10)),
            ("lines-10:20", 10, Some(20)),
            ("7:9", 7, Some(9)),
        ] {
            assert_eq!(LineRange::parse(text).unwrap(), LineRange { start, end }, "{text}");
        }
        for bad in [
            "",
            "-",
            "0",
            "0-5",
            "5-4",
            "a",
            "+1",
            "1-2-3",
            "-5",
            "L",
            "99999999999999999999",
            "1,2",
        ] {
            let error = LineRange::parse(bad).unwrap_err();
            assert_eq!(error.exit_status(), 1, "{bad}");
        }
    }
}
