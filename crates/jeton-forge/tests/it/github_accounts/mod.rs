//! People's tokens at a simulated GitHub.

mod ends;
mod findings;
mod lists;
mod looks;
mod no_verdict;
mod odd;

use jeton_domain::{
    CheckReport, Code, Credential, CredentialKind, Diagnosis, ForgeEndpoint, ForgeKind, Purpose, RepoPath, Secret,
};
use jeton_forge::{AccountForge as _, AddressRules, CheckAsk, GitHubAccounts, HttpOptions, Outbound};
use jeton_forge_sim::{
    ForgeSim, OrgRole, OwnerKind, PersonalTokenSpec, RepoRole, SimClock, SimConfig, SimPersonalToken,
};
use jiff::Timestamp;

use crate::world::TestClock;

/// A GitHub with `octocat`, who owns `octocat/notes` and belongs to `acme` with `acme/tools` (private) and `acme/site` (public).
pub(crate) struct People {
    pub(crate) sim: ForgeSim,
    pub(crate) clock: TestClock,
    pub(crate) accounts: GitHubAccounts,
}

impl People {
    pub(crate) async fn new() -> Self {
        Self::with(HttpOptions::default()).await
    }

    pub(crate) async fn with(options: HttpOptions) -> Self {
        let clock = TestClock::new();
        let theirs = clock.clone();
        let config = SimConfig {
            clock: SimClock::from_fn(std::sync::Arc::new(move || jeton_domain::Clock::now(&theirs))),
            ..SimConfig::default()
        };
        let sim = ForgeSim::start(config).await.unwrap();
        let github = sim.github();
        github.add_user("octocat");
        github.add_owner("acme", OwnerKind::Organization);
        github.add_member("acme", "octocat", OrgRole::Member).unwrap();
        for (owner, name, private) in [
            ("acme", "tools", true),
            ("acme", "site", false),
            ("octocat", "notes", true),
        ] {
            github.add_repository(owner, name, private).unwrap();
        }
        github
            .add_collaborator("acme", "tools", "octocat", RepoRole::Write)
            .unwrap();
        let rules = AddressRules {
            allow_loopback: true,
            ..AddressRules::default()
        };
        Self {
            sim,
            clock,
            accounts: GitHubAccounts::new(Outbound::new(options, rules).unwrap()),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        jeton_domain::Clock::now(&self.clock)
    }

    pub(crate) fn token(&self, spec: PersonalTokenSpec) -> SimPersonalToken {
        self.sim.github().add_personal_token("octocat", spec)
    }

    pub(crate) fn credential(&self, token: &str) -> Credential {
        let kind = match token {
            fine if fine.starts_with("github_pat_") => CredentialKind::GitHubFineGrained,
            oauth if oauth.starts_with("gho_") => CredentialKind::GitHubOAuth,
            user if user.starts_with("ghu_") => CredentialKind::GitHubAppUser,
            _ => CredentialKind::GitHubClassic,
        };
        Credential {
            kind,
            forge: ForgeEndpoint::github(&self.sim.api_url()).unwrap(),
            token: Secret::new(token),
            username: None,
            email: None,
        }
    }

    pub(crate) async fn check(&self, token: &str, ask: &CheckAsk) -> CheckReport {
        let report = self.accounts.check(&self.credential(token), ask, self.now()).await;
        assert!(!format!("{report:?}").contains(token), "the report shows the token");
        assert!(report.evidence.len() <= 10, "{:?}", report.evidence);
        report
    }

    /// All purposes, tried on a repository.
    pub(crate) async fn check_on(&self, token: &str, repository: &str) -> CheckReport {
        self.check(token, &ask_on(repository)).await
    }
}

pub(crate) fn quick() -> CheckAsk {
    CheckAsk {
        quick: true,
        ..CheckAsk::default()
    }
}

pub(crate) fn ask_on(repository: &str) -> CheckAsk {
    CheckAsk {
        purposes: Purpose::ALL.to_vec(),
        repository: Some(RepoPath::parse(ForgeKind::GitHub, repository).unwrap()),
        ..CheckAsk::default()
    }
}

pub(crate) fn codes(report: &CheckReport) -> Vec<Code> {
    report.diagnoses.iter().map(|found| found.code).collect()
}

pub(crate) fn the(report: &CheckReport, code: Code) -> &Diagnosis {
    report
        .diagnoses
        .iter()
        .find(|found| found.code == code)
        .unwrap_or_else(|| panic!("no {code} in {:#?}", report.diagnoses))
}
