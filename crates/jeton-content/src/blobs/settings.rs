use std::path::PathBuf;

/// How much room the cache of files has, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobSettings {
    /// Bytes of files in memory, with what is known of each. Default: 64 MiB.
    pub memory_bytes: u64,
    /// Bytes of files on disk, those on their way included. A file that is larger cannot be had. Default: 2 GiB.
    pub disk_bytes: u64,
    /// Where the files are. It is made when it is not there. Without one they are unnamed files where temporary files are, and
    /// only few are kept.
    pub directory: Option<PathBuf>,
    /// The largest file in bytes that is in memory. Default: 1 MiB and a bit.
    pub largest_in_memory: u64,
}

impl BlobSettings {
    /// The defaults.
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self {
            memory_bytes: 64 * 1024 * 1024,
            disk_bytes: 2 * 1024 * 1024 * 1024,
            directory,
            // Files up to 1 MiB are answered whole, so they have to be at hand whole; the bit is for those who mean "about".
            largest_in_memory: 1024 * 1024 + 64 * 1024,
        }
    }
}
