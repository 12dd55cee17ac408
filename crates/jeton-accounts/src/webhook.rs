//! Messages to whoever wants to know of ends and failures, signed as <https://www.standardwebhooks.com/> describes it, so that libraries
//! for the receiving side exist.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, Method};
use jeton_domain::{Diagnosis, JobId, Secret};
use jeton_jobs::{Handler, JobError};
use jeton_outbound::{Outbound, Request};
use jeton_vault::{AccountRecord, NewJob, VaultTx};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use crate::{AccountError, Accounts};

/// After so many tries a message is given up; with the pauses of the queue, about half a day.
const MOST_ATTEMPTS: u32 = 150;

/// Somebody who is told of ends and failures.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The operator's name for it; kept in rows.
    pub name: String,
    /// Where it listens.
    pub url: String,
    /// With what messages to it are signed: any text, or `whsec_` and base64.
    pub secret: Secret,
    /// The events that it wants, each whole (`account.expiring`) or as a family (`account.`); all when empty.
    pub events: Vec<String>,
}

impl Webhook {
    fn wants(&self, event: &str) -> bool {
        let fits = |wanted: &String| event == wanted || (wanted.ends_with('.') && event.starts_with(wanted.as_str()));
        self.events.is_empty() || self.events.iter().any(fits)
    }
}

