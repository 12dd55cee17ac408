//! What goes wrong, and what is left behind then.

use std::{fs, io::Read as _, path::Path, process::Stdio, time::Duration};

use jeton_forge_sim::{FaultKind, FaultRule};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    cli_support::World,
    world::{Forges, files, json, refused, with},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_with_what_to_do_about_it() {
    let forges = Forges::start().await;
    let (served, _server) = forges.served();
    let alone = forges.alone();
    let name = &forges.names()[0];
    for world in [&served, &alone] {
        for (command, code) in [
            (&["cat", "acme/tools", "docs"][..], "content.is_directory"),
            (&["cat", "acme/tools", "readme.md"], "content.path_not_found"),
            (&["cat", "acme/tools", "vendor/lib"], "content.is_submodule"),
            (&["tree", "acme/tools", "README.md"], "content.is_file"),
            (&["tree", "acme/tools", "--ref", "nope"], "content.ref_not_found"),
        ] {
            refused(world, &with(&[&["content"], command].concat(), name), code);
        }
    }
    let told = refused(
        &alone,
        &with(&["content", "tree", "acme/none"], name),
        "content.repository_not_found",
    );
    assert!(
        told.contains("GITHUB_TOKEN") && !told.contains(&forges.tokens[0]),
        "{told}"
    );
    // as nobody, which is not enough for what is private
    let nobody = World::new().env("JETON_FORGES__ALLOW_LOOPBACK", "true");
    let told = refused(
        &nobody,
        &with(&["content", "tree", "acme/tools"], name),
        "content.repository_not_found",
    );
    assert!(told.contains("set GH_TOKEN or GITHUB_TOKEN"), "{told}");
    // a forge that does not answer is not the user's fault
    let gone = [
        "content",
        "tree",
        "acme/tools",
        "--forge",
        "github",
        "--base-url",
        "http://127.0.0.1:1",
    ];
    let ran = nobody.run(&gone);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    // a token is no argument
    let ran = alone.run(&["content", "tree", &forges.tokens[0]]);
    assert!(
        ran.status == 1 && !ran.stderr.contains(&forges.tokens[0]),
        "{}",
        ran.stderr
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_asked_where_there_is_one_unless_told_otherwise() {
    let forges = Forges::start().await;
    let (served, process) = forges.served();
    let page = format!("{}/acme/tools", forges.github.web_url());
    let source = |more: &[&str]| json(&served, &[&["content", "tree", &page], more].concat())["source"].clone();
    assert_eq!(source(&[]), "account:github");
    let told = refused(
        &served,
        &["content", "tree", &page, "--alone", "--forge", "github"],
        "content.repository_not_found",
    );
    assert!(told.contains("set GH_TOKEN"), "alone it has no token: {told}");
    drop(process);
    let told = refused(
        &served,
        &["content", "tree", &page, "--forge", "github"],
        "content.repository_not_found",
    );
    assert!(told.contains("set GH_TOKEN"), "{told}");
    let ran = served.run(&["content", "tree", &page, "--url", "http://127.0.0.1:1"]);
    assert!(
        ran.status != 0 && !ran.stderr.contains("GH_TOKEN"),
        "a server that was named is meant: {}",
        ran.stderr
    );
}

/// What is begun and not yet there, with its size.
fn begun(beside: &Path) -> Vec<u64> {
    let entries = fs::read_dir(beside.parent().unwrap()).unwrap().map(Result::unwrap);
    let begun = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".jeton-content"));
    // One that goes away meanwhile is none.
    begun.filter_map(|entry| Some(entry.metadata().ok()?.len())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_in_the_middle_of_a_file_leaves_nothing_behind() {
    let forges = Forges::start().await;
    let alone = forges.alone();
    let drip = FaultKind::SlowBody {
        chunk: 2_000_000,
        pause: Duration::from_secs(50),
    };
    let route = "GET /repos/{owner}/{repo}/git/blobs/{sha}";
    forges.github.faults().add(FaultRule::new(drip).on(route));
    for signal in [Signal::INT, Signal::TERM] {
        let to = alone.path("out.bin");
        let out = to.to_str().unwrap();
        let mut child = alone
            .command(&["content", "cat", "acme/tools", "long.txt", "--output", out])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while begun(&to).iter().all(|size| *size == 0) {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was told to");
            tokio::task::yield_now().await;
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = child.wait().unwrap();
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert_eq!(status.code(), Some(130), "{told}");
        assert!(told.contains("interrupted"), "{told}");
        assert!(begun(&to).is_empty() && !to.exists());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_written_whole_or_not_at_all() {
    let forges = Forges::start().await;
    let alone = forges.alone();
    let to = alone.path("out.bin");
    let cat = |path: &str| alone.run(&["content", "cat", "acme/tools", path, "--output", to.to_str().unwrap()]);
    let ran = cat("logo.bin");
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let logo = &files()[4].1;
    assert!(fs::read(&to).unwrap() == *logo);
    assert_eq!(cat("no-such-file").status, 1);
    assert!(fs::read(&to).unwrap() == *logo, "what was there stays");
    assert!(begun(&to).is_empty());

    let (served, _server) = forges.served();
    let route = "GET /repos/{owner}/{repo}/git/blobs/{sha}";
    forges
        .github
        .faults()
        .add(FaultRule::new(FaultKind::CutInBody).on(route));
    for world in [&served, &alone] {
        let to = world.path("broken");
        let out = to.to_str().unwrap();
        let cat = ["content", "cat", "acme/tools", "long.txt", "--output", out];
        let ran = world.run(&with(&cat, &forges.names()[0]));
        assert_eq!(ran.status, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("help: "), "{}", ran.stderr);
        assert!(!to.exists() && begun(&to).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_called_one() {
    let forges = Forges::start().await;
    let alone = forges.alone();
    let cat = ["content", "cat", "acme/tools", "logo.bin"];
    let named = alone.run(&[&cat[..], &["--output", "/dev/full"]].concat());
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = alone.command(&cat).stdout(full).output().unwrap();
    for (status, told) in [
        (Some(named.status), named.stderr),
        (output.status.code(), String::from_utf8(output.stderr).unwrap()),
    ] {
        assert_eq!(status, Some(1), "{told}");
        assert!(
            told.contains("there is no room for it") && told.contains("help: "),
            "{told}"
        );
    }
    let nowhere = refused(
        &alone,
        &[&cat[..], &["--output", "no/such/dir"]].concat(),
        "config.file",
    );
    assert!(nowhere.contains("there is no such directory"), "{nowhere}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_the_servers_credentials_is_told_beside_the_file() {
    let forges = Forges::start().await;
    let (served, _server) = forges.served();
    forges.revoke_at_bitbucket();
    let name = &forges.names()[2];
    for command in ["cat", "lines"] {
        let ran = served.run(&with(&["content", command, "acme/tools", "README.md"], name));
        assert_eq!((ran.status, ran.stdout.as_str()), (0, "# Tools\n"), "{}", ran.stderr);
        assert!(ran.stderr.contains("note: "), "{command}: {}", ran.stderr);
    }
    let ran = served.run(&with(&["content", "cat", "acme/tools", "README.md", "--json"], name));
    assert_eq!(ran.stderr, "", "a program finds them in the JSON");
    assert!(ran.stdout.contains("account:bitbucket"), "{}", ran.stdout);
}
