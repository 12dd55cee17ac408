use std::collections::BTreeMap;

use chromiumoxide::{
    cdp::browser_protocol::network::{EventDataReceived, EventRequestWillBeSent},
    listeners::EventStream,
};
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::json;

use crate::Page;

impl Page {
    /// What a page weighs with all that it loads, by address: bytes after decompression, nothing taken from a cache.
    pub async fn weigh(&mut self, path: &str) -> BTreeMap<String, i64> {
        self.tell("Network.setCacheDisabled", json!({"cacheDisabled": true}))
            .await;
        let mut requests: EventStream<EventRequestWillBeSent> =
            self.inner().event_listener().await.expect("a listener");
        let mut received: EventStream<EventDataReceived> = self.inner().event_listener().await.expect("a listener");
        self.open(path).await;
        let mut addresses = BTreeMap::new();
        let mut weights = BTreeMap::new();
        while let Some(request) = requests.next().now_or_never().flatten() {
            addresses.insert(request.request_id.inner().clone(), request.request.url.clone());
        }
        while let Some(part) = received.next().now_or_never().flatten() {
            let Some(address) = addresses.get(part.request_id.inner()) else {
                continue;
            };
            // The browser's own pictures, of a calendar for instance.
            if address.starts_with("data:") {
                continue;
            }
            *weights.entry(address.clone()).or_default() += part.data_length;
        }
        self.tell("Network.setCacheDisabled", json!({"cacheDisabled": false}))
            .await;
        weights
    }
}
