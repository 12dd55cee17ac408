//! The keys that a policy file may have. serde stops at the first unknown one; this finds them all, with their lines.

/// What may stand under a key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// A value, or a table whose keys are the reader's own.
    Free,
    /// A table with these keys and no others.
    Table(Keys),
    /// Several such tables.
    Tables(Keys),
}

pub(crate) type Keys = &'static [(&'static str, Shape)];

use Shape::{Free, Table, Tables};

pub(crate) const DOCUMENT: Keys = &[
    ("ceiling", Table(CEILING)),
    ("policy", Tables(POLICY)),
    ("test", Tables(TEST)),
];

pub(crate) const CEILING: Keys = &[
    ("permissions", Free),
    ("repositories", Free),
    ("forges", Free),
    ("longest_lifetime_seconds", Free),
];

pub(crate) const POLICY: Keys = &[
    ("name", Free),
    ("description", Free),
    ("callers", Table(CALLERS)),
    ("actions", Free),
    ("forges", Free),
    ("repositories", Free),
    ("permissions", Free),
    ("sources", Free),
    ("longest_lifetime_seconds", Free),
    ("condition", Free),
];

pub(crate) const CALLERS: Keys = &[
    ("client", Free),
    ("user", Free),
    ("role", Free),
    ("uid", Free),
    ("gid", Free),
    ("issuer", Free),
    ("claims", Free),
    ("any_claims", Free),
    ("anonymous", Free),
    ("anyone", Free),
];

pub(crate) const TEST: Keys = &[
    ("name", Free),
    ("caller", Table(TEST_CALLER)),
    ("request", Table(TEST_REQUEST)),
    ("expect", Free),
    ("rule", Free),
];

pub(crate) const TEST_CALLER: Keys = &[
    ("client", Free),
    ("user", Free),
    ("role", Free),
    ("uid", Free),
    ("gid", Free),
    ("issuer", Free),
    ("subject", Free),
    ("claims", Free),
    ("operator", Free),
    ("anonymous", Free),
    ("address", Free),
];

pub(crate) const TEST_REQUEST: Keys = &[
    ("action", Free),
    ("forge", Free),
    ("repositories", Free),
    ("permissions", Free),
    ("source", Free),
    ("lifetime_seconds", Free),
    ("time", Free),
];

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::{CALLERS, CEILING, DOCUMENT, Keys, POLICY, TEST, TEST_CALLER, TEST_REQUEST};
    use crate::{CallerSpec, CeilingSpec, DocumentSpec, PolicySpec, TestCallerSpec, TestRequestSpec, TestSpec};

    /// serde names all fields of a type when it meets an unknown one.
    fn fields<T: DeserializeOwned + std::fmt::Debug>() -> Vec<String> {
        let words = serde_json::from_str::<T>("{\"zz\": 1}").unwrap_err().to_string();
        let list = words.split_once("expected").unwrap().1;
        list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_keys_are_those_that_serde_knows() {
        let known = |keys: Keys| keys.iter().map(|(key, _)| (*key).to_owned()).collect::<Vec<_>>();
        assert_eq!(known(DOCUMENT), fields::<DocumentSpec>());
        assert_eq!(known(CEILING), fields::<CeilingSpec>());
        assert_eq!(known(POLICY), fields::<PolicySpec>());
        assert_eq!(known(CALLERS), fields::<CallerSpec>());
        assert_eq!(known(TEST), fields::<TestSpec>());
        assert_eq!(known(TEST_CALLER), fields::<TestCallerSpec>());
        assert_eq!(known(TEST_REQUEST), fields::<TestRequestSpec>());
    }
}
