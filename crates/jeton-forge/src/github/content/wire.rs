//! GitHub's JSON about what is in repositories, as far as it is read, and types for its pieces. Borrowed where it can be: a tree
//! has up to 100,000 entries.

use std::{borrow::Cow, fmt};

use jeton_domain::ObjectId;
use jiff::{
    Timestamp, Zoned,
    fmt::temporal::{Pieces, PiecesOffset},
    tz::TimeZone,
};
use serde::{Deserialize, Deserializer, de};

/// An object id; one that does not parse makes the whole answer nonsense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WireId(pub(super) ObjectId);

impl<'de> Deserialize<'de> for WireId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Id;

        impl de::Visitor<'_> for Id {
            type Value = WireId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object id")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<WireId, E> {
                text.parse().map(WireId).map_err(E::custom)
            }
        }

        from.deserialize_str(Id)
    }
}

/// Something that is known by its id alone.
#[derive(Debug, Deserialize)]
pub(super) struct WireNamed {
    pub(super) sha: WireId,
}

/// A commit, in lists and alone.
#[derive(Debug, Deserialize)]
pub(super) struct WireCommit {
    pub(super) sha: WireId,
    pub(super) html_url: Option<String>,
    pub(super) commit: WireCommitBody,
    #[serde(default)]
    pub(super) parents: Vec<WireNamed>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireCommitBody {
    pub(super) message: String,
    pub(super) author: Option<WirePerson>,
    pub(super) committer: Option<WirePerson>,
    pub(super) tree: Option<WireNamed>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct WirePerson {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) date: Option<String>,
}

/// A branch or a tag, with what it points at.
#[derive(Debug, Deserialize)]
pub(super) struct WireRef<'a> {
    #[serde(borrow, rename = "ref")]
    pub(super) name: Cow<'a, str>,
    pub(super) object: WireNamed,
}

/// A tree.
#[derive(Debug, Deserialize)]
pub(super) struct WireTree<'a> {
    #[serde(borrow)]
    pub(super) tree: Vec<WireEntry<'a>>,
    #[serde(default)]
    pub(super) truncated: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireEntry<'a> {
    #[serde(borrow)]
    pub(super) path: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) mode: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    pub(super) sha: WireId,
    pub(super) size: Option<u64>,
}

/// One place, in the form `object`.
#[derive(Debug, Deserialize)]
pub(super) struct WireContent<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) path: Option<Cow<'a, str>>,
    pub(super) sha: Option<WireId>,
    pub(super) size: Option<u64>,
    #[serde(borrow)]
    pub(super) content: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) encoding: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) target: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) submodule_git_url: Option<Cow<'a, str>>,
}

/// Reads a time with the zone that it is told in.
pub(super) fn zoned(text: &str) -> Option<Zoned> {
    let time: Timestamp = text.parse().ok()?;
    let zone = match Pieces::parse(text).ok()?.offset()? {
        PiecesOffset::Numeric(offset) => TimeZone::fixed(offset.offset()),
        _ => TimeZone::UTC,
    };
    Some(time.to_zoned(zone))
}

#[cfg(test)]
mod tests {
    use super::{WireId, zoned};

    #[test]
    fn an_id_that_does_not_parse_is_refused() {
        assert!(serde_json::from_str::<WireId>(&format!("\"{}\"", "ab".repeat(20))).is_ok());
        for bad in ["\"\"", "\"../x\"", "7", "null", "\"zz\""] {
            assert!(serde_json::from_str::<WireId>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_keeps_its_zone() {
        let shown = |text| zoned(text).map(|at| at.strftime("%Y-%m-%d %H:%M:%S %:z").to_string());
        assert_eq!(
            shown("2026-01-01T02:00:00+02:00").as_deref(),
            Some("2026-01-01 02:00:00 +02:00")
        );
        assert_eq!(
            shown("2026-01-01T00:00:00Z").as_deref(),
            Some("2026-01-01 00:00:00 +00:00")
        );
        assert_eq!(
            shown("2025-12-31T18:30:00-05:30").as_deref(),
            Some("2025-12-31 18:30:00 -05:30")
        );
        for bad in [
            "",
            "yesterday",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "99999-01-01T00:00:00Z",
        ] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }
}
