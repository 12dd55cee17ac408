//! Files by their object.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jeton_forge_sim::{CommitSpec, ContentLimits};
use jiff::SignedDuration;
use serde_json::json;

use super::Desk;
use crate::common::send;

impl Desk {
    /// A file's object.
    async fn sha(&self, path: &str) -> String {
        let request = self.ask(&format!("/contents/{path}"));
        let object = send(request.header("accept", "application/vnd.github.object+json")).await;
        object.json()["sha"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn bytes_are_those_of_git_show_in_either_form_and_at_any_size() {
    let d = Desk::new().await;
    let files: [(&str, Vec<u8>); 6] = [
        ("empty", Vec::new()),
        ("one", b"x".to_vec()),
        ("no-newline", b"a\r\nb\xfc".to_vec()),
        ("binary", (0..=255).cycle().take(70_001).collect()),
        ("large", (0..=250).cycle().take(1024 * 1024 + 17).collect()),
        ("larger", (0..=252).cycle().take(9 * 1024 * 1024 + 1).collect()),
    ];
    let mut spec = CommitSpec::new("Files");
    for (name, bytes) in &files {
        spec = spec.file(name, bytes);
    }
    d.commit(&spec);
    for (name, bytes) in &files {
        assert!(d.git_show(&format!("main:{name}")).await == *bytes, "{name}");
        let sha = d.sha(name).await;
        let raw = d.raw(&format!("/git/blobs/{sha}")).await;
        assert_eq!(raw.headers()["content-length"], bytes.len().to_string());
        assert_eq!(
            raw.headers()["content-type"],
            "application/vnd.github.raw+json; charset=utf-8"
        );
        assert!(raw.bytes().await.unwrap() == *bytes, "{name}");
        let contents = d.raw(&format!("/contents/{name}")).await;
        assert!(contents.bytes().await.unwrap() == *bytes, "{name}");
        let answer = d.get(&format!("/git/blobs/{sha}")).await.json();
        assert_eq!((&answer["sha"], &answer["encoding"]), (&json!(sha), &json!("base64")));
        assert_eq!(answer["size"], bytes.len());
        let content = answer["content"].as_str().unwrap();
        assert!(content.lines().all(|line| line.len() <= 60));
        assert!(STANDARD.decode(content.replace('\n', "")).unwrap() == *bytes, "{name}");
    }
}

#[tokio::test]
async fn what_is_no_file_or_too_large_is_refused() {
    let d = Desk::new().await;
    d.get(&format!("/git/blobs/{}", "0".repeat(40)))
        .await
        .is(404, "Not Found");
    let tree = d.get("/git/trees/main").await.json();
    let commit = d.get("/commits/main").await.json();
    for sha in [&commit["sha"], &commit["commit"]["tree"]["sha"]] {
        let answer = d.get(&format!("/git/blobs/{}", sha.as_str().unwrap())).await;
        answer.is(404, "Not Found");
    }
    let sha = tree["tree"][0]["sha"].as_str().unwrap();
    for bad in ["main", &sha[..39], &sha.to_uppercase()] {
        assert_eq!(d.get(&format!("/git/blobs/{bad}")).await.status, 422, "{bad}");
    }
    // An object of another repository is none of this one.
    let other = d.w.sim.github().commit_file("acme", "docs", "x", "only in docs");
    assert_eq!(d.get(&format!("/commits/{}", other.unwrap())).await.status, 422);
    d.w.sim.github().set_content_limits(ContentLimits {
        blob_bytes: 3,
        ..ContentLimits::default()
    });
    for answer in [
        d.get(&format!("/git/blobs/{sha}")).await,
        d.get("/contents/README.md").await,
    ] {
        assert_eq!(answer.status, 403);
        assert_eq!(answer.json()["errors"][0]["code"], "too_large");
    }
    assert_eq!(d.raw(&format!("/git/blobs/{sha}")).await.status(), 403);
}

#[tokio::test]
async fn a_range_is_ignored_at_first_and_then_cut_out_of_gzip() {
    let d = Desk::new().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    d.commit(&CommitSpec::new("x").file("x", &bytes));
    let sha = d.sha("x").await;
    let part = async |range: &str| {
        let request = d.ask(&format!("/git/blobs/{sha}")).header("range", range);
        let request = request.header("accept", "application/vnd.github.raw");
        request.send().await.unwrap()
    };
    let cold = part("bytes=50000-99999").await;
    assert_eq!(cold.status(), 200);
    assert!(!cold.headers().contains_key("content-encoding"));
    assert!(cold.bytes().await.unwrap() == bytes);
    let warm = part("bytes=0-9").await;
    assert_eq!(
        (warm.status().as_u16(), &warm.headers()["content-encoding"]),
        (206, &"gzip".parse().unwrap())
    );
    let range = warm.headers()["content-range"].to_str().unwrap().to_owned();
    let total: usize = range.strip_prefix("bytes 0-9/").unwrap().parse().unwrap();
    assert_ne!(total, bytes.len());
    assert_eq!(warm.bytes().await.unwrap()[..3], [0x1f, 0x8b, 8]);
    let later = part("bytes=50000-").await.bytes().await.unwrap();
    assert!(later.len() == total - 50_000 && later[..] != bytes[50_000..]);
    assert_eq!(part("bytes=9999999-").await.status(), 416);
    assert_eq!(part("lines=1-2").await.status(), 200);
    d.w.sim.clock().advance(SignedDuration::from_secs(61));
    assert_eq!(part("bytes=0-9").await.status(), 200);
}

#[tokio::test]
async fn many_read_at_once_and_each_gets_its_own() {
    let d = Desk::new().await;
    let mut spec = CommitSpec::new("x");
    for number in 0..40 {
        // Some that are answered in one piece, and some that are not.
        let size = if number % 8 == 0 { 1_200_000 } else { 1000 };
        spec = spec.file(format!("f{number}"), vec![number; size]);
    }
    d.commit(&spec);
    let reads = (0..40_u8).map(|number| {
        let d = &d;
        async move {
            let bytes = d.raw(&format!("/contents/f{number}")).await.bytes().await.unwrap();
            assert!(
                bytes.len() >= 1000 && bytes.iter().all(|byte| *byte == number),
                "{number}"
            );
        }
    });
    futures_util::future::join_all(reads).await;
    assert_eq!(d.w.sim.github().quota_charged(), 40);
}
