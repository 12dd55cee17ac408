//! Few among many: what is somebody's own, and what they may use, is found whatever lies before it.

use jeton_accounts::{AccountFilter, AccountPage};
use jeton_domain::{AccountId, AccountLabel, Caller, Fingerprint, Role, Secret};
use jeton_policy::{CallerSpec, OneOrMany, PolicySpec};
use jeton_vault::AccountRecord;
use jiff::{SignedDuration, Timestamp};

use crate::world::{Random, World, github, operator, user};

impl World {
    /// As `change` makes them of a shared one, past all tests of tokens.
    pub(crate) async fn copies(
        &self,
        labels: impl IntoIterator<Item = String>,
        change: impl Fn(usize, &mut AccountRecord),
    ) {
        let like = self.add_shared("a-model", 200).await.id;
        let mut tx = self.vault.begin().await.unwrap();
        let like = tx.accounts().find(like).await.unwrap().unwrap();
        for (number, label) in labels.into_iter().enumerate() {
            let mut one = AccountRecord {
                id: AccountId::generate(self.now(), &Random),
                fingerprint: Fingerprint::of(&Secret::new(format!("the token of {label}"))),
                label: AccountLabel::parse(&label).unwrap(),
                ..like.clone()
            };
            change(number, &mut one);
            tx.accounts().add(&one).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    async fn let_use(&self, name: &str, sources: &[&str]) {
        let spec = PolicySpec {
            name: format!("{name}-uses"),
            callers: CallerSpec {
                user: Some(OneOrMany::from(name.to_owned())),
                ..CallerSpec::default()
            },
            actions: vec!["account.use".to_owned()],
            repositories: vec!["*/*".to_owned()],
            sources: sources.iter().map(|source| (*source).to_owned()).collect(),
            ..PolicySpec::default()
        };
        self.access
            .put_policy(&operator(), None, spec, jeton_access::PolicyChange::Put)
            .await
            .unwrap();
    }

    async fn page(&self, caller: &Caller, limit: u32) -> AccountPage {
        let none = AccountFilter::default();
        self.accounts.list(caller, &none, None, limit).await.unwrap()
    }
}

fn labels(page: &AccountPage) -> Vec<&str> {
    page.accounts.iter().map(|one| one.label.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn few_are_found_behind_ten_thousand() {
    let w = World::start().await;
    w.copies((0..10_001).map(|number| format!("m{number:05}")), |_, _| {})
        .await;
    w.add_shared("zulu-bot", 1).await;
    w.add_shared("zulu-two", 2).await;
    // Each may keep accounts of their own, and use of the shared ones what the policy says.
    for (name, sources, seen, is_cut) in [
        ("ada", &["account:own/*"][..], &["a-own", "x-own"][..], false),
        ("bob", &["account:zulu-two"], &["a-own", "x-own", "zulu-two"], false),
        (
            "cyd",
            &["account:zulu*", "account:zulu-bot", "app:*", "account:n*"],
            &["a-own", "x-own", "zulu-bot", "zulu-two"],
            false,
        ),
        ("dan", &["account:*-bot"], &["a-own", "x-own"], true),
    ] {
        w.let_use(name, sources).await;
        let caller = user(name, Role::Member);
        for (seed, label) in (10..).zip(["a-own", "x-own"]) {
            w.add(&caller, label, github(seed), |_| {}).await;
        }
        let page = w.page(&caller, 50).await;
        assert_eq!((labels(&page), page.or_more), (seen.to_vec(), is_cut), "{name}");
        let none = AccountFilter::default();
        let counted = w.accounts.count_seen(&caller, &none, 100).await.unwrap();
        assert_eq!((counted.count, counted.or_more), (seen.len() as u64, is_cut), "{name}");
        let overview = w.accounts.overview(&caller).await.unwrap();
        assert_eq!(
            (overview.states.total, overview.or_more),
            (seen.len() as u64, is_cut),
            "{name}"
        );
        // Page by page it is the same.
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let from = after
                .as_ref()
                .map(|(label, id): &(AccountLabel, AccountId)| (label, *id));
            let page = w.accounts.list(&caller, &none, from, 1).await.unwrap();
            paged.extend(page.accounts.iter().map(|one| one.label.to_string()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, seen, "{name}");
    }
    // What lies beyond is found by the beginning of its label.
    let beyond = AccountFilter {
        label_prefix: Some("zulu".to_owned()),
        ..AccountFilter::default()
    };
    let page = w
        .accounts
        .list(&user("dan", Role::Member), &beyond, None, 10)
        .await
        .unwrap();
    assert_eq!((labels(&page), page.or_more), (vec!["zulu-bot"], false));
    // Who may use all is shown all.
    w.let_use("eve", &[]).await;
    let eve = w.page(&user("eve", Role::Member), 500).await;
    assert_eq!((eve.accounts.len(), eve.next.is_some()), (500, true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_that_have_passed_do_not_hide_those_to_come() {
    let w = World::start().await;
    let now = w.now();
    let hours = |hours: i64| now + SignedDuration::from_hours(hours);
    let end = |number: usize| match number {
        14 => hours(24 * 3),
        15 => hours(24 * 9),
        past => hours(-1 - i64::try_from(past).unwrap()),
    };
    w.copies((0..16).map(|number| format!("t{number:02}")), |number, one| {
        one.expires_at = Some(end(number));
    })
    .await;
    w.let_use("ada", &["account:t*"]).await;
    for caller in [operator(), user("ada", Role::Member)] {
        let overview = w.accounts.overview(&caller).await.unwrap();
        let ending: Vec<&str> = overview.ending.iter().map(|one| one.label.as_str()).collect();
        assert_eq!(ending, ["t03", "t02", "t01", "t00", "t14", "t15"], "{caller:?}");
        assert_eq!((overview.states.ended, overview.ending_30_days), (14, 2), "{caller:?}");
    }
}

/// Ends of every kind, of tokens of every kind, in use or not: each list has as many as the overview counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_of_the_overview_are_those_of_the_lists() {
    use jeton_domain::Validity::{Invalid, Unknown, Valid};

    let w = World::start().await;
    let now: Timestamp = w.now();
    let ends = [None, Some(-24), Some(0), Some(24 * 10), Some(24 * 30), Some(24 * 40)];
    let all = (0..36).map(|number| format!("t{number:02}"));
    w.copies(all, |number, one| {
        one.validity = [Valid, Invalid, Unknown][number % 3];
        one.active = number % 6 < 3;
        one.expires_at = ends[number / 6].map(|hours| now + SignedDuration::from_hours(hours));
    })
    .await;
    let base = |validity| AccountFilter {
        validity,
        active: Some(true),
        ..AccountFilter::default()
    };
    let lasting = |validity| AccountFilter {
        not_ended_at: Some(now),
        ..base(validity)
    };
    w.let_use("ada", &["account:t*", "account:a-model"]).await;
    for caller in [operator(), user("ada", Role::Member)] {
        let overview = w.accounts.overview(&caller).await.unwrap();
        let states = overview.states;
        assert_eq!(
            (states.valid, states.invalid, states.unknown, states.ended, states.off),
            (4 + 1, 4, 4, 6, 18)
        );
        for (filter, want) in [
            (lasting(Some(Valid)), states.valid),
            (lasting(Some(Invalid)), states.invalid),
            (lasting(Some(Unknown)), states.unknown),
            (
                AccountFilter {
                    ends_before: Some(now + SignedDuration::from_millis(1)),
                    ..base(None)
                },
                states.ended,
            ),
            (
                AccountFilter {
                    active: Some(false),
                    ..AccountFilter::default()
                },
                states.off,
            ),
            (
                AccountFilter {
                    ends_before: Some(now + SignedDuration::from_hours(24 * 30)),
                    ..lasting(None)
                },
                overview.ending_30_days,
            ),
        ] {
            let counted = w.accounts.count_seen(&caller, &filter, 100).await.unwrap();
            assert_eq!(counted.count, want, "{filter:?}");
            let page = w.accounts.list(&caller, &filter, None, 100).await.unwrap();
            assert_eq!(page.accounts.len() as u64, want, "{filter:?}");
        }
    }
}