/// Sends one message; over HTTP but in tests.
#[async_trait]
pub trait WebhookSender: Send + Sync + fmt::Debug {
    /// Posts a body with headers.
    ///
    /// # Errors
    /// Why there was no answer, without secrets.
    async fn post(&self, url: &str, headers: Vec<(&'static str, String)>, body: Vec<u8>) -> Result<u16, String>;
}

/// Over HTTP.
#[derive(Debug)]
pub struct HttpSender(pub Outbound);

#[async_trait]
impl WebhookSender for HttpSender {
    async fn post(&self, url: &str, headers: Vec<(&'static str, String)>, body: Vec<u8>) -> Result<u16, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        let mut request = Request::new(Method::POST, url).body("application/json", body);
        for (name, value) in headers {
            let value = HeaderValue::from_str(&value).map_err(|error| error.to_string())?;
            request = request.header(HeaderName::from_static(name), value);
        }
        let answer = self.0.send(request).await.map_err(|error| error.to_string())?;
        Ok(answer.status)
    }
}

/// All of them, with the way to them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Webhooks {
    hooks: Arc<Vec<Webhook>>,
    sender: Arc<dyn WebhookSender>,
}

impl Webhooks {
    /// These, reached in this way.
    pub fn new(hooks: Vec<Webhook>, sender: Arc<dyn WebhookSender>) -> Self {
        Self {
            hooks: Arc::new(hooks),
            sender,
        }
    }
}

impl Accounts {
    /// Queues a message about an account to everybody who wants it, in the transaction in which it happens.
    pub(crate) async fn notify(
        &self,
        tx: &mut dyn VaultTx,
        account: &AccountRecord,
        event: &'static str,
        diagnosis: Option<&Diagnosis>,
    ) -> Result<(), AccountError> {
        let inner = &self.0;
        let now = inner.now();
        for hook in inner.webhooks.hooks.iter().filter(|hook| hook.wants(event)) {
            let id = JobId::generate(inner.clock.now(), &*inner.entropy);
            let payload = DeliverPayload {
                hook: hook.name.clone(),
                message: message(event, account, diagnosis, now),
            };
            let job = NewJob {
                kind: DeliverWebhook::KIND.to_owned(),
                payload: json!(payload),
                dedup: Some(id.to_string()),
                run_at: now,
                id,
            };
            tx.jobs().add(&job).await?;
        }
        // The worker sees it with its next look at the queue, after the commit.
        Ok(())
    }
}

fn message(event: &str, account: &AccountRecord, diagnosis: Option<&Diagnosis>, now: Timestamp) -> Value {
    json!({
        "type": event,
        "timestamp": now.to_string(),
        "data": {
            "account": {
                "id": account.id.to_string(),
                "label": account.label.as_str(),
                "forge": account.forge.host(),
                "kind": account.kind,
                "identity": account.identity_name,
                "fingerprint": account.fingerprint.as_str(),
                "validity": account.validity,
                "expires_at": account.expires_at.map(|end| end.to_string()),
            },
            "diagnosis": diagnosis,
        },
    })
}

/// What the job knows; a message holds no secret.
#[derive(Debug, Serialize, Deserialize)]
struct DeliverPayload {
    hook: String,
    message: Value,
}

/// Delivers one message, until the receiver takes it. It may arrive twice, under the same `webhook-id`.
pub(crate) struct DeliverWebhook(pub(crate) Accounts);

impl DeliverWebhook {
    pub(crate) const KIND: &'static str = "deliver_webhook";
}

#[async_trait]
impl Handler for DeliverWebhook {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    /// Receivers may be slow.
    fn most_at_once(&self) -> usize {
        4
    }

    async fn run(&self, payload: &Value, attempt: u32) -> Result<(), JobError> {
        let fail = |reason: String| JobError::Fail { reason };
        let payload: DeliverPayload =
            serde_json::from_value(payload.clone()).map_err(|error| fail(format!("payload: {error}")))?;
        let inner = &self.0.0;
        let Some(hook) = inner.webhooks.hooks.iter().find(|hook| hook.name == payload.hook) else {
            tracing::warn!(
                webhook.name = payload.hook,
                "a message waits for a webhook that is no longer configured; dropped"
            );
            return Ok(());
        };
        let body = payload.message.to_string();
        let headers = headers(hook, &message_id(&body), inner.now(), &body);
        let answer = inner.webhooks.sender.post(&hook.url, headers, body.into_bytes()).await;
        let reason = match answer {
            Ok(200..=299) => return Ok(()),
            Ok(410) => return Err(fail(format!("{} says that it is gone (HTTP 410)", hook.name))),
            Ok(status) => format!("{} answered HTTP {status}", hook.name),
            Err(reason) => format!("{} cannot be reached: {reason}", hook.name),
        };
        tracing::warn!(
            webhook.name = hook.name,
            attempt,
            reason,
            "a message could not be delivered"
        );
        if attempt >= MOST_ATTEMPTS {
            return Err(fail(reason));
        }
        // A minute at first, then five: a receiver that is away finds all of them when it is back.
        let after = (attempt < 3).then(|| Duration::from_secs(20));
        Err(JobError::Retry { reason, after })
    }
}

/// The same for each try of one message: it holds when and about what it was made.
fn message_id(body: &str) -> String {
    let digest = jeton_domain::Fingerprint::of_bytes(body.as_bytes());
    format!("msg_{digest}")
}

fn headers(hook: &Webhook, id: &str, now: Timestamp, body: &str) -> Vec<(&'static str, String)> {
    let timestamp = now.as_second().to_string();
    vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.clone()),
        ("webhook-signature", sign(&hook.secret, id, &timestamp, body)),
    ]
}

fn sign(secret: &Secret, id: &str, timestamp: &str, body: &str) -> String {
    let text = secret.expose();
    let decoded = text
        .strip_prefix("whsec_")
        .and_then(|coded| STANDARD.decode(coded).ok());
    let key = hmac::Key::new(hmac::HMAC_SHA256, decoded.as_deref().unwrap_or(text.as_bytes()));
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

impl fmt::Debug for DeliverWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND)
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::Secret;

    use super::{Webhook, sign};

    #[test]
    fn signs_as_the_standard_does() {
        // The example of the specification's reference libraries.
        let secret = ["whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"].concat();
        let signed = sign(
            &Secret::new(secret),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_webhook_gets_what_it_asked_for() {
        let hook = |events: &[&str]| Webhook {
            name: "x".to_owned(),
            url: "https://x.example".to_owned(),
            secret: Secret::new("s"),
            events: events.iter().map(ToString::to_string).collect(),
        };
        assert!(hook(&[]).wants("account.expiring"));
        assert!(hook(&["account."]).wants("account.expiring"));
        assert!(!hook(&["account.expired"]).wants("account.expiring"));
        assert!(!hook(&["account"]).wants("account.expiring"));
    }
}
