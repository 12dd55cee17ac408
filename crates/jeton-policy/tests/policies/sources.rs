//! What is known of the sources that a caller could use, before any one is asked about.

use jeton_domain::Action;
use jeton_policy::SourceBeginning;

use crate::support::{client, operator, set};

const POLICIES: &str = r#"
[[policy]]
name = "few"
callers = { client = "few" }
actions = "account.use"
repositories = "acme/*"
sources = ["account:work", "account:team-*"]

[[policy]]
name = "on-one-forge"
callers = { client = ["few", "one-forge"] }
actions = "account.use"
repositories = "acme/*"
forges = ["gitlab.com"]
sources = ["app:default"]

[[policy]]
name = "any-on-one-forge"
callers = { client = "any-there" }
actions = "account.use"
repositories = "acme/*"
forges = ["gitlab.com"]

[[policy]]
name = "all"
callers = { client = "all" }
actions = "account.use"
repositories = "acme/*"

[[policy]]
name = "other-action"
callers = { client = "other" }
actions = "account.read"
"#;

#[test]
fn sources_are_known_by_their_beginnings() {
    let whole = |text| SourceBeginning { text, is_whole: true };
    let begins = |text| SourceBeginning { text, is_whole: false };
    let set = set(POLICIES);
    for (name, want, is_everything) in [
        (
            "few",
            &[whole("account:work"), begins("account:team-"), whole("app:default")][..],
            false,
        ),
        ("one-forge", &[whole("app:default")], false),
        ("any-there", &[begins("")], false),
        ("all", &[begins("")], true),
        ("other", &[], false),
        ("nobody", &[], false),
    ] {
        let could = set.could_use(&client(name), Action::AccountUse);
        assert_eq!(
            (could.beginnings().as_slice(), could.is_everything()),
            (want, is_everything),
            "{name}"
        );
    }
    let could = set.could_use(&operator(), Action::AccountUse);
    assert_eq!((could.beginnings(), could.is_everything()), (vec![begins("")], true));
}

/// A ceiling on forges leaves something out for everybody.
#[test]
fn under_a_ceiling_of_forges_nobody_could_use_everything() {
    let set = set(&format!("[ceiling]\nforges = [\"github.com\"]\n{POLICIES}"));
    for caller in [client("all"), operator()] {
        assert!(!set.could_use(&caller, Action::AccountUse).is_everything());
    }
}
