//! Scopes of classic and OAuth tokens.

use std::collections::BTreeSet;

/// Scopes as they were granted. Sorted, as GitHub lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scopes(BTreeSet<&'static str>);

impl Scopes {
    /// Reads scopes; the unknown one is the error.
    pub(crate) fn parse<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let known = |scope: S| {
            let scope = scope.as_ref();
            let found = SCOPES.iter().find(|(name, _)| *name == scope);
            found.map(|(name, _)| *name).ok_or_else(|| scope.to_owned())
        };
        scopes.into_iter().map(known).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn must_parse<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Self {
        match Self::parse(scopes) {
            Ok(scopes) => scopes,
            Err(unknown) => panic!("GitHub has no scope {unknown:?}"),
        }
    }

    /// Whether the scope was granted, itself or with a wider one.
    pub(crate) fn allow(&self, wanted: &str) -> bool {
        let mut next = Some(wanted);
        while let Some(scope) = next {
            if self.0.contains(scope) {
                return true;
            }
            next = SCOPES
                .iter()
                .find(|(name, _)| *name == scope)
                .and_then(|(_, wider)| *wider);
        }
        false
    }

    pub(crate) fn to_vec(&self) -> Vec<String> {
        self.0.iter().map(|scope| (*scope).to_owned()).collect()
    }

    /// The value of `X-OAuth-Scopes`.
    pub(crate) fn header(&self) -> String {
        self.to_vec().join(", ")
    }
}

/// Each scope, and the one that includes it.
const SCOPES: &[(&str, Option<&str>)] = &[
    ("admin:enterprise", None),
    ("admin:gpg_key", None),
    ("admin:org", None),
    ("admin:org_hook", None),
    ("admin:public_key", None),
    ("admin:repo_hook", None),
    ("admin:ssh_signing_key", None),
    ("audit_log", None),
    ("codespace", None),
    ("copilot", None),
    ("delete:packages", None),
    ("delete_repo", None),
    ("gist", None),
    ("manage_billing:copilot", Some("copilot")),
    ("manage_runners:enterprise", Some("admin:enterprise")),
    ("manage_runners:org", Some("admin:org")),
    ("notifications", None),
    ("project", None),
    ("public_repo", Some("repo")),
    ("read:audit_log", Some("audit_log")),
    ("read:enterprise", Some("admin:enterprise")),
    ("read:gpg_key", Some("write:gpg_key")),
    ("read:org", Some("write:org")),
    ("read:packages", Some("write:packages")),
    ("read:project", Some("project")),
    ("read:public_key", Some("write:public_key")),
    ("read:repo_hook", Some("write:repo_hook")),
    ("read:ssh_signing_key", Some("write:ssh_signing_key")),
    ("read:user", Some("user")),
    ("repo", None),
    ("repo:invite", Some("repo")),
    ("repo:status", Some("repo")),
    ("repo_deployment", Some("repo")),
    ("security_events", Some("repo")),
    ("user", None),
    ("user:email", Some("user")),
    ("user:follow", Some("user")),
    ("workflow", None),
    ("write:discussion", None),
    ("write:gpg_key", Some("admin:gpg_key")),
    ("write:org", Some("admin:org")),
    ("write:packages", None),
    ("write:public_key", Some("admin:public_key")),
    ("write:repo_hook", Some("admin:repo_hook")),
    ("write:ssh_signing_key", Some("admin:ssh_signing_key")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_scope_includes_the_narrower_and_not_the_other_way() {
        let scopes = Scopes::must_parse(["admin:org", "public_repo"]);
        assert!(scopes.allow("read:org") && scopes.allow("admin:org"));
        assert!(scopes.allow("public_repo") && !scopes.allow("repo"));
        assert!(!scopes.allow("read:user"));
    }

    #[test]
    fn scopes_are_listed_in_order_with_comma_and_space() {
        let scopes = Scopes::must_parse(["repo", "gist", "read:org"]);
        assert_eq!(scopes.header(), "gist, read:org, repo");
        assert_eq!(Scopes::default().header(), "");
    }

    #[test]
    fn an_unknown_scope_is_named_and_the_table_is_closed() {
        assert_eq!(Scopes::parse(["repo", "repos"]), Err("repos".to_owned()));
        assert!(SCOPES.is_sorted_by(|a, b| a.0 < b.0));
        let wider = SCOPES.iter().filter_map(|(_, wider)| *wider);
        assert!(
            wider
                .into_iter()
                .all(|scope| SCOPES.iter().any(|(name, _)| *name == scope))
        );
    }
}
