//! What a vault does when its server vanishes without a word, as behind a broken link: no connection is reset, and
//! nobody answers.
#![expect(
    clippy::unwrap_used,
    reason = "a failure in a helper of a test is a failure of the test"
)]

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use jeton_domain::Secret;
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{Vault as _, VaultError};
use jeton_vault_postgres::{PostgresOptions, PostgresVault, TimeLimits};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Longer than everything here takes; whoever waits for the kernel waits longer.
const FOR_EVER: Duration = Duration::from_mins(1);

const LIMITS: TimeLimits = TimeLimits {
    connection: Duration::from_secs(2),
    statement: Duration::from_secs(1),
    ping: Duration::from_millis(300),
};

const CONNECTIONS: u32 = 2;

/// A way to a server that can be cut so that neither side notices. Each cut counts up; with an odd count, new connections
/// are accepted and then nothing.
struct Link {
    address: SocketAddr,
    cuts: watch::Sender<u32>,
}

impl Link {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (cuts, seen) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(near, server.clone(), seen.clone()));
            }
        });
        Self { address, cuts }
    }

    fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Another server has taken over the address: new connections work, old ones stay silent.
    fn mend(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

/// Carries bytes until the link is cut; then holds both ends open.
async fn carry(mut near: TcpStream, server: String, mut cuts: watch::Receiver<u32>) {
    if cuts.borrow_and_update().is_multiple_of(2) {
        let mut far = TcpStream::connect(server).await.unwrap();
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => return,
            _ = cuts.changed() => std::future::pending::<()>().await,
        }
    }
    std::future::pending::<()>().await;
    drop(near);
}

async fn vault_over_a_link(server: &TempPostgres) -> (PostgresVault, Link) {
    let url = server.database().unwrap();
    let (credentials, rest) = url.rsplit_once('@').unwrap();
    let (host, database) = rest.split_once('/').unwrap();
    let link = Link::to(host.to_owned()).await;
    let url = Secret::new(format!("{credentials}@{}/{database}", link.address));
    let options = PostgresOptions {
        max_connections: CONNECTIONS,
    };
    let vault = PostgresVault::connect_with(&url, options, LIMITS).await.unwrap();
    (vault, link)
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(FOR_EVER, work).await.expect("waits for ever")
}

fn assert_silent<T>(answer: Result<T, VaultError>) {
    let error = answer.map(drop).unwrap_err();
    assert!(
        matches!(&error, VaultError::Unavailable { reason } if reason.contains("does not answer")),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_vanishes_stops_nobody_when_another_takes_over() {
    let server = TempPostgres::shared().unwrap();
    let (vault, link) = vault_over_a_link(&server).await;
    // Every connection that the pool may have is open, and then idle.
    let both = join_all((0..CONNECTIONS).map(|_| vault.begin())).await;
    assert!(both.iter().all(Result::is_ok));
    drop(both);
    link.cut();
    // More than the pool has connections: at the end none is left that could take one away.
    for answer in in_time(join_all((0..=CONNECTIONS).map(|_| vault.begin()))).await {
        assert_silent(answer);
    }
    assert_silent(in_time(vault.check()).await);
    link.mend();
    in_time(vault.check()).await.unwrap();
    let all = in_time(join_all((0..CONNECTIONS).map(|_| vault.begin()))).await;
    assert!(all.iter().all(Result::is_ok), "all connections are to be had again");
}

#[tokio::test]
async fn a_statement_without_an_answer_is_given_up_and_nothing_is_committed_after_it() {
    let server = TempPostgres::shared().unwrap();
    let (vault, link) = vault_over_a_link(&server).await;
    let mut tx = vault.begin().await.unwrap();
    assert!(tx.settings().add("half", b"x").await.unwrap());
    link.cut();
    assert_silent(in_time(tx.settings().add("other-half", b"x")).await);
    link.mend();
    // Nobody knows what became of the statement, and so the transaction ends here, without another wait.
    assert_silent(in_time(tx.settings().find("half")).await);
    assert_silent(in_time(tx.commit()).await);
    let mut tx = in_time(vault.read()).await.unwrap();
    assert_eq!(tx.settings().find("half").await.unwrap(), None);
}

#[tokio::test]
async fn a_commit_without_an_answer_is_given_up() {
    let server = TempPostgres::shared().unwrap();
    let (vault, link) = vault_over_a_link(&server).await;
    for round in 0..=CONNECTIONS {
        let mut tx = in_time(vault.begin()).await.unwrap();
        assert!(tx.settings().add(&format!("{round}"), b"x").await.unwrap());
        link.cut();
        assert_silent(in_time(tx.commit()).await);
        link.mend();
    }
}

#[tokio::test]
async fn a_connection_that_falls_silent_in_a_dropped_transaction_is_given_up() {
    let server = TempPostgres::shared().unwrap();
    let (vault, link) = vault_over_a_link(&server).await;
    let open = in_time(join_all((0..CONNECTIONS).map(|_| vault.begin()))).await;
    assert!(open.iter().all(Result::is_ok));
    link.cut();
    // Each rolls back into the void.
    drop(open);
    link.mend();
    in_time(vault.check()).await.unwrap();
}
