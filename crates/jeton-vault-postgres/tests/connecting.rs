//! What a URL may lead to, and what is said when it leads elsewhere.
#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

use jeton_domain::{Code, Coded as _, Secret};
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{Vault as _, VaultError};
use jeton_vault_postgres::{PostgresOptions, PostgresVault};
use sqlx::{Connection as _, PgConnection};

async fn connect(url: &str) -> Result<PostgresVault, VaultError> {
    PostgresVault::connect(&Secret::new(url), PostgresOptions::default()).await
}

/// Does to a database what no jeton would.
async fn tamper(url: &str, sql: &'static str) {
    let mut conn = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

/// The password in a URL of the test server.
fn password(url: &str) -> &str {
    let (credentials, _) = url.rsplit_once('@').unwrap();
    credentials.rsplit_once(':').unwrap().1
}

#[tokio::test]
async fn what_is_no_url_is_refused_without_repeating_it() {
    for url in [
        "",
        "jeton.db",
        "mysql://user:planted@host/jeton",
        "postgres://user:planted@host:port/jeton",
        "postgres://user:planted@host/jeton?sslmode=planted",
        "postgres://user:pla/nted@host/jeton",
        "postgres://user:pla?nted@host/jeton",
        "postgres://user:pla?nted=x@host/jeton",
        "postgres://user@host/jeton?nted",
        "postgres://user@host/jeton?PL%61nted=x",
    ] {
        let error = connect(url).await.unwrap_err();
        assert!(matches!(error, VaultError::NotADatabase { .. }), "{url}: {error}");
        assert!(!format!("{error} {error:?}").contains("planted"), "{error}");
        assert!(!format!("{error} {error:?}").contains("nted"), "{error}");
    }
}

#[tokio::test]
async fn unknown_parameters_are_named_without_their_values() {
    // The library would log each of these with its value.
    for name in ["sslpassword", "pass", "channel_binding"] {
        for url in [
            format!("postgres://user@host/jeton?{name}=planted"),
            format!("postgres://user@host/jeton?sslmode=disable&{name}=planted&user=x"),
            format!("postgres://host?&{name}=planted#planted"),
        ] {
            let error = connect(&url).await.unwrap_err();
            let named = format!("does not know its parameter {name}");
            assert!(
                matches!(&error, VaultError::NotADatabase { reason, .. } if reason.ends_with(&named)),
                "{error}"
            );
            assert!(!format!("{error} {error:?}").contains("planted"), "{error}");
        }
    }
}

#[tokio::test]
async fn known_parameters_are_passed_on() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let url = format!("{url}?&sslmode=disable&application_name=test&options[lock_timeout]=1s&options=-c%20jit=off");
    connect(&url).await.unwrap().check().await.unwrap();
}

#[tokio::test]
async fn the_place_shows_no_password() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let vault = connect(&url).await.unwrap();
    let (_, after) = url.rsplit_once('@').unwrap();
    assert_eq!(vault.place(), format!("postgres://jeton@{after}"));
    assert!(!format!("{vault:?}").contains(password(&url)));
}

#[tokio::test]
async fn the_servers_words_are_passed_on_and_the_password_is_not() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let (base, database) = url.rsplit_once('/').unwrap();
    let cases = [
        (format!("{base}/absent"), "database \"absent\" does not exist"),
        (
            url.replace(password(&url), "planted"),
            "password authentication failed for user \"jeton\"",
        ),
        (
            url.replace("jeton:", "stranger:"),
            "password authentication failed for user \"stranger\"",
        ),
    ];
    for (wrong, words) in cases {
        let error = connect(&wrong).await.unwrap_err();
        assert!(
            matches!(&error, VaultError::Unavailable { reason } if reason.contains(words)),
            "{error}"
        );
        for secret in ["planted", password(&url)] {
            assert!(!format!("{error} {error:?}").contains(secret), "{error}");
        }
    }
    assert!(!database.is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_refused_at_once() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = connect(&format!("postgres://jeton@{free}/jeton")).await.unwrap_err();
    assert!(
        matches!(&error, VaultError::Unavailable { reason } if reason.contains("refused")),
        "{error}"
    );
}

#[tokio::test]
async fn two_servers_that_start_at_once_both_succeed() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let (one, two, three) = tokio::join!(connect(&url), connect(&url), connect(&url));
    for vault in [one.unwrap(), two.unwrap(), three.unwrap()] {
        vault.check().await.unwrap();
    }
}

#[tokio::test]
async fn a_database_of_a_newer_jeton_is_left_as_it_is() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    connect(&url).await.unwrap().close().await;
    tamper(
        &url,
        "INSERT INTO jeton_migrations (version, description, success, checksum, execution_time) \
         VALUES (9001, 'of the future', true, '', 0)",
    )
    .await;
    let error = connect(&url).await.unwrap_err();
    assert!(
        matches!(&error, VaultError::Newer { found: 9001, known, .. } if *known < 9001),
        "{error}"
    );
}

#[tokio::test]
async fn another_programs_tables_are_left_as_they_are() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    tamper(
        &url,
        "CREATE TABLE tokens (name TEXT); INSERT INTO tokens VALUES ('theirs')",
    )
    .await;
    let error = connect(&url).await.unwrap_err();
    assert!(matches!(error, VaultError::NotADatabase { .. }), "{error}");
    let mut conn = PgConnection::connect(&url).await.unwrap();
    let theirs: String = sqlx::query_scalar("SELECT name FROM tokens")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert_eq!(theirs, "theirs");
}

#[tokio::test]
async fn a_full_disk_says_so() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let vault = connect(&url).await.unwrap();
    // The server's own code for it, from a trigger: a disk cannot be filled here.
    tamper(
        &url,
        "CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$; \
         CREATE TRIGGER no_space BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION no_space()",
    )
    .await;
    let mut tx = vault.begin().await.unwrap();
    let error = tx.settings().add("salt", b"abc").await.unwrap_err();
    assert!(matches!(error, VaultError::Full), "{error}");
}

#[tokio::test]
async fn a_row_that_cannot_be_is_named_and_not_shown() {
    let server = TempPostgres::shared().unwrap();
    let url = server.database().unwrap();
    let vault = connect(&url).await.unwrap();
    tamper(
        &url,
        "INSERT INTO apps VALUES ('00000000-0000-7000-8000-000000000001', 'main', 'github', \
         'https://api.github.com', 'planted-content', '', '0123456789ab', 0)",
    )
    .await;
    let error = vault.read().await.unwrap().apps().list().await.unwrap_err().to_string();
    let row = "column issuer of row 00000000-0000-7000-8000-000000000001 in table apps";
    assert!(error.contains(row), "{error}");
    assert!(!error.contains("planted"), "{error}");
}

#[tokio::test]
async fn a_text_that_it_cannot_keep_is_no_damage() {
    let server = TempPostgres::shared().unwrap();
    let vault = connect(&server.database().unwrap()).await.unwrap();
    let mut tx = vault.read().await.unwrap();
    let error = tx.grants().last_key_of("user:a\0b").await.unwrap_err();
    assert!(matches!(error, VaultError::Text(_)), "{error}");
    assert_eq!(error.code(), Code::RequestInvalid);
}
