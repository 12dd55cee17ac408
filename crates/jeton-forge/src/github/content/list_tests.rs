use std::fmt::Write as _;

use jeton_domain::FilePath;
use jeton_outbound::Answer;
use serde_json::json;

use super::{Unreadable, read};
use crate::content::{EntryKind, Listed};

const ID: &str = "0123456789abcdef0123456789abcdef01234567";

fn look(body: String, directory: &str, deep: bool) -> Result<Listed, Unreadable> {
    let answer = Answer {
        status: 200,
        headers: http::HeaderMap::default(),
        body: body.into_bytes().into(),
    };
    read(&answer, &FilePath::parse(directory).unwrap(), deep)
}

fn tree(entries: &[(&str, &str, &str)]) -> String {
    let entries: Vec<_> = entries
        .iter()
        .map(|(mode, kind, path)| json!({"path": path, "mode": mode, "type": kind, "sha": ID, "size": 7, "url": "x"}))
        .collect();
    json!({"sha": ID, "url": "x", "tree": entries, "truncated": false}).to_string()
}

#[test]
fn a_mode_says_what_an_entry_is() {
    let body = tree(&[
        ("100644", "blob", "a"),
        ("100755", "blob", "b"),
        ("120000", "blob", "c"),
        ("040000", "tree", "d"),
        ("160000", "commit", "e"),
        ("040000", "blob", "liar"),
        ("777777", "blob", "odd"),
    ]);
    let listed = look(body, "", false).unwrap();
    let found: Vec<_> = listed
        .entries
        .iter()
        .map(|e| (e.path.as_str(), e.kind, e.size))
        .collect();
    assert_eq!(
        found,
        [
            ("a", EntryKind::File, Some(7)),
            ("b", EntryKind::Executable, Some(7)),
            ("c", EntryKind::Symlink, Some(7)),
            ("d", EntryKind::Directory, None),
            ("e", EntryKind::Submodule, None),
        ]
    );
    assert_eq!((listed.next, listed.cut), (None, false));
}

#[test]
fn paths_are_told_from_the_root_and_odd_ones_left_out() {
    let long = "x".repeat(5000);
    let names = [
        "a b#?%", "\"q\"", "ü", "A", "a", "..", "../x", "", "x/", "/x", "x//y", "x/../y", "a\u{7}b", &long,
    ];
    let entries: Vec<_> = names.iter().map(|name| ("100644", "blob", *name)).collect();
    for directory in ["", "src/deep"] {
        for deep in [false, true] {
            let listed = look(tree(&entries), directory, deep).unwrap();
            let found: Vec<_> = listed.entries.iter().map(|entry| entry.path.to_string()).collect();
            let prefix = if directory.is_empty() { "" } else { "src/deep/" };
            let expected: Vec<_> = names[..5].iter().map(|name| format!("{prefix}{name}")).collect();
            assert_eq!(found, expected);
        }
    }
    let below = [("100644", "blob", "one/two")];
    assert_eq!(
        look(tree(&below), "src", true).unwrap().entries[0].path.as_str(),
        "src/one/two"
    );
    assert!(look(tree(&below), "src", false).unwrap().entries.is_empty());
}

#[test]
fn a_cut_tree_says_so_and_a_damaged_one_is_refused() {
    let body = tree(&[]).replace("false", "true");
    assert!(look(body, "", true).unwrap().cut);
    for body in [
        tree(&[("100644", "blob", "a")]).replace(ID, "7"),
        tree(&[("100644", "blob", "a")]).replace(":7", ":-7"),
        "[]".to_owned(),
        "{}".to_owned(),
        String::new(),
    ] {
        assert!(look(body.clone(), "", true).is_err(), "{body}");
    }
}

#[test]
fn a_hundred_thousand_entries_are_read() {
    let mut body = String::from(r#"{"sha":"x","truncated":true,"tree":["#);
    for number in 0..100_000 {
        let comma = if number == 0 { "" } else { "," };
        write!(
            body,
            r#"{comma}{{"path":"src/module_{number}/file.rs","mode":"100644","type":"blob","sha":"{number:040x}","size":{number},
            "url":"https://git.example.com/api/v3/repos/acme/tools/git/blobs/{number:040x}"}}"#
        )
        .unwrap();
    }
    body.push_str("]}");
    let listed = look(body, "", true).unwrap();
    assert!(listed.cut);
    assert_eq!(listed.entries.len(), 100_000);
    let last = listed.entries.last().unwrap();
    assert_eq!(
        (last.path.as_str(), last.size),
        ("src/module_99999/file.rs", Some(99_999))
    );
}
