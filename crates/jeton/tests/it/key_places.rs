//! The list of sealed columns is whole: one that is forgotten cannot be opened once its key is retired.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use jeton_vault::SealedPlace;

/// Sealed, and in no list: what wraps the data keys themselves, and what a browser keeps for the minutes of a sign-in.
const APART: [(&str, &str); 2] = [("data_keys", "wrapped"), ("cookie", "sign_in")];

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(path);
        }
    }
}

/// The text between the quotes behind `field:`, or why there is none.
fn literal(text: &str, field: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("{field}: \""))?;
    rest.split('"').next().map(str::to_owned)
}

#[test]
fn every_place_that_is_sealed_is_in_the_list() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(crates).unwrap() {
        let src = entry.unwrap().path().join("src");
        if src.is_dir() {
            sources(&src, &mut files);
        }
    }
    let listed: BTreeSet<_> = SealedPlace::ALL
        .iter()
        .map(|place| (place.table().to_owned(), place.column().to_owned()))
        .chain(APART.map(|(table, column)| (table.to_owned(), column.to_owned())))
        .collect();
    let mut found = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        // What stands behind is for tests.
        let code = text.split("#[cfg(test)]").next().unwrap();
        for written in code.split("RowRef {\n").skip(1) {
            let body = written.split('}').next().unwrap();
            if body.contains("pub table") || body.contains("table: self.table()") {
                continue;
            }
            let place = literal(body, "table").zip(literal(body, "column"));
            let place = place.unwrap_or_else(|| {
                panic!(
                    "{}: take the place from `SealedPlace`, or write its table and column",
                    file.display()
                )
            });
            assert!(
                listed.contains(&place),
                "{}: {place:?} is sealed and not in `SealedPlace`, so that `key rotate` forgets it",
                file.display()
            );
            found += 1;
        }
    }
    assert!(found >= APART.len(), "the sources were read: {found}");
}
