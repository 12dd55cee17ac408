//! Lists in pages: an object with `values`, and `next` where there is more.

use http::StatusCode;
use serde_json::{Value, json};

use super::error;
use super::routes::Action;
use crate::reply::Reply;
use crate::site::{Call, Refused};

/// How many a page has: 10 by default, 100 at most.
pub(super) fn page_size(call: &Call<Action>) -> Result<usize, Refused> {
    number(call, "pagelen", 10, 100)
}

fn number(call: &Call<Action>, name: &str, default: usize, most: usize) -> Result<usize, Refused> {
    let Some(text) = call.query(name) else {
        return Ok(default);
    };
    let parsed = text.parse::<usize>().ok().filter(|number| (1..=most).contains(number));
    parsed.ok_or_else(|| error::message(StatusCode::BAD_REQUEST, &format!("Invalid {name}")))
}

/// A page that no `next` ever named. The words are a guess.
pub(super) fn invalid() -> Refused {
    error::message(StatusCode::BAD_REQUEST, "Invalid page")
}

/// The request again, with other parameters.
pub(super) fn address(call: &Call<Action>, base: &str, without: &[&str], with: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in url::form_urlencoded::parse(call.parts.uri.query().unwrap_or_default().as_bytes()) {
        if !without.contains(&&*key) {
            query.append_pair(&key, &value);
        }
    }
    query.extend_pairs(with);
    format!("{base}{}?{}", call.parts.uri.path(), query.finish())
}

/// Answers one page of a list that is numbered.
pub(super) fn paged(call: &Call<Action>, all: &[Value], base: &str) -> Result<Reply, Refused> {
    let size = page_size(call)?;
    let page = number(call, "page", 1, usize::MAX)?;
    let start = (page - 1).saturating_mul(size).min(all.len());
    let end = start.saturating_add(size).min(all.len());
    let mut wire = json!({ "pagelen": size, "size": all.len(), "page": page, "values": &all[start..end] });
    let other = |page: usize| Value::from(address(call, base, &["page"], &[("page", &page.to_string())]));
    if end < all.len() {
        wire["next"] = other(page + 1);
    }
    if page > 1 {
        wire["previous"] = other(page - 1);
    }
    Ok(Reply::json(StatusCode::OK, &wire))
}
