//! A server on which something is going on: what the pictures of the book show, and what the accessibility checks look at.

use jeton_forge_sim::{FaultKind, FaultRule, GitLabTokenSpec, InstallSpec, PersonalTokenSpec};
use jiff::{
    SignedDuration,
    civil::{Date, date},
};
use serde_json::{Value, json};

use crate::{EMAIL, Forge, World};

/// How many tokens are asked for in each of the last hours, from 19:00 to 17:00 on the next day.
const HOURS: [usize; 22] = [4, 2, 1, 0, 0, 1, 0, 0, 1, 0, 2, 4, 7, 12, 15, 11, 8, 13, 15, 12, 9, 6];
const CLIENTS: [&str; 3] = ["build-machines", "nightly-reports", "dashboards"];
const REPOSITORIES: [&str; 5] = ["acme/tools", "acme/app", "acme/docs", "globex/site", "globex/api"];
const MONTH: SignedDuration = SignedDuration::from_hours(24 * 30);

impl World {
    /// Fills it: twelve accounts in every state, an App with two installations, three clients, a day of grants and some
    /// refusals. The clock stands at 17:00 on 2026-11-03 afterwards.
    pub async fn fill(&self) {
        self.install();
        self.add_accounts().await;
        let keys = self.add_clients().await;
        self.t.clock.advance(SignedDuration::from_hours(10));
        for wanted in HOURS {
            self.hand_out(&keys, wanted).await;
            self.t.clock.advance(SignedDuration::from_hours(1));
        }
        // What is shown as held now.
        self.hand_out(&keys, 7).await;
        self.refuse(&keys[2]).await;
        self.look_again().await;
    }

    fn install(&self) {
        self.t.install("acme", &["app", "docs"]);
        let github = self.t.sim.github();
        for name in ["site", "api", "secret-plans"] {
            github.add_repository("globex", name, true).expect("a repository");
        }
        let less = InstallSpec::selected(["site", "api"]).permissions([("contents", "read"), ("metadata", "read")]);
        github.install(self.t.app.id, "globex", less);
    }

    async fn add(&self, label: &str, forge: Forge, token: &str, more: Value) {
        let mut account = self.given(forge, token);
        let fields = more.as_object().expect("an object");
        for (name, value) in fields {
            account[name] = value.clone();
        }
        self.t.account(label, account).await;
    }

    fn gitlab_token(&self, scopes: &[&str], end: Date) -> String {
        let spec = GitLabTokenSpec::personal(self.at_gitlab)
            .scopes(scopes.iter().copied())
            .expires_at(end);
        self.gitlab.add_token(&spec).expect("a token").token
    }

    async fn add_accounts(&self) {
        let (hub, lab, bucket) = (Forge::GitHub, Forge::GitLab, Forge::Bitbucket);
        let classic = |scopes: &[&str], days: i64| {
            let spec = PersonalTokenSpec::classic(scopes).expires_in(SignedDuration::from_hours(24 * days));
            self.at_github(spec).token
        };
        let all = json!({"purposes": ["read_content", "push"], "repository": "acme/tools", "default": true,
            "note": "Made by Ada for the release scripts", "serves": ["acme"]});
        self.add("release-scripts", hub, &classic(&["repo", "read:org"], 61), all)
            .await;
        let narrow = PersonalTokenSpec::fine_grained("acme", [("contents", "read")])
            .selected(["tools"])
            .expires_in(MONTH);
        self.add(
            "tools-reader",
            hub,
            &self.at_github(narrow).token,
            json!({"serves": ["acme/tools"]}),
        )
        .await;
        let forever = self.at_github(PersonalTokenSpec::classic(["repo", "admin:org"])).token;
        self.add(
            "everything-for-ever",
            hub,
            &forever,
            json!({"note": "To be replaced by the App"}),
        )
        .await;
        self.add("ending-soon", hub, &classic(&["repo"], 4), json!({})).await;

        let renewed = self.gitlab_token(&["api"], date(2026, 11, 24));
        self.add(
            "mirror",
            lab,
            &renewed,
            json!({"default": true, "auto_rotate": true, "serves": ["acme"]}),
        )
        .await;
        let reader = self.gitlab_token(&["read_api", "read_repository"], date(2026, 12, 20));
        self.add(
            "pipelines-reader",
            lab,
            &reader,
            json!({"purposes": ["read_content", "register_runners"]}),
        )
        .await;
        self.add(
            "ended-yesterday",
            lab,
            &self.gitlab_token(&["api"], date(2026, 11, 3)),
            json!({}),
        )
        .await;
        self.add(
            "on-holiday",
            lab,
            &self.gitlab_token(&["api"], date(2027, 2, 1)),
            json!({}),
        )
        .await;
        self.change("on-holiday", json!({"active": false})).await;

        let builds = self
            .at_bitbucket(&["read:user", "read:repository", "write:repository"])
            .token;
        self.add(
            "builds",
            bucket,
            &builds,
            json!({"default": true, "expires_at": "2027-01-15T00:00:00Z"}),
        )
        .await;
        let untold = self.at_bitbucket(&["read:user", "read:repository"]).token;
        self.add(
            "legal-archive",
            bucket,
            &untold,
            json!({"note": "Ask Grace before changing it"}),
        )
        .await;
        let down = self.bitbucket.faults().add(FaultRule::new(FaultKind::BadGateway));
        let new = self.at_bitbucket(&["read:user", "read:repository"]).token;
        self.add(
            "not-looked-at-yet",
            bucket,
            &new,
            json!({"untested": true, "email": EMAIL}),
        )
        .await;
        self.bitbucket.faults().remove(down);
    }

