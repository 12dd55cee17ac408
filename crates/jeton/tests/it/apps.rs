//! GitHub Apps: added, checked, refused with words, removed.

use jeton_forge_sim::{AppSpec, FaultKind, FaultRule, InstallSpec};
use jeton_testkit::both_databases;
use serde_json::json;

both_databases! {
    async fn every_spelling_of_a_key_is_taken(t: TestJeton) {
        let app = t.sim.github().add_app(AppSpec::new("spelled"));
        let pem = &app.private_key_pkcs1_pem;
        let spellings = [
            pem.clone(),
            app.private_key_pkcs8_pem.clone(),
            pem.trim_end().to_owned(),
            pem.trim_end().replace('\n', "\\n"),
            pem.replace('\n', "\r\n"),
            format!("\n\n  {pem}  \n"),
            format!("\"{}\"", pem.trim_end().replace('\n', "\\n")),
        ];
        for (index, spelling) in spellings.iter().enumerate() {
            let body = json!({"name": format!("app{index}"), "app_id": app.client_id, "private_key": spelling, "api_url": t.sim.api_url()});
            let answer = t.post("/v1/apps", body).await;
            assert_eq!(answer.status, 201, "spelling {index}: {}", answer.text);
            let check = t.post(&format!("/v1/apps/app{index}/check"), json!({})).await;
            assert_eq!(check.status, 200, "{}", check.text);
            assert_eq!(check.json()["slug"], "spelled", "the key signs");
        }
    }

    async fn what_is_no_key_is_told_what_it_is(t: TestJeton) {
        let public = format!("-----BEGIN {} KEY-----\nMIIBIjANBgkq\n-----END {} KEY-----\n", "PUBLIC", "PUBLIC");
        let openssh = format!("-----BEGIN OPENSSH {} KEY-----\nb3BlbnNzaA==\n-----END OPENSSH {} KEY-----\n", "PRIVATE", "PRIVATE");
        let encrypted = format!("-----BEGIN ENCRYPTED {} KEY-----\nMIIFHD\n-----END ENCRYPTED {} KEY-----\n", "PRIVATE", "PRIVATE");
        let token = format!("ghp_{}", "a".repeat(36));
        for (text, word) in [(public.as_str(), "public"), (&openssh, "OpenSSH"), (&encrypted, "encrypted"), (&token, "token"),
            ("", "empty"), ("hello", "PEM"), ("/etc/jeton/key.pem", "path")] {
            let answer = t.post("/v1/apps", json!({"name": "x", "app_id": 1, "private_key": text, "api_url": t.sim.api_url()})).await;
            assert_eq!((answer.status, answer.code().as_str()), (422, "app.key_invalid"), "{word}: {}", answer.text);
            let detail = answer.json()["detail"].as_str().unwrap().to_lowercase();
            assert!(detail.contains(&word.to_lowercase()), "{word}: {detail}");
            assert!(answer.json()["remedy"].is_string(), "{word}");
            assert!(text.len() < 20 || !answer.text.contains(text), "{word}: the text is not repeated");
        }
        assert_eq!(t.get("/v1/apps").await.json()["apps"].as_array().unwrap().len(), 1);
    }

    async fn a_key_of_another_app_is_found_out_before_it_is_kept(t: TestJeton) {
        let (one, two) = (t.sim.github().add_app(AppSpec::new("one")), t.sim.github().add_app(AppSpec::new("two")));
        let body = |check| json!({"name": "mixed", "app_id": one.id, "private_key": two.private_key_pkcs1_pem, "api_url": t.sim.api_url(), "check": check});
        let answer = t.post("/v1/apps", body(true)).await;
        assert_eq!((answer.status, answer.code().as_str()), (502, "app.key_rejected"), "{}", answer.text);
        assert_eq!(t.post("/v1/apps", body(false)).await.status, 201, "unless asked to keep it unseen");
        let check = t.post("/v1/apps/mixed/check", json!({})).await.json();
        assert_eq!((check["ok"].as_bool(), check["findings"][0]["code"].as_str()), (Some(false), Some("app.key_rejected")));
    }

    async fn a_forge_url_that_is_none_is_told(t: TestJeton) {
        for url in ["not a url", "ftp://x", "http://git.example.com/api/v3", "https://169.254.169.254/", "https://user:pw@x.example", ""] {
            let body = json!({"name": "x", "app_id": 1, "private_key": t.app.private_key_pkcs1_pem, "api_url": url});
            let answer = t.post("/v1/apps", body).await;
            assert_eq!((answer.status, answer.code().as_str()), (422, "app.invalid"), "{url}: {}", answer.text);
        }
    }

    async fn check_lists_installations_and_names_what_is_missing(t: TestJeton) {
        t.install("acme", &["a"]);
        t.sim.github().add_repository("beta", "b", true).unwrap();
        t.sim.github().install(t.app.id, "beta", InstallSpec::selected(["b"]).permissions([("metadata", "read")]));
        let suspended = { t.sim.github().add_repository("gamma", "c", true).unwrap(); t.sim.github().install(t.app.id, "gamma", InstallSpec::all()) };
        t.sim.github().suspend(suspended);
        let check = t.post("/v1/apps/ci/check", json!({})).await.json();
        assert_eq!(check["ok"], false);
        let of = |owner: &str| check["installations"].as_array().unwrap().iter().find(|i| i["owner"] == owner).unwrap().clone();
        assert_eq!(of("acme")["missing_permissions"], json!({}));
        assert_eq!(of("beta")["missing_permissions"], json!({"contents": "read"}));
        assert_eq!((of("beta")["repositories"].as_str(), of("gamma")["suspended"].as_bool()), (Some("selected"), Some(true)));
        let codes: Vec<_> = check["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
        assert!(codes.contains(&"forge.permission_not_granted") && codes.contains(&"forge.installation_suspended"), "{codes:?}");
    }

    async fn a_name_is_taken_once_and_free_after_removal(t: TestJeton) {
        assert_eq!(t.add_app("ci", &t.app).await.code(), "app.name_taken");
        assert_eq!(t.delete("/v1/apps/ci").await.status, 200);
        assert_eq!(t.delete("/v1/apps/ci").await.status, 404);
        let none = t.try_issue(json!({"repositories": ["acme/a"]})).await;
        assert_eq!((none.status, none.code().as_str()), (503, "app.none"), "{}", none.text);
        assert_eq!(t.add_app("ci", &t.app).await.status, 201);
        for name in ["CI", "", "a/b", "..", "a b"] {
            let body = json!({"name": name, "app_id": 1, "private_key": "x"});
            assert_eq!(t.post("/v1/apps", body).await.code(), "app.invalid", "{name}");
        }
    }

    async fn an_app_is_kept_only_when_the_forge_could_be_asked(t: TestJeton) {
        t.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
        let app = t.sim.github().add_app(AppSpec::new("later"));
        let answer = t.add_app("later", &app).await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "forge.unavailable"), "{}", answer.text);
        assert_eq!(t.get("/v1/apps").await.json()["apps"].as_array().unwrap().len(), 1);
    }
}
