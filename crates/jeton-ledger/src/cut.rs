use serde_json::{Map, Value};

/// How many names of what was dropped are kept, and how long each may be.
const NAMES: usize = 20;
const NAME: usize = 64;

/// Drops the largest members of a JSON object until its text has at most `limit` bytes; the names of what was dropped.
/// What many small members say is mostly worth more than what one giant says.
pub(crate) fn cut(map: &mut Map<String, Value>, limit: usize) -> Vec<Value> {
    let mut sizes: Vec<(usize, String)> = map
        .iter()
        .map(|(name, value)| (member_size(name, value), name.clone()))
        .collect();
    // Two braces; each member brings a comma too many at most.
    let mut total = 2 + sizes.iter().map(|(size, _)| size).sum::<usize>();
    sizes.sort();
    let mut dropped = Vec::new();
    while total > limit {
        let Some((size, name)) = sizes.pop() else { break };
        total -= size;
        map.remove(&name);
        dropped.push(name);
    }
    let more = dropped.len().saturating_sub(NAMES);
    let mut names: Vec<Value> = dropped
        .iter()
        .take(NAMES)
        .map(|name| name.chars().take(NAME).collect::<String>().into())
        .collect();
    if more > 0 {
        names.push(format!("and {more} more").into());
    }
    names
}

fn member_size(name: &str, value: &Value) -> usize {
    let name = Value::from(name).to_string().len();
    // The colon and the comma.
    name + value.to_string().len() + 2
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::cut;

    #[test]
    fn the_largest_goes_first_and_is_named() {
        let mut map = Map::new();
        map.insert("sub".to_owned(), json!("repo:acme/tools"));
        map.insert("groups".to_owned(), json!(vec!["x".repeat(100); 200]));
        map.insert("nested".to_owned(), json!({"a": "y".repeat(9_000)}));
        map.insert("aud".to_owned(), json!("jeton"));
        assert_eq!(cut(&mut map, 8_192), vec![json!("groups"), json!("nested")]);
        assert_eq!(map.keys().collect::<Vec<_>>(), ["aud", "sub"]);
        assert!(cut(&mut map, 8_192).is_empty());
    }

    #[test]
    fn what_is_left_fits_whatever_came() {
        for count in [1_usize, 10, 3_000] {
            let mut map: Map<String, Value> = (0..count)
                .map(|number| (format!("\u{1}{number}{}", "k".repeat(number % 70)), json!("\u{0}\"v")))
                .collect();
            let dropped = cut(&mut map, 8_192);
            assert!(Value::Object(map).to_string().len() <= 8_192);
            assert!(Value::Array(dropped).to_string().len() < 20_000);
        }
    }
}
