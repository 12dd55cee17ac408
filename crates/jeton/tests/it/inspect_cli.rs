//! `jeton token inspect`: tokens on standard input and on a terminal. None of these needs a server.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
};

use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

/// A classic token: its last six characters are the checksum of the 30 after the prefix.
fn token() -> String {
    ["ghp_EXAMPLEsynthe", "ticTokenNumber0011Hpc2q"].concat()
}

/// How a run ended.
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

/// The command, with no environment and nothing to read but what the test gives it.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
    command
        .args(["token", "inspect"])
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn ended(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    Ran {
        status: output.status.code().expect("no signal ended it"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the command with this on its standard input.
fn inspect(arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = command(arguments).stdin(Stdio::piped()).spawn().unwrap();
    // a command that refuses its arguments reads nothing
    let _ = child.stdin.take().unwrap().write_all(input);
    ended(child)
}

fn json(arguments: &[&str], input: &[u8]) -> (i32, serde_json::Value) {
    let ran = inspect(&[&["--format", "json"], arguments].concat(), input);
    assert!(!ran.stdout.contains("synthetic") && !ran.stderr.contains("synthetic"));
    (
        ran.status,
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr)),
    )
}

#[test]
fn a_token_is_told_from_standard_input() {
    let ran = inspect(&[], format!("{}\n", token()).as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(
        ran.stdout,
        "this is a GitHub personal access token (classic)\nform: classic, 40 characters with a checksum\nwhole: yes, its checksum is \
         right\n"
    );
    let (status, answer) = json(&[], format!("Authorization: Bearer {}\r\n", token()).as_bytes());
    assert_eq!((status, &answer["usable"]), (0, &true.into()));
    assert_eq!(answer["kind"], "github_classic");
    assert_eq!(answer["findings"][0]["code"], "credential.decorated");
    assert!(answer.get("check").is_none());
}

#[test]
fn what_cannot_be_used_ends_with_1() {
    let cut = &token()[..38];
    let (status, answer) = json(&[], cut.as_bytes());
    assert_eq!((status, &answer["whole"]), (1, &"damaged".into()));
    assert_eq!(answer["findings"][0]["code"], "credential.damaged");
    let (status, answer) = json(&["--forge", "gitlab"], token().as_bytes());
    assert_eq!(
        (status, &answer["findings"][0]["code"]),
        (1, &"credential.wrong_forge".into())
    );
    let (status, answer) = json(&[], b"");
    assert_eq!(
        (status, &answer["findings"][0]["code"]),
        (1, &"credential.not_a_token".into())
    );
    assert!(answer.get("kind").is_none());
    let (status, _) = json(&[], " ".repeat(100_000).as_bytes());
    assert_eq!(status, 1);
    let ran = inspect(&[], b"octocat\n");
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.contains("error: This looks like a user name") && ran.stdout.contains("  help: "));
    let image = inspect(&[], b"\xff\xd8\xff\xe0\0\x10JFIF\0");
    assert_eq!(image.status, 1);
    assert!(image.stderr.contains("no text") && image.stderr.contains("code: credential.not_a_token"));
}

#[test]
fn a_file_that_windows_wrote_is_read() {
    let bytes: Vec<u8> = format!("\u{feff}{}\r\n", token())
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let (status, answer) = json(&[], &bytes);
    assert_eq!((status, &answer["findings"]), (0, &serde_json::json!([])));
}

#[test]
fn a_token_as_an_argument_is_refused_and_not_repeated() {
    let ran = inspect(&[&token()], b"");
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
    for part in [
        "every user of this machine",
        "history",
        "standard input",
        "revoke",
        "code: request.invalid",
    ] {
        assert!(ran.stderr.contains(part), "{part} in {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("synthetic"));
    let other = inspect(&["token.txt"], b"");
    assert!(other.status == 1 && other.stderr.contains("inspect < FILE") && !other.stderr.contains("revoke"));
}

/// A terminal, of which the command has one side and the test the other.
struct Terminal {
    ours: File,
    theirs: File,
}

impl Terminal {
    fn new() -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
        let theirs = OpenOptions::new().read(true).write(true).open(name).unwrap();
        Self {
            ours: ours.into(),
            theirs,
        }
    }

    /// Starts the command on it and waits until it asks.
    fn asked(&self) -> Child {
        let mut child = command(&[]).stdin(self.theirs.try_clone().unwrap()).spawn().unwrap();
        let question = "Paste the token and press Enter (it is not shown): ";
        let mut seen = vec![0; question.len()];
        child.stderr.as_mut().unwrap().read_exact(&mut seen).unwrap();
        assert_eq!(String::from_utf8(seen).unwrap(), question);
        child
    }

    fn types(&self, text: &str) {
        (&self.ours).write_all(text.as_bytes()).unwrap();
    }

    /// All that the terminal has shown.
    fn shown(&self) -> String {
        let flags = fcntl_getfl(&self.ours).unwrap();
        fcntl_setfl(&self.ours, flags | OFlags::NONBLOCK).unwrap();
        let mut shown = Vec::new();
        // ends with "would block"
        let _ = (&self.ours).read_to_end(&mut shown);
        String::from_utf8(shown).unwrap()
    }
}

#[test]
fn a_token_typed_on_the_terminal_is_not_shown() {
    use rustix::termios::{LocalModes, tcgetattr};
    let terminal = Terminal::new();
    let child = terminal.asked();
    let (front, back) = (&token()[..20], &token()[20..]);
    // a slip of the keyboard, and a line break out of another terminal
    terminal.types(&format!("{front}x\u{7f}\n{back}\r"));
    let ran = ended(child);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("whole: yes") && ran.stdout.contains("line break"),
        "{}",
        ran.stdout
    );
    assert_eq!(terminal.shown(), "");
    assert!(
        tcgetattr(&terminal.theirs)
            .unwrap()
            .local_modes
            .contains(LocalModes::ECHO | LocalModes::ICANON)
    );
}

#[test]
fn the_terminal_is_as_before_after_an_interrupt() {
    use rustix::termios::{LocalModes, tcgetattr};
    let terminal = Terminal::new();
    let child = terminal.asked();
    terminal.types("abc\u{3}");
    let ran = ended(child);
    assert!(
        ran.status == 1 && ran.stderr.contains("nothing was read"),
        "{}",
        ran.stderr
    );
    assert!(
        tcgetattr(&terminal.theirs)
            .unwrap()
            .local_modes
            .contains(LocalModes::ECHO | LocalModes::ISIG)
    );
}
