use std::time::Duration;

use chromiumoxide::{cdp::browser_protocol::page::EventLoadEventFired, listeners::EventStream};
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};

use crate::{
    raw::Raw,
    trouble::{Trouble, Watch},
};

/// How long a test waits for what should come at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// One window of somebody's, on one site.
#[derive(Debug)]
pub struct Page {
    inner: chromiumoxide::Page,
    site: String,
    loads: EventStream<EventLoadEventFired>,
    watch: Watch,
    has_script: bool,
    expected: Vec<String>,
    troubles: Vec<Trouble>,
}

impl Page {
    pub(crate) async fn new(inner: chromiumoxide::Page, site: &str) -> Self {
        let mut this = Self {
            loads: inner.event_listener().await.expect("a listener"),
            watch: Watch::start(&inner).await,
            inner,
            site: site.to_owned(),
            has_script: true,
            expected: Vec::new(),
            troubles: Vec::new(),
        };
        this.width(1440).await;
        this
    }

    /// The address of the site, without a slash at its end.
    pub fn site(&self) -> &str {
        &self.site
    }

    pub(crate) async fn command(&self, name: &'static str, parameters: Value) -> Result<Value, String> {
        let answer = self.inner.execute(Raw::new(name, parameters)).await;
        answer.map(|answer| answer.result).map_err(|error| error.to_string())
    }

    /// A command that must work.
    pub(crate) async fn tell(&self, name: &'static str, parameters: Value) -> Value {
        let answer = self.command(name, parameters).await;
        answer.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The value of an expression in the page. Works where the page's own scripts are switched off, too.
    ///
    /// # Errors
    /// What the expression threw, or that the page went away meanwhile.
    pub async fn try_evaluate(&self, expression: &str) -> Result<Value, String> {
        let parameters = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.command("Runtime.evaluate", parameters).await?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(details.to_string()),
            None => Ok(answer["result"]["value"].take()),
        }
    }

    /// The value of an expression in the page, which must have one.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let value = self.try_evaluate(expression).await;
        value.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Goes to a path of the site, waits until it has loaded, and answers its status.
    pub async fn open(&mut self, path: &str) -> i64 {
        let url = format!("{}{path}", self.site);
        self.loading(async |page| {
            let answer = page.tell("Page.navigate", json!({"url": url})).await;
            assert!(answer["errorText"].is_null(), "{url}: {answer}");
        })
        .await;
        self.status()
    }

    /// Does what loads another page, and waits until it has loaded.
    pub(crate) async fn loading(&mut self, act: impl AsyncFnOnce(&mut Self)) {
        while self.loads.next().now_or_never().flatten().is_some() {}
        act(self).await;
        let loaded = tokio::time::timeout(PATIENCE, self.loads.next()).await;
        assert!(
            loaded.is_ok(),
            "no page has loaded; this one says: {}",
            self.text().await
        );
        self.check().await;
    }

    /// The status of the last page that loaded.
    pub fn status(&self) -> i64 {
        self.watch.status.expect("a page")
    }

    /// Path and query of the page.
    pub async fn path(&self) -> String {
        let path = self.evaluate("location.pathname + location.search").await;
        path.as_str().expect("a path").to_owned()
    }

    /// What a person reads on the page.
    pub async fn text(&self) -> String {
        let text = self.evaluate("document.body ? document.body.innerText : ''").await;
        text.as_str().expect("a text").to_owned()
    }

    /// The markup as the browser has it now, with what scripts did.
    pub async fn html(&self) -> String {
        let html = self.evaluate("document.documentElement.outerHTML").await;
        html.as_str().expect("markup").to_owned()
    }

    /// Waits until the page says so.
    pub async fn sees(&mut self, words: &str) {
        let found = self
            .until(async |page| {
                let text = page.try_evaluate("document.body ? document.body.innerText : ''").await;
                let found = text.is_ok_and(|text| text.as_str().is_some_and(|text| text.contains(words)));
                found.then_some(())
            })
            .await;
        assert!(
            found.is_some(),
            "{words:?} is not on {}: {}",
            self.path().await,
            self.text().await
        );
        self.check().await;
    }

    /// Waits until an expression is true.
    pub async fn until_true(&mut self, expression: &str) {
        let found = self
            .until(async |page| {
                let value = page.try_evaluate(expression).await;
                (value == Ok(Value::Bool(true))).then_some(())
            })
            .await;
        assert!(
            found.is_some(),
            "not true on {}: {expression}: {}",
            self.path().await,
            self.text().await
        );
    }

    /// Tries until it gives something: now, and whenever the page has changed. `None` after ten seconds.
    pub(crate) async fn until<T>(&mut self, mut attempt: impl AsyncFnMut(&Self) -> Option<T>) -> Option<T> {
        let looking = async {
            loop {
                if let Some(found) = attempt(self).await {
                    return found;
                }
                self.changed().await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.ok()
    }

    /// Waits for the next picture that the browser draws; without scripts, for the next page: nothing else changes there.
    async fn changed(&mut self) {
        let Self {
            inner,
            loads,
            has_script,
            ..
        } = self;
        let frame = async {
            if *has_script {
                let expression = "new Promise(done => requestAnimationFrame(() => done(true)))";
                let parameters = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
                if inner.execute(Raw::new("Runtime.evaluate", parameters)).await.is_ok() {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = frame => {}
            _ = loads.next() => {}
        }
    }

    /// Switches the page's scripts on or off, from the next page on.
    pub async fn with_script(&mut self, on: bool) {
        self.has_script = on;
        self.tell("Emulation.setScriptExecutionDisabled", json!({"value": !on}))
            .await;
    }

    /// Whether the page's scripts run.
    pub fn has_script(&self) -> bool {
        self.has_script
    }

    /// Trouble whose text has these words is part of the test.
    pub fn expect_trouble(&mut self, words: &str) {
        self.expected.push(words.to_owned());
    }

    /// What went wrong and was expected.
    pub fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    /// Fails when something happened that should not have.
    pub async fn check(&mut self) {
        // What the browser tells in order has arrived when this answer has.
        self.try_evaluate("1").await.ok();
        let found = self.watch.troubles(&self.site);
        let (expected, unexpected): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|trouble| self.expected.iter().any(|words| trouble.to_string().contains(words)));
        self.troubles.extend(expected);
        assert!(unexpected.is_empty(), "{unexpected:#?}");
    }

    pub(crate) fn inner(&self) -> &chromiumoxide::Page {
        &self.inner
    }
}
