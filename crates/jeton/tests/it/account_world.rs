//! The three forges, and one person, `ada`, who may do everything with the private repository `acme/tools` on each.

use jeton_forge_sim::{
    AccessLevel, BitbucketRole, BitbucketSim, BitbucketToken, BitbucketTokenSpec, Calls, Faults, GitLabSim,
    GitLabToken, GitLabTokenSpec, OrgRole, PersonalTokenSpec, SimPersonalToken, Visibility,
};
use jeton_testkit::{Answer, TestJeton};
use serde_json::{Value, json};

use crate::record_over_http::by_operator;

pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const ALL: [Forge; 3] = [Forge::GitHub, Forge::GitLab, Forge::Bitbucket];

/// One of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forge {
    GitHub,
    GitLab,
    Bitbucket,
}

impl Forge {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Bitbucket => "bitbucket",
        }
    }

    /// As people write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Bitbucket => "Bitbucket",
        }
    }

    /// The first call of a look at a token.
    pub(crate) fn probe(self) -> &'static str {
        match self {
            Self::GitHub => "GET /user",
            Self::GitLab => "GET /api/v4/personal_access_tokens/self",
            Self::Bitbucket => "GET /2.0/user",
        }
    }
}

pub(crate) struct World {
    pub(crate) t: TestJeton,
    pub(crate) gitlab: GitLabSim,
    pub(crate) bitbucket: BitbucketSim,
    /// ada's number at GitLab.
    pub(crate) at_gitlab: u64,
    /// `acme/tools` at GitLab.
    pub(crate) project: u64,
    /// ada's number at Bitbucket.
    pub(crate) at_bitbucket: u64,
    /// `acme/tools` at Bitbucket.
    pub(crate) repository: u64,
}

impl World {
    pub(crate) async fn around(t: TestJeton) -> Self {
        let github = t.sim.github();
        github.add_repository("acme", "tools", true).unwrap();
        github.add_user("ada");
        github.add_member("acme", "ada", OrgRole::Admin).unwrap();
        let gitlab = t.gitlab().await;
        let at_gitlab = gitlab.add_user("ada").unwrap();
        let project = gitlab.add_project("acme/tools", Visibility::Private).unwrap();
        gitlab.add_member(project, at_gitlab, AccessLevel::Owner).unwrap();
        let bitbucket = t.bitbucket().await;
        let at_bitbucket = bitbucket.add_account("ada", EMAIL).unwrap();
        bitbucket.add_workspace("acme").unwrap();
        bitbucket.add_member("acme", at_bitbucket, true).unwrap();
        let repository = bitbucket.add_repository("acme", "tools", true).unwrap();
        bitbucket
            .set_role(repository, at_bitbucket, Some(BitbucketRole::Admin))
            .unwrap();
        Self {
            t,
            gitlab,
            bitbucket,
            at_gitlab,
            project,
            at_bitbucket,
            repository,
        }
    }

    pub(crate) fn web_url(&self, forge: Forge) -> String {
        match forge {
            Forge::GitHub => self.t.sim.web_url(),
            Forge::GitLab => self.gitlab.web_url(),
            Forge::Bitbucket => self.bitbucket.web_url(),
        }
    }

    pub(crate) fn host(&self, forge: Forge) -> String {
        self.web_url(forge).split_once("://").unwrap().1.to_owned()
    }

    pub(crate) fn faults(&self, forge: Forge) -> &Faults {
        match forge {
            Forge::GitHub => self.t.sim.faults(),
            Forge::GitLab => self.gitlab.faults(),
            Forge::Bitbucket => self.bitbucket.faults(),
        }
    }

    pub(crate) fn calls(&self, forge: Forge) -> &Calls {
        match forge {
            Forge::GitHub => self.t.sim.calls(),
            Forge::GitLab => self.gitlab.calls(),
            Forge::Bitbucket => self.bitbucket.calls(),
        }
    }

    pub(crate) fn at_github(&self, spec: PersonalTokenSpec) -> SimPersonalToken {
        self.t.sim.github().add_personal_token("ada", spec)
    }

    pub(crate) fn at_gitlab(&self, scopes: &[&str]) -> GitLabToken {
        let spec = GitLabTokenSpec::personal(self.at_gitlab).scopes(scopes.iter().copied());
        self.gitlab.add_token(&spec).unwrap()
    }

    /// ada's API token with these scopes, without `:bitbucket`.
    pub(crate) fn at_bitbucket(&self, scopes: &[&str]) -> BitbucketToken {
        let scopes = scopes.iter().map(|scope| format!("{scope}:bitbucket"));
        let spec = BitbucketTokenSpec::api_token(self.at_bitbucket).scopes(scopes);
        self.bitbucket.add_token(&spec).unwrap()
    }

    /// A new token of ada's that opens `acme/tools` for reading.
    pub(crate) fn token(&self, forge: Forge) -> String {
        match forge {
            Forge::GitHub => self.at_github(PersonalTokenSpec::classic(["repo"])).token,
            Forge::GitLab => self.at_gitlab(&["read_api", "read_repository"]).token,
            Forge::Bitbucket => self.at_bitbucket(&["read:user", "read:repository"]).token,
        }
    }

    /// What to send to have a token stored or tested.
    pub(crate) fn given(&self, forge: Forge, token: &str) -> Value {
        let mut body = json!({"forge": forge.word(), "base_url": self.web_url(forge), "token": token});
        if forge == Forge::Bitbucket {
            body["email"] = json!(EMAIL);
        }
        body
    }

    /// Stores an account of a new token; the token.
    pub(crate) async fn stored(&self, forge: Forge, label: &str) -> String {
        let token = self.token(forge);
        self.t.account(label, self.given(forge, &token)).await;
        token
    }

    pub(crate) async fn show(&self, label: &str) -> Value {
        let answer = self.t.get(&format!("/v1/accounts/{label}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    pub(crate) async fn change(&self, label: &str, change: Value) -> Answer {
        by_operator(&self.t, "PATCH", &format!("/v1/accounts/{label}"), Some(change)).await
    }

    pub(crate) async fn test(&self, label: &str) -> Value {
        let answer = self.t.post(&format!("/v1/accounts/{label}/test"), json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    pub(crate) async fn labels(&self) -> Vec<String> {
        let page = self.t.get("/v1/accounts").await.json();
        let accounts = page["accounts"].as_array().unwrap().iter();
        accounts.map(|one| text(&one["label"]).to_owned()).collect()
    }
}

/// One JSON object with the fields of another in it.
pub(crate) fn with(mut base: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// That a problem is one that a person can act on.
pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (status, code),
        "{}",
        answer.text
    );
    assert!(
        answer.json()["remedy"].as_str().is_some_and(|remedy| remedy.len() > 15),
        "{}",
        answer.text
    );
}
