//! The history.

use jeton_content::{CommitsQuery, ContentError};
use jeton_forge_sim::CommitSpec;
use jiff::{SignedDuration, Timestamp};

use crate::world::{REPOSITORY, World};

/// 250 commits, an hour apart, the last one at the time given.
fn commits(world: &World, last: Timestamp) {
    for number in 0..250_i32 {
        let at = last - SignedDuration::from_hours(i64::from(249 - number));
        let spec = CommitSpec::new(format!("number {number}"))
            .file("count", number.to_string())
            .at(at, 0);
        world.github().commit("acme", "site", &spec).unwrap();
    }
}

fn query(limit: usize) -> CommitsQuery {
    CommitsQuery {
        limit,
        ..CommitsQuery::default()
    }
}

#[tokio::test]
async fn pages_hang_together_while_commits_are_made() {
    let world = World::new().await;
    commits(&world, "2026-05-01T00:00:00Z".parse().unwrap());
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let page = CommitsQuery {
            cursor: cursor.clone(),
            path: "count".parse().unwrap(),
            ..query(40)
        };
        let read = world.content.commits(REPOSITORY, None, page).await.unwrap();
        seen.extend(
            read.value
                .commits
                .iter()
                .map(|(commit, _)| commit.message.trim().to_owned()),
        );
        world.write("count", format!("new {}", seen.len()).as_bytes());
        cursor = read.value.end_cursor.clone();
        if !read.value.has_next {
            break;
        }
    }
    let wanted: Vec<String> = (0..250).rev().map(|number| format!("number {number}")).collect();
    assert_eq!(seen, wanted);
}

#[tokio::test]
async fn dates_are_filtered_at_the_forge_and_found_on_later_pages() {
    let world = World::new().await;
    let last: Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
    commits(&world, last);
    let old = CommitsQuery {
        since: Some(last - SignedDuration::from_hours(245)),
        until: Some(last - SignedDuration::from_hours(240)),
        ..query(100)
    };
    let read = world.content.commits(REPOSITORY, None, old.clone()).await.unwrap();
    let found: Vec<&str> = read
        .value
        .commits
        .iter()
        .map(|(commit, _)| commit.message.trim())
        .collect();
    assert_eq!(
        found,
        ["number 9", "number 8", "number 7", "number 6", "number 5", "number 4"]
    );
    assert!(!read.value.has_next);
    // A cursor of another question.
    let wrong = CommitsQuery {
        cursor: Some(read.value.commits[0].1.clone()),
        ..query(10)
    };
    let error = world.content.commits(REPOSITORY, None, wrong).await.unwrap_err();
    assert!(matches!(error, ContentError::Cursor));
    let backwards = CommitsQuery {
        since: old.until,
        until: old.since,
        ..query(10)
    };
    let error = world.content.commits(REPOSITORY, None, backwards).await.unwrap_err();
    assert!(matches!(error, ContentError::Invalid(_)));
}
