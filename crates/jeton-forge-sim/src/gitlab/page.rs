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

    /// How many a page has.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// How many come before it.
    pub(super) fn start(&self) -> usize {
        (self.number - 1).saturating_mul(self.size)
    }

    /// A list whose length GitLab does not count: a full page has a next one, and that may turn out to be empty.
    pub(super) fn reply_uncounted(&self, page: &[Value], base: &str, call: &Call<Action>) -> Reply {
        let next = (page.len() >= self.size).then_some(self.number + 1);
        let before = (self.number > 1).then_some(self.number - 1);
        self.linked(
            Reply::json(StatusCode::OK, &page),
            [before, next, Some(1), None],
            base,
            call,
        )
    }

    /// This part of a list of `total`, with the way to the others.
    pub(super) fn reply(&self, total: usize, page: &[Value], base: &str, call: &Call<Action>) -> Reply {
        let pages = total.div_ceil(self.size).max(1);
        let next = (self.number < pages).then_some(self.number + 1);
        let before = (self.number > 1).then_some(self.number - 1);
        let reply = Reply::json(StatusCode::OK, &page)
            .with("x-total", &total.to_string())
            .with("x-total-pages", &pages.to_string());
        self.linked(reply, [before, next, Some(1), Some(pages)], base, call)
    }

    /// `pages`: the one before, the next, the first and the last.
    fn linked(&self, reply: Reply, pages: [Option<usize>; 4], base: &str, call: &Call<Action>) -> Reply {
        let [before, next, ..] = pages;
        let written = |page: Option<usize>| page.map(|page| page.to_string()).unwrap_or_default();
        let rels = ["prev", "next", "first", "last"];
        let links = pages.into_iter().zip(rels).filter_map(|(page, rel)| {
            let address = self.address(base, call, page?);
            Some(format!("<{address}>; rel=\"{rel}\""))
        });
        let links: Vec<String> = links.collect();
        reply
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
