//! The forge's clock and ours, and whether the forge can be reached at all.

use std::time::Duration;

use jeton_domain::{Code, ForgeEndpoint};
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::header;

use super::Finding;
use crate::cli::{CliError, http_client, reason};

/// From here on the clocks should be looked at. A JWT leaves GitHub 60 s of drift.
const WARN_SECONDS: i64 = 30;
/// From here on nothing can be signed without asking the forge for its time first.
const FAIL_SECONDS: i64 = 300;

/// What the forge's `Date` says, or why there is none.
pub(super) async fn ask(endpoint: &ForgeEndpoint) -> Result<Option<Timestamp>, String> {
    let client = http_client(Duration::from_secs(10), true, None).map_err(|error: CliError| error.to_string())?;
    // any answer has a date; this one costs nothing and needs no key
    let response = client.get(endpoint.api_url()).send().await.map_err(reason)?;
    Ok(response
        .headers()
        .get(header::DATE)
        .and_then(|date| parse_date(date.to_str().ok()?)))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn parse_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// What it means. `sure` tells whether this forge is really one that is used.
pub(super) fn judge(
    host: &str,
    ours: Timestamp,
    theirs: Result<Option<Timestamp>, String>,
    sure: bool,
) -> Vec<Finding> {
    let theirs = match theirs {
        Ok(theirs) => theirs,
        Err(reason) => {
            let make = if sure { Finding::fail } else { Finding::warn };
            return vec![make(
                "forge",
                Code::ForgeUnavailable,
                format!("{host} cannot be reached: {reason}"),
                "Check that its name resolves, that a firewall lets this machine through, and that its certificate is \
                 trusted. Proxies from the environment are not used.",
            )];
        }
    };
    let reached = Finding::ok("forge", format!("{host} answers"));
    let clock = match theirs.map(|theirs| theirs.as_second() - ours.as_second()) {
        None => Finding::warn(
            "clock",
            Code::ClockSkew,
            format!("{host} does not say what time it is"),
            SYNCHRONIZE,
        ),
        Some(skew) if skew.abs() > FAIL_SECONDS => {
            Finding::fail("clock", Code::ClockSkew, differs(host, skew), SYNCHRONIZE)
        }
        Some(skew) if skew.abs() > WARN_SECONDS => {
            Finding::warn("clock", Code::ClockSkew, differs(host, skew), SYNCHRONIZE)
        }
        Some(skew) => Finding::ok("clock", format!("within {} s of {host}'s", skew.abs().max(1))),
    };
    vec![reached, clock]
}

const SYNCHRONIZE: &str = "Set this machine's clock: `timedatectl status` tells whether it is synchronized, `timedatectl set-ntp true` \
     switches that on.";

fn differs(host: &str, skew: i64) -> String {
    let direction = if skew > 0 { "behind" } else { "ahead of" };
    format!("this machine's clock is {} s {direction} {host}'s", skew.abs())
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{judge, parse_date};
    use crate::doctor::Level;

    fn level_at(skew_seconds: i64) -> Level {
        let ours: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let theirs = ours + SignedDuration::from_secs(skew_seconds);
        judge("github.com", ours, Ok(Some(theirs)), true)[1].level
    }

    #[test]
    fn the_difference_decides() {
        for (skew, level) in [
            (0, Level::Ok),
            (30, Level::Ok),
            (-31, Level::Warn),
            (300, Level::Warn),
            (-301, Level::Fail),
        ] {
            assert_eq!(level_at(skew), level, "{skew}");
        }
        let ours = Timestamp::UNIX_EPOCH;
        let behind = &judge("github.com", ours, Ok(Some(ours + SignedDuration::from_hours(1))), true)[1];
        assert!(behind.what.contains("3600 s behind"), "{}", behind.what);
        assert!(behind.remedy.as_ref().unwrap().contains("timedatectl"));
    }

    #[test]
    fn a_forge_that_is_only_guessed_does_not_fail() {
        let refused = || Err("Connection refused".to_owned());
        assert_eq!(
            judge("github.com", Timestamp::UNIX_EPOCH, refused(), true)[0].level,
            Level::Fail
        );
        assert_eq!(
            judge("github.com", Timestamp::UNIX_EPOCH, refused(), false)[0].level,
            Level::Warn
        );
    }

    #[test]
    fn dates_of_http_are_read() {
        assert_eq!(
            parse_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap().as_second(),
            784_111_777
        );
        assert_eq!(parse_date("yesterday"), None);
    }
}
