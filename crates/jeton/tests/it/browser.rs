//! A browser without a screen: keeps cookies as the rules for `__Host-` say, says where its requests come from, and fills
//! in forms.

use std::collections::BTreeMap;

use jeton_testkit::{Answer, TestJeton};

/// One browser of one person.
#[derive(Debug, Default, Clone)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
    /// Sent with every request, and instead of what the browser itself says.
    pub(crate) headers: BTreeMap<String, String>,
}

/// As a form is sent.
fn encode(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// The value of a hidden field.
pub(crate) fn field(html: &str, name: &str) -> String {
    let (_, rest) = html
        .split_once(&format!("name=\"{name}\" value=\""))
        .unwrap_or_else(|| panic!("{name}: {html}"));
    rest.split('"').next().unwrap().to_owned()
}

impl Browser {
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) async fn get(&mut self, t: &TestJeton, path: &str) -> Answer {
        self.send(t, "GET", path, &[("sec-fetch-site", "none")], None).await
    }

    pub(crate) async fn post(&mut self, t: &TestJeton, path: &str, fields: &[(&str, &str)]) -> Answer {
        let headers = [
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.send(t, "POST", path, &headers, Some(encode(fields))).await
    }

    pub(crate) async fn send(
        &mut self,
        t: &TestJeton,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut all: BTreeMap<String, String> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        all.entry("accept".to_owned())
            .or_insert_with(|| "text/html,*/*;q=0.8".to_owned());
        for (name, value) in &self.headers {
            if value.is_empty() {
                all.remove(name);
            } else {
                all.insert(name.clone(), value.clone());
            }
        }
        let answer = t
            .send(|http, url| {
                let mut request = http.request(method.parse().unwrap(), format!("{url}{path}"));
                for (name, value) in &all {
                    request = request.header(name, value);
                }
                if !cookies.is_empty() {
                    request = request.header("cookie", cookies.join("; "));
                }
                match body {
                    Some(body) => request.body(body),
                    None => request,
                }
            })
            .await;
        self.keep(&answer);
        answer
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let mut parts = cookie.split("; ");
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            let attributes: Vec<&str> = parts.collect();
            assert!(name.starts_with("__Host-"), "{cookie}");
            for needed in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
                assert!(attributes.contains(&needed), "{cookie}");
            }
            assert!(
                !attributes.iter().any(|attribute| attribute.starts_with("Domain")),
                "{cookie}"
            );
            if attributes.contains(&"Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The cookie of the session.
    pub(crate) fn session(&self) -> Option<&str> {
        self.cookies.get("__Host-jeton").map(String::as_str)
    }

    pub(crate) async fn sign_in(&mut self, t: &TestJeton, name: &str, password: &str) -> Answer {
        self.post(t, "/sign-in", &[("name", name), ("password", password)])
            .await
    }

    /// Uses a one-time link up.
    pub(crate) async fn set_up(&mut self, t: &TestJeton, link: &str, name: Option<&str>, password: &str) -> Answer {
        let mut fields = vec![("link", link), ("password", password), ("again", password)];
        fields.extend(name.map(|name| ("name", name)));
        self.post(t, "/setup", &fields).await
    }
}

/// Adds a person and lets them set their password; their browser, signed in.
pub(crate) async fn person(t: &TestJeton, name: &str, role: &str, password: &str) -> Browser {
    let answer = t
        .post("/v1/users", serde_json::json!({"name": name, "role": role}))
        .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let link = answer.json()["link"].as_str().unwrap().to_owned();
    let (_, link) = link.split_once("/setup?link=").unwrap();
    let mut browser = Browser::default();
    let answer = browser.set_up(t, link, None, password).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/"),
        "{}",
        answer.text
    );
    assert!(browser.session().is_some());
    browser
}
