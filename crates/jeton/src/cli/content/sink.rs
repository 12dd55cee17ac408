//! Where a file goes: standard output, or another file that is there only when all of it is.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, IsTerminal as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use jeton_domain::Code;
use tempfile::NamedTempFile;

use super::{CliError, clean};
use crate::cli::error::Told;

/// So many bytes at the beginning tell whether it is text, as git has it.
const HEAD: usize = 8000;

/// Where it goes.
pub(super) enum Sink {
    /// To whoever reads standard output.
    Output,
    /// To a terminal, once it is seen to be text.
    Terminal { head: Option<Vec<u8>>, shown: Shown },
    /// To a new file, which takes its name at the end.
    File { file: NamedTempFile, to: PathBuf },
    /// To a device or a pipe, which takes it as it comes.
    Device { file: fs::File, name: String },
}

/// Whether more is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    More,
    /// The reader went away, as `head` does.
    Enough,
}

impl Sink {
    /// Whether [`Sink::open`] makes a file beside what is wanted, which somebody has to remove when the program is told to end.
    pub(super) fn is_beside(output: Option<&Path>) -> bool {
        named(output).is_some_and(|output| fs::metadata(output).map_or(true, |found| found.is_file()))
    }

    /// Opens a file, or standard output.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn open(output: Option<&Path>) -> Result<Self, CliError> {
        let Some(output) = named(output) else {
            return Ok(if io::stdout().is_terminal() {
                Self::Terminal {
                    head: Some(Vec::new()),
                    shown: Shown::default(),
                }
            } else {
                Self::Output
            });
        };
        let name = output.display().to_string();
        let found = fs::metadata(output).ok();
        if found.as_ref().is_some_and(|found| !found.is_file()) {
            let file = OpenOptions::new().write(true).open(output);
            let file = file.map_err(|error| not_written(&name, error))?;
            return Ok(Self::Device { file, name });
        }
        // A link stays one: the file that it leads to is replaced.
        let to = found.as_ref().and_then(|_| fs::canonicalize(output).ok());
        let to = to.unwrap_or_else(|| output.to_owned());
        let directory = match to.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        // The umask takes away from this what a new file is not to have.
        let mode = found.as_ref().map_or(0o666, |found| found.permissions().mode() & 0o777);
        let file = tempfile::Builder::new()
            .prefix(".jeton-content.")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(directory)
            .map_err(|error| not_written(&name, error))?;
        Ok(Self::File { file, to })
    }

    /// Whether it goes to where people look.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminal { .. })
    }

    /// Takes a piece.
    ///
    /// # Errors
    /// When it cannot be written, or would garble a terminal.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<Wanted, CliError> {
        match self {
            Self::Output => to_output(bytes),
            Self::File { file, to } => {
                let written = file.write_all(bytes);
                written.map_err(|error| not_written(&to.display().to_string(), error))?;
                Ok(Wanted::More)
            }
            Self::Device { file, name } => match file.write_all(bytes) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Wanted::Enough),
                written => written.map(|()| Wanted::More).map_err(|error| not_written(name, error)),
            },
            Self::Terminal { head, shown } => {
                let Some(mut begun) = head.take() else {
                    return to_output(&shown.of(bytes));
                };
                begun.extend_from_slice(bytes);
                if begun[..begun.len().min(HEAD)].contains(&0) {
                    return Err(binary());
                }
                if begun.len() < HEAD {
                    *head = Some(begun);
                    return Ok(Wanted::More);
                }
                to_output(&shown.of(&begun))
            }
        }
    }

    /// Ends it: now the file is there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn finish(mut self) -> Result<(), CliError> {
        match &mut self {
            Self::Output | Self::Device { .. } => return Ok(()),
            Self::Terminal { head, shown } => {
                if let Some(begun) = head.take() {
                    to_output(&shown.of(&begun))?;
                }
                return Ok(());
            }
            Self::File { .. } => {}
        }
        if let Self::File { file, to } = self {
            let synced = file.as_file().sync_all();
            let persisted = synced.and_then(|()| file.persist(&to).map_err(|refused| refused.error));
            persisted.map_err(|error| not_written(&to.display().to_string(), error))?;
        }
        Ok(())
    }
}

