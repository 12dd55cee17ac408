use std::fmt;

use chromiumoxide::{
    Page,
    cdp::{
        browser_protocol::{
            log::{EventEntryAdded, LogEntryLevel, LogEntrySource},
            network::{EventRequestWillBeSent, EventResponseReceived, ResourceType},
        },
        js_protocol::runtime::{ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown},
    },
    listeners::EventStream,
};
use futures_util::{FutureExt as _, StreamExt as _};

/// Something that happened on a page and should not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble(String);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Listens for trouble.
#[derive(Debug)]
pub(crate) struct Watch {
    console: EventStream<EventConsoleApiCalled>,
    exceptions: EventStream<EventExceptionThrown>,
    /// What the browser itself complains of: the content security policy's violations, among others.
    log: EventStream<EventEntryAdded>,
    requests: EventStream<EventRequestWillBeSent>,
    responses: EventStream<EventResponseReceived>,
    /// The status of the last page, whole or for a part of it.
    pub(crate) status: Option<i64>,
}

/// What has come so far, without waiting for more.
fn drain<T: chromiumoxide::cdp::IntoEventKind + Unpin>(events: &mut EventStream<T>) -> Vec<std::sync::Arc<T>> {
    std::iter::from_fn(|| events.next().now_or_never().flatten()).collect()
}

impl Watch {
    pub(crate) async fn start(page: &Page) -> Self {
        Self {
            console: page.event_listener().await.expect("a listener"),
            exceptions: page.event_listener().await.expect("a listener"),
            log: page.event_listener().await.expect("a listener"),
            requests: page.event_listener().await.expect("a listener"),
            responses: page.event_listener().await.expect("a listener"),
            status: None,
        }
    }

    /// What went wrong since it was last asked.
    pub(crate) fn troubles(&mut self, site: &str) -> Vec<Trouble> {
        let mut found = Vec::new();
        for event in drain(&mut self.console) {
            if matches!(
                event.r#type,
                ConsoleApiCalledType::Error | ConsoleApiCalledType::Warning
            ) {
                found.push(format!("the page wrote to the console: {:?}", event.args));
            }
        }
        for event in drain(&mut self.exceptions) {
            found.push(format!("a script failed: {:?}", event.exception_details));
        }
        for event in drain(&mut self.log) {
            let entry = &event.entry;
            // A page with a status of 400 and more is what many tests ask for; files are looked at below.
            if entry.level == LogEntryLevel::Error && entry.source != LogEntrySource::Network {
                found.push(format!("the browser complains: {} ({:?})", entry.text, entry.url));
            }
        }
        for event in drain(&mut self.requests) {
            let url = &event.request.url;
            if !url.starts_with(&format!("{site}/")) && url != "about:blank" && !url.starts_with("data:") {
                found.push(format!("a request to another place: {url}"));
            }
        }
        for event in drain(&mut self.responses) {
            let (response, status) = (&event.response, event.response.status);
            let is_page = event.r#type == ResourceType::Document;
            // What a script renews a part of a page with is a page, too.
            if is_page || (event.r#type == ResourceType::Xhr && status < 500) {
                self.status = Some(status);
            } else if status >= 400 {
                found.push(format!("{} answered {status}", response.url));
            }
        }
        found.into_iter().map(Trouble).collect()
    }
}