    async fn change(&self, label: &str, change: Value) {
        let answer = self
            .t
            .send(|http, url| {
                let request = http.patch(format!("{url}/v1/accounts/{label}"));
                request.bearer_auth(self.t.key.secret().expose()).json(&change)
            })
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    async fn add_clients(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for (name, description) in CLIENTS
            .into_iter()
            .zip(["Forty runners in the cellar", "Cron on metrics-1", ""])
        {
            let body = json!({"name": name, "description": description});
            let answer = self.t.post("/v1/clients", body).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
            keys.push(answer.json()["key"].as_str().expect("a key").to_owned());
        }
        for policy in [
            json!({"name": "builds", "description": "What the build machines need", "callers": {"client": "build-machines"},
                "actions": ["token.mint"], "repositories": ["acme/*"], "permissions": {"contents": "write", "checks": "write"}}),
            json!({"name": "readers", "callers": {"client": ["nightly-reports", "dashboards"]}, "actions": ["token.mint"],
                "repositories": ["acme/*", "globex/site", "globex/api"], "permissions": {"contents": "read"}}),
            json!({"name": "dashboards-use-gitlab", "callers": {"client": "dashboards"}, "actions": ["account.use"],
                "repositories": ["acme/*"], "sources": ["account:mirror"]}),
        ] {
            self.t.policy(policy).await;
        }
        keys
    }

    async fn hand_out(&self, keys: &[String], wanted: usize) {
        let places = REPOSITORIES
            .iter()
            .flat_map(|repository| keys.iter().enumerate().map(move |key| (repository, key)));
        let allowed = places.filter(|(repository, (client, _))| *client > 0 || repository.starts_with("acme/"));
        for (repository, (_, key)) in allowed.take(wanted) {
            let body = json!({"repositories": [repository], "permissions": {"contents": "read"}});
            let answer = self.t.post_as(key, "/v1/tokens", body).await;
            assert_eq!(answer.status, 201, "{repository}: {}", answer.text);
        }
        if wanted > 6 {
            let body = json!({"account": "mirror", "repositories": ["acme/tools"]});
            let answer = self.t.post_as(&keys[2], "/v1/tokens", body).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
    }

    async fn refuse(&self, key: &str) {
        for body in [
            json!({"repositories": ["acme/tools"], "permissions": {"contents": "write"}}),
            json!({"repositories": ["globex/secret-plans"]}),
            json!({"account": "release-scripts", "repositories": ["acme/tools"]}),
        ] {
            let answer = self.t.post_as(key, "/v1/tokens", body).await;
            assert_eq!(answer.status, 403, "{}", answer.text);
        }
    }

    /// What the forges say of some of them now; one was revoked meanwhile.
    async fn look_again(&self) {
        let github = self.t.sim.github();
        let dead = self.at_github(PersonalTokenSpec::classic(["repo"]).expires_in(MONTH));
        self.add("left-on-a-laptop", Forge::GitHub, &dead.token, json!({}))
            .await;
        assert!(github.revoke_personal_token(dead.id));
        for label in [
            "left-on-a-laptop",
            "ended-yesterday",
            "release-scripts",
            "mirror",
            "builds",
        ] {
            let test = json!({"purposes": ["read_content", "push"], "repository": "acme/tools"});
            let answer = self.t.post(&format!("/v1/accounts/{label}/test"), test).await;
            assert_eq!(answer.status, 200, "{label}: {}", answer.text);
        }
    }
}
