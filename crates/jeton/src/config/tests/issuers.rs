use super::{super::IssuerKeys, World};

const ACTIONS: &str = "[[issuers]]\nname = 'actions'\nissuer = 'https://token.actions.githubusercontent.com'\n\
                       audiences = ['jeton']\n";

#[test]
fn of_the_file_and_of_the_environment() {
    let cluster = "[[issuers]]\nname = 'cluster'\nissuer = 'https://kubernetes.default.svc'\njwks_file = 'keys.json'\n\
                   audiences = 'jeton,other'\nalgorithms = ['RS256']\nlongest_life_seconds = 3600\nca_file = 'ca.crt'\n";
    let world = World::new().toml(&format!("{ACTIONS}{cluster}"));
    let issuers = world.config().access.issuers;
    assert_eq!(issuers.len(), 2);
    assert!(matches!(issuers[0].keys, IssuerKeys::Discovery));
    assert_eq!((issuers[0].leeway.as_secs(), issuers[0].longest_life), (30, None));
    assert!(matches!(&issuers[1].keys, IssuerKeys::File(path) if *path == world.path("keys.json")));
    assert_eq!(issuers[1].audiences, ["jeton", "other"]);
    assert_eq!(issuers[1].ca_file, Some(world.path("ca.crt")));
    let world = world
        .env("JETON_ISSUER", "https://id.example.com")
        .env("JETON_ISSUER_NAME", "cluster")
        .env("JETON_ISSUER_AUDIENCES", "jeton")
        .env("JETON_ISSUER_SHARED_SECRET", "planted");
    let config = world.config();
    assert!(!format!("{config:?}").contains("planted"));
    let names: Vec<_> = config
        .access
        .issuers
        .iter()
        .map(|issuer| issuer.name.as_str())
        .collect();
    assert_eq!(
        names,
        ["actions", "cluster"],
        "the environment's replaces the one of the same name"
    );
    let IssuerKeys::SharedSecret(secret) = &config.access.issuers[1].keys else {
        panic!("a secret")
    };
    assert_eq!(secret.read().unwrap().expose(), "planted");
}

#[test]
fn one_of_the_environment_needs_no_name() {
    let world = World::new()
        .env("JETON_ISSUER", "https://id.example.com")
        .env("JETON_ISSUER_AUDIENCES", "jeton")
        .env("JETON_ISSUER_JWKS_URL", "https://id.example.com/keys");
    let issuers = world.config().access.issuers;
    assert_eq!(issuers[0].name.as_str(), "default");
    assert!(matches!(&issuers[0].keys, IssuerKeys::Url(url) if url.path() == "/keys"));
}

#[test]
fn each_fault_is_named() {
    let with = |text: &str| World::new().toml(&format!("{ACTIONS}{text}")).error();
    let cases = [
        ("audience = 'x'\n", "Did you mean `issuers.audiences`?"),
        ("algorithms = ['none']\n", "a list of RS256, ES256, EdDSA, HS256"),
        ("leeway_seconds = 301\n", "from 0 to 300"),
        ("discovery = false\n", "nothing else says where the keys are"),
        ("discovery = true\njwks_file = 'x'\n", "more than one is given"),
        ("jwks_url = 'https://x'\njwks_file = 'x'\n", "more than one is given"),
        ("shared_secret = 'a'\nshared_secret_file = 'b'\n", "are both given"),
        ("jwks_url = 'x'\n", "issuers.jwks_url cannot be"),
        (ACTIONS, "the same name"),
    ];
    for (text, part) in cases {
        let error = with(text);
        assert!(error.contains(part), "{part} in {error}");
    }
    let error = World::new().toml("[[issuers]]\nname = 'A B'\naudiences = []\n").error();
    for part in [
        "issuers.name cannot be `A B`",
        "issuers.issuer is missing",
        "at least one audience",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(
        World::new()
            .toml("[issuers]\nname = 'a'\n")
            .error()
            .contains("[[issuers]]")
    );
    let twice = format!("{ACTIONS}{}", ACTIONS.replace("'actions'", "'again'"));
    assert!(World::new().toml(&twice).error().contains("the same issuer"));
}

#[test]
fn a_stray_variable_is_not_passed_over() {
    let error = World::new().env("JETON_ISSUER_AUDIENCES", "jeton").error();
    assert!(
        error.contains("issuers.issuer is missing (environment variable JETON_ISSUER_AUDIENCES)"),
        "{error}"
    );
    let error = World::new().env("JETON_ISSUER_AUDIENCE", "jeton").error();
    assert!(error.contains("Did you mean `JETON_ISSUER_AUDIENCES`?"), "{error}");
}
