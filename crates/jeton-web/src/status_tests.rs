//! The table of codes in `docs/http.md` is the code's. `JETON_REGENERATE=1` writes it anew.

use std::{fmt::Write as _, path::Path};

use jeton_domain::{Blame, Code};

use super::{compat, of};

fn table() -> String {
    let mut out = String::from("| Code | Status | On `/api` | Who can change it |\n| --- | --- | --- | --- |\n");
    for code in Code::ALL {
        let who = match code.blame() {
            Blame::Caller => "the caller",
            Blame::Access => "an owner or administrator at the forge",
            Blame::Forge => "the forge; waiting may help",
            Blame::Operator => "whoever runs jeton",
            Blame::Jeton => "jeton's authors",
        };
        writeln!(
            out,
            "| `{code}` | {} | {} | {who} |",
            of(*code).as_u16(),
            compat(*code).as_u16()
        )
        .unwrap();
    }
    out
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by the environment to write the file"
)]
fn the_reference_names_every_code_with_its_status() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/http.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let marker = "<!-- The table is checked against the code by a test. -->\n\n";
    let (before, after) = text.split_once(marker).expect("the place of the table");
    if std::env::var_os("JETON_REGENERATE").is_some() {
        std::fs::write(&path, format!("{before}{marker}{}", table())).unwrap();
    } else {
        assert!(
            after == table(),
            "docs/http.md is out of date: run the test with JETON_REGENERATE=1 and commit it"
        );
    }
}

#[test]
fn blame_and_status_agree() {
    for code in Code::ALL {
        let status = of(*code);
        match code.blame() {
            Blame::Caller | Blame::Access => assert!(status.is_client_error(), "{code}: {status}"),
            Blame::Forge | Blame::Operator | Blame::Jeton => assert!(status.is_server_error(), "{code}: {status}"),
        }
    }
}

#[test]
fn on_the_compatible_routes_400_means_not_installed_and_nothing_else() {
    for code in Code::ALL {
        assert_eq!(compat(*code).as_u16() == 400, *code == Code::AppNotInstalled, "{code}");
        if of(*code).is_server_error() {
            assert!(compat(*code).is_server_error(), "{code}");
        }
    }
}
