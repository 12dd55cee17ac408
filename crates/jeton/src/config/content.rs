//! What is in repositories, and how it is kept.

use std::{path::Path, time::Duration};

use jeton_content::ContentSettings;
use jiff::SignedDuration;

use super::settings::Settings;

/// From when on a right is looked at again, unless it lasts for less than twice that.
const RIGHT_FRESH: SignedDuration = SignedDuration::from_mins(1);

const MIB: u64 = 1024 * 1024;

/// Content of repositories.
#[derive(Debug, Clone)]
pub(crate) struct ContentConfig {
    /// Whether it is served at all.
    pub(crate) enabled: bool,
    /// Whether it is served on the paths of today's clients too.
    pub(crate) compat: bool,
    /// How it is read and kept.
    pub(crate) settings: ContentSettings,
}

impl ContentConfig {
    /// For how long callers may keep what never changes: not longer than a right that was taken away lasts here.
    pub(crate) fn pinned_max_age(&self) -> Duration {
        Duration::try_from(self.settings.right_lasts).unwrap_or_default()
    }
}

pub(super) fn read(set: &mut Settings, state_dir: Option<&Path>) -> ContentConfig {
    let enabled = set.flag("content.enabled", true);
    let compat = set.flag("content.compat", true);
    let directory = set
        .path("content.cache_dir")
        .or_else(|| state_dir.map(|dir| dir.join("content-cache")));
    let disk_mb = set.number("content.disk_mb", 16..=1_048_576, 2_048);
    let max_file_mb = set.number("content.max_file_mb", 1..=4_096, 100);
    if max_file_mb > disk_mb {
        let what = format!(
            "content.max_file_mb is {max_file_mb}, and content.disk_mb {disk_mb}: the largest file does not fit"
        );
        set.missing(what, "Give the cache more room on disk, or serve smaller files only.");
    }
    let seconds = |number: u32| SignedDuration::from_secs(number.into());
    let right_lasts = seconds(set.number("content.right_lasts_seconds", 10..=86_400, 300));
    let mut settings = ContentSettings::new(directory);
    settings.blobs.memory_bytes = MIB * u64::from(set.number("content.memory_mb", 8..=65_536, 64));
    settings.blobs.disk_bytes = MIB * u64::from(disk_mb);
    settings.max_file_bytes = MIB * u64::from(max_file_mb);
    settings.ref_fresh = seconds(set.number("content.ref_fresh_seconds", 0..=3_600, 5));
    settings.right_fresh = RIGHT_FRESH.min(right_lasts / 2);
    settings.right_lasts = right_lasts;
    settings.stale = seconds(set.number("content.stale_seconds", 0..=86_400, 900));
    settings.calls_per_source = set.number("content.calls_per_source", 1..=100, 16) as usize;
    settings.compat_forge = set.text("content.compat_forge");
    ContentConfig {
        enabled,
        compat,
        settings,
    }
}
