//! The page of grants: who sees what, and how it is taken back.

use jeton_testkit::{Answer, TestJeton, both_databases};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::browser::{Browser, field, person};

const PASSWORD: &str = "correct horse battery";

/// Whether a page links or sends somewhere.
fn leads_to(page: &Answer, path: &str) -> bool {
    page.text.contains(&format!("\"{path}\""))
}

fn id(grant: &Value) -> String {
    grant["grant_id"].as_str().unwrap().to_owned()
}

/// Asks for a token as somebody who has signed in.
async fn issue_in(browser: &mut Browser, t: &TestJeton, repository: &str) -> Value {
    let csrf = field(&browser.get(t, "/").await.text, "csrf");
    let headers = [
        ("content-type", "application/json"),
        ("sec-fetch-site", "same-origin"),
        ("x-csrf-token", csrf.as_str()),
    ];
    let body = json!({"repositories": [repository]}).to_string();
    let answer = browser.send(t, "POST", "/v1/tokens", &headers, Some(body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

/// A member who may read one repository, and one client who reads all.
async fn two_holders(t: &TestJeton) -> (Browser, Value, String, Value) {
    t.install("acme", &["a", "b"]);
    let mut ada = person(t, "ada", "member", PASSWORD).await;
    t.policy(json!({
        "name": "ada-reads", "callers": {"user": "ada"}, "actions": ["token.mint"],
        "repositories": ["acme/a"], "permissions": {"contents": "read"},
    }))
    .await;
    let hers = issue_in(&mut ada, t, "acme/a").await;
    let key = t.client_who_reads("ci", "acme/*").await;
    let its = t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/b"]})).await;
    assert_eq!(its.status, 201, "{}", its.text);
    (ada, hers, key, its.json())
}

both_databases! {
    async fn an_operator_sees_what_everybody_holds(t: TestJeton) {
        let (_, hers, key, its) = two_holders(&t).await;
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let page = root.get(&t, "/grants").await;
        assert_eq!(page.status, 200, "{}", page.text);
        for words in ["user:ada", "client:ci", "acme/a", "acme/b", "contents: read", "app:ci", "ci-reads", "127.0.0.1"] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        for grant in [&hers, &its] {
            assert!(page.text.contains(grant["fingerprint"].as_str().unwrap()));
            assert!(!page.text.contains(grant["token"].as_str().unwrap()), "the token is nobody's to see");
            assert!(leads_to(&page, &format!("/grants/{}/revoke", id(grant))));
        }
        assert!(!page.text.contains(&key));
        assert!(leads_to(&page, "/settings/policies/ci-reads") && leads_to(&page, "/apps/ci"));
        let fingerprint = its["fingerprint"].as_str().unwrap();
        for (query, one, other) in [
            ("holder=client:ci".to_owned(), "acme/b", "acme/a"),
            ("holder=user:ada".to_owned(), "acme/a", "acme/b"),
            ("repository=ACME/a".to_owned(), "acme/a", "acme/b"),
            (format!("q={}", fingerprint.to_uppercase()), "acme/b", "acme/a"),
        ] {
            let page = root.get(&t, &format!("/grants?{query}")).await;
            let (_, table) = page.text.split_once("<tbody>").unwrap_or_else(|| panic!("{query}: {}", page.text));
            assert!(table.contains(one) && !table.contains(other), "{query}: {}", page.text);
        }
        let none = root.get(&t, "/grants?source=app:other").await;
        assert!(none.text.contains("No grant fits.") && none.text.contains("value=\"app:other\""), "{}", none.text);
        t.clock.advance(SignedDuration::from_mins(90));
        let over = root.get(&t, "/grants").await;
        assert!(over.text.contains("Nobody holds a token now."), "{}", over.text);
        let all = root.get(&t, "/grants?show=all").await;
        assert!(all.text.contains("user:ada") && all.text.contains("ended") && !all.text.contains("/revoke\""), "{}", all.text);
    }

    async fn what_a_removed_user_holds_is_found_by_their_name(t: TestJeton) {
        let (_, hers, _, _) = two_holders(&t).await;
        let key = t.get("/v1/grants?holder=user:ada").await.json()["grants"][0]["holder_key"].clone();
        let gone = t.delete("/v1/users/ada").await;
        assert_eq!(gone.status, 200, "{}", gone.text);
        let listed = t.get("/v1/grants?holder=user:ada").await.json();
        assert_eq!(listed["grants"][0]["holder_key"], key, "{listed}");
        assert_eq!(t.get("/v1/grants?holder=user:bob").await.json()["grants"], json!([]));
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let page = root.get(&t, "/grants/revoke-all?holder=user:ada").await;
        assert!(page.status == 200 && page.text.contains("1 grant"), "{}", page.text);
        let csrf = field(&page.text, "csrf");
        let done = root.post(&t, "/grants/revoke-all", &[("csrf", &csrf), ("holder", "user:ada")]).await;
        assert_eq!((done.status, done.header("location")), (303, "/grants?done=all"), "{}", done.text);
        t.clock.advance(SignedDuration::from_secs(10));
        t.worker.run_due().await.unwrap();
        assert!(!t.sim.github().is_live(hers["token"].as_str().unwrap()));
        // Another one who has the name now is meant by it.
        person(&t, "ada", "member", PASSWORD).await;
        assert_eq!(t.delete("/v1/grants?holder=user:ada").await.json()["grants_ended"], 0);
    }

    async fn a_member_sees_and_ends_what_is_theirs(t: TestJeton) {
        let (mut ada, hers, _, its) = two_holders(&t).await;
        for query in ["", "?holder=client:ci", "?show=all&repository=acme/", "?holder=user:ada"] {
            let page = ada.get(&t, &format!("/grants{query}")).await;
            assert_eq!(page.status, 200);
            assert!(!page.text.contains("acme/b") && !page.text.contains(its["fingerprint"].as_str().unwrap()), "{}", page.text);
            assert!(!page.text.contains("name=\"holder\""), "there is nobody else to choose");
        }
        let path = format!("/grants/{}/revoke", id(&hers));
        let page = ada.get(&t, &path).await;
        assert!(page.status == 200 && page.text.contains("If others hold the same token"), "{}", page.text);
        let csrf = field(&page.text, "csrf");
        for foreign in [format!("/grants/{}/revoke", id(&its)), "/grants/x/revoke".to_owned(), "/grants/%00/revoke".to_owned()] {
            assert_eq!(ada.get(&t, &foreign).await.status, 404, "{foreign}");
            assert_eq!(ada.post(&t, &foreign, &[("csrf", &csrf)]).await.status, 404, "{foreign}");
        }
        assert_eq!(ada.post(&t, &path, &[]).await.status, 403, "without the form's token");
        assert_eq!(ada.post(&t, &path, &[("csrf", &csrf), ("for", "all")]).await.status, 403, "others may hold it");
        for all in ["/grants/revoke-all?holder=client:ci", "/grants/revoke-all"] {
            assert_eq!(ada.get(&t, all).await.status, 403);
        }
        assert_eq!(ada.post(&t, "/grants/revoke-all", &[("csrf", &csrf), ("holder", "client:ci")]).await.status, 403);
        assert!(t.sim.github().is_live(its["token"].as_str().unwrap()));
        let done = ada.post(&t, &path, &[("csrf", &csrf)]).await;
        assert_eq!((done.status, done.header("location")), (303, "/grants?done=revoking"), "{}", done.text);
        let after = ada.get(&t, "/grants?done=revoking").await;
        assert!(after.text.contains("role=\"status\"") && after.text.contains("You hold no token now."), "{}", after.text);
        t.clock.advance(SignedDuration::from_secs(10));
        t.worker.run_due().await.unwrap();
        assert!(!t.sim.github().is_live(hers["token"].as_str().unwrap()));
        let again = ada.get(&t, &path).await;
        assert!(again.text.contains("nothing to revoke") && !again.text.contains("<button class=\"danger\""), "{}", again.text);
        assert_eq!(ada.post(&t, &path, &[("csrf", &csrf)]).await.header("location"), "/grants?done=over");
    }

    async fn who_else_holds_a_token_is_told_before_it_ends(t: TestJeton) {
        t.install("acme", &["a"]);
        let (first, second) = (t.client_who_reads("first", "acme/*").await, t.client_who_reads("second", "acme/*").await);
        let mut grants = Vec::new();
        for key in [&first, &second] {
            let grant = t.post_as(key, "/v1/tokens", json!({"repositories": ["acme/a"]})).await;
            grants.push(grant.json());
        }
        assert_eq!(grants[0]["token"], grants[1]["token"]);
        let token = grants[0]["token"].as_str().unwrap();
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let path = format!("/grants/{}/revoke", id(&grants[0]));
        let page = root.get(&t, &path).await;
        assert!(page.text.contains("One other grant has") && page.text.contains("client:second"), "{}", page.text);
        assert!(page.text.contains("name=\"for\" value=\"all\""), "{}", page.text);
        let csrf = field(&page.text, "csrf");
        let done = root.post(&t, &path, &[("csrf", &csrf), ("for", "this")]).await;
        assert_eq!(done.header("location"), "/grants?done=released", "{}", done.text);
        let path = format!("/grants/{}/revoke", id(&grants[1]));
        let page = root.get(&t, &path).await;
        assert!(page.text.contains("Nobody else holds this token") && !page.text.contains("name=\"for\""), "{}", page.text);
        t.post_as(&first, "/v1/tokens", json!({"repositories": ["acme/a"]})).await;
        assert!(t.sim.github().is_live(token));
        let done = root.post(&t, &path, &[("csrf", &csrf), ("for", "all")]).await;
        assert_eq!(done.header("location"), "/grants?done=revoking", "{}", done.text);
        t.clock.advance(SignedDuration::from_secs(10));
        t.worker.run_due().await.unwrap();
        assert!(!t.sim.github().is_live(token));
        assert!(root.get(&t, "/grants").await.text.contains("Nobody holds a token now."));
    }

    async fn all_that_one_caller_holds_ends_at_once(t: TestJeton) {
        let (_, hers, key, its) = two_holders(&t).await;
        t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a", "acme/b"]})).await;
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let list = root.get(&t, "/grants?holder=client:ci").await;
        assert!(leads_to(&list, "/grants/revoke-all?holder=client%3Aci&#38;back=%2Fgrants%3Fholder%3Dclient%253Aci"), "{}", list.text);
        let page = root.get(&t, "/grants/revoke-all?holder=client%3Aci").await;
        assert!(page.text.contains("Revoke 2 grants"), "{}", page.text);
        let fields = [("csrf", field(&page.text, "csrf")), ("holder", field(&page.text, "holder"))];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(root.post(&t, "/grants/revoke-all", &fields[1..]).await.status, 403);
        let done = root.post(&t, "/grants/revoke-all", &fields).await;
        assert_eq!(done.header("location"), "/grants?done=all", "{}", done.text);
        t.clock.advance(SignedDuration::from_secs(10));
        t.worker.run_due().await.unwrap();
        assert!(!t.sim.github().is_live(its["token"].as_str().unwrap()));
        assert!(t.sim.github().is_live(hers["token"].as_str().unwrap()), "somebody else's lives on");
        assert_eq!(root.post(&t, "/grants/revoke-all", &fields).await.header("location"), "/grants?done=none");
        let page = root.get(&t, "/grants/revoke-all?holder=client%3Aci").await;
        assert!(page.text.contains("There is nothing to revoke"), "{}", page.text);
        assert_eq!(root.get(&t, "/grants/revoke-all").await.status, 400);
        let unknown = root.post(&t, "/grants/revoke-all", &[fields[0], ("holder", "client:<script>")]).await;
        assert!((400..500).contains(&unknown.status) && !unknown.text.contains("<script>"), "{}", unknown.text);
    }

    async fn one_comes_back_to_the_list_as_it_was(t: TestJeton) {
        let (_, hers, _, _) = two_holders(&t).await;
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let list = root.get(&t, "/grants?repository=acme/&show=all").await;
        let back = "/grants?show=all&repository=acme%2F";
        let address = format!("/grants/{}/revoke?back=%2Fgrants%3Fshow%3Dall%26repository%3Dacme%252F", id(&hers));
        assert!(leads_to(&list, &address), "{}", list.text);
        let page = root.get(&t, &address).await;
        let cancel = "<a class=\"button quiet\" href=\"/grants?show=all&#38;repository=acme%2F\">Cancel</a>";
        assert!(page.text.contains(cancel), "{}", page.text);
        let csrf = field(&page.text, "csrf");
        let path = format!("/grants/{}/revoke", id(&hers));
        let done = root.post(&t, &path, &[("csrf", &csrf), ("back", back)]).await;
        assert_eq!(done.header("location"), format!("{back}&done=revoking"), "{}", done.text);
        let after = root.get(&t, done.header("location")).await;
        assert!(after.text.contains("role=\"status\"") && after.text.contains("value=\"acme/\""), "{}", after.text);
        for elsewhere in ["//evil.example", "https://evil.example/grants", "/grants@evil.example", "/settings"] {
            let done = root.post(&t, &path, &[("csrf", &csrf), ("back", elsewhere)]).await;
            assert_eq!(done.header("location"), "/grants?done=over", "{elsewhere}");
        }
        let all = [("csrf", csrf.as_str()), ("holder", "client:ci"), ("back", back)];
        let done = root.post(&t, "/grants/revoke-all", &all).await;
        assert_eq!(done.header("location"), format!("{back}&done=all"), "{}", done.text);
    }

    async fn an_auditor_looks_and_ends_nothing(t: TestJeton) {
        let (_, hers, _, _) = two_holders(&t).await;
        let mut eve = person(&t, "eve", "auditor", PASSWORD).await;
        let page = eve.get(&t, "/grants?holder=user:ada").await;
        assert!(page.text.contains("acme/a") && !page.text.contains("/revoke"), "{}", page.text);
        let path = format!("/grants/{}/revoke", id(&hers));
        let page = eve.get(&t, &path).await;
        assert!(page.status == 200 && page.text.contains("may not end it") && !page.text.contains("class=\"danger\""), "{}", page.text);
        let csrf = field(&page.text, "csrf");
        assert_eq!(eve.post(&t, &path, &[("csrf", &csrf)]).await.status, 404);
        assert_eq!(eve.get(&t, "/grants/revoke-all?holder=user:ada").await.status, 403);
        let mut stranger = Browser::default();
        for path in ["/grants", &path, "/grants/revoke-all?holder=x"] {
            let answer = stranger.get(&t, path).await;
            assert!(answer.status == 303 && answer.header("location").starts_with("/sign-in?next=%2Fgrants"), "{path}");
        }
    }

    async fn addresses_that_make_no_sense_are_pages_all_the_same(t: TestJeton) {
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        for query in [
            "before=x", "before=00000000-0000-0000-0000-000000000000", "show=%00", "holder=%00&source=%00&repository=%00",
            "holder=client:", "holder=jwt::", "holder=user:%00", "repository=%FF", "before=ffffffff-ffff-ffff-ffff-ffffffffffff",
        ] {
            let page = root.get(&t, &format!("/grants?{query}")).await;
            assert_eq!(page.status, 200, "{query}: {}", page.text);
        }
        let long = "x".repeat(5_000);
        for planted in ["\"><script>alert(1)</script>", "\u{202e}'&", &long] {
            let pairs = [("holder", planted), ("source", planted), ("repository", planted), ("done", planted)];
            let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            let page = root.get(&t, &format!("/grants?{query}")).await;
            assert!(page.status == 200 && !page.text.contains("<script>alert"), "{}", page.text);
            assert!(page.text.contains("No grant fits.") && !page.text.contains("role=\"status\""));
        }
        let pasted = format!("{}_{}", "ghs", "a".repeat(36));
        let page = root.get(&t, &format!("/grants?q={pasted}")).await;
        assert!(page.status == 400 && page.text.contains("aria-invalid=\"true\""), "{}", page.text);
        assert!(!page.text.contains(&pasted), "it may be a token");
        for id in ["ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-000000000000", "..%2f", "%FF"] {
            assert_eq!(root.get(&t, &format!("/grants/{id}/revoke")).await.status, 404, "{id}");
        }
    }

    async fn a_long_list_has_pages(t: TestJeton) {
        t.install("acme", &["a"]);
        for number in 0..52 {
            let key = t.client_who_reads(&format!("c{number}"), "acme/*").await;
            let answer = t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a"]})).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let first = root.get(&t, "/grants?source=app:ci").await;
        assert_eq!(first.text.matches("<th scope=\"row\">").count(), 40);
        let (_, next) = first.text.split_once("rel=\"next\" href=\"").unwrap();
        let next = next.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        assert!(next.contains("source=app%3Aci"), "{next}");
        let second = root.get(&t, &next).await;
        assert_eq!(second.text.matches("<th scope=\"row\">").count(), 12, "{}", second.text);
        assert!(second.text.contains("First page") && !second.text.contains("rel=\"next\""));
        let token = t.post("/v1/tokens", json!({"repositories": ["acme/a"]})).await.json();
        let page = root.get(&t, &format!("/grants/{}/revoke", id(&token))).await;
        assert_eq!(page.status, 200, "{}", page.text);
    }
}
