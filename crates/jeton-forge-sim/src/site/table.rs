//! Routes as a table: a forge lists its templates, and a request is matched against them in order.

use http::Method;

/// How a route is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From memory.
    Memory,
    /// With a look into a repository, which starts git and so may not happen on a runtime's thread.
    Content,
    /// By `git http-backend`, streaming.
    Git,
}

/// One route.
///
/// The name is its method and its template, as calls are counted and faults are aimed. In a template, `{x}` is one
/// segment, decoded (a decoded slash stays in it), `{x+}` one or more, and `{x*}` the same, of which the last may be
/// empty.
#[derive(Debug)]
pub(crate) struct Entry<A: 'static> {
    pub(crate) name: &'static str,
    pub(crate) action: A,
    pub(crate) kind: Kind,
}

pub(crate) const fn entry<A>(name: &'static str, action: A) -> Entry<A> {
    let kind = Kind::Memory;
    Entry { name, action, kind }
}

pub(crate) const fn content<A>(name: &'static str, action: A) -> Entry<A> {
    let kind = Kind::Content;
    Entry { name, action, kind }
}

pub(crate) const fn git<A>(name: &'static str, action: A) -> Entry<A> {
    let kind = Kind::Git;
    Entry { name, action, kind }
}

/// The name of every request that no route takes.
pub(crate) const UNKNOWN: &str = "unknown";

/// Finds the route of a request, and what its template caught. `path` is as sent, without its query.
pub(crate) fn find<A>(
    table: &'static [Entry<A>],
    method: &Method,
    path: &str,
) -> Option<(&'static Entry<A>, Vec<String>)> {
    // HEAD is answered like GET; the server leaves the body out.
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    let sent: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    table.iter().find_map(|entry| {
        let (wanted, template) = entry.name.split_once(" /")?;
        let template: Vec<&str> = template.split('/').collect();
        let caught = (wanted == method).then(|| catch(&template, &sent))??;
        Some((entry, caught))
    })
}

fn catch(template: &[&str], sent: &[&str]) -> Option<Vec<String>> {
    let mut caught = Vec::new();
    let mut rest = sent;
    for (index, part) in template.iter().enumerate() {
        if part.ends_with("+}") || part.ends_with("*}") {
            let after = template.len() - index - 1;
            let taken = rest.len().checked_sub(after).filter(|taken| *taken > 0)?;
            let (many, left) = rest.split_at(taken);
            let decoded: Option<Vec<String>> = many.iter().map(|one| decode(one)).collect();
            let decoded = decoded?;
            let (last, others) = decoded.split_last()?;
            let open_end = part.ends_with("*}") || !last.is_empty();
            if !open_end || others.iter().any(String::is_empty) {
                return None;
            }
            caught.push(decoded.join("/"));
            rest = left;
            continue;
        }
        let (first, left) = rest.split_first()?;
        rest = left;
        if part.starts_with('{') {
            caught.push(decode(first).filter(|one| !one.is_empty())?);
        } else if part != first {
            return None;
        }
    }
    rest.is_empty().then_some(caught)
}

/// Undoes percent-encoding. Nothing that could not be a name comes through: no control character, no broken text.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, left)) = rest.split_first() {
        rest = left;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).and_then(|two| std::str::from_utf8(two).ok())?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    static TABLE: &[Entry<u8>] = &[
        entry("GET /tokens/self", 1),
        entry("GET /tokens/{id}", 2),
        content("GET /src/{commit}/{path*}", 3),
        git("GET /{repository+}/info/refs", 4),
    ];

    fn found(method: &Method, path: &str) -> Option<(u8, Vec<String>)> {
        find(TABLE, method, path).map(|(entry, caught)| (entry.action, caught))
    }

    #[test]
    fn the_first_template_that_fits_wins() {
        assert_eq!(found(&Method::GET, "/tokens/self"), Some((1, vec![])));
        assert_eq!(found(&Method::HEAD, "/tokens/7"), Some((2, vec!["7".into()])));
        assert_eq!(found(&Method::POST, "/tokens/7"), None);
        assert_eq!(found(&Method::GET, "/tokens/7/"), None);
        assert_eq!(found(&Method::GET, "/tokens/"), None);
    }

    #[test]
    fn a_segment_is_decoded_and_many_are_joined() {
        assert_eq!(
            found(&Method::GET, "/tokens/a%2Fb%2Ec"),
            Some((2, vec!["a/b.c".into()]))
        );
        assert_eq!(
            found(&Method::GET, "/src/main/a/b%20c"),
            Some((3, vec!["main".into(), "a/b c".into()]))
        );
        assert_eq!(
            found(&Method::GET, "/src/main/"),
            Some((3, vec!["main".into(), String::new()]))
        );
        assert_eq!(
            found(&Method::GET, "/src/main/a/"),
            Some((3, vec!["main".into(), "a/".into()]))
        );
        for nothing in ["/src/main", "/src/main//a", "/src//a", "//info/refs", "/a//info/refs"] {
            assert_eq!(found(&Method::GET, nothing), None, "{nothing}");
        }
        assert_eq!(
            found(&Method::GET, "/a/b/c.git/info/refs"),
            Some((4, vec!["a/b/c.git".into()]))
        );
    }

    #[test]
    fn what_cannot_be_a_name_is_not_found() {
        for path in [
            "/tokens/%00",
            "/tokens/%0a",
            "/tokens/%ff",
            "/tokens/%2",
            "/tokens/%zz",
            "tokens/7",
            "*",
        ] {
            assert_eq!(found(&Method::GET, path), None, "{path}");
        }
    }
}
