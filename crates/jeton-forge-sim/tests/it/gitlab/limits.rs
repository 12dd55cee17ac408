//! The throttle.

use jiff::SignedDuration;

use super::World;
use crate::common::send;

const NAMES: [&str; 5] = [
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-observed",
    "ratelimit-name",
    "ratelimit-reset",
];

#[tokio::test]
async fn every_answer_tells_how_one_stands() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    let answer = w.get(&token, "/user").await;
    let minute = (w.sim.clock().now() + SignedDuration::from_secs(60))
        .as_second()
        .to_string();
    let stands = NAMES.map(|name| answer.header(name));
    assert_eq!(
        stands,
        ["2000", "1999", "1", "throttle_authenticated_api", minute.as_str()]
    );
    assert_eq!(answer.header("ratelimit-resettime"), "Mon, 01 Jun 2026 12:01:00 GMT");
    let nobody = send(w.request("GET", "/projects")).await;
    assert_eq!(
        (nobody.header("ratelimit-limit"), nobody.header("ratelimit-name")),
        ("500", "throttle_unauthenticated_api")
    );
}

#[tokio::test]
async fn who_comes_too_often_comes_back_next_minute() {
    let w = World::new().await;
    let (token, other) = (w.personal(&["api"]).token, w.personal(&["api"]).token);
    w.sim.set_rate_limit(2);
    w.sim.clock().advance(SignedDuration::from_secs(20));
    assert_eq!(w.get(&token, "/user").await.status, 200);
    // The limit is of the person, not of the token.
    assert_eq!(w.get(&other, "/user").await.status, 200);
    let refused = w.get(&token, "/user").await;
    assert_eq!((refused.status.as_u16(), refused.text.as_str()), (429, "Retry later\n"));
    assert_eq!(
        (refused.header("content-type"), refused.header("retry-after")),
        ("text/plain", "40")
    );
    assert_eq!(
        (
            refused.header("ratelimit-remaining"),
            refused.header("ratelimit-observed")
        ),
        ("0", "3")
    );
    w.sim.clock().advance(SignedDuration::from_secs(40));
    assert_eq!(w.get(&token, "/user").await.status, 200);
}
