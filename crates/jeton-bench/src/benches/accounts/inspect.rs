use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::ensure;
use jeton_domain::Secret;
use jeton_inspect::{Wholeness, checksum};

use crate::{args::Bench, benches::Setting, report::Line, spread::median};

/// Between two looks at the clock.
const AT_ONCE: usize = 100;

/// Pasted tokens per second on one thread.
pub(in super::super) fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let (rounds, length) = if setting.quick { (3, 200) } else { (5, 1_000) };
    let mut lines = Vec::new();
    for (what, pasted, wholeness) in pasted() {
        let found = jeton_inspect::inspect(&pasted, None);
        ensure!(found.wholeness == wholeness, "{what}: {:?}", found.wholeness);
        let duration = Duration::from_millis(length);
        let per_second = median((0..rounds).map(|_| per_second(&pasted, duration)).collect());
        lines.push(Line::info(
            Bench::Inspect.as_str(),
            format!("{what}, one core"),
            format!("{per_second:.0} per s"),
        ));
    }
    Ok(lines)
}

fn pasted() -> [(&'static str, Secret, Wholeness); 6] {
    let body = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5";
    let classic = format!("{}{body}{}", ["gh", "p_"].concat(), checksum::github_classic(body));
    let gitlab = format!("{}{}", ["gl", "pat-"].concat(), &body[..20]);
    let other = |kib: usize| Secret::new("x ".repeat(kib * 512));
    [
        (
            "a classic token of GitHub",
            Secret::new(classic.clone()),
            Wholeness::Whole,
        ),
        (
            "the same in a line of a shell's file",
            Secret::new(format!("  export GITHUB_TOKEN=\"{classic}\";\n")),
            Wholeness::Whole,
        ),
        (
            "the same with a letter gone",
            Secret::new(classic[..39].to_owned()),
            Wholeness::Damaged,
        ),
        (
            "a token of GitLab without a checksum",
            Secret::new(gitlab),
            Wholeness::Likely,
        ),
        ("4 KiB of something else", other(4), Wholeness::Unknown),
        ("8 KiB of something else", other(8), Wholeness::Unknown),
    ]
}

fn per_second(pasted: &Secret, duration: Duration) -> f64 {
    let (begun, mut inspected) = (Instant::now(), 0_u32);
    while begun.elapsed() < duration {
        for _ in 0..AT_ONCE {
            black_box(jeton_inspect::inspect(black_box(pasted), None));
            inspected += 1;
        }
    }
    f64::from(inspected) / begun.elapsed().as_secs_f64()
}
