use jeton_domain::LeaseHolder;

use super::fixtures::{at, holder};
use crate::{Lease, Vault};

fn lease(name: &str, holder: LeaseHolder, until: i64) -> Lease {
    Lease {
        name: name.to_owned(),
        holder,
        until: at(until),
    }
}

/// One holder per name; names do not touch each other, up to their greatest length.
pub async fn leases_are_taken_by_one(vault: &dyn Vault) {
    let (one, other) = (holder(), holder());
    let long = "x".repeat(200);
    assert!(vault.leases().acquire(&lease("mint/a", one, 30), at(0)).await.unwrap());
    assert!(
        !vault
            .leases()
            .acquire(&lease("mint/a", other, 90), at(1))
            .await
            .unwrap()
    );
    assert!(
        vault
            .leases()
            .acquire(&lease("mint/b", other, 30), at(1))
            .await
            .unwrap()
    );
    assert!(vault.leases().acquire(&lease(&long, one, 30), at(1)).await.unwrap());
    assert!(!vault.leases().acquire(&lease(&long, other, 30), at(1)).await.unwrap());
}

/// Whoever has it may ask again, and then has it for longer, or for shorter.
pub async fn leases_are_extended_by_their_holder(vault: &dyn Vault) {
    let (one, other) = (holder(), holder());
    // Over at once: whatever keeps the other away afterwards is the extension.
    assert!(vault.leases().acquire(&lease("mint/a", one, 0), at(0)).await.unwrap());
    assert!(vault.leases().acquire(&lease("mint/a", one, 60), at(0)).await.unwrap());
    assert!(
        !vault
            .leases()
            .acquire(&lease("mint/a", other, 90), at(1))
            .await
            .unwrap()
    );
    assert!(vault.leases().acquire(&lease("mint/a", one, 1), at(1)).await.unwrap());
    assert!(
        vault
            .leases()
            .acquire(&lease("mint/a", other, 90), at(1))
            .await
            .unwrap()
    );
}

/// A holder that died blocks nobody for longer than its lease. A length of zero or less is over at once, whoever's clock
/// measures it.
pub async fn leases_end_by_themselves(vault: &dyn Vault) {
    for until in [0, -1, -3600] {
        let (one, other) = (holder(), holder());
        let name = format!("mint/{until}");
        assert!(vault.leases().acquire(&lease(&name, one, until), at(0)).await.unwrap());
        assert!(vault.leases().acquire(&lease(&name, other, 60), at(0)).await.unwrap());
        assert!(!vault.leases().acquire(&lease(&name, one, 60), at(1)).await.unwrap());
    }
}

/// Given back, it is free at once; given back by another, it is not.
pub async fn leases_are_released_by_their_holder_only(vault: &dyn Vault) {
    let (one, other) = (holder(), holder());
    assert!(vault.leases().acquire(&lease("mint/a", one, 30), at(0)).await.unwrap());
    vault.leases().release("mint/a", other).await.unwrap();
    vault.leases().release("mint/never-taken", other).await.unwrap();
    assert!(
        !vault
            .leases()
            .acquire(&lease("mint/a", other, 30), at(1))
            .await
            .unwrap()
    );
    vault.leases().release("mint/a", one).await.unwrap();
    assert!(
        vault
            .leases()
            .acquire(&lease("mint/a", other, 30), at(1))
            .await
            .unwrap()
    );
}

/// What ended long ago is forgotten; what ended just now, or has not, stays.
pub async fn leases_that_ended_are_purged(vault: &dyn Vault) {
    let (one, other) = (holder(), holder());
    // Twenty minutes ago, at once, in half a minute.
    for (name, until) in [("a", -1200), ("b", -1200), ("c", 0), ("d", 30)] {
        assert!(vault.leases().acquire(&lease(name, one, until), at(0)).await.unwrap());
    }
    // As callers do: what ended more than ten minutes ago.
    assert_eq!(vault.leases().purge(at(-600)).await.unwrap(), 2);
    assert_eq!(vault.leases().purge(at(-600)).await.unwrap(), 0);
    assert!(!vault.leases().acquire(&lease("d", other, 99), at(0)).await.unwrap());
    assert!(vault.leases().acquire(&lease("a", other, 99), at(0)).await.unwrap());
}
