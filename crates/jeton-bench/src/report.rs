use comfy_table::{CellAlignment, ContentArrangement, Table, presets::ASCII_MARKDOWN};

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) bench: &'static str,
    pub(crate) what: String,
    pub(crate) measured: String,
    /// As people write it; empty for a line that only informs.
    pub(crate) target: String,
    /// Whether the target is met; `None` when there is none.
    pub(crate) met: Option<bool>,
}

impl Line {
    /// A figure without a target.
    pub(crate) fn info(bench: &'static str, what: impl Into<String>, measured: impl Into<String>) -> Self {
        Self {
            bench,
            what: what.into(),
            measured: measured.into(),
            target: String::new(),
            met: None,
        }
    }

    /// A figure and whether it is good enough.
    pub(crate) fn judged(
        bench: &'static str,
        what: impl Into<String>,
        measured: impl Into<String>,
        target: impl Into<String>,
        met: bool,
    ) -> Self {
        Self {
            bench,
            what: what.into(),
            measured: measured.into(),
            target: target.into(),
            met: Some(met),
        }
    }
}

pub(crate) fn table(lines: &[Line]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["benchmark", "what", "measured", "target", "result"]);
    let mut before = "";
    for line in lines {
        let result = match line.met {
            Some(true) => "pass",
            Some(false) => "short",
            None => "",
        };
        let bench = if line.bench == before { "" } else { line.bench };
        before = line.bench;
        table.add_row([bench, &line.what, &line.measured, &line.target, result]);
    }
    if let Some(column) = table.column_mut(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// `12.3 ms`, `480 µs`.
pub(crate) fn time(micros: u32) -> String {
    if micros < 1_000 {
        format!("{micros} µs")
    } else {
        format!("{:.1} ms", f64::from(micros) / 1_000.0)
    }
}
