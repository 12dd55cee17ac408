//! The accounts at a glance, and how many there are: what each caller sees of them, and nothing of the rest.

use jeton_accounts::{AccountFilter, AccountsOverview, StateCounts};
use jeton_domain::{Caller, ForgeKind, Quota, Role, Secret, TokenEnd, Validity};
use jiff::SignedDuration;

use crate::{
    forges::says_yes,
    world::{World, client, github, gitlab, operator, user},
};

const DAY: i64 = 24;

async fn overview(w: &World, caller: &Caller) -> AccountsOverview {
    w.accounts.overview(caller).await.unwrap()
}

fn ending(found: &AccountsOverview) -> Vec<String> {
    found.ending.iter().map(|one| one.label.to_string()).collect()
}

fn quotas(found: &AccountsOverview) -> Vec<(String, u64)> {
    found
        .quotas
        .iter()
        .map(|one| (one.label.to_string(), one.quota.remaining))
        .collect()
}

impl World {
    /// Adds an account whose token ends in so many days, with so much left of 1,000 requests.
    async fn add_ending(&self, caller: &Caller, label: &str, token: Secret, days: i64, left: u64) {
        let now = self.now();
        let end = now + SignedDuration::from_hours(DAY * days);
        self.add(caller, label, token.clone(), |_| {}).await;
        let kind = if token.expose().starts_with("gl") {
            jeton_domain::CredentialKind::GitLabPersonal
        } else {
            jeton_domain::CredentialKind::GitHubClassic
        };
        let mut report = says_yes(kind, "octocat");
        report.end = TokenEnd::At(end);
        report.quota = Some(Quota {
            limit: 1_000,
            remaining: left,
            resets_at: Some(now + SignedDuration::from_mins(30)),
        });
        report.checked_at = now;
        self.forges.knows(&token, report);
        self.accounts
            .test_stored(caller, None, label, vec![], None)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overview_tells_what_a_caller_sees_and_no_more() {
    let w = World::start().await;
    w.let_user("ada", &["account.use", "account.manage"]).await;
    w.let_client("ci", &["account.use"], |spec| {
        spec.sources = vec!["account:work".to_owned()];
    })
    .await;
    let ada = user("ada", Role::Member);
    w.add_ending(&operator(), "work", github(1), 20, 500).await;
    w.add_ending(&operator(), "lab", gitlab(2), 40, 20).await;
    w.add_ending(&operator(), "far", github(3), 300, 700).await;
    w.add_ending(&ada, "mine", github(4), 10, 1).await;
    w.add_shared("off", 5).await;
    let change = jeton_accounts::AccountChange {
        active: Some(false),
        ..jeton_accounts::AccountChange::default()
    };
    w.accounts.update(&operator(), None, "off", change).await.unwrap();

    let all = overview(&w, &operator()).await;
    let states = StateCounts {
        valid: 4,
        off: 1,
        total: 5,
        ..StateCounts::default()
    };
    assert_eq!(all.states, states);
    let kinds: Vec<_> = all
        .by_forge
        .iter()
        .map(|(kind, counts)| (*kind, counts.total))
        .collect();
    assert_eq!(kinds, [(ForgeKind::GitHub, 4), (ForgeKind::GitLab, 1)]);
    assert_eq!(ending(&all), ["mine", "work", "lab"]);
    assert_eq!(all.ending_30_days, 2);
    let left = |labels: &[(&str, u64)]| {
        labels
            .iter()
            .map(|(label, left)| ((*label).to_owned(), *left))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        quotas(&all),
        left(&[("mine", 1), ("lab", 20), ("work", 500), ("far", 700)])
    );

    // A private account of somebody else is not there, in no number.
    w.let_user("bob", &["account.manage"]).await;
    let bob = overview(&w, &user("bob", Role::Member)).await;
    assert_eq!((bob.states.total, bob.ending_30_days), (4, 1));
    assert_eq!(ending(&bob), ["work", "lab"]);
    assert_eq!(quotas(&bob), left(&[("lab", 20), ("work", 500), ("far", 700)]));
    assert_eq!(overview(&w, &ada).await.states.total, 5);

    // Who may use one sees that one; who may do nothing sees nothing.
    let ci = overview(&w, &client("ci")).await;
    assert_eq!((ci.states.valid, ci.states.total, ci.ending_30_days), (1, 1, 1));
    assert_eq!(
        (ending(&ci), quotas(&ci)),
        (vec!["work".to_owned()], left(&[("work", 500)]))
    );
    let nobody = overview(&w, &client("nobody")).await;
    assert_eq!(
        (nobody.states, nobody.ending.len(), nobody.quotas.len()),
        (StateCounts::default(), 0, 0)
    );

    // What has ended is told for a week, first; what was left of a window that is over is not.
    w.clock.advance(SignedDuration::from_hours(DAY * 22));
    let later = overview(&w, &operator()).await;
    assert_eq!((later.states.ended, later.states.valid), (2, 2));
    assert_eq!(ending(&later), ["work", "lab"], "of twelve days ago nothing is told");
    assert_eq!((later.ending_30_days, later.quotas.len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_of_what_the_list_has() {
    let w = World::start().await;
    w.let_client("ci", &["account.use"], |spec| {
        spec.sources = vec!["account:a*".to_owned()];
    })
    .await;
    for (seed, label) in (1..).zip(["alpha", "abel", "work", "zulu"]) {
        w.add_shared(label, seed).await;
    }
    w.let_user("ada", &["account.use", "account.manage"]).await;
    let ada = user("ada", Role::Member);
    w.add(&ada, "also-mine", github(9), |new| {
        new.note = Some("ALPHA too".to_owned());
    })
    .await;
    let text = |text: &str| AccountFilter {
        text: Some(text.to_owned()),
        ..AccountFilter::default()
    };
    let private = AccountFilter {
        private: Some(true),
        ..AccountFilter::default()
    };
    let valid = AccountFilter {
        validity: Some(Validity::Valid),
        ..AccountFilter::default()
    };
    for filter in [AccountFilter::default(), text("alpha"), text("l"), private, valid] {
        for caller in [
            operator(),
            client("ci"),
            ada.clone(),
            user("eve", Role::Auditor),
            client("nobody"),
        ] {
            let page = w.accounts.list(&caller, &filter, None, 100).await.unwrap();
            let counted = w.accounts.count_seen(&caller, &filter, 100).await.unwrap().count;
            assert_eq!(counted, page.accounts.len() as u64, "{filter:?} {caller:?}");
            assert_eq!(
                w.accounts.count_seen(&caller, &filter, 1).await.unwrap().count,
                counted.min(1)
            );
        }
    }
    assert_eq!(
        w.accounts
            .count_seen(&operator(), &text("alpha"), 100)
            .await
            .unwrap()
            .count,
        2
    );
    assert_eq!(
        w.accounts
            .count_seen(&client("ci"), &text("alpha"), 100)
            .await
            .unwrap()
            .count,
        1
    );
}
