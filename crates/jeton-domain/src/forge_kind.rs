use std::fmt;

/// The three kinds of forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ForgeKind {
    /// github.com, GitHub Enterprise Cloud and Server.
    GitHub,
    /// gitlab.com and self-managed GitLab.
    GitLab,
    /// Bitbucket Cloud.
    Bitbucket,
}

impl ForgeKind {
    /// The word used in JSON, SQL and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Bitbucket => "bitbucket",
        }
    }

    /// Reads [`ForgeKind::as_str`] back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::GitHub, Self::GitLab, Self::Bitbucket]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

impl fmt::Display for ForgeKind {
    /// The name as people write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Bitbucket => "Bitbucket",
        })
    }
}
