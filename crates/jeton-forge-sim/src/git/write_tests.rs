use super::*;
use crate::git::{LogQuery, Node};

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn store() -> GitStore {
    let store = GitStore::create().unwrap();
    store.create_repository(1, b"first\n", now()).unwrap();
    store
}

#[test]
fn every_mode_and_every_name_is_kept() {
    let store = store();
    let names: [&[u8]; 6] = [
        b"a b",
        b"a\"b\\",
        b"#?%2F+",
        "ü/Ü.txt".as_bytes(),
        b"\xff\xfe",
        b"line\nbreak",
    ];
    let mut spec = CommitSpec::new("All\n\nof it")
        .executable("run.sh", "#!")
        .symlink("link", "run.sh");
    spec = spec
        .submodule("module", &"1".repeat(40))
        .remove("README.md")
        .at(now(), -570);
    for name in names {
        spec = spec.file(name, name);
    }
    let commit = store.write(1, &spec, now()).unwrap();
    let listed = store.list(1, &commit).unwrap().unwrap();
    let find = |raw: &[u8]| listed.iter().find(|node| node.raw == raw);
    assert!(find(b"run.sh").unwrap().is_executable());
    assert!(find(b"link").unwrap().is_symlink());
    assert!(find(b"module").unwrap().is_submodule());
    assert!(find(b"README.md").is_none());
    for name in names.iter().filter(|name| !name.contains(&b'/')) {
        let (_, content) = store.read_object(1, &find(name).unwrap().id).unwrap().unwrap();
        assert_eq!(content, *name);
    }
    assert_eq!(find(b"\xff\xfe").unwrap().path, "\u{fffd}\u{fffd}");
    let mut walked: Vec<Node> = Vec::new();
    store
        .walk(1, &commit, |node| {
            walked.push(node);
            true
        })
        .unwrap();
    let whole: Vec<&[u8]> = walked.iter().map(|node| node.raw.as_slice()).collect();
    assert!(whole.contains(&"ü".as_bytes()) && whole.contains(&"ü/Ü.txt".as_bytes()));
    assert_eq!(walked.len(), listed.len() + 1);
    let read = store.commit(1, &commit).unwrap().unwrap();
    assert_eq!((read.message.as_str(), read.parents.len()), ("All\n\nof it", 1));
    assert_eq!(read.author.date(), "2025-12-31T14:30:00-09:30");
}

#[test]
fn what_cannot_be_is_refused() {
    let store = store();
    let write = |spec: CommitSpec| store.write(1, &spec, now());
    for path in ["../x", "/x", "a//b", ".git/config", ""] {
        assert!(write(CommitSpec::new("x").file(path, "")).is_err(), "{path:?}");
    }
    assert!(write(CommitSpec::new("x").branch("a b").file("x", "")).is_err());
    assert!(write(CommitSpec::new("x").author("a>b", "c")).is_err());
    assert!(write(CommitSpec::new("x").submodule("x", "main")).is_err());
    assert!(store.tag(1, "a b", "main", None, now()).is_err());
    assert!(store.tag(1, "x", "none", None, now()).is_err());
    assert!(store.import(1, b"nonsense\n").is_err());
}

#[test]
fn tags_are_light_or_objects_and_both_mean_their_commit() {
    let store = store();
    let first = store.resolve(1, "main").unwrap();
    store.tag(1, "light", "main", None, now()).unwrap();
    store.tag(1, "v1.0+x", &first, Some("One"), now()).unwrap();
    store.commit_file(1, "x", b"", now()).unwrap();
    let tags = store.references(1, "refs/tags/").unwrap();
    assert_eq!(tags.len(), 2);
    assert_eq!(
        (tags[0].object.as_str(), tags[0].peeled.as_deref()),
        (first.as_str(), None)
    );
    assert_ne!(tags[1].object, first);
    assert_eq!(tags[1].peeled.as_ref(), Some(&first));
    for name in ["light", "v1.0+x", "tags/light", "refs/tags/v1.0+x"] {
        assert_eq!(store.resolve(1, name), Some(first.clone()), "{name}");
    }
    assert_eq!(store.references(1, "refs/tags/v").unwrap().len(), 1);
}

