//! For what something is asked.

use jeton_domain::{CiScope, Code, ForgeKind, OwnerPath, RepoPath};

use crate::{CiError, ScopeName};

/// By whose rules a name is read as long as its forge is not known.
pub(super) fn widest(scope: &ScopeName) -> ForgeKind {
    match scope {
        ScopeName::Repository(name) | ScopeName::Owner(name) if name.matches('/').count() > 1 => ForgeKind::GitLab,
        ScopeName::Instance => ForgeKind::GitLab,
        ScopeName::Repository(_) | ScopeName::Owner(_) | ScopeName::Enterprise(_) => ForgeKind::GitHub,
    }
}

/// Reads what something is asked for.
pub(crate) fn parse_scope(kind: ForgeKind, scope: &ScopeName) -> Result<CiScope, CiError> {
    let wrong = |raw: &str, what: &str, reason: &dyn std::fmt::Display| {
        let shown: String = raw.chars().filter(|c| !c.is_control()).take(120).collect();
        CiError::asked(
            Code::RequestInvalid,
            format!("`{shown}` is no {what}: {reason}"),
            "Write it as in the address of its page.",
        )
    };
    let owner = |raw: &String, what| OwnerPath::parse(kind, raw.trim()).map_err(|error| wrong(raw, what, &error));
    match scope {
        ScopeName::Repository(raw) => RepoPath::parse(kind, raw.trim())
            .map(CiScope::Repository)
            .map_err(|error| wrong(raw, "repository", &error)),
        ScopeName::Owner(raw) => owner(raw, "owner").map(CiScope::Owner),
        ScopeName::Enterprise(raw) if kind == ForgeKind::GitHub => owner(raw, "enterprise").map(CiScope::Enterprise),
        ScopeName::Instance if kind == ForgeKind::GitLab => Ok(CiScope::Instance),
        ScopeName::Enterprise(_) => Err(CiError::asked(
            Code::RunnerUnsupported,
            format!("{kind} has no enterprises"),
            "Name a group or a project.",
        )),
        ScopeName::Instance => Err(CiError::asked(
            Code::RunnerUnsupported,
            format!("{kind} has nothing for a whole instance"),
            "Name a repository, an organization or an enterprise.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::{Code, Coded as _, ForgeKind};

    use super::{parse_scope, widest};
    use crate::ScopeName;

    #[test]
    fn a_scope_is_read_by_the_rules_of_its_forge() {
        let repository = |raw: &str| ScopeName::Repository(raw.to_owned());
        assert_eq!(widest(&repository("acme/web/tools")), ForgeKind::GitLab);
        assert_eq!(widest(&repository("acme/tools")), ForgeKind::GitHub);
        assert!(parse_scope(ForgeKind::GitLab, &repository("acme/web/tools")).is_ok());
        let code = |kind, scope: &ScopeName| parse_scope(kind, scope).unwrap_err().code();
        for bad in ["acme/web/tools", "acme", "../tools", "acme/", "acme/a\u{0}b"] {
            assert_eq!(
                code(ForgeKind::GitHub, &repository(bad)),
                Code::RequestInvalid,
                "{bad:?}"
            );
        }
        let enterprise = ScopeName::Enterprise("acme-corp".to_owned());
        assert!(parse_scope(ForgeKind::GitHub, &enterprise).is_ok());
        assert_eq!(code(ForgeKind::GitLab, &enterprise), Code::RunnerUnsupported);
        assert_eq!(code(ForgeKind::GitHub, &ScopeName::Instance), Code::RunnerUnsupported);
        assert!(parse_scope(ForgeKind::GitLab, &ScopeName::Instance).is_ok());
    }

    #[test]
    fn what_is_wrong_is_shown_without_what_moves_a_cursor() {
        let scope = ScopeName::Owner("a\u{1b}[2Jb/../c".to_owned());
        let error = parse_scope(ForgeKind::GitLab, &scope).unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
    }
}
