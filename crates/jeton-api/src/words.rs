use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One text or several: `"ci"` is `["ci"]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "expected a text, or a list of texts")]
pub enum Words {
    /// One.
    One(String),
    /// Any number.
    Many(Vec<String>),
}

/// One number or several: `1000` is `[1000]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "expected a number from 0 to 4294967295, or a list of such numbers"
)]
pub enum Numbers {
    /// One.
    One(u32),
    /// Any number.
    Many(Vec<u32>),
}

/// The values that a claim may have: one, or any of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "expected a text, a whole number or true/false, or a list of them"
)]
pub enum ClaimValues {
    /// One.
    One(ClaimValue),
    /// Any number.
    Many(Vec<ClaimValue>),
}

/// A value that a claim may have. In a text, `*` never crosses `/` or `:`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, expecting = "expected a text, a whole number or true/false")]
pub enum ClaimValue {
    /// A text, or a glob.
    Text(String),
    /// A whole number; compared as it is written.
    Number(i64),
    /// True or false.
    Truth(bool),
}

impl Words {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// All of them.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl From<Vec<String>> for Words {
    fn from(words: Vec<String>) -> Self {
        Self::Many(words)
    }
}

impl Numbers {
    /// All of them.
    pub fn as_slice(&self) -> &[u32] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl ClaimValues {
    /// All of them.
    pub fn as_slice(&self) -> &[ClaimValue] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl std::fmt::Display for ClaimValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Truth(truth) => truth.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClaimValues, Numbers, Words};

    #[test]
    fn one_may_stand_alone() {
        let words: Words = serde_json::from_str("\"ci\"").unwrap();
        assert_eq!(words.as_slice(), ["ci"]);
        let numbers: Numbers = serde_json::from_str("[0, 1000]").unwrap();
        assert_eq!(numbers.as_slice(), [0, 1000]);
        let claims: ClaimValues = serde_json::from_str("[\"a/*\", 7, true]").unwrap();
        let shown: Vec<_> = claims.as_slice().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["a/*", "7", "true"]);
    }

    #[test]
    fn what_is_wrong_is_told_in_words() {
        let error = serde_json::from_str::<Words>("{}").unwrap_err();
        assert!(error.to_string().contains("a text, or a list of texts"), "{error}");
        assert!(serde_json::from_str::<Numbers>("-1").is_err());
    }
}
