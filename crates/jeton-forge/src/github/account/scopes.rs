//! Scopes of classic and OAuth tokens (<https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps>).

use http::HeaderMap;

use crate::headers;

/// Scopes as GitHub granted them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::github) struct Scopes(Vec<String>);

/// Each narrower scope that matters here, and the ones that include it.
const WITHIN: &[(&str, &[&str])] = &[
    ("public_repo", &["repo"]),
    ("read:org", &["write:org", "admin:org"]),
    ("write:org", &["admin:org"]),
    ("manage_runners:org", &["admin:org"]),
    ("manage_runners:enterprise", &["admin:enterprise"]),
];

impl Scopes {
    /// From `X-OAuth-Scopes`: a comma and a space between them, nothing at all for none. `None` without the header.
    pub(in crate::github) fn granted(headers: &HeaderMap) -> Option<Self> {
        headers::text(headers, "x-oauth-scopes").map(Self::parse)
    }

    /// From `X-Accepted-OAuth-Scopes`: any one of them will do; without any none is needed.
    pub(in crate::github) fn accepted(headers: &HeaderMap) -> Option<Self> {
        headers::text(headers, "x-accepted-oauth-scopes").map(Self::parse)
    }

    pub(in crate::github) fn parse(text: &str) -> Self {
        let each = text.split(',').map(str::trim).filter(|scope| !scope.is_empty());
        Self(each.map(crate::clean::clean).collect())
    }

    /// Whether a scope was granted, itself or within a wider one.
    pub(in crate::github) fn allow(&self, scope: &str) -> bool {
        let has = |wanted: &str| self.0.iter().any(|granted| granted == wanted);
        let wider = WITHIN.iter().find(|(narrow, _)| *narrow == scope);
        has(scope) || wider.is_some_and(|(_, wider)| wider.iter().any(|scope| has(scope)))
    }

    /// Whether any scope that an endpoint accepts was granted.
    pub(in crate::github) fn allow_any(&self, accepted: &Self) -> bool {
        accepted.0.is_empty() || accepted.0.iter().any(|scope| self.allow(scope))
    }

    pub(in crate::github) fn to_vec(&self) -> Vec<String> {
        self.0.clone()
    }
}

/// Whether these scopes hold this one.
pub(crate) fn hold(held: &[String], wanted: &str) -> bool {
    Scopes(held.to_vec()).allow(wanted)
}

#[cfg(test)]
mod tests {
    use super::Scopes;

    #[test]
    fn a_wider_scope_includes_the_narrower_one() {
        let scopes = Scopes::parse("admin:org, public_repo,  gist");
        assert_eq!(scopes.to_vec(), ["admin:org", "public_repo", "gist"]);
        assert!(scopes.allow("read:org") && scopes.allow("manage_runners:org") && scopes.allow("public_repo"));
        assert!(!scopes.allow("repo") && !scopes.allow("manage_runners:enterprise"));
        assert!(Scopes::parse("repo").allow("public_repo"));
        assert!(Scopes::parse("").to_vec().is_empty());
    }

    #[test]
    fn an_endpoint_takes_any_of_its_scopes() {
        let some = Scopes::parse("read:org");
        assert!(some.allow_any(&Scopes::parse("")));
        assert!(some.allow_any(&Scopes::parse("repo, read:org")));
        assert!(!some.allow_any(&Scopes::parse("admin:org, repo")));
    }
}
