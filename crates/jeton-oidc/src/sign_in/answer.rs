use std::fmt;

use jeton_domain::Secret;

/// What the browser brings back from the provider in the query of its address.
#[derive(Clone, Default)]
pub struct SignInAnswer {
    /// For an ID token, once.
    pub code: Option<Secret>,
    /// Must be [`Begun::state`](super::Begun::state).
    pub state: Option<Secret>,
    /// The provider (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// The same in words.
    pub error_description: Option<String>,
    /// A parameter came twice, so that nobody knows which one counts.
    ambiguous: bool,
}

impl SignInAnswer {
    /// Reads the query, without its question mark. Parameters that mean nothing here are ignored.
    pub fn parse(query: &str) -> Self {
        let mut answer = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            let before = match &*name {
                "code" => answer.code.replace(value.into()).is_some(),
                "state" => answer.state.replace(value.into()).is_some(),
                "iss" => answer.iss.replace(value).is_some(),
                "error" => answer.error.replace(value).is_some(),
                "error_description" => answer.error_description.replace(value).is_some(),
                _ => false,
            };
            answer.ambiguous |= before;
        }
        answer
    }

    pub(super) fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }
}

impl fmt::Debug for SignInAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignInAnswer")
            .field("code", &self.code)
            .field("state", &self.state)
            .field("error", &self.error.is_some())
            .finish_non_exhaustive()
    }
}
