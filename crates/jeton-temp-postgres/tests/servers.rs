//! Servers that start, end, and leave nothing behind.
#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

use std::{
    io::ErrorKind,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use jeton_temp_postgres::TempPostgres;
use rustix::fs::{FlockOperation, flock};

/// `host:port` of a URL of ours.
fn address(url: &str) -> String {
    let (_, rest) = url.rsplit_once('@').unwrap();
    rest.split('/').next().unwrap().to_owned()
}

fn listens(url: &str) -> bool {
    TcpStream::connect(address(url)).is_ok()
}

#[test]
fn a_server_of_ones_own_stops_resumes_and_goes() {
    let server = TempPostgres::start().unwrap();
    let url = server.database().unwrap();
    assert_ne!(url, server.database().unwrap());
    assert!(listens(&url));
    server.stop().unwrap();
    assert!(!listens(&url));
    server.resume().unwrap();
    assert!(listens(&url));
    server.kill().unwrap();
    assert!(!listens(&url));
    server.resume().unwrap();
    server.restart().unwrap();
    assert!(listens(&url));
    drop(server);
    assert!(!listens(&url));
}

#[test]
fn the_shared_server_is_one_and_nobody_may_stop_it() {
    let one = TempPostgres::shared().unwrap();
    let two = TempPostgres::shared().unwrap();
    let (first, second) = (one.database().unwrap(), two.database().unwrap());
    assert_eq!(address(&first), address(&second));
    assert_ne!(first, second);
    assert_eq!(one.restart().unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(listens(&first));
}

#[test]
fn a_database_on_the_shared_server_goes_with_who_made_it() {
    let opens = |url: &str| {
        Command::new("psql")
            .args([url, "-c", ""])
            .output()
            .unwrap()
            .status
            .success()
    };
    let stays = TempPostgres::shared().unwrap();
    let made = TempPostgres::shared().unwrap();
    let (kept, gone) = (stays.database().unwrap(), made.database().unwrap());
    assert!(opens(&kept) && opens(&gone));
    drop(made);
    assert!(opens(&kept) && !opens(&gone));
}

/// Not a test of its own: the process that `a_killed_process_leaves_no_server` kills.
#[test]
#[ignore = "run by a_killed_process_leaves_no_server"]
fn hold_a_server_until_killed() {
    let server = TempPostgres::start().unwrap();
    println!("holds {}", server.database().unwrap());
    // Until the end of the input, which is at once for whoever runs this by itself.
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn a_killed_process_leaves_no_server() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "hold_a_server_until_killed"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let url = lines
        .map(Result::unwrap)
        .find_map(|line| line.split_once("holds ").map(|(_, url)| url.to_owned()))
        .unwrap();
    assert!(listens(&url));
    let directory = directory_of(&url);
    let lock = std::fs::File::open(directory.join("users")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // The supervisor holds this lock while it cleans up, and ends when it is done.
    until_gone(&directory, &lock);
    assert!(!directory.exists());
    assert!(!listens(&url));
}

/// The directory of the server that listens at a URL: the one whose `postmaster.pid` names the port in its fourth line.
fn directory_of(url: &str) -> PathBuf {
    let address = address(url);
    let (_, port) = address.rsplit_once(':').unwrap();
    std::fs::read_dir(std::env::temp_dir())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            let text = std::fs::read_to_string(path.join("data/postmaster.pid")).unwrap_or_default();
            text.lines().nth(3) == Some(port)
        })
        .unwrap()
}

/// Waits in the kernel, without a timer: until the supervisor has taken the lock and given it back by ending.
fn until_gone(directory: &Path, lock: &std::fs::File) {
    while directory.exists() {
        flock(lock, FlockOperation::LockShared).unwrap();
        flock(lock, FlockOperation::Unlock).unwrap();
        std::thread::yield_now();
    }
}
