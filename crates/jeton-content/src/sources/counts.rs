//! Metrics; every label has few values.

use jeton_domain::ForgeKind;
use jeton_forge::content::ReadError;

use super::gate::Shut;

/// Counts a call that is not made, and gives it back.
pub(super) fn counted(shut: Shut) -> Shut {
    count_limited(match shut {
        Shut::Closed { .. } => "closed",
        Shut::Share { .. } => "share",
        Shut::Full => "queue",
    });
    shut
}

/// Counts a limit that was met.
pub(super) fn count_limited(kind: &'static str) {
    metrics::counter!("jeton_content_limited_total", "kind" => kind).increment(1);
}

/// Counts a call to a forge.
pub(super) fn count_call(kind: ForgeKind, error: Option<&ReadError>) {
    let outcome = match error {
        None => "answered",
        Some(ReadError::NotFound(_) | ReadError::NoSuchName(_)) => "not_found",
        Some(ReadError::Unauthorized(_)) => "unauthorized",
        Some(ReadError::Forbidden(_)) => "forbidden",
        Some(ReadError::Limited { .. }) => "limited",
        Some(ReadError::Down(_)) => "down",
        Some(ReadError::Garbled(_)) => "garbled",
        Some(ReadError::Empty) => "empty",
        Some(ReadError::TooLarge { .. }) => "too_large",
        Some(ReadError::Moved { .. }) => "moved",
    };
    metrics::counter!("jeton_content_upstream_calls_total", "forge_kind" => kind.as_str(), "outcome" => outcome)
        .increment(1);
}
