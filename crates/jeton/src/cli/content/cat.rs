//! `jeton content cat`

use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{
    CliError, Context, note,
    progress::Progress,
    reader::{Reader, at_one_of},
    sink::{Sink, Wanted},
    target::{Spot, Target},
};
use crate::cli::{Format, args_content::CatArgs, output::print_json};

/// What shells make of a program that an interrupt ended.
const INTERRUPTED: u8 = 130;

pub(super) async fn run(args: CatArgs, context: &Context) -> Result<ExitCode, CliError> {
    let target = Target::parse(&args.repository)?;
    let of_address = target.has_path().then_some(None);
    let paths: Vec<Option<&str>> = of_address
        .into_iter()
        .chain(args.paths.iter().map(|path| Some(path.as_str())))
        .collect();
    let usage = |what: &str, remedy: &str| {
        Err(CliError::Usage {
            what: what.to_owned(),
            remedy: remedy.to_owned(),
        })
    };
    if paths.is_empty() {
        return usage(
            "no file is named",
            "Write it like `jeton content cat acme/tools src/main.rs`.",
        );
    }
    let format = args.print.format();
    if format == Format::Table && (args.offset.is_some() || args.limit.is_some()) {
        return usage("--offset and --limit are about JSON", "Add --json, or leave them out.");
    }
    let reference = args.place.reference.as_deref();
    let files: Result<Vec<_>, _> = paths.iter().map(|path| target.spots(reference, *path)).collect();
    let files = files?;
    let reader = Reader::new(&args.place, &target, context).await?;
    if format == Format::Json {
        for spots in &files {
            let read = async |spot: &Spot| reader.content(spot, args.offset, args.limit).await;
            let (found, _) = at_one_of(spots, read).await?;
            print_json(&found)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if target.lines.is_some() {
        note("note: all of the file comes; `jeton content lines` shows only the lines that the address points to");
    }
    let output = args.output.as_deref();
    if !Sink::is_beside(output) {
        // What ends the program ends it at once, and leaves nothing behind.
        copy(&reader, &files, Sink::open(output)?).await?;
        return Ok(ExitCode::SUCCESS);
    }
    // Listened for before the file beside is made: from then on neither ends the program without its being removed.
    let mut endings = Endings::listen()?;
    let sink = Sink::open(output)?;
    tokio::select! {
        biased;
        () = endings.next() => {
            note("interrupted; nothing was written");
            Ok(ExitCode::from(INTERRUPTED))
        }
        copied = copy(&reader, &files, sink) => copied.map(|()| ExitCode::SUCCESS),
    }
}

async fn copy(reader: &Reader, files: &[Vec<Spot>], mut sink: Sink) -> Result<(), CliError> {
    for spots in files {
        let (mut file, _) = at_one_of(spots, async |spot: &Spot| reader.raw(spot).await).await?;
        file.notes.iter().for_each(|line| note(line));
        let mut progress = Progress::new(file.size, sink.is_terminal());
        while let Some(piece) = file.next().await? {
            if sink.write(&piece)? == Wanted::Enough {
                return Ok(());
            }
            progress.advance(piece.len());
        }
    }
    sink.finish()
}

/// Ctrl-C and `kill`.
struct Endings([Signal; 2]);

impl Endings {
    fn listen() -> Result<Self, CliError> {
        let listen = |kind| {
            signal(kind).map_err(|source| CliError::Io {
                what: "signals cannot be listened for".to_owned(),
                source,
            })
        };
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
        ]))
    }

    /// Until one of them comes.
    async fn next(&mut self) {
        let Self([interrupt, terminate]) = self;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}
