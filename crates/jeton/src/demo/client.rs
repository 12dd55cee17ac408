use std::time::Duration;

use jeton_domain::Secret;
use serde_json::Value;

/// What a step says when it went wrong.
pub(crate) type Failure = String;

/// Calls jeton over HTTP, as any client would.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    key: Secret,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Client {
    pub(crate) fn new(url: &str, key: Secret) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            http,
            url: url.to_owned(),
            key,
        })
    }

    /// `GET` without a key.
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Failure> {
        read(self.http.get(format!("{}{path}", self.url))).await
    }

    /// `GET` with the key.
    pub(crate) async fn read(&self, path: &str) -> Result<Answer, Failure> {
        read(
            self.http
                .get(format!("{}{path}", self.url))
                .bearer_auth(self.key.expose()),
        )
        .await
    }

    /// `POST` of JSON with the key.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        read(
            self.http
                .post(format!("{}{path}", self.url))
                .bearer_auth(self.key.expose())
                .json(body),
        )
        .await
    }

    /// `PUT` of JSON with the key.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        read(
            self.http
                .put(format!("{}{path}", self.url))
                .bearer_auth(self.key.expose())
                .json(body),
        )
        .await
    }

    /// `DELETE` with the key.
    pub(crate) async fn delete(&self, path: &str) -> Result<Answer, Failure> {
        read(
            self.http
                .delete(format!("{}{path}", self.url))
                .bearer_auth(self.key.expose()),
        )
        .await
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
    let answer = request.send().await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let body = answer
        .json()
        .await
        .map_err(|error| format!("HTTP {status} without JSON: {error}"))?;
    Ok(Answer { status, body })
}

impl Answer {
    /// The body, when the status is the expected one; else a failure with the answer's own words, which hold no token.
    pub(crate) fn expect(self, status: u16) -> Result<Value, Failure> {
        if self.status == status {
            return Ok(self.body);
        }
        let words = self.body["detail"]
            .as_str()
            .or(self.body["error"].as_str())
            .unwrap_or("no words");
        Err(format!("HTTP {} instead of {status}: {words}", self.status))
    }
}

/// A text field of an answer.
pub(crate) fn text(value: &Value, field: &str) -> Result<String, Failure> {
    value[field]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("the answer has no {field}"))
}
