//! How long before its end a token is renewed.

use super::World;

#[test]
fn a_margin_must_leave_room_for_a_renewal() {
    for (given, works) in [
        ("30", true),
        ("2700", true),
        ("29", false),
        ("5", false),
        ("0", false),
        ("2701", false),
    ] {
        let world = World::new().env("JETON_BROKER__RENEW_MARGIN_SECONDS", given);
        assert_eq!(world.load().is_ok(), works, "{given}");
        if !works {
            assert!(
                world.error().contains("a whole number from 30 to 2700"),
                "{}",
                world.error()
            );
        }
    }
    let error = World::new().toml("[broker]\nrenew_margin_seconds = 10\n").error();
    assert!(error.contains("from 30 to 2700"), "{error}");
}

#[test]
fn a_smaller_margin_under_the_older_name_is_raised_and_told() {
    let config = World::new().env("TOKEN_RENEW_AT", "5").config();
    assert_eq!(config.broker.renew_margin.as_secs(), 30);
    assert_eq!(config.warnings.len(), 1);
    let warning = &config.warnings[0];
    assert!(
        warning
            .what
            .contains("TOKEN_RENEW_AT is 5 (environment variable TOKEN_RENEW_AT)"),
        "{}",
        warning.what
    );
    let config = World::new().env_file("TOKEN_RENEW_AT=0\n").config();
    assert_eq!((config.broker.renew_margin.as_secs(), config.warnings.len()), (30, 1));
    assert!(
        config.warnings[0].what.contains("prod.env"),
        "{}",
        config.warnings[0].what
    );
    let config = World::new().env("TOKEN_RENEW_AT", "60").config();
    assert_eq!((config.broker.renew_margin.as_secs(), config.warnings.len()), (60, 0));
    let own = World::new()
        .env("TOKEN_RENEW_AT", "5")
        .env("JETON_BROKER__RENEW_MARGIN_SECONDS", "40")
        .config();
    assert_eq!((own.broker.renew_margin.as_secs(), own.warnings.len()), (40, 0));
}
