use jeton_accounts::{WorkAccounts, WorkAsk};
use jeton_domain::{Action, Caller, ForgeEndpoint, Role};
use jeton_policy::{Allowed, Ask, Decision, Denied};

use crate::world::{World, gitlab, operator, user};

const HOST: &str = "git.example.com";

async fn found(w: &World, caller: &Caller) -> WorkAccounts {
    let ask = WorkAsk {
        host: HOST,
        kind: None,
        repository: "acme/app",
        account: None,
    };
    let names = ["acme/app".to_owned()];
    let decide = |source: &str, _| -> Result<Allowed, Denied> {
        let ask = Ask {
            action: Action::AccountUse,
            forge: Some(HOST),
            repositories: &names,
            permissions: None,
            source: Some(source),
            lifetime_seconds: None,
            now: w.now(),
        };
        match w.access.decide(caller, &ask) {
            Decision::Allowed(allowed) => Ok(allowed),
            Decision::Denied(denied) => Err(denied),
        }
    };
    w.accounts.work_accounts(caller, ask, decide).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_vouches_for_a_forges_address_is_told() {
    let w = World::start().await;
    let (ada, bob) = (user("ada", Role::Member), user("bob", Role::Member));
    for name in ["ada", "bob"] {
        w.let_user(name, &["account.use", "account.manage"]).await;
    }
    let shared_forge = || w.accounts.shared_forge_on(HOST);
    let own_forge = |caller| w.accounts.private_forge_on(caller, HOST);
    w.add(&ada, "mine", gitlab(1), |new| {
        new.shared = Some(false);
        new.forge = Some("gitlab".to_owned());
        new.base_url = Some(format!("https://{HOST}/pages/ada"));
    })
    .await;
    let page = ForgeEndpoint::gitlab("https://git.example.com/pages/ada").unwrap();
    assert_eq!(
        shared_forge().await.unwrap(),
        None,
        "one caller's word is nobody else's"
    );
    assert_eq!(own_forge(&ada).await.unwrap(), Some(page.clone()));
    assert_eq!(own_forge(&bob).await.unwrap(), None);
    let of_ada = found(&w, &ada).await.usable;
    assert_eq!(
        (of_ada.len(), of_ada[0].forge(), of_ada[0].is_private()),
        (1, &page, true)
    );
    assert!(found(&w, &bob).await.usable.is_empty());

    w.add(&operator(), "work", gitlab(2), |new| {
        new.shared = Some(true);
        new.forge = Some("gitlab".to_owned());
        new.base_url = Some(format!("https://{HOST}"));
    })
    .await;
    let real = ForgeEndpoint::gitlab("https://git.example.com").unwrap();
    assert_eq!(shared_forge().await.unwrap(), Some(real.clone()));
    let of_bob = found(&w, &bob).await.usable;
    assert_eq!(
        (of_bob.len(), of_bob[0].forge(), of_bob[0].is_private()),
        (1, &real, false)
    );
    assert_eq!(found(&w, &ada).await.usable.len(), 2);
}
