//! Whose clock ends a lease.

use jeton_domain::{LeaseHolder, Secret};
use jeton_temp_postgres::TempPostgres;
use jeton_vault::{Lease, Vault as _};
use jeton_vault_postgres::{PostgresOptions, PostgresVault};
use jiff::{SignedDuration, Timestamp};

/// A lease of half a minute for whoever believes that it is `now`.
fn lease(holder: LeaseHolder, now: Timestamp) -> Lease {
    Lease {
        name: "mint/a".to_owned(),
        holder,
        until: now + SignedDuration::from_secs(30),
    }
}

#[tokio::test]
async fn replicas_with_other_clocks_take_no_lease_from_each_other() {
    let server = TempPostgres::shared().unwrap();
    let url = Secret::new(server.database().unwrap());
    let vault = PostgresVault::connect(&url, PostgresOptions::default()).await.unwrap();
    let leases = vault.leases();
    let [one, other] = ["01", "02"].map(|end| {
        let id = format!("00000000-0000-7000-8000-0000000000{end}");
        LeaseHolder::from_uuid(id.parse().unwrap())
    });
    let slow = Timestamp::from_second(1_000_000_000).unwrap();
    let fast = Timestamp::from_second(4_000_000_000).unwrap();
    for (holder_now, other_now) in [(slow, fast), (fast, slow)] {
        assert!(leases.acquire(&lease(one, holder_now), holder_now).await.unwrap());
        assert!(!leases.acquire(&lease(other, other_now), other_now).await.unwrap());
        assert_eq!(leases.purge(other_now).await.unwrap(), 0);
        assert!(!leases.acquire(&lease(other, other_now), other_now).await.unwrap());
        leases.release("mint/a", one).await.unwrap();
        // And a holder's clock that is far off keeps nobody from it afterwards.
        assert!(leases.acquire(&lease(other, other_now), other_now).await.unwrap());
        leases.release("mint/a", other).await.unwrap();
    }
}
