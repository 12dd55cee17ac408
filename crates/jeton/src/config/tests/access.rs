use std::path::Path;

use super::World;

#[test]
fn without_a_word_everything_has_its_default() {
    let config = World::new().config();
    let socket = Path::new("/home/x/.local/state/jeton/jeton.sock");
    assert_eq!(config.server.unix_socket.as_deref(), Some(socket));
    assert_eq!(config.server.unix_socket_mode, 0o600);
    assert!(config.server.trusted_proxies.networks.is_empty() && !config.server.trusted_proxies.unix);
    assert_eq!(config.server.public_url(None), "http://127.0.0.1:8080");
    let access = config.access;
    assert!(access.policy_file.is_none() && access.issuers.is_empty() && access.sign_in.is_none());
    assert_eq!(
        (access.session_life.as_secs(), access.session_idle.as_secs()),
        (43_200, 7_200)
    );
    assert!(access.record.keep.is_none() && access.record.archive_dir.is_none());
    assert_eq!(
        (access.limits.per_client_per_second, access.limits.per_client_burst),
        (200, 2_000)
    );
    assert_eq!(
        (access.limits.per_address_per_second, access.limits.per_address_burst),
        (1_000, 5_000)
    );
}

#[test]
fn the_unix_socket_can_be_moved_and_switched_off() {
    let world = World::new().toml("[server]\nunix_socket = ''\n");
    assert!(world.config().server.unix_socket.is_none());
    let world = World::new().toml("[server]\nunix_socket = 'j.sock'\nunix_socket_mode = '0660'\n");
    let config = world.config();
    assert_eq!(
        config.server.unix_socket,
        Some(world.path("j.sock")),
        "counts from the file"
    );
    assert_eq!(config.server.unix_socket_mode, 0o660);
    let world = World::new().env("JETON_SERVER__UNIX_SOCKET", "none");
    assert!(world.config().server.unix_socket.is_none());
    let error = World::new().toml("[server]\nunix_socket_mode = 600\n").error();
    assert!(
        error.contains("server.unix_socket_mode") && error.contains("\"0600\""),
        "{error}"
    );
}

#[test]
fn a_socket_whose_path_is_too_long_is_an_error_only_when_asked_for() {
    let long = format!("/{}", "x".repeat(120));
    let config = World::new().env("JETON_STATE__DIR", &long).config();
    assert!(config.server.unix_socket.is_none());
    assert!(config.warnings[0].what.contains("too long"), "{:?}", config.warnings);
    let error = World::new().env("JETON_SERVER__UNIX_SOCKET", &long).error();
    assert!(error.contains("at most 107 bytes"), "{error}");
}

#[test]
fn links_lead_where_the_server_can_be_reached() {
    let config = World::new().env("JETON_SERVER__LISTEN", "0.0.0.0:9").config();
    assert_eq!(config.server.public_url(None), "http://127.0.0.1:9");
    let config = World::new().env("JETON_SERVER__LISTEN", "[::]:0").config();
    assert_eq!(
        config.server.public_url(Some("[::]:77".parse().unwrap())),
        "http://[::1]:77"
    );
    let config = World::new()
        .env("JETON_SERVER__PUBLIC_URL", "https://jeton.example.com/")
        .config();
    assert_eq!(config.server.public_url(None), "https://jeton.example.com");
    for bad in ["jeton.example.com", "ftp://x", "https://u:planted@x"] {
        let error = World::new().env("JETON_SERVER__PUBLIC_URL", bad).error();
        assert!(error.contains("server.public_url"), "{error}");
    }
}

#[test]
fn the_policy_file_lies_beside_the_configuration() {
    let world = World::new().toml("");
    assert!(world.config().access.policy_file.is_none());
    let beside = world.file("policies.toml", "");
    assert_eq!(world.config().access.policy_file, Some(beside));
    let world = world.env("JETON_POLICIES__FILE", "/etc/p.toml");
    assert_eq!(
        world.config().access.policy_file.as_deref(),
        Some(Path::new("/etc/p.toml"))
    );
}

#[test]
fn a_provider_is_given_whole() {
    let whole = "[sign_in]\nissuer = 'https://id.example.com/'\nclient_id = 'jeton'\nclient_secret_file = 's'\n\
                 role_claim = 'groups'\noperator_values = ['ops']\nadd_users = true\nsession_idle_seconds = 86400\n";
    let world = World::new().toml(whole);
    world.file("s", " planted \n");
    let access = world.config().access;
    let sign_in = access.sign_in.unwrap();
    assert_eq!(sign_in.issuer, "https://id.example.com/", "exactly as it was written");
    assert_eq!(sign_in.client_secret.unwrap().read().unwrap().expose(), "planted");
    assert_eq!(sign_in.scopes, ["openid", "email", "profile"]);
    assert_eq!(
        (sign_in.user_claim.as_str(), sign_in.role_claim.as_deref()),
        ("email", Some("groups"))
    );
    assert!(sign_in.add_users);
    assert_eq!(
        access.session_idle, access.session_life,
        "nobody is idle for longer than they are signed in"
    );
    let cases = [
        ("[sign_in]\nclient_id = 'x'\n", "sign_in.issuer is not"),
        ("[sign_in]\nissuer = 'https://x'\n", "sign_in.client_id is not"),
        (
            "[sign_in]\nissuer = 'x'\nclient_id = 'x'\n",
            "sign_in.issuer cannot be `x`",
        ),
        (
            "[sign_in]\nissuer = 'https://x'\nclient_id = 'x'\nrole_claim = 'g'\n",
            "go together",
        ),
        (
            "[sign_in]\nissuer = 'https://x'\nclient_id = 'x'\nmember_values = ['g']\n",
            "go together",
        ),
        (
            "[sign_in]\nissuer = 'https://x'\nclient_id = 'x'\nadd_users = true\n",
            "which role new people get",
        ),
        (
            "[sign_in]\nissuer = 'https://x'\nclient_id = 'x'\nscopes = 'openid,,x'\n",
            "a list of texts",
        ),
    ];
    for (text, part) in cases {
        let error = World::new().toml(text).error();
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn what_is_moved_away_has_a_place_to_go() {
    let world = World::new().env("JETON_RECORD__KEEP_DAYS", "400");
    assert!(world.error().contains("record.archive_dir is not"), "{}", world.error());
    let record = world.env("JETON_RECORD__ARCHIVE_DIR", "/a").config().access.record;
    assert_eq!(
        (record.keep.unwrap().as_hours(), record.archive_dir.as_deref()),
        (9_600, Some(Path::new("/a")))
    );
    let error = World::new().env("JETON_RECORD__KEEP_DAYS", "0").error();
    assert!(error.contains("from 1 to 36500"), "{error}");
}

#[test]
fn no_limit_is_nothing() {
    let error = World::new().env("JETON_LIMITS__PER_CLIENT_BURST", "0").error();
    assert!(error.contains("limits.per_client_burst cannot be `0`"), "{error}");
}
