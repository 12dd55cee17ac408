//! The pages of the record: read, filtered, verified, taken along.

use jeton_testkit::both_databases;
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    pages_clients::{EVIL, Visitor},
};

const LIST: &str = "/record";
const VERIFY: &str = "/record/verify";
const EXPORT: &str = "/record/export";

both_databases! {
    async fn the_record_is_read_and_filtered(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client_who_reads("ci", "acme/*").await;
        assert_eq!(t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a"]})).await.status, 201);
        assert_eq!(t.post_as(&key, "/v1/tokens", json!({"repositories": ["other/a"]})).await.status, 403);
        let mut aud = Visitor::come(&t, "aud", "auditor").await;
        let all = aud.see(&t, LIST).await;
        for words in ["A token was handed out.", "A token was asked for and refused.", "A client was added.", "A policy was added or changed."] {
            assert!(all.contains(&format!("<h2>{words}")), "{words}: {all}");
        }
        assert!(all.contains("<span class=\"dim\">Repositories</span> <bdi>acme/a</bdi>") && all.contains("callers.client = &#34;ci&#34;"), "{all}");
        let refused = aud.see(&t, "/record?event=refusals").await;
        assert!(refused.contains("<h2>A token was asked for and refused.") && !refused.contains("<h2>A client"), "{refused}");
        assert!(refused.contains("value=\"refusals\" selected"), "{refused}");
        let by_client = aud.see(&t, "/record?actor=client:ci").await;
        assert!(by_client.contains("<h2>A token was handed out.") && !by_client.contains("<h2>A client was added"), "{by_client}");
        let (_, request) = by_client.split_once("/record?request_id=").unwrap();
        let request = request.split('"').next().unwrap().to_owned();
        let one = aud.see(&t, &format!("/record?request_id={request}")).await;
        assert_eq!(one.matches("<li id=\"entry-").count(), 1, "{one}");
        let (_, fingerprint) = by_client.split_once("/record?fingerprint=").unwrap();
        let fingerprint = fingerprint.split('"').next().unwrap().to_owned();
        assert!(aud.see(&t, &format!("/record?fingerprint={fingerprint}")).await.contains("<h2>A token was handed out."));
        assert!(aud.see(&t, "/record?since=2099-01-01T00:00").await.contains("No entry is like that"));
        assert!(aud.see(&t, "/record?until=2001-01-01").await.contains("No entry is like that"));
        for (bad, words) in [("fingerprint=xyz", "no fingerprint"), ("since=soon", "no time"), ("until=%3Cscript%3E", "no time"), ("since=9999-12-31T00:00", "Write it as")] {
            let page = aud.get(&t, &format!("/record?{bad}")).await;
            assert!(page.status == 400 && page.text.contains(words) && page.text.contains("aria-invalid"), "{bad}: {}", page.text);
            assert!(!page.text.contains("RFC 3339"), "{bad}: {}", page.text);
            assert_eq!(aud.get(&t, &format!("{EXPORT}?{bad}")).await.status, 400, "{bad}");
        }
        for odd in ["before=x", "before=-1", "before=18446744073709551615", "event=%00", "event=nothing.", "actor=%FF", "x=y"] {
            aud.see(&t, &format!("/record?{odd}")).await;
        }
    }

    async fn the_record_is_paged(t: TestJeton) {
        for number in 0..60 {
            t.client(&format!("c{number:02}")).await;
        }
        let mut aud = Visitor::come(&t, "aud", "auditor").await;
        let first = aud.see(&t, "/record?event=client.").await;
        assert_eq!(first.matches("<li id=\"entry-").count(), 32);
        let (_, next) = first.split_once("rel=\"next\" href=\"").unwrap();
        let next = next.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        assert!(next.contains("event=client."), "{next}");
        let second = aud.see(&t, &next).await;
        assert_eq!(second.matches("<li id=\"entry-").count(), 28, "{second}");
        assert!(second.contains("First page") && !second.contains("rel=\"next\""));
    }

    async fn what_others_wrote_is_text(t: TestJeton) {
        let added = t.post("/v1/clients", json!({"name": "ci", "description": EVIL})).await;
        assert_eq!(added.status, 201);
        let evil = json!({"name": "evil", "description": format!("{EVIL}{}", "x".repeat(10_000)), "callers": {"client": "ci"}, "actions": "app.read"});
        assert_eq!(t.post("/v1/policies", evil).await.status, 201);
        let mut browser = Browser::default();
        browser.sign_in(&t, EVIL, "x").await;
        t.get_as(EVIL.trim_matches('\u{202e}'), "/v1/whoami").await;
        let mut aud = Visitor::come(&t, "aud", "auditor").await;
        // What a page must be is looked at by the visitor.
        let page = aud.see(&t, LIST).await;
        assert!(page.contains("&lt;script&gt;") || page.contains("&#60;script&#62;"), "{page}");
        for path in ["/settings/policies", "/settings/policies/evil", "/settings/clients", "/settings/clients/ci"] {
            aud.see(&t, path).await;
        }
    }

    async fn the_record_is_verified_in_words(t: TestJeton) {
        t.client("ci").await;
        let mut aud = Visitor::come(&t, "aud", "auditor").await;
        assert!(!aud.see(&t, VERIFY).await.contains("The record is <span"));
        let good = aud.post(&t, VERIFY, &[]).await;
        assert!(good.status == 200 && good.text.contains("Nothing was changed, removed or moved."), "{}", good.text);
        let (_, head) = good.text.split_once("id=\"head\">").unwrap();
        let head = head.split('<').next().unwrap().to_owned();
        t.client("another").await;
        assert!(aud.post(&t, VERIFY, &[("expect", &head)]).await.text.contains("Nothing was changed"));
        let (seq, _) = head.split_once(':').unwrap();
        let other = format!("{seq}:{}", "ab".repeat(32));
        let wrong = aud.post(&t, VERIFY, &[("expect", &other)]).await;
        assert!(wrong.status == 200 && wrong.text.contains("not the entry that you expected"), "{}", wrong.text);
        let typo = aud.post(&t, VERIFY, &[("expect", "7")]).await;
        assert!(typo.status == 400 && typo.text.contains("value=\"7\"") && !typo.text.contains("SEQ:HASH"), "{}", typo.text);
        let (_, beside) = typo.text.split_once("<span class=\"wrong\" id=\"expect-wrong\">").unwrap();
        assert!(beside.starts_with("Write the number of the entry, a colon, and its 64 hex digits"), "{}", typo.text);
        assert!(!typo.text.contains("is being read. This page shows what was found when that is done.</p>"), "{}", typo.text);
    }

    async fn the_record_is_taken_along_as_a_file(t: TestJeton) {
        t.client("ci").await;
        t.client("cd").await;
        let mut browser = crate::browser::person(&t, "aud", "auditor", "correct horse battery").await;
        let file = browser.get(&t, "/record/export?event=client.&actor=").await;
        assert_eq!((file.status, file.header("content-type")), (200, "application/x-ndjson"), "{}", file.text);
        let name = file.header("content-disposition");
        assert!(name.starts_with("attachment; filename=\"record-20") && name.ends_with(".jsonl\""), "{name}");
        let lines: Vec<Value> = file.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line["event"] == "client.added"));
        let bad = browser.get(&t, "/record/export?fingerprint=x").await;
        assert!(bad.status == 400 && bad.header("content-disposition").is_empty(), "{}", bad.text);
    }

    async fn only_who_may_reads_the_record(t: TestJeton) {
        let mut member = Visitor::come(&t, "mem", "member").await;
        for path in [LIST, VERIFY, EXPORT] {
            assert_eq!(member.get(&t, path).await.status, 403, "{path}");
        }
        assert_eq!(member.post(&t, VERIFY, &[]).await.status, 403);
        let mut root = Visitor::come(&t, "root", "operator").await;
        assert_eq!(root.post_without_token(&t, VERIFY).await.status, 403);
        let mut nobody = Browser::default();
        for path in [LIST, VERIFY, EXPORT] {
            assert_eq!(nobody.get(&t, path).await.status, 303, "{path}");
        }
    }
}
