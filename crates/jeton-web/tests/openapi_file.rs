//! `docs/openapi.json` is what the server says it is. `JETON_REGENERATE=1` writes it anew.

use std::path::Path;

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by the environment to write the file"
)]
fn the_committed_document_is_the_servers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let now = jeton_web::openapi_json();
    if std::env::var_os("JETON_REGENERATE").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == now,
        "docs/openapi.json is out of date: run the test with JETON_REGENERATE=1 and commit it"
    );
}
