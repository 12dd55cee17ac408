//! What comes to a terminal.

use std::{fs, io::Read as _, process::Stdio};

use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

use crate::world::{Forges, long_line};

/// A terminal, of which the command has one side and the test the other.
struct Terminal {
    ours: fs::File,
    theirs: fs::File,
}

impl Terminal {
    fn new() -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
        let theirs = fs::OpenOptions::new().read(true).write(true).open(name).unwrap();
        let size = rustix::termios::Winsize {
            ws_row: 25,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&theirs, size).unwrap();
        Self {
            ours: ours.into(),
            theirs,
        }
    }

    fn theirs(&self) -> fs::File {
        self.theirs.try_clone().unwrap()
    }

    /// All that it has shown.
    fn shown(&self) -> String {
        let flags = fcntl_getfl(&self.ours).unwrap();
        fcntl_setfl(&self.ours, flags | OFlags::NONBLOCK).unwrap();
        let mut shown = Vec::new();
        // ends with "would block"
        let _ = (&self.ours).read_to_end(&mut shown);
        String::from_utf8(shown).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_is_neither_garbled_nor_left_without_a_word() {
    let forges = Forges::start().await;
    // without it no bar is drawn, since nothing tells how
    let alone = forges.alone().env("TERM", "xterm");
    let cat = |path| alone.command(&["content", "cat", "acme/tools", path]);

    let terminal = Terminal::new();
    let output = cat("logo.bin")
        .stdout(terminal.theirs())
        .stderr(Stdio::piped())
        .output();
    let output = output.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), terminal.shown().as_str()),
        (Some(1), ""),
        "{told}"
    );
    assert!(told.contains("--output"), "{told}");

    assert!(cat("escape.txt").stdout(terminal.theirs()).status().unwrap().success());
    assert_eq!(terminal.shown(), "a [31mb\r\n");
    let lines = ["content", "lines", "acme/tools", "escape.txt"];
    assert!(
        alone
            .command(&lines)
            .stdout(terminal.theirs())
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(terminal.shown(), "a [31mb\r\n");

    let output = cat("long.txt")
        .stdout(Stdio::piped())
        .stderr(terminal.theirs())
        .output();
    assert!(output.unwrap().stdout == long_line().as_bytes());
    let bar = terminal.shown();
    assert!(bar.contains("MiB of 4.77 MiB"), "{bar:?}");
    let output = cat("README.md")
        .stdout(Stdio::piped())
        .stderr(terminal.theirs())
        .output();
    assert!(output.unwrap().status.success());
    assert_eq!(terminal.shown(), "", "a short file needs no bar");
    let output = cat("long.txt")
        .arg("--json")
        .stdout(Stdio::piped())
        .stderr(terminal.theirs())
        .output();
    assert!(output.unwrap().status.success());
    assert_eq!(terminal.shown(), "", "JSON is for programs");
}
