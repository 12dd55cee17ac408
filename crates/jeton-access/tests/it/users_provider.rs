//! People who sign in through an OIDC provider.

use std::sync::Arc;

use jeton_access::{Access, AccessError, AccessSettings, BegunSignIn, NewSession, UserChange, Visitor};
use jeton_domain::{Clock as _, Coded as _, IssuerName, Role, Secret};
use jeton_forge_sim::{OidcFault, OidcRoute, OidcSim, OidcSimConfig, SimClock};
use jeton_oidc::{OidcHttpOptions, RoleRule, SignIn, SignInAnswer, SignInConfig};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::users_support::{World, both_databases, operator, visitor};

const BACK: &str = "http://127.0.0.1:8080/sign-in/back";

pub(crate) struct Provider {
    pub(crate) sim: OidcSim,
    pub(crate) world: World,
}

impl Provider {
    pub(crate) async fn start(world: World) -> Self {
        let clock = world.clock.clone();
        let sim = OidcSim::start(OidcSimConfig {
            clock: SimClock::from_fn(Arc::new(move || clock.now())),
            ..OidcSimConfig::default()
        });
        let sim = sim.await.unwrap();
        sim.add_client("jeton", Some("sesame"), BACK);
        sim.set_user(Some(ada()));
        Self { sim, world }
    }

    /// A server that signs people in there, and has a rule for operators.
    async fn server(&self, adds_users: bool) -> Access {
        self.server_with(adds_users, &[("admins", Role::Operator)]).await
    }

    /// A server that signs people in there, and says which groups have which role.
    pub(crate) async fn server_with(&self, adds_users: bool, rules: &[(&str, Role)]) -> Access {
        let name = IssuerName::parse("company").unwrap();
        let mut config = SignInConfig::new(name, self.sim.issuer(), "jeton", Some(Secret::new("sesame")), BACK);
        let rule = |(value, role): &(&str, Role)| RoleRule {
            claim: "groups".to_owned(),
            value: (*value).to_owned(),
            role: *role,
        };
        config.roles = rules.iter().map(rule).collect();
        let clock = Arc::new(self.world.clock.clone());
        let sign_in = SignIn::new(config, clock, OidcHttpOptions::default()).unwrap();
        let settings = AccessSettings {
            sign_in_adds_users: adds_users,
            ..AccessSettings::default()
        };
        self.world.another(settings, Some(sign_in)).await
    }
}

fn ada() -> Value {
    json!({"sub": "248289", "email": "Ada@Example.org", "email_verified": true, "groups": ["admins"]})
}

/// Goes where a browser would be sent, and gives what it brings back.
pub(crate) async fn visit(begun: &BegunSignIn) -> SignInAnswer {
    let rest = begun.url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let location = response
        .lines()
        .find_map(|line| {
            line.split_once(": ")
                .filter(|(name, _)| name.eq_ignore_ascii_case("location"))
        })
        .unwrap_or_else(|| panic!("no redirect: {response}"));
    let (back, query) = location.1.trim().split_once('?').unwrap();
    assert_eq!(back, BACK);
    SignInAnswer::parse(query)
}

pub(crate) async fn sign_in(server: &Access) -> Result<NewSession, AccessError> {
    come_back(server, None).await
}

/// Goes to the provider and comes back, with a one-time link or without.
pub(crate) async fn come_back(server: &Access, link: Option<&Secret>) -> Result<NewSession, AccessError> {
    let begun = server.begin_sign_in(link).await?;
    let answer = visit(&begun).await;
    server
        .finish_sign_in(&answer, Some(&begun.cookie), visitor("192.0.2.1"))
        .await
}

