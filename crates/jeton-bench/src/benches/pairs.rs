//! Two things under the same load, one right after the other, several times.

use std::time::Duration;

use crate::{
    client::{Load, Measured},
    process::cpu_micros,
    report::time,
    spread::median,
};

/// One of the two.
pub(super) struct Side {
    /// The server's process.
    pub(super) pid: u32,
    /// Its duration is left to [`measure`].
    pub(super) load: Load,
}

/// One run of both.
pub(super) struct Pair {
    ours: Run,
    theirs: Run,
}

struct Run {
    measured: Measured,
    cpu_per_answer: f64,
}

impl Side {
    async fn run(&self, duration: Duration) -> anyhow::Result<Run> {
        let load = Load {
            duration,
            ..self.load.clone()
        };
        let before = cpu_micros(self.pid)?;
        let measured = load.run().await?;
        let used = cpu_micros(self.pid)? - before;
        #[expect(clippy::cast_precision_loss, reason = "both are far below 2^52")]
        let cpu_per_answer = used as f64 / measured.times.count() as f64;
        Ok(Run {
            measured,
            cpu_per_answer,
        })
    }
}

/// Warms both up, then measures them in pairs.
pub(super) async fn measure(ours: &Side, theirs: &Side, rounds: usize, duration: Duration) -> anyhow::Result<Pairs> {
    for side in [ours, theirs] {
        side.run(duration / 2).await?;
    }
    let mut pairs = Vec::new();
    for round in 0..rounds {
        // Whoever goes first meets a cooler processor: they take turns.
        pairs.push(if round % 2 == 0 {
            let ours = ours.run(duration).await?;
            Pair {
                ours,
                theirs: theirs.run(duration).await?,
            }
        } else {
            let theirs = theirs.run(duration).await?;
            Pair {
                ours: ours.run(duration).await?,
                theirs,
            }
        });
    }
    Ok(Pairs(pairs))
}

/// What came of it: of each figure the median of the pairs' ratios, and in words also the medians of the two.
pub(super) struct Pairs(Vec<Pair>);

impl Pairs {
    /// Answers per second, ours for each of theirs.
    pub(super) fn throughput(&self) -> (f64, String) {
        let (ratio, ours, theirs) = self.figure(|run| run.measured.per_second);
        (ratio, format!("{ratio:.2} ({ours:.0} / {theirs:.0} per s)"))
    }

    /// The time within which so many thousandths of the answers came.
    pub(super) fn within(&self, thousandths: usize) -> (f64, String) {
        let (ratio, ours, theirs) = self.figure(|run| f64::from(run.measured.times.within(thousandths)));
        let words = format!("{ratio:.2} × ({} / {})", whole_time(ours), whole_time(theirs));
        (ratio, words)
    }

    /// Processor time of the server for each answer.
    pub(super) fn processor_time(&self) -> String {
        let (ratio, ours, theirs) = self.figure(|run| run.cpu_per_answer);
        format!("{ratio:.2} × ({ours:.1} / {theirs:.1} µs)")
    }

    fn figure(&self, of: impl Fn(&Run) -> f64) -> (f64, f64, f64) {
        let all = |figure: &dyn Fn(&Pair) -> f64| median(self.0.iter().map(figure).collect());
        (
            all(&|pair| of(&pair.ours) / of(&pair.theirs)),
            all(&|pair| of(&pair.ours)),
            all(&|pair| of(&pair.theirs)),
        )
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "medians of measured microseconds, which were u32 and may end in a half"
)]
fn whole_time(micros: f64) -> String {
    time(micros as u32)
}
