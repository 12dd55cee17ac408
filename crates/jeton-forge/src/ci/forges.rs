use jeton_domain::ForgeKind;
use jeton_outbound::Outbound;

use super::{RunnerForge, SecretForge};
use crate::{bitbucket::BitbucketCi, github::GitHubCi, gitlab::GitLabCi};

/// The CI of the three kinds of forge, over one guarded client.
#[derive(Debug, Clone)]
pub struct CiForges {
    github: GitHubCi,
    gitlab: GitLabCi,
    bitbucket: BitbucketCi,
}

impl CiForges {
    /// Puts them together; nothing is called yet.
    pub fn new(outbound: Outbound) -> Self {
        Self {
            github: GitHubCi::new(outbound.clone()),
            gitlab: GitLabCi::new(outbound.clone()),
            bitbucket: BitbucketCi::new(outbound),
        }
    }

    /// The runners of a kind.
    pub fn runners(&self, kind: ForgeKind) -> &dyn RunnerForge {
        match kind {
            ForgeKind::GitHub => &self.github,
            ForgeKind::GitLab => &self.gitlab,
            ForgeKind::Bitbucket => &self.bitbucket,
        }
    }

    /// The secrets of a kind.
    pub fn secrets(&self, kind: ForgeKind) -> &dyn SecretForge {
        match kind {
            ForgeKind::GitHub => &self.github,
            ForgeKind::GitLab => &self.gitlab,
            ForgeKind::Bitbucket => &self.bitbucket,
        }
    }
}
