use jiff::Timestamp;

use super::fixtures::{add_grants, add_tokens, at, begin, fingerprint, grant, key, of_holder, read, token};
use crate::{GrantFilter, GrantRecord, Vault};

/// All pages of a list, newest first.
async fn pages(vault: &dyn Vault, filter: &GrantFilter, now: Timestamp) -> Vec<GrantRecord> {
    let mut all: Vec<GrantRecord> = Vec::new();
    loop {
        let before = all.last().map(|last| last.id);
        let mut tx = read(vault).await;
        let page = tx.grants().list(filter, before, now, 2).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

fn several() -> (crate::TokenRecord, Vec<GrantRecord>) {
    let on = token(key(1), at(3_600));
    let repositories = [
        &["acme/tools"][..],
        &["Acme/Tools", "acme/other"],
        &["acme2/tools"],
        &[],
        &["group/sub/project"],
        &["Group/sub/deep/project"],
    ];
    let all = (0..24_u8)
        .map(|number| {
            let pick = |of: u8| usize::from(number / of);
            let ends = if number % 4 == 0 { at(40) } else { at(3_600) };
            GrantRecord {
                source: ["app:ci", "account:work", "app:ci2"][pick(2) % 3].to_owned(),
                repositories: repositories[usize::from(number) % 6]
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect(),
                fingerprint: fingerprint(["one", "two"][pick(3) % 2]),
                holder_key: ["client:a", "client:b"][pick(5) % 2].to_owned(),
                expires_at: ends,
                released_at: (number % 7 == 0).then(|| at(30)),
                ..grant(&on, at(i64::from(number)))
            }
        })
        .collect();
    (on, all)
}

fn meant(filter: &GrantFilter, one: &GrantRecord, now: Timestamp) -> bool {
    let names = |wanted: &String| {
        let wanted = wanted.to_ascii_lowercase();
        one.repositories.iter().any(|name| {
            let name = name.to_ascii_lowercase();
            if wanted.ends_with('/') {
                name.starts_with(&wanted)
            } else {
                name == wanted
            }
        })
    };
    (!filter.only_live || one.released_at.is_none() && one.expires_at > now)
        && filter.holder_key.as_ref().is_none_or(|key| *key == one.holder_key)
        && filter.source.as_ref().is_none_or(|source| *source == one.source)
        && filter.repository.as_ref().is_none_or(names)
        && filter
            .fingerprint
            .as_ref()
            .is_none_or(|text| text == one.fingerprint.as_str())
}

/// Every condition with every other one, in pages: newest first, without gap or repeat.
pub async fn grants_are_listed_by_every_filter_and_all_together(vault: &dyn Vault) {
    let (on, all) = several();
    add_tokens(vault, &[&on]).await;
    add_grants(vault, &all.iter().collect::<Vec<_>>()).await;
    let texts = |values: &[&str]| -> Vec<Option<String>> {
        [None]
            .into_iter()
            .chain(values.iter().map(|value| Some((*value).to_owned())))
            .collect()
    };
    let one = fingerprint("one").to_string();
    let mut found = 0;
    for only_live in [false, true] {
        for holder_key in texts(&["client:a", "client:"]) {
            for source in texts(&["app:ci", "account:work", "app:"]) {
                for repository in texts(&[
                    "acme/tools",
                    "ACME/other",
                    "acme/",
                    "group/",
                    "group/sub/",
                    "group/sub/deep/",
                    "acme/tool",
                    "%",
                    "a\0",
                ]) {
                    for fingerprint in texts(&[&one]) {
                        let filter = GrantFilter {
                            only_live,
                            holder_key: holder_key.clone(),
                            source: source.clone(),
                            repository: repository.clone(),
                            fingerprint,
                        };
                        let mut want: Vec<_> = all.iter().filter(|one| meant(&filter, one, at(100))).collect();
                        want.reverse();
                        let listed = pages(vault, &filter, at(100)).await;
                        assert_eq!(listed.iter().collect::<Vec<_>>(), want, "{filter:?}");
                        found += usize::from(!listed.is_empty());
                    }
                }
            }
        }
    }
    assert!(found > 50, "only {found} of the filters found anything");
}

/// What is kept beside a grant for searches goes with it, and nothing of another one's.
pub async fn grants_that_are_purged_are_found_no_more(vault: &dyn Vault) {
    let (on, all) = several();
    add_tokens(vault, &[&on]).await;
    add_grants(vault, &all.iter().collect::<Vec<_>>()).await;
    let mut tx = begin(vault).await;
    let purged = tx.grants().purge(at(41), 100).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(purged, 6);
    for repository in ["acme/tools", "acme/", "group/", "group/sub/", "group/sub/deep/project"] {
        let filter = GrantFilter {
            repository: Some(repository.to_owned()),
            ..GrantFilter::default()
        };
        let left = all
            .iter()
            .filter(|one| one.expires_at > at(41) && meant(&filter, one, at(0)));
        assert_eq!(pages(vault, &filter, at(0)).await.len(), left.count(), "{repository}");
    }
    assert_eq!(
        pages(vault, &of_holder(false, "client:a"), at(0)).await.len()
            + pages(vault, &of_holder(false, "client:b"), at(0)).await.len(),
        18
    );
}

/// By the hour, from the first time on and before the second; also within an hour.
pub async fn grants_are_counted_by_the_hour(vault: &dyn Vault) {
    let on = token(key(1), at(100_000));
    // The times of the fixtures begin at the epoch of some day; hours are those of the clock.
    let start = at(0).as_second().div_euclid(3_600) * 3_600 + 3_600 - at(0).as_second();
    let seconds = [0, 10, 3_599, 3_600, 7_300, 7_301, 7_302];
    let all: Vec<_> = seconds
        .iter()
        .map(|second| GrantRecord {
            holder_key: if second % 2 == 0 { "client:a" } else { "client:b" }.to_owned(),
            ..grant(&on, at(start + second))
        })
        .collect();
    add_tokens(vault, &[&on]).await;
    add_grants(vault, &all.iter().collect::<Vec<_>>()).await;
    let hour = |number: i64| at(start + number * 3_600);
    let mut tx = read(vault).await;
    let mut grants = tx.grants();
    let counted = grants.count_by_hour(hour(-3), hour(5), None).await.unwrap();
    assert_eq!(counted, [(hour(0), 3), (hour(1), 1), (hour(2), 3)]);
    let counted = grants
        .count_by_hour(at(start + 10), at(start + 7_301), None)
        .await
        .unwrap();
    assert_eq!(counted, [(hour(0), 2), (hour(1), 1), (hour(2), 1)]);
    let counted = grants.count_by_hour(hour(0), hour(3), Some("client:a")).await.unwrap();
    assert_eq!(counted, [(hour(0), 2), (hour(1), 1), (hour(2), 2)]);
    assert_eq!(grants.count_by_hour(hour(3), hour(3), None).await.unwrap(), []);
    assert_eq!(grants.count_by_hour(hour(3), hour(0), None).await.unwrap(), []);
}
