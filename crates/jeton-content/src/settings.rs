use std::path::PathBuf;

use jiff::SignedDuration;

use crate::BlobSettings;

/// What an operator may tune.
#[derive(Debug, Clone)]
pub struct ContentSettings {
    /// The cache of files.
    pub blobs: BlobSettings,
    /// Bytes of listings, places and histories that are kept in memory, roughly: a tree of 100,000 files has 20 MB. Default: 96 MiB.
    pub index_bytes: u64,
    /// For how long a branch or tag is taken to stand where it was seen, without asking. Default: 5 s.
    pub ref_fresh: SignedDuration,
    /// From when on it is looked at again, in the background, whether a credential still reads a repository. Default: 1 min.
    pub right_fresh: SignedDuration,
    /// How long content is shown after a credential was last seen to read its repository: within this time a right that was taken
    /// away at the forge ends. Default: 5 min.
    pub right_lasts: SignedDuration,
    /// How old an answer may be that is given while the forge is down; zero: none is. Default: 15 min.
    pub stale: SignedDuration,
    /// The largest file in bytes. Default: 100 MiB.
    pub max_file_bytes: u64,
    /// Calls to a forge at a time for each credential. GitHub allows 100 for all programs of a user together. Default: 16.
    pub calls_per_source: usize,
    /// The host that the compatible routes read from; github.com, or the only GitHub that there is, when absent.
    pub compat_forge: Option<String>,
}

impl ContentSettings {
    /// The defaults, with the files of the cache in a directory; without one they stay in memory.
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self {
            blobs: BlobSettings::new(directory),
            index_bytes: 96 * 1024 * 1024,
            ref_fresh: SignedDuration::from_secs(5),
            right_fresh: SignedDuration::from_mins(1),
            right_lasts: SignedDuration::from_mins(5),
            stale: SignedDuration::from_mins(15),
            max_file_bytes: 100 * 1024 * 1024,
            calls_per_source: 16,
            compat_forge: None,
        }
    }
}
