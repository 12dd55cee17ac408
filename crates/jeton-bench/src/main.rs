#![doc = include_str!("../README.md")]

mod args;
mod bare;
mod benches;
mod client;
mod forge;
mod jeton;
mod process;
mod report;
mod short_lived;
mod spread;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::Parser as _;

use crate::{
    args::{Args, Command},
    benches::Setting,
    report::Line,
};

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match &args.command {
        Some(Command::Bare(bare)) => bare::run(bare).map(|()| true),
        None => run(&args),
    };
    match outcome {
        Ok(met) if met || !args.strict => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Runs what was chosen and prints the table; whether every target was met.
fn run(args: &Args) -> anyhow::Result<bool> {
    process::raise_open_files()?;
    let busy = process::load_average()?;
    let jeton = match &args.jeton {
        Some(path) => path
            .canonicalize()
            .with_context(|| format!("--jeton {}", path.display()))?,
        None => jeton::build()?,
    };
    let setting = Setting {
        jeton,
        quick: args.quick,
        full: args.full,
    };
    // One thread for all callers: on a small machine the servers need the rest.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let mut lines: Vec<Line> = Vec::new();
    for bench in args.chosen() {
        say(&format!("… {}", bench.as_str()));
        let found = runtime
            .block_on(benches::run(bench, &setting))
            .with_context(|| bench.as_str())?;
        lines.extend(found);
    }
    // What is left to run are sockets nobody reads any more.
    runtime.shutdown_timeout(Duration::from_secs(1));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mut out = io::stdout().lock();
    writeln!(out, "{}", report::table(&lines))?;
    writeln!(
        out,
        "{cores} cores, shared by the callers, the server and the simulated forge; load average before: {busy}; one run{}.",
        if args.quick { ", shortened" } else { "" }
    )?;
    let short = lines.iter().filter(|line| line.met == Some(false)).count();
    let judged = lines.iter().filter(|line| line.met.is_some()).count();
    writeln!(out, "{} of {judged} targets met.", judged - short)?;
    Ok(short == 0)
}

/// Progress and errors, which are no part of the table.
fn say(text: &str) {
    // Nobody reads standard error: nothing is lost.
    let _ = writeln!(io::stderr(), "{text}");
}
