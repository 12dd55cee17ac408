//! The places of pages on Bitbucket. A list's `next` is opaque; what is handed on of it is what it adds to the question, so that whoever brings
//! it back can ask for other pages of the same list and for nothing else.

use url::{Url, form_urlencoded};

use crate::{
    content::ReadError,
    content::call::{Call, bad_page, decode},
};

/// The longest token of a page that is believed.
const MAX_TOKEN: usize = 2000;

/// How many parameters it may have.
const MOST_PAIRS: usize = 8;

/// Parameters with a meaning of their own: who asks, and for what.
const NEVER: [&str; 15] = [
    "access_token",
    "exclude",
    "fields",
    "format",
    "include",
    "jwt",
    "max_depth",
    "merges",
    "pagelen",
    "path",
    "q",
    "renames",
    "role",
    "search",
    "sort",
];

/// The URL of a page: of the first without a token.
pub(super) fn url(call: &Call<'_>, path: &str, query: &[(&str, &str)], token: Option<&str>) -> Result<Url, ReadError> {
    let mut url = call.url(path, query)?;
    if let Some(token) = token {
        let pairs = read(token).ok_or_else(bad_page)?;
        url.query_pairs_mut().extend_pairs(pairs);
    }
    Ok(url)
}

/// The token of the page that follows the one at `url`. A link that leads out of this list is no link to its next page, and one to the same page
/// would never end.
pub(super) fn token(
    call: &Call<'_>,
    url: &Url,
    next: Option<&str>,
    here: Option<&str>,
) -> Result<Option<String>, ReadError> {
    let Some(next) = next else {
        return Ok(None);
    };
    let token = of_link(url, next).ok_or_else(|| call.garbled("the link to the next page leads out of the list"))?;
    if here == Some(&token) {
        return Err(call.garbled("a page leads to itself"));
    }
    Ok(Some(token))
}

fn of_link(url: &Url, next: &str) -> Option<String> {
    let link = Url::parse(next).ok().filter(|_| next.len() <= 2 * MAX_TOKEN)?;
    let same = link.origin() == url.origin()
        && link.username().is_empty()
        && link.password().is_none()
        && same_path(link.path(), url.path());
    if !same {
        return None;
    }
    let mut token = form_urlencoded::Serializer::new(String::new());
    for (name, value) in link.query_pairs().filter(|(name, _)| !NEVER.contains(&&**name)) {
        token.append_pair(&name, &value);
    }
    let token = token.finish();
    read(&token).map(|_| token)
}

/// Whether two paths name the same, which may be encoded in different ways; the repository's own in upper or lower case.
pub(super) fn same_path(one: &str, other: &str) -> bool {
    let parts = |path: &str| -> Vec<String> { path.split('/').map(decode).collect() };
    let (one, other) = (parts(one), parts(other));
    let place = one.iter().position(|part| part == "repositories");
    let is_slug = |at: usize| place.is_some_and(|place| at == place + 1 || at == place + 2);
    one.len() == other.len()
        && one
            .iter()
            .zip(&other)
            .enumerate()
            .all(|(at, (one, other))| one == other || (is_slug(at) && one.eq_ignore_ascii_case(other)))
}

/// Reads what [`token`] made, which has been in strangers' hands.
fn read(token: &str) -> Option<Vec<(String, String)>> {
    if token.is_empty() || token.len() > MAX_TOKEN {
        return None;
    }
    let pairs: Vec<_> = form_urlencoded::parse(token.as_bytes()).into_owned().collect();
    let fits = |(name, value): &(String, String)| {
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') && !name.is_empty();
        plain && !NEVER.contains(&name.as_str()) && !value.chars().any(char::is_control)
    };
    (pairs.len() <= MOST_PAIRS && pairs.iter().all(fits)).then_some(pairs)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{of_link, read};

    const LIST: &str = "https://api.bitbucket.org/2.0/repositories/acme/tools/src/01ab/a%20b/?pagelen=100";

    fn link(next: &str) -> Option<String> {
        of_link(&Url::parse(LIST).unwrap(), next)
    }

    #[test]
    fn what_a_link_adds_is_kept_and_what_was_asked_is_not() {
        let base = "https://api.bitbucket.org/2.0/repositories/Acme/tools/src/01ab/a%20b/";
        assert_eq!(
            link(&format!("{base}?pagelen=10&page=IeFT")).as_deref(),
            Some("page=IeFT")
        );
        assert_eq!(
            link(&format!("{base}?ctx=a%2Bb&page=2&access_token=x")).as_deref(),
            Some("ctx=a%2Bb&page=2")
        );
        assert_eq!(
            read("ctx=a%2Bb&page=2").unwrap()[0],
            ("ctx".to_owned(), "a+b".to_owned())
        );
    }

    #[test]
    fn a_link_out_of_the_list_is_none() {
        for bad in [
            "https://evil.example/2.0/repositories/acme/tools/src/01ab/a%20b/?page=2",
            "http://api.bitbucket.org/2.0/repositories/acme/tools/src/01ab/a%20b/?page=2",
            "https://u:p@api.bitbucket.org/2.0/repositories/acme/tools/src/01ab/a%20b/?page=2",
            "https://api.bitbucket.org/2.0/repositories/acme/secret/src/01ab/a%20b/?page=2",
            "https://api.bitbucket.org/2.0/repositories/acme/tools/src/01ab/A%20b/?page=2",
            "https://api.bitbucket.org/2.0/repositories/acme/tools/src/01ab/?page=2",
            "https://api.bitbucket.org/2.0/repositories/acme/tools/src/01ab/a%20b/../c/?page=2",
            "https://api.bitbucket.org/2.0/repositories/acme/tools/src/01ab/a%20b/",
            "/2.0/repositories/acme/tools/src/01ab/a%20b/?page=2",
        ] {
            assert_eq!(link(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_token_that_was_never_given_out_is_refused() {
        for bad in [
            "",
            "page=2&access_token=x",
            "format=meta",
            "page=2&pagelen=1",
            "../x?page=2",
            "Page=2",
            "page=a%0Ab",
            &format!("page={}", "a".repeat(2000)),
            &"a=b&".repeat(9),
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert!(read("page=2").is_some());
    }
}
