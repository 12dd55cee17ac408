//! `jeton content lines`

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use jeton_api::FileLines;

use super::{
    CliError, Context, note,
    range::LineRange,
    reader::{Reader, at_one_of},
    sink::Shown,
    target::{Spot, Target},
    tell,
};
use crate::cli::{
    Format,
    args_content::LinesArgs,
    output::{print, print_json},
};

pub(super) async fn run(args: LinesArgs, context: &Context) -> Result<ExitCode, CliError> {
    let target = Target::parse(&args.repository)?;
    let (path, range) = path_and_range(&target, &args.rest)?;
    let spots = target.spots(args.place.reference.as_deref(), path)?;
    let reader = Reader::new(&args.place, &target, context).await?;
    let read = async |spot: &Spot| reader.lines(spot, range.start, range.end).await;
    let (mut lines, mut spot) = at_one_of(&spots, read).await?;
    if args.print.format() == Format::Json {
        print_json(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    tell(&lines.origin);
    // What follows is of the same commit, whatever becomes of the branch meanwhile.
    spot.reference = Some(lines.origin.commit.clone());
    let (terminal, mut told) = (io::stdout().is_terminal(), false);
    loop {
        print(&render(&lines, args.number, terminal))?;
        let Some(next) = lines.next else { break };
        lines = reader.lines(&spot, next, range.end).await?;
        told = true;
    }
    if !told && lines.lines.is_empty() {
        note("the file is empty");
    }
    Ok(ExitCode::SUCCESS)
}

/// What the other arguments are: a path and lines, or only one of them.
fn path_and_range<'a>(target: &Target, rest: &'a [String]) -> Result<(Option<&'a str>, LineRange), CliError> {
    let pointed = target.lines.unwrap_or(LineRange::ALL);
    let usage = |what: &str| CliError::Usage {
        what: what.to_owned(),
        remedy: "Write it like `jeton content lines acme/tools src/main.rs 100-200`.".to_owned(),
    };
    match (target.has_path(), rest) {
        (true, []) => Ok((None, pointed)),
        (true, [range]) => Ok((None, LineRange::parse(range)?)),
        (true, _) => Err(usage("the address names a file already")),
        (false, [path]) => Ok((Some(path), pointed)),
        (false, [path, range]) => Ok((Some(path), LineRange::parse(range)?)),
        (false, _) => Err(usage("no file is named")),
    }
}

fn render(lines: &FileLines, number: bool, terminal: bool) -> String {
    let mut out = String::new();
    let width = lines.file.max_lines.to_string().len();
    let mut shown = Shown::default();
    for (at, line) in (lines.start_line..).zip(&lines.lines) {
        if number {
            let _ = write!(out, "{at:>width$}\t");
        }
        if terminal {
            out.push_str(&String::from_utf8_lossy(&shown.of(line.as_bytes())));
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{LineRange, Target, path_and_range};

    #[test]
    fn a_path_and_lines_come_apart_or_in_an_address() {
        let of = |target: &str, rest: &[&str]| {
            let rest: Vec<String> = rest.iter().map(|text| (*text).to_owned()).collect();
            let found = path_and_range(&Target::parse(target).unwrap(), &rest);
            found.map(|(path, range)| (path.map(str::to_owned), range)).ok()
        };
        let lines = |start, end| LineRange { start, end };
        let path = || Some("a.rs".to_owned());
        let page = "https://github.com/o/r/blob/main/a.rs#L3-L4";
        assert_eq!(of("o/r", &["a.rs", "1-2"]), Some((path(), lines(1, Some(2)))));
        assert_eq!(of("o/r", &["a.rs"]), Some((path(), LineRange::ALL)));
        assert_eq!(
            of("https://github.com/o/r", &["a.rs", "5-"]),
            Some((path(), lines(5, None)))
        );
        assert_eq!(of(page, &[]), Some((None, lines(3, Some(4)))));
        assert_eq!(of(page, &["9"]), Some((None, lines(9, Some(9)))));
        for (target, rest) in [("o/r", &[][..]), (page, &["a.rs", "1-2"]), ("o/r", &["a.rs", "b.rs"])] {
            assert_eq!(of(target, rest), None, "{target} {rest:?}");
        }
    }
}
