use jeton_domain::FilePath;
use jeton_outbound::Answer;
use serde_json::{Value, json};

use super::read;
use crate::content::{Body, EntryKind, Opened};

const ID: &str = "0123456789abcdef0123456789abcdef01234567";

fn look(body: &str, asked: &str) -> Result<Opened, String> {
    let answer = Answer {
        status: 200,
        headers: http::HeaderMap::default(),
        body: body.as_bytes().to_vec().into(),
    };
    read(&answer, &FilePath::parse(asked).unwrap()).map_err(|unreadable| unreadable.0)
}

/// A file of two bytes with some fields in place of its own.
fn file(fields: &Value) -> String {
    let mut body = json!({
        "type": "file", "path": "a", "sha": ID, "size": 2, "content": "aGk=\n", "encoding": "base64",
        "download_url": "https://x.example/?token=s", "_links": {"self": "x"}
    });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string()
}

fn here(opened: &Opened) -> Option<&[u8]> {
    match &opened.body {
        Body::Here(bytes) => Some(bytes),
        Body::Coming(_) | Body::Apart => None,
    }
}

#[test]
fn a_small_file_is_here_and_a_large_one_apart() {
    let small = look(&file(&json!({})), "a").unwrap();
    assert_eq!(here(&small), Some(&b"hi"[..]));
    assert_eq!((small.entry.kind, small.entry.size), (EntryKind::File, Some(2)));
    assert_eq!(small.entry.id, ID.parse().ok());

    let empty = look(&file(&json!({"content": "", "size": 0})), "a").unwrap();
    assert_eq!(here(&empty), Some(&b""[..]));

    let any = look(&file(&json!({"content": "/wD/\n/v8A\n", "size": 6})), "a").unwrap();
    assert_eq!(here(&any), Some(&b"\xff\x00\xff\xfe\xff\x00"[..]));

    let large = look(
        &file(&json!({"content": "", "encoding": "none", "size": 5_000_000})),
        "a",
    )
    .unwrap();
    assert!(matches!(large.body, Body::Apart));
    assert_eq!(large.entry.size, Some(5_000_000));
}

#[test]
fn directories_and_submodules_have_no_bytes() {
    let name = format!(r#"{{"type":"dir","path":"src","sha":"{ID}","size":0,"entries":[{{"type":"file"}}]}}"#);
    for (body, id) in [
        (name.as_str(), ID.parse().ok()),
        (" [{\"type\":\"file\"}]", None),
        ("[]", None),
    ] {
        let found = look(body, "src").unwrap();
        assert_eq!((found.entry.kind, found.entry.id), (EntryKind::Directory, id));
        assert_eq!((found.entry.path.as_str(), found.entry.size), ("src", None));
        assert!(matches!(found.body, Body::Apart));
    }
    for body in [
        json!({"type": "submodule", "path": "lib", "sha": ID, "size": 0, "submodule_git_url": "git://x.example/lib.git"}),
        json!({"type": "file", "path": "lib", "sha": ID, "size": 0, "submodule_git_url": "git://x.example/lib.git"}),
    ] {
        let found = look(&body.to_string(), "lib").unwrap();
        assert_eq!(
            (found.entry.kind, found.entry.id),
            (EntryKind::Submodule, ID.parse().ok())
        );
    }
}

#[test]
fn a_link_shows_where_it_leads_and_what_it_led_to() {
    let link = |target: &str, size: u64| {
        let body = json!({"type": "symlink", "path": "l", "sha": ID, "size": size, "target": target});
        look(&body.to_string(), "l").unwrap()
    };
    let whole = link("../größe", 10);
    assert_eq!(
        (whole.entry.kind, here(&whole)),
        (EntryKind::Symlink, Some("../größe".as_bytes()))
    );
    // a target that is no UTF-8
    assert!(matches!(link("caf\u{fffd}", 4).body, Body::Apart));
    assert!(matches!(link("caf\u{fffd}", 6).body, Body::Apart));

    let followed = look(&file(&json!({"path": "docs/real.md"})), "l").unwrap();
    assert_eq!(
        (followed.entry.kind, followed.entry.path.as_str()),
        (EntryKind::File, "docs/real.md")
    );
}

#[test]
fn what_lies_is_refused() {
    for (fields, reason) in [
        (json!({"size": 3}), "3 bytes came as 2"),
        (json!({"size": 1}), "1 bytes came as 2"),
        (json!({"size": -1}), "JSON"),
        (json!({"size": null}), "without a size"),
        (json!({"sha": "7"}), "JSON"),
        (json!({"sha": null}), "without an object id"),
        (json!({"content": "a!b?"}), "base64 is damaged"),
        (json!({"content": "aGk"}), "base64 is damaged"),
        (json!({"encoding": "utf-8"}), "encoding"),
        (json!({"encoding": "none"}), "encoding"),
        (json!({"content": null}), "encoding"),
        (json!({"path": "../../etc/passwd"}), "no path"),
        (json!({"path": "/a"}), "no path"),
        (json!({"path": "a\nb"}), "no path"),
        (json!({"path": ""}), "no path"),
        (json!({"type": "fifo"}), "type"),
    ] {
        let refused = look(&file(&fields), "a").unwrap_err();
        assert!(refused.contains(reason), "{fields}: {refused}");
    }
    for body in ["", "null", "7", "<html>", "{\"type\":\"file\"", "{}"] {
        assert!(look(body, "a").is_err(), "{body}");
    }
}
