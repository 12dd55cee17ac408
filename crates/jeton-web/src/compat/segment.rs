use jeton_domain::{ForgeKind, RepoPath, RepoPathError};

use crate::extract::percent_decoded as decode;

/// A repository as it stood in the path.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) namespace: String,
    pub(super) repository: String,
    pub(super) path: RepoPath,
}

/// Reads `namespace/repository` from the raw path after `/api/`. Each part is decoded on its own, so that an encoded
/// slash stays inside its part, and is refused there. `None` when it can name no repository.
pub(super) fn read(raw: &str) -> Option<Asked> {
    let (namespace, repository) = raw.split_once('/')?;
    let (namespace, repository) = (decode(namespace)?, decode(repository)?);
    let path: Result<_, RepoPathError> = RepoPath::from_parts(ForgeKind::GitHub, &namespace, &repository);
    path.ok().map(|path| Asked {
        namespace,
        repository,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_part_is_decoded_once_and_alone() {
        for (raw, namespace, repository) in [
            ("acme/demo", "acme", "demo"),
            ("a.b/c.d", "a.b", "c.d"),
            ("acme/a%20b", "acme", "a b"),
            ("acme/a+b", "acme", "a+b"),
            ("acme/%C3%A9", "acme", "é"),
            ("acme/a%2520b", "acme", "a%20b"),
            ("acme/100%", "acme", "100%"),
            ("acme/%zz", "acme", "%zz"),
        ] {
            let asked = read(raw).unwrap_or_else(|| panic!("{raw} was refused"));
            assert_eq!(
                (asked.namespace.as_str(), asked.repository.as_str()),
                (namespace, repository)
            );
        }
    }

    #[test]
    fn what_can_be_no_repository_is_refused() {
        let long = format!("acme/{}", "a".repeat(256));
        for raw in [
            "",
            "acme",
            "acme/",
            "/demo",
            "acme/demo/",
            "acme/demo/x",
            "acme/..",
            "acme/%2e%2E",
            "../demo",
            "acme/.",
            "acme/a%2Fb",
            "a%2fb/demo",
            "acme/a%5Cb",
            "acme/%00",
            "acme/a%0Ab",
            "acme/%7f",
            "acme/%C2%85",
            "acme/%ff",
            "acme/%C3",
            "acme/.git",
            long.as_str(),
        ] {
            assert!(read(raw).is_none(), "{raw}");
        }
        assert!(read(&long[..long.len() - 1]).is_some());
    }
}