both_databases! {
    async fn whom_nobody_knows_is_refused_or_added_as_the_operator_says(t: World) {
        let p = Provider::start(t).await;
        let closed = p.server(false).await;
        let error = sign_in(&closed).await.unwrap_err();
        assert_eq!(error.to_string(), "Ada@Example.org is no user of this server");
        assert_eq!(error.code().as_str(), "auth.not_allowed");

        let open = p.server(true).await;
        let session = sign_in(&open).await.unwrap();
        assert_eq!((session.user.name.as_str(), session.user.role), ("ada@example.org", Role::Operator));
        assert_eq!(session.user.provider, Some((p.sim.issuer(), "248289".to_owned())));
        // Now they are known, also where nobody is added, and under another address.
        p.sim.set_user(Some(json!({"sub": "248289", "email": "ada@lovelace.example", "email_verified": true, "groups": ["admins"]})));
        let again = sign_in(&closed).await.unwrap();
        assert_eq!(again.user.id, session.user.id);
        assert!(closed.session(&session.cookie, None).await.is_ok(), "a session holds on every server");
        assert_ne!(again.cookie.expose(), session.cookie.expose());

        closed.ledger().flush().await.unwrap();
        let events = p.world.events().await;
        assert_eq!(events, ["user.sign_in_refused", "user.added", "user.signed_in", "user.signed_in"]);
        let record = p.world.record().await;
        assert!(record[0].body.contains(r#""subject":"248289""#), "{:?}", record[0]);
        assert_eq!(record[1].actor_name, "user:ada@example.org");
    }

    async fn nobody_becomes_somebody_else_by_name(t: World) {
        let p = Provider::start(t).await;
        p.world.add("ada@example.org", Role::Operator).await;
        let error = sign_in(&p.server(true).await).await.unwrap_err();
        assert_eq!(error.to_string(), "`ada@example.org` is the name of somebody else here");
    }

    async fn without_a_role_or_a_name_nobody_is_added(t: World) {
        let p = Provider::start(t).await;
        let server = p.server(true).await;
        p.sim.set_user(Some(json!({"sub": "1", "email": "bob@example.org", "email_verified": true})));
        let error = sign_in(&server).await.unwrap_err();
        assert!(error.to_string().contains("give no role"), "{error}");
        p.sim.set_user(Some(json!({"sub": "1", "groups": ["admins"]})));
        let error = sign_in(&server).await.unwrap_err();
        assert!(error.to_string().contains("names nobody"), "{error}");
        assert!(server.list_users(None, 10).await.unwrap().users.is_empty());
    }

    async fn one_server_ends_what_another_began(t: World) {
        let p = Provider::start(t).await;
        let (one, two) = (p.server(true).await, p.server(true).await);
        let begun = one.begin_sign_in(None).await.unwrap();
        let answer = visit(&begun).await;
        assert!(two.finish_sign_in(&answer, Some(&begun.cookie), visitor("192.0.2.1")).await.is_ok());
    }

    async fn two_browsers_of_a_newcomer_at_once_are_one_user(t: World) {
        let p = Provider::start(t).await;
        let (one, two) = (p.server(true).await, p.server(true).await);
        p.world.gate.arm(2);
        let (first, second) = tokio::join!(sign_in(&one), sign_in(&two));
        assert_eq!(first.unwrap().user.id, second.unwrap().user.id);
        assert_eq!(one.list_users(None, 10).await.unwrap().users.len(), 1);
    }

    async fn an_answer_is_good_with_its_own_cookie_and_for_a_while(t: World) {
        let p = Provider::start(t).await;
        let server = p.server(true).await;
        let (mine, other) = (server.begin_sign_in(None).await.unwrap(), server.begin_sign_in(None).await.unwrap());
        let answer = visit(&mine).await;
        let refused = async |answer: &SignInAnswer, cookie: Option<&Secret>| {
            let error = server.finish_sign_in(answer, cookie, Visitor::default()).await.unwrap_err();
            error.code().as_str()
        };
        assert_eq!(refused(&answer, None).await, "auth.sign_in_failed");
        assert_eq!(refused(&answer, Some(&other.cookie)).await, "auth.sign_in_failed");
        let cut = Secret::new(&mine.cookie.expose()[..mine.cookie.expose().len() - 1]);
        assert_eq!(refused(&answer, Some(&cut)).await, "auth.sign_in_failed");
        assert_eq!(refused(&SignInAnswer::parse("code=1&state=2"), Some(&mine.cookie)).await, "auth.sign_in_failed");
        assert_eq!(p.sim.calls(OidcRoute::Token), 0, "the provider is not asked");

        // Once, and not again.
        assert!(server.finish_sign_in(&answer, Some(&mine.cookie), Visitor::default()).await.is_ok());
        assert_eq!(refused(&answer, Some(&mine.cookie)).await, "auth.sign_in_failed");
        let late = server.begin_sign_in(None).await.unwrap();
        p.world.clock.advance(SignedDuration::from_mins(10));
        assert_eq!(refused(&visit(&late).await, Some(&late.cookie)).await, "auth.sign_in_failed");
    }

    async fn who_is_shut_out_does_not_come_in_by_the_provider(t: World) {
        let p = Provider::start(t).await;
        let server = p.server(true).await;
        let session = sign_in(&server).await.unwrap();
        p.world.add("bob", Role::Operator).await;
        let shut = UserChange { disabled: Some(true), ..UserChange::default() };
        server.change_user(&operator(), None, "ada@example.org", shut).await.unwrap();
        assert!(matches!(server.session(&session.cookie, None).await, Err(AccessError::SessionEnded)));
        assert_eq!(sign_in(&server).await.unwrap_err().to_string(), "this user is shut out here");
        let open = UserChange { disabled: Some(false), ..UserChange::default() };
        server.change_user(&operator(), None, "ada@example.org", open).await.unwrap();
        assert!(sign_in(&server).await.is_ok());
    }

    async fn a_provider_that_is_down_is_not_the_persons_fault(t: World) {
        let p = Provider::start(t).await;
        let server = p.server(true).await;
        p.sim.set_fault(OidcRoute::Discovery, Some(OidcFault::Cut));
        let error = server.begin_sign_in(None).await.unwrap_err();
        assert_eq!(error.code().as_str(), "auth.issuer_unavailable");
        let error = p.world.access.begin_sign_in(None).await.unwrap_err();
        assert_eq!(error.code().as_str(), "auth.not_allowed", "there is none at all: {error}");
        assert_eq!((p.world.access.sign_in_provider(), server.sign_in_provider()), (None, Some("company")));
    }

    async fn the_cookie_shows_nothing_and_is_small(t: World) {
        let p = Provider::start(t).await;
        let server = p.server(true).await;
        let begun = server.begin_sign_in(None).await.unwrap();
        assert!(begun.cookie.expose().len() < 600, "{}", begun.cookie.expose().len());
        let printed = format!("{begun:?}");
        let query = begun.url.split_once("state=").unwrap().1;
        assert!(!printed.contains(&query[..20]), "{printed}");
    }
}
