//! One request, taken apart.

use std::net::IpAddr;

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Map, Value};

/// A request for a route.
pub(crate) struct Call<A> {
    pub(crate) action: A,
    /// What the route's template caught, decoded, in order.
    pub(crate) caught: Vec<String>,
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
    /// Where it came from.
    pub(crate) peer: IpAddr,
}

impl<A> Call<A> {
    /// What the template caught in this place; the template's names are in the table.
    pub(crate) fn caught(&self, index: usize) -> &str {
        self.caught.get(index).map_or("", String::as_str)
    }

    /// A number that the template caught.
    pub(crate) fn number(&self, index: usize) -> Option<u64> {
        self.caught(index).parse().ok()
    }

    /// A header that is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first value of a parameter in the query.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Whether a parameter of the query says yes, in any of the ways of Ruby's web frameworks. Python clients write
    /// `True`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let yes = ["true", "t", "1", "on", "y", "yes"];
        self.query(name)
            .is_some_and(|value| yes.contains(&value.to_ascii_lowercase().as_str()))
    }

    /// The parameters of a body, be it JSON or a form. `None`: neither.
    pub(crate) fn parameters(&self) -> Option<Map<String, Value>> {
        if self.body.is_empty() {
            return Some(Map::new());
        }
        let form = self
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if form {
            let pairs = url::form_urlencoded::parse(&self.body);
            return Some(
                pairs
                    .map(|(key, value)| (key.into_owned(), Value::from(value.into_owned())))
                    .collect(),
            );
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(map)) => Some(map),
            _ => None,
        }
    }
}
