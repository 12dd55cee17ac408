//! Reads a secret from the terminal without showing it.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    stdio::stdin,
    termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr},
};
use zeroize::Zeroizing;

use super::CliError;

/// How long after a line's end more of the same paste may come.
const PASTE_GAP: Duration = Duration::from_millis(50);

const INTERRUPT: u8 = 0x03;
const END_OF_INPUT: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const KILL_LINE: u8 = 0x15;
const DELETE: u8 = 0x7f;

/// The terminal as it was; put back when this goes, whatever happened.
struct Restored(Termios);

impl Drop for Restored {
    fn drop(&mut self) {
        // what was typed and not read is thrown away: the shell must not run the rest of a token
        let _ = tcsetattr(stdin(), OptionalActions::Flush, &self.0);
    }
}

/// Asks on the terminal and reads what is typed or pasted, at most `most` bytes, until a line ends and nothing follows it at once: a
/// token that was broken over lines is read whole.
///
/// # Errors
/// [`CliError::Usage`] on ^C, [`CliError::Io`] when the terminal cannot be read.
pub(super) fn read_hidden(question: &str, most: usize) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let before = tcgetattr(stdin()).map_err(unreadable)?;
    let mut silent = before.clone();
    // ^C comes as a character, so that the terminal is never left without echo
    silent.local_modes &=
        !(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
    silent.special_codes[SpecialCodeIndex::VMIN] = 1;
    silent.special_codes[SpecialCodeIndex::VTIME] = 0;
    let restored = Restored(before);
    tcsetattr(stdin(), OptionalActions::Now, &silent).map_err(unreadable)?;
    let mut screen = io::stderr().lock();
    let _ = write!(screen, "{question}").and_then(|()| screen.flush());
    let line = read_line(most);
    drop(restored);
    let _ = writeln!(screen);
    line
}

fn read_line(most: usize) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let mut line = Zeroizing::new(Vec::with_capacity(most));
    let mut block = Zeroizing::new([0_u8; 512]);
    loop {
        let length = match rustix::io::read(stdin(), block.as_mut_slice()) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other.map_err(unreadable)?,
        };
        if length == 0 {
            return Ok(line);
        }
        for (index, byte) in block[..length].iter().enumerate() {
            match *byte {
                b'\n' | b'\r' if index + 1 == length && !more_comes() => return Ok(line),
                END_OF_INPUT => return Ok(line),
                INTERRUPT => {
                    return Err(CliError::Usage {
                        what: "nothing was read".to_owned(),
                        remedy: "Run the command again to paste it.".to_owned(),
                    });
                }
                BACKSPACE | DELETE => drop_last(&mut line),
                KILL_LINE => line.clear(),
                byte if line.len() < most => line.push(byte),
                _ => {}
            }
        }
    }
}

/// Takes the last character away, which may have several bytes.
fn drop_last(line: &mut Vec<u8>) {
    while line.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
}

fn more_comes() -> bool {
    let terminal = stdin();
    let mut polled = [PollFd::new(&terminal, PollFlags::IN)];
    let gap = Timespec::try_from(PASTE_GAP).ok();
    poll(&mut polled, gap.as_ref()).is_ok_and(|ready| ready > 0)
}

fn unreadable(error: rustix::io::Errno) -> CliError {
    CliError::Io {
        what: "the terminal cannot be read".to_owned(),
        source: error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::drop_last;

    #[test]
    fn a_character_goes_whole() {
        let mut line = "aé€".as_bytes().to_vec();
        for left in ["aé", "a", "", ""] {
            drop_last(&mut line);
            assert_eq!(line, left.as_bytes());
        }
    }
}
