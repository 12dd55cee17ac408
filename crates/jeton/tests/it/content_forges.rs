//! The same reading on GitHub, GitLab and Bitbucket: what was committed comes back, byte for byte and under its own name.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jeton_forge_sim::{CommitSpec, Visibility};
use jeton_testkit::{DatabaseKind, TestJeton};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    account_world::{ALL, Forge, World, refused, text},
    content_reading::{bytes, commit, file, github, read, reader, route},
    content_world::{SUBMODULE, fixtures, pointer},
};

/// `acme/tools` on one forge, and who may read it with an account.
struct Place<'a> {
    w: &'a World,
    forge: Forge,
    key: String,
}

impl Place<'_> {
    fn route(&self, operation: &str, query: &[(&str, &str)]) -> String {
        route(&self.w.host(self.forge), "acme/tools", operation, query)
    }

    async fn ask(&self, operation: &str, query: &[(&str, &str)]) -> Value {
        let answer = self.w.t.get_as(&self.key, &self.route(operation, query)).await;
        assert_eq!(
            answer.status, 200,
            "{:?} {operation} {query:?}: {}",
            self.forge, answer.text
        );
        answer.json()
    }

    /// That it is refused so.
    async fn no(&self, operation: &str, query: &[(&str, &str)], status: u16, code: &str) -> Value {
        let answer = self.w.t.get_as(&self.key, &self.route(operation, query)).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{:?} {operation} {query:?}: {}",
            self.forge,
            answer.text
        );
        refused(&answer, status, code);
        answer.json()
    }
}

