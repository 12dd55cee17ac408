use jeton_domain::ForgeKind;
use jeton_outbound::Outbound;

use crate::{AccountForge, bitbucket::BitbucketAccounts, github::GitHubAccounts, gitlab::GitLabAccounts};

/// The three kinds of forge, over one guarded client. The time comes with each call.
#[derive(Debug, Clone)]
pub struct Forges {
    github: GitHubAccounts,
    gitlab: GitLabAccounts,
    bitbucket: BitbucketAccounts,
}

impl Forges {
    /// Puts them together; nothing is called yet.
    pub fn new(outbound: Outbound) -> Self {
        Self {
            github: GitHubAccounts::new(outbound.clone()),
            gitlab: GitLabAccounts::new(outbound.clone()),
            bitbucket: BitbucketAccounts::new(outbound),
        }
    }

    /// The one of a kind.
    pub fn of(&self, kind: ForgeKind) -> &dyn AccountForge {
        match kind {
            ForgeKind::GitHub => &self.github,
            ForgeKind::GitLab => &self.gitlab,
            ForgeKind::Bitbucket => &self.bitbucket,
        }
    }
}
