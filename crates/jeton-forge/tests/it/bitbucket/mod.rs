//! People's tokens against a simulated Bitbucket Cloud.

mod access_token;
mod api_token;
mod ci;
mod content;
mod list;
mod raw;
mod trouble;

use std::sync::Arc;

use jeton_domain::{
    CheckReport, Clock as _, Code, Credential, CredentialKind, Diagnosis, ForgeEndpoint, ForgeKind, Purpose,
    PurposeFinding, RepoPath, Secret,
};
use jeton_forge::{AccountForge as _, AddressRules, BitbucketAccounts, CheckAsk, HttpOptions, Outbound};
use jeton_forge_sim::{BitbucketRole, BitbucketSim, BitbucketSimConfig, BitbucketToken, BitbucketTokenSpec, SimClock};

use crate::world::TestClock;

pub(super) const EMAIL: &str = "alice@example.com";
pub(super) const USER: &str = "GET /2.0/user";

/// A Bitbucket whose clock follows ours, with alice, who writes to `acme/tools`.
pub(super) struct World {
    pub(super) sim: BitbucketSim,
    pub(super) clock: TestClock,
    pub(super) accounts: BitbucketAccounts,
    pub(super) alice: u64,
    pub(super) tools: u64,
}

impl World {
    pub(super) async fn new() -> Self {
        let clock = TestClock::new();
        let theirs = clock.clone();
        let config = BitbucketSimConfig {
            clock: SimClock::from_fn(Arc::new(move || theirs.now())),
            ..BitbucketSimConfig::default()
        };
        let sim = BitbucketSim::start(config).await.unwrap();
        let alice = sim.add_account("alice", EMAIL).unwrap();
        sim.add_workspace("acme").unwrap();
        sim.add_member("acme", alice, false).unwrap();
        let tools = sim.add_repository("acme", "tools", true).unwrap();
        sim.set_role(tools, alice, Some(BitbucketRole::Write)).unwrap();
        Self {
            accounts: Self::accounts(HttpOptions::default()),
            sim,
            clock,
            alice,
            tools,
        }
    }

    /// A client that may call this machine.
    pub(super) fn accounts(options: HttpOptions) -> BitbucketAccounts {
        let rules = AddressRules {
            allow_loopback: true,
            ..AddressRules::default()
        };
        BitbucketAccounts::new(Outbound::new(options, rules).unwrap())
    }

    /// Alice's API token with these scopes, without `:bitbucket`.
    pub(super) fn api_token(&self, scopes: &[&str]) -> BitbucketToken {
        let scopes = scopes.iter().map(|scope| format!("{scope}:bitbucket"));
        self.sim
            .add_token(&BitbucketTokenSpec::api_token(self.alice).scopes(scopes))
            .unwrap()
    }

    pub(super) fn credential(&self, kind: CredentialKind, token: &str) -> Credential {
        Credential {
            kind,
            forge: ForgeEndpoint::bitbucket(&self.sim.web_url()).unwrap(),
            token: Secret::new(token),
            username: None,
            email: (kind == CredentialKind::BitbucketApiToken).then(|| EMAIL.to_owned()),
        }
    }

    pub(super) async fn check(&self, credential: &Credential, ask: &CheckAsk) -> CheckReport {
        self.accounts.check(credential, ask, self.clock.now()).await
    }

    /// A quick look at an API token of alice's.
    pub(super) async fn quick(&self, token: &str) -> CheckReport {
        self.check(&self.credential(CredentialKind::BitbucketApiToken, token), &quick(None))
            .await
    }
}

pub(super) fn quick(repository: Option<&str>) -> CheckAsk {
    CheckAsk {
        quick: true,
        ..full(&[], repository)
    }
}

pub(super) fn full(purposes: &[Purpose], repository: Option<&str>) -> CheckAsk {
    CheckAsk {
        purposes: purposes.to_vec(),
        repository: repository.map(|path| RepoPath::parse(ForgeKind::Bitbucket, path).unwrap()),
        ..CheckAsk::default()
    }
}

/// The finding with this code, which must be there.
pub(super) fn finding(report: &CheckReport, code: Code) -> &Diagnosis {
    let found = report.diagnoses.iter().find(|found| found.code == code);
    found.unwrap_or_else(|| panic!("no {code} in {:#?}", report.diagnoses))
}

pub(super) fn of(report: &CheckReport, purpose: Purpose) -> &PurposeFinding {
    report.purposes.iter().find(|found| found.purpose == purpose).unwrap()
}
