use http::{
    HeaderMap,
    header::{HOST, ORIGIN},
};

/// Whether a request that changes something comes from a page of this server, or from no page at all.
///
/// Every browser of the last years says so by itself in `Sec-Fetch-Site` (Fetch Metadata, W3C) or at least in `Origin`;
/// no page can change either. What has neither is no browser that could be made to send a cookie by another site.
pub(super) fn same_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let origin = origin.to_str().unwrap_or_default();
    let origin = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    origin.is_some_and(|origin| !host.is_empty() && origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::same_site;

    #[test]
    fn only_pages_of_this_server_may_change_things() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            let pair = |(name, value): &(&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            pairs.iter().map(pair).collect()
        };
        let host = ("host", "jeton.example:8080");
        assert!(same_site(&headers(&[host])));
        assert!(same_site(&headers(&[host, ("sec-fetch-site", "same-origin")])));
        assert!(same_site(&headers(&[host, ("origin", "https://jeton.example:8080")])));
        for bad in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", ""),
            ("origin", "https://evil.example"),
            ("origin", "https://jeton.example"),
            ("origin", "null"),
            ("origin", "https://jeton.example:8080.evil.example"),
        ] {
            assert!(!same_site(&headers(&[host, bad])), "{bad:?}");
        }
        // What the newer header says counts.
        let both = [
            host,
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://jeton.example:8080"),
        ];
        assert!(!same_site(&headers(&both)));
    }
}