/// Text as a terminal may get it: without what moves its cursor, changes its colours or its title.
#[derive(Debug, Default)]
pub(super) struct Shown {
    last: u8,
}

impl Shown {
    /// The next piece, wherever it was cut.
    pub(super) fn of(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            // The second byte of U+0080 to U+009F in UTF-8, which control terminals too.
            let is_c1 = self.last == 0xc2 && (0x80..=0x9f).contains(&byte);
            let is_control = byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r');
            out.push(match byte {
                _ if is_c1 => 0xa0,
                _ if is_control => b' ',
                byte => byte,
            });
            self.last = byte;
        }
        out
    }
}

fn to_output(bytes: &[u8]) -> Result<Wanted, CliError> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Wanted::Enough),
        written => written
            .map(|()| Wanted::More)
            .map_err(|error| not_written("standard output", error)),
    }
}

fn binary() -> CliError {
    CliError::of(Told {
        what: "the file is binary, and would garble the terminal".to_owned(),
        code: Code::ContentNotText,
        remedy: Some("Write it to a file with --output FILE, or to another program with |.".to_owned()),
    })
}

fn not_written(name: &str, source: io::Error) -> CliError {
    let what = clean(&format!("{name} cannot be written"));
    let (why, remedy) = match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => (
            "there is no room for it",
            "Make some, or write it elsewhere with --output FILE.",
        ),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => (
            "there is no such directory",
            "Make the directory first, or name another file.",
        ),
        io::ErrorKind::IsADirectory => ("it is a directory", "Name a file in it."),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ("you may not write there", "Write it where you may, with --output FILE.")
        }
        _ => return CliError::Io { what, source },
    };
    CliError::of(Told {
        what: format!("{what}: {why}"),
        code: Code::ConfigFile,
        remedy: Some(remedy.to_owned()),
    })
}

/// The file that was named; `-` is standard output.
fn named(output: Option<&Path>) -> Option<&Path> {
    output.filter(|output| *output != Path::new("-"))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::{Shown, Sink, Wanted};

    #[test]
    fn a_file_is_there_only_when_all_of_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("out.bin"), directory.path().join("link"));
        let mut sink = Sink::open(Some(&path)).unwrap();
        assert_eq!(sink.write(b"half").unwrap(), Wanted::More);
        drop(sink);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0, "nothing is left behind");

        fs::write(&path, "before").unwrap();
        symlink(&path, &link).unwrap();
        let mut sink = Sink::open(Some(&link)).unwrap();
        sink.write(b"after\0").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"before");
        sink.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after\0");
        assert!(link.is_symlink());
        assert!(Sink::open(Some(directory.path())).is_err(), "a directory is no file");
    }

    #[test]
    fn a_terminal_gets_no_escapes_wherever_the_text_is_cut() {
        let text = "a\u{1b}[31mb\tü\u{9b}2Jc\u{7f}\r\n\u{85}".as_bytes();
        for cut in 0..text.len() {
            let mut shown = Shown::default();
            let out = [shown.of(&text[..cut]), shown.of(&text[cut..])].concat();
            assert_eq!(
                String::from_utf8(out).unwrap(),
                "a [31mb\tü\u{a0}2Jc \r\n\u{a0}",
                "{cut}"
            );
        }
    }

    #[test]
    fn what_is_binary_is_kept_from_a_terminal() {
        let mut sink = Sink::Terminal {
            head: Some(Vec::new()),
            shown: Shown::default(),
        };
        assert_eq!(sink.write(b"GIF89a").unwrap(), Wanted::More);
        let error = sink.write(b"\x01\0").unwrap_err();
        assert!(error.to_string_for_people().contains("--output"));
        assert_eq!(error.exit_status(), 1);
    }
}
