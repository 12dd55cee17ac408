//! What tests of charts look at.

/// A name that ends whatever is not escaped.
pub(super) const HOSTILE: &str = "</title><script>alert(\"1\")</script>'&\u{202e}";

/// Whether every element ends, every attribute is quoted, and nothing that was named became an element.
pub(super) fn assert_whole(html: &str) {
    assert!(!html.contains("<script") && !html.contains("style="), "{html}");
    assert_eq!(html.matches('"').count() % 2, 0, "{html}");
    let mut open = Vec::new();
    for rest in html.split('<').skip(1) {
        let (tag, _) = rest.split_once('>').unwrap_or_else(|| panic!("{rest} in {html}"));
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
    }
    assert!(open.is_empty(), "{open:?} in {html}");
    for id in html.split("url(#").skip(1) {
        let id = id.split(')').next().unwrap();
        assert!(html.contains(&format!("id=\"{id}\"")), "{id} in {html}");
    }
}

/// An attribute of every element that begins so.
fn attributes<'a>(html: &'a str, element: &'a str, name: &str) -> Vec<&'a str> {
    let mark = format!(" {name}=\"");
    let elements = html.split(element).skip(1);
    elements
        .filter_map(|rest| rest.split('>').next()?.split_once(&mark)?.1.split('"').next())
        .collect()
}

/// Whole numbers.
pub(super) fn numbers(html: &str, element: &str, name: &str) -> Vec<u32> {
    let all = attributes(html, element, name);
    all.iter().filter_map(|text| text.parse().ok()).collect()
}

/// Percentages, in hundredths.
pub(super) fn percentages(html: &str, element: &str, name: &str) -> Vec<u32> {
    let all = attributes(html, element, name);
    all.iter()
        .filter_map(|text| text.strip_suffix('%')?.replace('.', "").parse().ok())
        .collect()
}
