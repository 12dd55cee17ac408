use jeton_domain::ForgeKind;

use super::{LineRange, Spot, Target};

fn target(text: &str) -> Target {
    Target::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The places of an address, as `ref path`.
fn spots(text: &str) -> Vec<String> {
    let spots = target(text).spots(None, None).unwrap();
    let shown = |spot: &Spot| format!("{} {}", spot.reference.as_deref().unwrap_or("-"), spot.path);
    spots.iter().map(shown).collect()
}

#[test]
fn a_repository_is_written_in_any_usual_way() {
    for text in ["acme/tools", "acme/tools.git", "/acme/tools/", "github.com/acme/tools"] {
        assert_eq!(target(text).repository, "acme/tools", "{text}");
    }
    assert_eq!(target("group/sub/project").repository, "group/sub/project");
    for bad in [
        "",
        "tools",
        "git@github.com:acme/tools",
        "https://github.com/acme",
        "https://",
        "a/b?c",
    ] {
        assert!(Target::parse(bad).is_err(), "{bad}");
    }
    let planted = ["https://u:", "planted", "@github.com/a/b"].concat();
    assert!(
        !Target::parse(&planted)
            .unwrap_err()
            .to_string_for_people()
            .contains("planted")
    );
}

#[test]
fn the_address_of_a_page_says_where() {
    let range = |start, end| Some(LineRange { start, end: Some(end) });
    for (text, host, kind, repository, first, lines) in [
        (
            "https://github.com/o/r/blob/main/src/lib.rs#L10-L20",
            "github.com",
            Some(ForgeKind::GitHub),
            "o/r",
            "main src/lib.rs",
            range(10, 20),
        ),
        (
            "https://gitlab.com/g/s/p/-/blob/main/a%20b%25.txt?ref_type=heads#L3-4",
            "gitlab.com",
            Some(ForgeKind::GitLab),
            "g/s/p",
            "main a b%.txt",
            range(3, 4),
        ),
        (
            "https://bitbucket.org/ws/r/src/main/x.rs#lines-7:9",
            "bitbucket.org",
            Some(ForgeKind::Bitbucket),
            "ws/r",
            "main x.rs",
            range(7, 9),
        ),
        (
            "https://raw.githubusercontent.com/o/r/refs/heads/main/%23x%3F",
            "github.com",
            Some(ForgeKind::GitHub),
            "o/r",
            "refs/heads/main #x?",
            None,
        ),
        (
            "http://127.0.0.1:4433/o/r/raw/v1/a",
            "127.0.0.1:4433",
            None,
            "o/r",
            "v1 a",
            None,
        ),
        (
            "https://WWW.github.com/o/r.git#readme",
            "github.com",
            None,
            "o/r",
            "- ",
            None,
        ),
        (
            "https://github.com/o/r/tree/main/",
            "github.com",
            Some(ForgeKind::GitHub),
            "o/r",
            "main ",
            None,
        ),
    ] {
        let target = target(text);
        let origin = target.forge.as_ref().unwrap();
        assert_eq!((origin.host.as_str(), origin.kind), (host, kind), "{text}");
        assert_eq!(
            (target.repository.as_str(), target.lines),
            (repository, lines),
            "{text}"
        );
        assert_eq!(spots(text)[0], first, "{text}");
    }
}

#[test]
fn a_branch_with_slashes_is_tried_from_its_shortest_name_on() {
    let page = "https://github.com/o/r/blob/feature/x/src/lib.rs";
    assert_eq!(
        spots(page),
        [
            "feature x/src/lib.rs",
            "feature/x src/lib.rs",
            "feature/x/src lib.rs",
            "feature/x/src/lib.rs "
        ]
    );
    let of = |reference, path| target(page).spots(reference, path);
    let named = of(Some("feature/x"), None).unwrap();
    assert_eq!((named.len(), named[0].path.as_str()), (1, "src/lib.rs"));
    assert!(of(Some("main"), None).is_err());
    let deep = format!("https://github.com/o/r/blob/{}", "a/".repeat(40));
    assert!(spots(&deep).len() < 10, "a long path costs few calls");
}

#[test]
fn a_path_beside_an_address_is_in_the_same_commit() {
    let path = |text: &str| target(text).spots(None, Some("b.rs")).unwrap()[0].clone();
    assert_eq!(path("https://github.com/o/r/tree/v1").reference.as_deref(), Some("v1"));
    assert_eq!(
        path("https://github.com/o/r/blob/v1/a.rs").reference.as_deref(),
        Some("v1")
    );
    let plain = path("o/r");
    assert_eq!((plain.reference, plain.path.as_str()), (None, "b.rs"));
}
