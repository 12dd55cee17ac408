//! Runners and secrets at a simulated GitHub.

mod exam;
mod odd;
mod runners;
mod secrets;

use jeton_domain::{CiScope, Credential, CredentialKind, ForgeEndpoint, ForgeKind, Secret, SecretName};
use jeton_forge::{
    AddressRules, HttpOptions, Outbound,
    ci::{CiAt, CiForges, CiOutcome, CiRefusal, Holder, SecretOptions, SecretPush, SecretPushed},
};
use jeton_forge_sim::{
    AppSpec, ForgeSim, InstallSpec, OrgRole, OwnerKind, PersonalTokenSpec, RepoRole, SimClock, SimConfig,
};
use jiff::Timestamp;

use crate::world::{TestClock, client};

pub(crate) const REPO: &str = "repository:acme/tools";
pub(crate) const ORG: &str = "owner:acme";
pub(crate) const ENTERPRISE: &str = "enterprise:big";
/// Whoever is not told apart otherwise.
pub(crate) const BOT: Holder<'static> = Holder::Account("ci-bot");
pub(crate) const APP: Holder<'static> = Holder::App("ci");

/// `acme` with `acme/tools` (private) and `acme/site` (public); `ada` owns `acme` and the enterprise `big`, `octocat` is a member who may
/// write to both repositories.
pub(crate) struct Ci {
    pub(crate) sim: ForgeSim,
    pub(crate) clock: TestClock,
    pub(crate) forges: CiForges,
}

pub(crate) fn forges(options: HttpOptions) -> CiForges {
    let rules = AddressRules {
        allow_loopback: true,
        ..AddressRules::default()
    };
    CiForges::new(Outbound::new(options, rules).unwrap())
}

pub(crate) fn scope(text: &str) -> CiScope {
    let (kind, path) = text.split_once(':').unwrap();
    CiScope::from_parts(ForgeKind::GitHub, kind, path).unwrap()
}

impl Ci {
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
        github.add_owner("acme", OwnerKind::Organization);
        for (login, role) in [("ada", OrgRole::Admin), ("octocat", OrgRole::Member)] {
            github.add_user(login);
            github.add_member("acme", login, role).unwrap();
        }
        github.add_enterprise("big", ["ada"]);
        for (name, private) in [("tools", true), ("site", false)] {
            github.add_repository("acme", name, private).unwrap();
            github
                .add_collaborator("acme", name, "octocat", RepoRole::Write)
                .unwrap();
        }
        Self {
            sim,
            clock,
            forges: forges(options),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        jeton_domain::Clock::now(&self.clock)
    }

    /// A token of a person.
    pub(crate) fn of(&self, login: &str, spec: PersonalTokenSpec) -> Credential {
        self.credential(&self.sim.github().add_personal_token(login, spec).token)
    }

    /// A token of an App with these permissions, for `acme` or for `acme/tools` alone.
    pub(crate) async fn app(&self, permissions: &str) -> Credential {
        let github = self.sim.github();
        let app = github.add_app(AppSpec::new("ci"));
        let granted: Vec<(String, String)> = jeton_domain::Permissions::parse_list(permissions)
            .unwrap()
            .iter()
            .map(|(name, access)| (name.to_owned(), access.as_str().to_owned()))
            .collect();
        let id = github.install(app.id, "acme", InstallSpec::selected(["tools"]).permissions(granted));
        let client = client(
            &self.sim.api_url(),
            &app.id.to_string(),
            &app.private_key_pkcs1_pem,
            HttpOptions::default(),
            &self.clock,
        );
        let permissions = jeton_domain::Permissions::parse_list(permissions).unwrap();
        let minted = client
            .mint(jeton_domain::InstallationId(id), &["tools".to_owned()], &permissions)
            .await
            .unwrap();
        self.credential(minted.token.expose())
    }

    /// The `GITHUB_TOKEN` of a job of `acme/tools`, with all that it could be given.
    pub(crate) fn job(&self) -> Credential {
        let granted = [("actions", "write"), ("contents", "write")];
        self.credential(&self.sim.github().add_workflow_token("acme", "tools", granted))
    }

    pub(crate) fn credential(&self, token: &str) -> Credential {
        let kind = match token {
            fine if fine.starts_with("github_pat_") => CredentialKind::GitHubFineGrained,
            oauth if oauth.starts_with("gho_") => CredentialKind::GitHubOAuth,
            user if user.starts_with("ghu_") => CredentialKind::GitHubAppUser,
            app if app.starts_with("ghs_") => CredentialKind::GitHubInstallation,
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

    pub(crate) fn at<'a>(&self, holder: Holder<'a>, credential: &'a Credential, scope: &'a CiScope) -> CiAt<'a> {
        CiAt {
            forge: &credential.forge,
            scope,
            credential,
            holder,
            now: self.now(),
        }
    }

    pub(crate) async fn push(
        &self,
        holder: Holder<'_>,
        credential: &Credential,
        place: &str,
        (name, value): (&str, &str),
        options: &SecretOptions,
    ) -> CiOutcome<SecretPushed> {
        let name = SecretName::parse(ForgeKind::GitHub, name).unwrap();
        let push = SecretPush {
            name: &name,
            value: &Secret::new(value),
            options,
        };
        let place = scope(place);
        let at = self.at(holder, credential, &place);
        let outcome = self.forges.secrets(ForgeKind::GitHub).push(&at, &push).await;
        let shown = format!("{outcome:?}");
        assert!(!shown.contains(credential.token.expose()), "the token is shown");
        assert!(value.len() < 5 || !shown.contains(value), "the value is shown");
        outcome
    }
}

/// A clear no with this code.
pub(crate) fn no(refusal: &CiRefusal, code: jeton_domain::Code) {
    assert_eq!(refusal.diagnosis.code, code, "{refusal:#?}");
    assert!(!refusal.unclear, "{refusal:#?}");
}
