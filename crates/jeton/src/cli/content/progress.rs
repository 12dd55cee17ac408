use std::{
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Larger files get a bar at once, in bytes.
const LARGE: u64 = 1024 * 1024;

/// Others when they take longer than this.
const LONG: Duration = Duration::from_secs(1);

/// A bar on standard error while a long file comes, where somebody sees it and it is in nobody's way.
pub(super) struct Progress {
    wanted: bool,
    size: Option<u64>,
    written: u64,
    began: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// None yet. `beside` tells whether the file itself goes to a terminal.
    pub(super) fn new(size: Option<u64>, beside: bool) -> Self {
        Self {
            wanted: !beside && io::stderr().is_terminal(),
            size,
            written: 0,
            began: Instant::now(),
            bar: None,
        }
    }

    /// So many bytes more are written.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.written += bytes as u64;
        if self.wanted && self.bar.is_none() && (self.size > Some(LARGE) || self.began.elapsed() > LONG) {
            self.bar = Some(bar(self.size));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.written);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(size: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::stderr());
    let template = match size {
        Some(_) => "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        None => "{spinner} {bytes}, {bytes_per_sec}",
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