#[test]
fn history_is_filtered_by_path_date_and_author() {
    let store = store();
    let day = |day: u32| format!("2026-02-0{day}T12:00:00Z").parse::<Timestamp>().unwrap();
    for (number, who) in (1..=5).zip(["ada", "bob", "ada", "bob", "ada"]) {
        let path = if number % 2 == 0 { "even/x[1]" } else { "odd" };
        let spec = CommitSpec::new(format!("{number}")).file(path, number.to_string());
        let spec = spec.author(who, &format!("{who}@example.com")).at(day(number), 120);
        store.write(1, &spec, now()).unwrap();
    }
    let main = store.resolve(1, "main").unwrap();
    let all = LogQuery {
        start: &main,
        ..LogQuery::default()
    };
    let titles = |query: LogQuery<'_>| {
        let commits = store.log(1, &query).unwrap();
        let titles: Vec<String> = commits.iter().map(|commit| commit.title().to_owned()).collect();
        (titles.concat(), store.count(1, &query).unwrap())
    };
    assert_eq!(titles(LogQuery { skip: 1, max: 2, ..all }), ("43".to_owned(), 6));
    assert_eq!(titles(LogQuery { path: b"even", ..all }).0, "42");
    assert_eq!(
        titles(LogQuery {
            path: b"even/x[1]",
            ..all
        })
        .0,
        "42"
    );
    assert_eq!(
        titles(LogQuery {
            path: b"nothing",
            ..all
        }),
        (String::new(), 0)
    );
    let some = LogQuery {
        since: Some(day(2)),
        until: Some(day(4)),
        ..all
    };
    assert_eq!(titles(some), ("432".to_owned(), 3));
    assert_eq!(
        titles(LogQuery {
            author: Some("Bob"),
            ..some
        })
        .0,
        "42"
    );
    assert_eq!(
        titles(LogQuery {
            author: Some("ada@example.com"),
            ..all
        })
        .0,
        "531"
    );
    assert_eq!(
        titles(LogQuery {
            author: Some("."),
            ..all
        })
        .1,
        0
    );
    assert_eq!(
        titles(LogQuery {
            skip: usize::MAX,
            ..all
        })
        .0,
        ""
    );
}

#[test]
fn a_commits_changes_are_named_counted_and_shown() {
    let store = store();
    let spec = CommitSpec::new("one")
        .file("a", "1\n2\n3\n4\n5\n6\n")
        .file("b.bin", b"\0\x01");
    store.write(1, &spec, now()).unwrap();
    let spec = CommitSpec::new("two").remove("a").file("c", "1\n2\n3\n4\n5\n6\n7\n");
    let spec = spec.file("b.bin", b"\0\x02").remove("README.md").file("new", "x\n");
    let commit = store.write(1, &spec, now()).unwrap();
    let changes = store.changes(1, &commit).unwrap();
    let facts: Vec<(char, &str, u64, u64)> = changes
        .iter()
        .map(|change| (change.status, change.path.as_str(), change.additions, change.deletions))
        .collect();
    let wanted = [
        ('D', "README.md", 0, 1),
        ('M', "b.bin", 0, 0),
        ('R', "c", 1, 0),
        ('A', "new", 1, 0),
    ];
    assert_eq!(facts, wanted);
    assert_eq!(changes[2].old_path.as_deref(), Some("a"));
    assert_eq!(changes[3].patch.as_deref(), Some("@@ -0,0 +1 @@\n+x"));
    assert!(changes[1].patch.is_none());
    let root = store
        .log(
            1,
            &LogQuery {
                start: &commit,
                ..LogQuery::default()
            },
        )
        .unwrap();
    assert_eq!(store.changes(1, &root[2].id).unwrap()[0].status, 'A');
}

#[test]
fn an_imported_history_replaces_what_was_there() {
    let store = store();
    let stream = b"commit refs/heads/main\ncommitter A <a@x> 0 +0000\ndata 1\nxM 100644 inline f\ndata 2\nhi\n";
    store.import(1, stream).unwrap();
    let main = store.resolve(1, "main").unwrap();
    let node = store.entry(1, &main, "f").unwrap().unwrap();
    assert_eq!(store.read_object(1, &node.id).unwrap().unwrap().1, b"hi");
    assert!(store.entry(1, &main, "README.md").unwrap().is_none());
}
