//! Lists in pages: an object with `values`, and `next` where there is more.

use http::StatusCode;
use serde_json::{Value, json};

use super::error;
use super::routes::Action;
use crate::reply::Reply;
use crate::site::{Call, Refused};

/// Answers one page of a list: 10 by default, 100 at most.
pub(super) fn paged(call: &Call<Action>, all: &[Value], base: &str) -> Result<Reply, Refused> {
    let number = |name: &str, default: usize, most: usize| match call.query(name) {
        None => Ok(default),
        Some(text) => {
            let parsed = text.parse::<usize>().ok().filter(|number| (1..=most).contains(number));
            parsed.ok_or_else(|| error::message(StatusCode::BAD_REQUEST, &format!("Invalid {name}")))
        }
    };
    let size = number("pagelen", 10, 100)?;
    let page = number("page", 1, usize::MAX)?;
    let start = (page - 1).saturating_mul(size).min(all.len());
    let end = start.saturating_add(size).min(all.len());
    let mut wire = json!({ "pagelen": size, "size": all.len(), "page": page, "values": &all[start..end] });
    let address = |page: usize| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in url::form_urlencoded::parse(call.parts.uri.query().unwrap_or_default().as_bytes()) {
            if key != "page" {
                query.append_pair(&key, &value);
            }
        }
        query.append_pair("page", &page.to_string());
        Value::from(format!("{base}{}?{}", call.parts.uri.path(), query.finish()))
    };
    if end < all.len() {
        wire["next"] = address(page + 1);
    }
    if page > 1 {
        wire["previous"] = address(page - 1);
    }
    Ok(Reply::json(StatusCode::OK, &wire))
}
