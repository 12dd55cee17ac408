//! Lists in pages: `X-Page` and its kin, and `Link` (RFC 8288).

use serde_json::Value;

use http::StatusCode;

use super::error;
use super::routes::Action;
use crate::reply::Reply;
use crate::site::{Call, Refused};

/// Which part of a list a client asked for. GitLab gives 20 by default, and 100 at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    number: usize,
    size: usize,
}

impl Page {
    pub(super) fn of(call: &Call<Action>) -> Result<Self, Refused> {
        let number = |name: &str, default: usize| match call.query(name) {
            None => Ok(default),
            Some(text) => match text.parse::<usize>() {
                Ok(0) => Err(error::parameter(&format!("{name} does not have a valid value"))),
                Ok(number) => Ok(number),
                Err(_) => Err(error::parameter(&format!("{name} is invalid"))),
            },
        };
        Ok(Self {
            number: number("page", 1)?,
            size: number("per_page", 20)?.min(100),
        })
    }

    /// The wanted part of `all`.
    pub(super) fn cut<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        let start = (self.number - 1).saturating_mul(self.size).min(all.len());
        let end = start.saturating_add(self.size).min(all.len());
        &all[start..end]
    }

    /// The wanted part of `all`, with the way to the others.
    pub(super) fn reply(&self, all: &[Value], base: &str, call: &Call<Action>) -> Reply {
        let pages = all.len().div_ceil(self.size).max(1);
        let next = (self.number < pages).then_some(self.number + 1);
        let before = (self.number > 1).then_some(self.number - 1);
        let written = |page: Option<usize>| page.map(|page| page.to_string()).unwrap_or_default();
        let mut links = Vec::new();
        let mut link = |page: Option<usize>, rel: &str| {
            if let Some(page) = page {
                links.push(format!("<{}>; rel=\"{rel}\"", self.address(base, call, page)));
            }
        };
        link(before, "prev");
        link(next, "next");
        link(Some(1), "first");
        link(Some(pages), "last");
        Reply::json(StatusCode::OK, &self.cut(all))
            .with("x-total", &all.len().to_string())
            .with("x-total-pages", &pages.to_string())
            .with("x-page", &self.number.to_string())
            .with("x-per-page", &self.size.to_string())
            .with("x-next-page", &written(next))
            .with("x-prev-page", &written(before))
            .with("link", &links.join(", "))
    }

    /// The request again, for another page. A token in the query stays out of it.
    fn address(self, base: &str, call: &Call<Action>, page: usize) -> String {
        let mut query = kept_parameters(call, &["page", "per_page"]);
        query.append_pair("page", &page.to_string());
        query.append_pair("per_page", &self.size.to_string());
        format!("{base}{}?{}", call.parts.uri.path(), query.finish())
    }
}

/// The parameters of a request, without these and without credentials.
pub(super) fn kept_parameters(
    call: &Call<Action>,
    without: &[&str],
) -> url::form_urlencoded::Serializer<'static, String> {
    let secret = ["private_token", "access_token", "job_token"];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in url::form_urlencoded::parse(call.parts.uri.query().unwrap_or_default().as_bytes()) {
        if !without.contains(&&*key) && !secret.contains(&&*key) {
            query.append_pair(&key, &value);
        }
    }
    query
}
