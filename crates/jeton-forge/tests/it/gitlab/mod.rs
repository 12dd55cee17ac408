//! People's tokens against a simulated GitLab.

mod check;
mod ci;
mod content;
mod end;
mod list;
mod purposes;
mod raw;
mod rotate;
mod trouble;

use std::{sync::Arc, time::Duration};

use jeton_domain::{
    CheckReport, Clock as _, Code, Credential, CredentialKind, Diagnosis, ForgeEndpoint, ForgeKind, Purpose, RepoPath,
    Secret,
};
use jeton_forge::{AccountForge as _, AddressRules, CheckAsk, GitLabAccounts, HttpOptions, Outbound};
use jeton_forge_sim::{
    AccessLevel, FaultKind, GitLabSim, GitLabSimConfig, GitLabToken, GitLabTokenSpec, SimClock, Visibility,
};

use crate::world::TestClock;

pub(super) const SELF: &str = "GET /api/v4/personal_access_tokens/self";
pub(super) const ROTATE: &str = "POST /api/v4/personal_access_tokens/self/rotate";

/// A GitLab whose clock follows ours, with alice, who develops `acme/tools`.
pub(super) struct World {
    pub(super) sim: GitLabSim,
    pub(super) clock: TestClock,
    pub(super) accounts: GitLabAccounts,
    pub(super) alice: u64,
    pub(super) project: u64,
}

impl World {
    pub(super) async fn new() -> Self {
        let clock = TestClock::new();
        let theirs = clock.clone();
        let config = GitLabSimConfig {
            clock: SimClock::from_fn(Arc::new(move || theirs.now())),
            ..GitLabSimConfig::default()
        };
        let sim = GitLabSim::start(config).await.unwrap();
        let alice = sim.add_user("alice").unwrap();
        let project = sim.add_project("acme/tools", Visibility::Private).unwrap();
        sim.add_member(project, alice, AccessLevel::Developer).unwrap();
        Self {
            accounts: GitLabAccounts::new(outbound(HttpOptions::default())),
            sim,
            clock,
            alice,
            project,
        }
    }

    /// Alice's token with these scopes.
    pub(super) fn personal(&self, scopes: &[&str]) -> GitLabToken {
        let spec = GitLabTokenSpec::personal(self.alice).scopes(scopes.iter().copied());
        self.sim.add_token(&spec).unwrap()
    }

    pub(super) fn credential(&self, token: &str) -> Credential {
        credential(&self.sim.web_url(), token)
    }

    /// A quick look.
    pub(super) async fn quick(&self, token: &str) -> CheckReport {
        let ask = CheckAsk {
            quick: true,
            ..CheckAsk::default()
        };
        self.accounts
            .check(&self.credential(token), &ask, self.clock.now())
            .await
    }

    /// A full look at `acme/tools`, for these purposes.
    pub(super) async fn full(&self, token: &str, purposes: &[Purpose]) -> CheckReport {
        self.full_at(token, purposes, Some("acme/tools")).await
    }

    pub(super) async fn full_at(&self, token: &str, purposes: &[Purpose], repository: Option<&str>) -> CheckReport {
        let ask = CheckAsk {
            purposes: purposes.to_vec(),
            repository: repository.map(|path| RepoPath::parse(ForgeKind::GitLab, path).unwrap()),
            ..CheckAsk::default()
        };
        self.accounts
            .check(&self.credential(token), &ask, self.clock.now())
            .await
    }
}

/// A client that may call this machine.
pub(super) fn outbound(options: HttpOptions) -> Outbound {
    let rules = AddressRules {
        allow_loopback: true,
        ..AddressRules::default()
    };
    Outbound::new(options, rules).unwrap()
}

pub(super) fn credential(base_url: &str, token: &str) -> Credential {
    Credential {
        kind: CredentialKind::GitLabPersonal,
        forge: ForgeEndpoint::gitlab(base_url).unwrap(),
        token: Secret::new(token),
        username: None,
        email: None,
    }
}

/// Patient enough for a busy machine, with little room for bodies.
pub(super) fn patient() -> HttpOptions {
    HttpOptions {
        max_body_bytes: 64 * 1024,
        ..HttpOptions::default()
    }
}

/// For a forge that stays silent; a test of it should be over soon.
pub(super) fn hasty() -> HttpOptions {
    HttpOptions {
        request_timeout: Duration::from_millis(700),
        ..HttpOptions::default()
    }
}

/// A client that waits as long as this fault is worth.
pub(super) fn accounts_for(fault: &FaultKind) -> GitLabAccounts {
    let silent = matches!(fault, FaultKind::NoAnswer | FaultKind::SlowBody { .. });
    GitLabAccounts::new(outbound(if silent { hasty() } else { patient() }))
}

/// The finding with this code, which must be there.
pub(super) fn finding(report: &CheckReport, code: Code) -> &Diagnosis {
    let found = report.diagnoses.iter().find(|found| found.code == code);
    found.unwrap_or_else(|| panic!("no {code} in {:#?}", report.diagnoses))
}

/// No finding, report or error shows a token.
pub(super) fn shows(text: &impl std::fmt::Debug, token: &str) -> bool {
    format!("{text:?}").contains(token)
}
