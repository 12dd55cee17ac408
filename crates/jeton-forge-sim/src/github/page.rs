//! Lists in pages, with `Link` headers (RFC 8288).

use http::Uri;

use crate::reply::Reply;

/// Which part of a list a client asked for. GitHub gives 30 by default, and 100 at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    number: usize,
    size: usize,
}

impl Page {
    /// Reads `page` and `per_page`; what makes no sense counts as absent, as on GitHub.
    pub(crate) fn from_query(query: Option<&str>) -> Self {
        let number = |name: &str| parameter(query, name).and_then(|value| value.parse::<usize>().ok());
        Self {
            number: number("page").filter(|n| *n > 0).unwrap_or(1),
            size: number("per_page").filter(|n| *n > 0).map_or(30, |n| n.min(100)),
        }
    }

    /// Items before this page.
    pub(crate) fn skip(&self) -> usize {
        (self.number - 1).saturating_mul(self.size)
    }

    /// Items on this page, at most.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The same page of a list that has pages of another size, unless the client chose one.
    pub(crate) fn of_at_most(self, size: usize, chosen: bool) -> Self {
        if chosen { self } else { Self { size, ..self } }
    }

    pub(crate) fn cut<'a, T>(&self, all: &'a [T]) -> &'a [T] {
        let start = self.skip().min(all.len());
        let end = start.saturating_add(self.size).min(all.len());
        &all[start..end]
    }

    /// Adds the header that leads to the other pages, when there are any.
    pub(crate) fn link(&self, reply: Reply, web_url: &str, uri: &Uri, total: usize) -> Reply {
        let last = total.div_ceil(self.size).max(1);
        let ours = |pair: &&str| matches!(pair.split('=').next(), Some("page" | "per_page" | ""));
        let others = uri.query().unwrap_or_default().split('&').filter(|pair| !ours(pair));
        let others: String = others.flat_map(|pair| [pair, "&"]).collect();
        let target = |page: usize, rel: &str| {
            let (path, size) = (uri.path(), self.size);
            format!("<{web_url}{path}?{others}per_page={size}&page={page}>; rel=\"{rel}\"")
        };
        let mut links = Vec::new();
        if self.number > 1 {
            links.push(target((self.number - 1).min(last), "prev"));
        }
        if self.number < last {
            links.push(target(self.number + 1, "next"));
            links.push(target(last, "last"));
        }
        if self.number > 1 {
            links.push(target(1, "first"));
        }
        if links.is_empty() {
            reply
        } else {
            reply.with("link", &links.join(", "))
        }
    }
}

/// The first value of one parameter of a query, as sent.
pub(crate) fn parameter<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    let mut pairs = query
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn a_list_is_cut_into_pages_that_lead_to_each_other() {
        let all: Vec<u32> = (0..5).collect();
        let uri: Uri = "/x?per_page=2&page=2".parse().unwrap();
        let page = Page::from_query(uri.query());
        assert_eq!(page.cut(&all), [2, 3]);
        let reply = page.link(Reply::empty(StatusCode::OK), "http://h", &uri, all.len());
        assert_eq!(
            reply.headers["link"],
            "<http://h/x?per_page=2&page=1>; rel=\"prev\", \
             <http://h/x?per_page=2&page=3>; rel=\"next\", \
             <http://h/x?per_page=2&page=3>; rel=\"last\", \
             <http://h/x?per_page=2&page=1>; rel=\"first\""
        );
    }

    #[test]
    fn links_keep_the_rest_of_the_query() {
        let uri: Uri = "/x?state=all&page=1&per_page=1&q=".parse().unwrap();
        let reply = Page::from_query(uri.query()).link(Reply::empty(StatusCode::OK), "http://h", &uri, 2);
        let next = "<http://h/x?state=all&q=&per_page=1&page=2>; rel=\"next\"";
        assert!(reply.headers["link"].to_str().unwrap().starts_with(next));
    }

    #[test]
    fn one_page_has_no_links_and_nonsense_is_ignored() {
        let uri: Uri = "/x".parse().unwrap();
        let page = Page::from_query(Some("per_page=0&page=none"));
        assert_eq!(page, Page::from_query(None));
        let reply = page.link(Reply::empty(StatusCode::OK), "http://h", &uri, 30);
        assert!(!reply.headers.contains_key("link"));
        assert!(Page::from_query(Some("page=9")).cut(&[1]).is_empty());
    }
}
