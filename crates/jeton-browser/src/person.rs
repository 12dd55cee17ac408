use jeton_testkit::TestJeton;
use serde_json::json;

use crate::{Chromium, Page};

/// Everybody's in tests.
pub const PASSWORD: &str = "correct horse battery";

/// Somebody with an account at jeton, who has signed in.
#[derive(Debug)]
pub struct Person {
    /// Their window.
    pub page: Page,
    /// As jeton calls them.
    pub name: String,
}

impl Person {
    /// Adds somebody, and signs them in without a page: the pages that do so have tests of their own.
    pub async fn signed_in(t: &TestJeton, chromium: &Chromium, name: &str, role: &str) -> Self {
        let link = invite(t, name, role).await;
        let answer = t
            .send(|http, url| {
                let fields = [("link", link.as_str()), ("password", PASSWORD), ("again", PASSWORD)];
                let body = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(fields)
                    .finish();
                let kind = "application/x-www-form-urlencoded";
                http.post(format!("{url}/setup"))
                    .header("content-type", kind)
                    .body(body)
            })
            .await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default();
        let (cookie, value) = cookie.split_once('=').expect("a cookie");
        let page = chromium.page(&t.url).await;
        let set = json!({
            "name": cookie, "value": value, "url": t.url, "path": "/", "secure": true, "httpOnly": true, "sameSite": "Lax",
        });
        let set = page.tell("Network.setCookie", set).await;
        assert_eq!(set["success"], true, "{set}");
        Self {
            page,
            name: name.to_owned(),
        }
    }
}

/// Adds somebody; what stands in their one-time link.
pub async fn invite(t: &TestJeton, name: &str, role: &str) -> String {
    let answer = t.post("/v1/users", json!({"name": name, "role": role})).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let link = answer.json()["link"].as_str().expect("a link").to_owned();
    let (_, link) = link.split_once("/setup?link=").expect("a link");
    link.to_owned()
}