/// Each forge in turn, with an account that reads `acme/tools`.
async fn on_each(w: &World, check: impl AsyncFn(Place<'_>)) {
    for forge in ALL {
        w.stored(forge, forge.word()).await;
        let source = format!("account:{}", forge.word());
        let key = reader(&w.t, &format!("on-{}", forge.word()), "*/*", &[&source]).await;
        check(Place { w, forge, key }).await;
    }
}

async fn world() -> World {
    World::around(TestJeton::start(DatabaseKind::Sqlite).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_comes_back_as_it_was_committed() {
    let w = world().await;
    let spec = fixtures()
        .into_iter()
        .fold(CommitSpec::new("All"), |spec, file| spec.file(file.path, file.bytes));
    on_each(&w, async |place| {
        let commit = commit(&w, place.forge, &spec);
        for file in fixtures() {
            // Bitbucket gives neither a pointer nor what it stands for.
            if place.forge == Forge::Bitbucket && file.path == "pointer.bin" {
                let told = place
                    .no("file", &[("path", file.path)], 422, "forge.unprocessable")
                    .await;
                assert!(text(&told["detail"]).contains("Git LFS"), "{told}");
                continue;
            }
            let what = format!("{:?} {}", place.forge, file.path);
            let raw = place.route("raw", &[("path", file.path)]);
            let got = bytes(&w.t, &place.key, &raw, &[]).await.unwrap();
            assert_eq!(got.status, 200, "{what}: {}", String::from_utf8_lossy(&got.bytes));
            assert!(got.bytes == file.bytes, "{what}: other bytes");
            assert_eq!(got.header("jeton-commit"), commit, "{what}");
            if let Some(last) = file.bytes.len().checked_sub(1) {
                let part = bytes(&w.t, &place.key, &raw, &[("range", "bytes=-1")]).await.unwrap();
                assert_eq!(
                    (part.status, part.bytes.as_slice()),
                    (206, &file.bytes[last..]),
                    "{what}"
                );
                assert_eq!(
                    part.header("content-range"),
                    format!("bytes {last}-{last}/{}", last + 1),
                    "{what}"
                );
            }
            if file.bytes.len() <= 1024 * 1024 {
                let told = place.ask("file", &[("path", file.path), ("ref", &commit)]).await;
                let content = text(&told["content"]);
                let content = match text(&told["encoding"]) {
                    "utf-8" => content.as_bytes().to_vec(),
                    _ => BASE64_STANDARD.decode(content).unwrap(),
                };
                assert!(content == file.bytes, "{what}: other content");
                assert_eq!(told["encoding"] == "utf-8", file.text().is_some(), "{what}");
                assert_eq!(
                    (&told["path"], &told["size"], &told["kind"]),
                    (&json!(file.path), &json!(file.bytes.len()), &json!("file")),
                    "{what}"
                );
            }
            if file.text().is_some() {
                let count = place.ask("max-lines", &[("path", file.path)]).await;
                assert_eq!(count["max_lines"], file.lines().len(), "{what}");
            }
        }
        let lines = [("path", "numbered.txt"), ("start_line", "100"), ("end_line", "102")];
        assert_eq!(
            place.ask("lines", &lines).await["lines"],
            json!(["line 100 é", "line 101 é", "line 102 é"])
        );
        if place.forge == Forge::Bitbucket {
            return;
        }
        let lfs = place.ask("file", &[("path", "pointer.bin")]).await;
        assert_eq!(
            (&lfs["content"], &lfs["lfs"]["size"]),
            (&json!(pointer()), &json!(12_345)),
            "{:?}",
            place.forge
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::too_many_lines, reason = "a table of three forges")]
async fn what_is_no_file_is_named_as_what_it_is() {
    let w = world().await;
    let spec = CommitSpec::new("Kinds")
        .file("docs/read me #1.md", "# Read\n")
        .file("docs/deeper/one.txt", "1\n")
        .file("Case.txt", "upper\n")
        .file("case.txt", "lower\n")
        .executable("run.sh", "#!/bin/sh\n")
        .symlink("link", "docs/read me #1.md")
        .symlink("docs/up", "../run.sh")
        .symlink("to-directory", "docs")
        .symlink("broken", "no/such")
        .symlink("outside", "../../etc/passwd")
        .submodule("vendor/lib", SUBMODULE);
    on_each(&w, async |place| {
        let what = place.forge;
        let commit = commit(&w, place.forge, &spec);
        // Before the tree is known, and after.
        for round in ["first", "with the tree known"] {
            for (link, to, content) in [
                ("link", "docs/read me #1.md", "# Read\n"),
                ("docs/up", "run.sh", "#!/bin/sh\n"),
            ] {
                let told = place.ask("file", &[("path", link)]).await;
                assert_eq!(
                    (&told["content"], &told["path"], &told["link"]),
                    (&json!(content), &json!(to), &json!(link)),
                    "{what:?} {round}: {told}"
                );
            }
            for link in ["broken", "outside"] {
                place.no("file", &[("path", link)], 422, "content.link_broken").await;
            }
            for directory in ["docs", "docs/deeper", "to-directory"] {
                place
                    .no("file", &[("path", directory)], 422, "content.is_directory")
                    .await;
                place
                    .no("raw", &[("path", directory)], 422, "content.is_directory")
                    .await;
            }
            let told = place
                .no("file", &[("path", "vendor/lib")], 422, "content.is_submodule")
                .await;
            // Bitbucket tells no commit of it.
            let is_told = text(&told["detail"]).contains(SUBMODULE);
            assert_eq!(is_told, what != Forge::Bitbucket, "{what:?} {round}: {told}");
            place.no("tree", &[("path", "run.sh")], 422, "content.is_file").await;
            let told = place
                .no("file", &[("path", "CASE.txt")], 404, "content.path_not_found")
                .await;
            // Bitbucket's tree comes in too many pages to be looked through for that.
            let is_named = text(&told["remedy"]).contains("ase.txt`");
            assert_eq!(is_named, what != Forge::Bitbucket, "{what:?} {round}: {told}");
            place
                .no("tree", &[("path", "no/such")], 404, "content.path_not_found")
                .await;
            for (name, content) in [("Case.txt", "upper\n"), ("case.txt", "lower\n")] {
                assert_eq!(
                    place.ask("file", &[("path", name)]).await["content"],
                    content,
                    "{what:?} {round}"
                );
            }
            let tree = place.ask("tree", &[]).await;
            let entries = tree["entries"].as_array().unwrap();
            let kind = |path: &str| {
                let found = entries.iter().find(|entry| entry["path"] == path);
                found.map_or_else(|| panic!("{what:?}: no {path}: {tree}"), |entry| text(&entry["kind"]))
            };
            for (path, expected) in [
                ("docs", "directory"),
                ("docs/deeper", "directory"),
                ("docs/read me #1.md", "file"),
                ("docs/deeper/one.txt", "file"),
                ("run.sh", "executable"),
                ("link", "symlink"),
                ("docs/up", "symlink"),
                ("broken", "symlink"),
                ("vendor/lib", "submodule"),
            ] {
                assert_eq!(kind(path), expected, "{what:?} {round} {path}");
            }
            assert_eq!(tree["truncated"], false);
        }
        // One directory, flat, and page by page.
        let flat = place.ask("tree", &[("path", "docs"), ("recursive", "false")]).await;
        let paths = |tree: &Value| -> Vec<String> {
            let entries = tree["entries"].as_array().unwrap().iter();
            entries.map(|entry| text(&entry["path"]).to_owned()).collect()
        };
        let mut listed = paths(&flat);
        listed.sort();
        assert_eq!(listed, ["docs/deeper", "docs/read me #1.md", "docs/up"], "{what:?}");
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("limit", "3"), ("ref", commit.as_str())];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = place.ask("tree", &query).await;
            assert!(page["entries"].as_array().unwrap().len() <= 3);
            all.extend(paths(&page));
            match page["next"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        let mut whole = paths(&place.ask("tree", &[]).await);
        whole.sort();
        all.sort();
        assert_eq!(all, whole, "{what:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_mean_what_they_mean_at_the_forge() {
    let w = world().await;
    let at = |branch: &str, content: &str| CommitSpec::new(content).branch(branch).file("a.txt", content);
    on_each(&w, async |place| {
        let what = place.forge;
        let main = commit(&w, place.forge, &at("main", "on main\n"));
        let feature = commit(&w, place.forge, &at("feature/x#y", "on feature\n"));
        let trunk = commit(&w, place.forge, &at("trunk", "on trunk\n"));
        for (name, target, message) in [
            ("v1", &main, None),
            ("v2", &feature, Some("Second")),
            ("both", &main, None),
        ] {
            match place.forge {
                Forge::GitHub => w.t.sim.github().tag("acme", "tools", name, target, message).unwrap(),
                Forge::GitLab => w.gitlab.tag(w.project, name, target, message).unwrap(),
                Forge::Bitbucket => w.bitbucket.tag(w.repository, name, target, message).unwrap(),
            }
        }
        commit(&w, place.forge, &at("both", "on both\n"));
        match place.forge {
            Forge::GitHub => w.t.sim.github().set_default_branch("acme", "tools", "trunk").unwrap(),
            Forge::GitLab => w.gitlab.set_default_branch(w.project, "trunk").unwrap(),
            Forge::Bitbucket => w.bitbucket.set_default_branch(w.repository, "trunk").unwrap(),
        }
        for (name, commit, content) in [
            ("", &trunk, "on trunk\n"),
            ("HEAD", &trunk, "on trunk\n"),
            ("trunk", &trunk, "on trunk\n"),
            ("main", &main, "on main\n"),
            ("refs/heads/main", &main, "on main\n"),
            ("feature/x#y", &feature, "on feature\n"),
            ("v1", &main, "on main\n"),
            ("v2", &feature, "on feature\n"),
            ("refs/tags/v2", &feature, "on feature\n"),
            ("refs/tags/both", &main, "on main\n"),
            (feature.as_str(), &feature, "on feature\n"),
            (&feature[..9], &feature, "on feature\n"),
        ] {
            let told = place.ask("file", &[("path", "a.txt"), ("ref", name)]).await;
            assert_eq!(
                (&told["content"], &told["commit"]),
                (&json!(content), &json!(commit)),
                "{what:?} {name:?}"
            );
        }
        let both = place
            .ask("file", &[("path", "a.txt"), ("ref", "refs/heads/both")])
            .await;
        assert_eq!(both["content"], "on both\n", "{what:?}");
        place
            .no(
                "file",
                &[("path", "a.txt"), ("ref", "both")],
                409,
                "content.ref_ambiguous",
            )
            .await;
        for name in [
            "no-such",
            "refs/heads/v1",
            "refs/tags/main",
            "0123456",
            &"0123456789".repeat(4),
        ] {
            place
                .no(
                    "file",
                    &[("path", "a.txt"), ("ref", name)],
                    404,
                    "content.ref_not_found",
                )
                .await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_is_found_by_date() {
    let w = world().await;
    on_each(&w, async |place| {
        let what = place.forge;
        let made: [(&str, &str, i32); 5] = [
            ("first", "2025-10-08T23:30:00Z", 0),
            ("second", "2025-10-09T10:00:00Z", 120),
            ("third", "2025-10-09T23:30:00Z", 0),
            ("fourth", "2025-10-10T08:00:00Z", -480),
            ("other", "2025-10-11T08:00:00Z", 0),
        ];
        for (message, time, offset) in made {
            let path = if message == "other" { "b.txt" } else { "a.txt" };
            let time: Timestamp = time.parse().unwrap();
            let spec = CommitSpec::new(message)
                .file(path, message)
                .at(time, offset)
                .author("Ada", "ada@example.com");
            commit(&w, place.forge, &spec);
        }
        let messages = |page: &Value| -> Vec<String> {
            let commits = page["commits"].as_array().unwrap().iter();
            commits
                .map(|commit| text(&commit["message"]).trim().to_owned())
                .collect()
        };
        let (path, day) = (("path", "a.txt"), "2025-10-09");
        for (query, expected) in [
            (vec![], vec!["fourth", "third", "second", "first"]),
            (vec![("since", day), ("until", day)], vec!["third", "second"]),
            (
                vec![("since", day), ("until", day), ("timezone", "Europe/Berlin")],
                vec!["second", "first"],
            ),
            (vec![("until", "2025-10-09T12:00:00+02:00")], vec!["second", "first"]),
            (vec![("until", "2025-10-09T11:59:59+02:00")], vec!["first"]),
            (vec![("since", "2025-10-10")], vec!["fourth"]),
            (vec![("since", "2026-01-01")], vec![]),
        ] {
            let mut asked = vec![path];
            asked.extend(query);
            let page = place.ask("commits", &asked).await;
            assert_eq!(messages(&page), expected, "{what:?} {asked:?}");
        }
        // Page by page, while commits are made.
        let first = place.ask("commits", &[path, ("limit", "2")]).await;
        assert_eq!(messages(&first), ["fourth", "third"], "{what:?}");
        assert_eq!(first["commits"][0]["author"]["name"], "Ada", "{what:?}");
        commit(&w, place.forge, &CommitSpec::new("fifth").file("a.txt", "fifth"));
        w.t.clock.advance(SignedDuration::from_secs(6));
        let second = place
            .ask("commits", &[path, ("limit", "2"), ("cursor", text(&first["next"]))])
            .await;
        assert_eq!(messages(&second), ["second", "first"], "{what:?}");
        assert!(second["next"].is_null(), "{what:?}: {second}");
        assert_eq!(
            messages(&place.ask("commits", &[path, ("limit", "1")]).await),
            ["fifth"],
            "{what:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_empty_and_what_is_private_are_told_apart() {
    let w = world().await;
    w.t.sim.github().add_empty_repository("acme", "empty", true).unwrap();
    w.t.sim.github().add_repository("others", "secret", true).unwrap();
    let empty = w.gitlab.add_empty_project("acme/empty", Visibility::Private).unwrap();
    w.gitlab
        .add_member(empty, w.at_gitlab, jeton_forge_sim::AccessLevel::Owner)
        .unwrap();
    w.gitlab.add_project("others/secret", Visibility::Private).unwrap();
    let empty = w.bitbucket.add_empty_repository("acme", "empty", true).unwrap();
    w.bitbucket
        .set_role(empty, w.at_bitbucket, Some(jeton_forge_sim::BitbucketRole::Admin))
        .unwrap();
    w.bitbucket.add_workspace("others").unwrap();
    w.bitbucket.add_repository("others", "secret", true).unwrap();
    on_each(&w, async |place| {
        let host = w.host(place.forge);
        for operation in ["tree", "commits"] {
            let answer =
                w.t.get_as(&place.key, &route(&host, "acme/empty", operation, &[]))
                    .await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (409, "content.repository_empty"),
                "{:?}: {}",
                place.forge,
                answer.text
            );
        }
        // What may not be seen and what is not there are one, to the letter.
        let told = async |name: &str| {
            let answer = w.t.get_as(&place.key, &route(&host, name, "tree", &[])).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (404, "content.repository_not_found"),
                "{:?}: {}",
                place.forge,
                answer.text
            );
            let mut told = answer.json();
            told["request_id"] = json!(null);
            told["instance"] = json!(null);
            told.to_string().replace(name, "(it)")
        };
        assert_eq!(
            told("others/secret").await,
            told("others/absent").await,
            "{:?}",
            place.forge
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_may_lie_in_groups_in_groups() {
    let w = world().await;
    let nested = w
        .gitlab
        .add_project("acme/platform/tools/deep", Visibility::Private)
        .unwrap();
    w.gitlab
        .add_member(nested, w.at_gitlab, jeton_forge_sim::AccessLevel::Reporter)
        .unwrap();
    let commit = w.gitlab.commit_file(nested, "src/a b.txt", b"deep\n").unwrap();
    w.stored(Forge::GitLab, "lab").await;
    let (host, name) = (w.host(Forge::GitLab), "acme/platform/tools/deep");
    let key = reader(&w.t, "agents", "acme/platform/tools/*", &[]).await;
    let other = reader(&w.t, "others", "acme/tools", &[]).await;
    for (operation, query) in [
        ("file", vec![("path", "src/a b.txt")]),
        ("lines", vec![("path", "/src/a b.txt"), ("ref", &commit)]),
        ("tree", vec![("path", "src")]),
        ("commits", vec![]),
    ] {
        let route = route(&host, name, operation, &query);
        let told = read(&w.t.get_as(&key, &route).await);
        assert_eq!(
            (&told["repository"], &told["commit"]),
            (&json!(name), &json!(commit)),
            "{operation}"
        );
        refused(&w.t.get_as(&other, &route).await, 403, "policy.denied");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_files_come_whole_in_few_calls() {
    let t = TestJeton::start(DatabaseKind::Sqlite).await;
    t.install("acme", &["large"]);
    let mut history = String::from(
        "blob\nmark :1\ndata 5\nsame\n\ncommit refs/heads/main\ncommitter Ada <ada@example.com> 1760000000 +0000\ndata 4\nMany\n",
    );
    for number in 0..100_000 {
        let (one, two) = (number / 10_000, number / 100 % 100);
        writeln!(history, "M 100644 :1 area {one}/module-{two}/file {number}.txt").unwrap();
    }
    history.push_str("M 100644 inline area 7/module-42/special.md\ndata 8\nspecial\n\n");
    t.sim.github().import("acme", "large", history.as_bytes()).unwrap();
    let key = reader(&t, "agents", "acme/*", &["app:ci"]).await;
    let host = github(&t);
    let spent = |what: &str, most: u64| {
        let calls = t.sim.calls().total();
        assert!(calls <= most, "{what}: {calls} calls: {:?}", t.sim.calls().all());
        t.sim.calls().reset();
    };
    t.sim.calls().reset();
    // One file and one directory, before anything else is known.
    assert_eq!(
        read(
            &t.get_as(&key, &file(&t, "acme/large", "area 7/module-42/special.md"))
                .await
        )["content"],
        "special\n"
    );
    // Three of them are for the token.
    spent("one file", 5);
    let directory = [("path", "area 7/module-42"), ("recursive", "false"), ("limit", "1000")];
    let listed = read(&t.get_as(&key, &route(&host, "acme/large", "tree", &directory)).await);
    assert_eq!(
        (listed["entries"].as_array().unwrap().len(), &listed["truncated"]),
        (101, &json!(false))
    );
    spent("one directory", 6);
    // All of it.
    let (mut paths, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let mut query = vec![("limit", "10000")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = read(&t.get_as(&key, &route(&host, "acme/large", "tree", &query)).await);
        let entries = page["entries"].as_array().unwrap();
        paths.extend(
            entries
                .iter()
                .map(|entry| (text(&entry["path"]).to_owned(), text(&entry["kind"]).to_owned())),
        );
        pages += 1;
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(pages, 11);
    spent("the tree", 20);
    let mut found: Vec<_> = paths
        .iter()
        .filter(|(_, kind)| kind == "file")
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(paths.len() - found.len(), 10 + 1_000, "directories");
    found.sort_unstable();
    let mut made: Vec<String> = (0..100_000)
        .map(|number| {
            format!(
                "area {}/module-{}/file {number}.txt",
                number / 10_000,
                number / 100 % 100
            )
        })
        .collect();
    made.push("area 7/module-42/special.md".to_owned());
    made.sort_unstable();
    assert!(found == made, "{} of {}", found.len(), made.len());
    // With the tree known, a directory and what is not there cost nothing; a file costs itself.
    let deep = [("path", "area 3"), ("limit", "10000")];
    let listed = read(&t.get_as(&key, &route(&host, "acme/large", "tree", &deep)).await);
    assert_eq!(listed["entries"].as_array().unwrap().len(), 10_000);
    spent("a directory of the tree", 0);
    let answer = t
        .get_as(&key, &file(&t, "acme/large", "area 3/module-1/file 30100.txt"))
        .await;
    assert_eq!(read(&answer)["content"], "same\n");
    spent("a file of the tree", 1);
}
