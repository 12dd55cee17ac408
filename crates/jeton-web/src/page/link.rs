use form_urlencoded::Serializer;

/// A path of this server with parameters; those without a value are left out.
pub(super) fn link(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// A path whose last part is somebody's word for something.
pub(super) fn under(path: &str, name: &str) -> String {
    // As in a query, but that a space is no plus sign in a path.
    let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("{path}/{}", name.replace('+', "%20"))
}

#[cfg(test)]
mod tests {
    use super::{link, under};

    #[test]
    fn nothing_that_people_type_leaves_its_place_in_an_address() {
        assert_eq!(link("/a", &[]), "/a");
        assert_eq!(link("/a", &[("b", "")]), "/a");
        assert_eq!(
            link("/a", &[("b", "c&d=#e\""), ("f", "g h")]),
            "/a?b=c%26d%3D%23e%22&f=g+h"
        );
        assert_eq!(under("/a", "b/../c?d e"), "/a/b%2F..%2Fc%3Fd%20e");
    }
}
