//! The settings about content of repositories.

use super::{key_list::key, keys::KeySpec};

/// The settings, in the order of the reference.
pub(crate) const CONTENT_KEYS: &[KeySpec] = &[
    key(
        "content.enabled",
        "yes or no",
        "true",
        "true",
        &[],
        "Whether content of repositories is served: trees, files, lines and commits, under `/v1/content`. Policies say to whom \
         (`content.read`).",
    ),
    key(
        "content.compat",
        "yes or no",
        "true",
        "true",
        &[],
        "Whether it is served under `/repo` too, on the paths of today's clients. Callers without a key are served as `[compat]` says.",
    ),
    key(
        "content.compat_forge",
        "host",
        "",
        r#""github.com""#,
        &[],
        "The GitHub that `/repo` reads from; github.com when left out, or the only GitHub for which there is an App or an account.",
    ),
    key(
        "content.cache_dir",
        "path",
        "<state.dir>/content-cache",
        r#""/var/cache/jeton""#,
        &[],
        "Where larger files are kept, sealed with a key that ends with the process. Whatever an earlier process left there is removed.",
    ),
    key(
        "content.memory_mb",
        "MiB",
        "64",
        "64",
        &[],
        "How much memory smaller files may take.",
    ),
    key(
        "content.disk_mb",
        "MiB",
        "2048",
        "2048",
        &[],
        "How much disk larger files may take.",
    ),
    key(
        "content.max_file_mb",
        "MiB",
        "100",
        "100",
        &[],
        "The largest file that is served. GitHub gives none of more than 100 MB.",
    ),
    key(
        "content.ref_fresh_seconds",
        "seconds",
        "5",
        "5",
        &[],
        "For how long a branch or tag is taken to stand where it was seen, before the forge is asked again.",
    ),
    key(
        "content.right_lasts_seconds",
        "seconds",
        "300",
        "300",
        &[],
        "For how long content is shown after a credential was last seen to read its repository. A right that was taken away at the \
         forge ends within this time; one that a policy took away ends at once.",
    ),
    key(
        "content.stale_seconds",
        "seconds",
        "900",
        "900",
        &[],
        "How old an answer may be that is given while the forge is down; 0 for none. It says so (`Age`, `Warning`).",
    ),
    key(
        "content.calls_per_source",
        "number",
        "16",
        "16",
        &[],
        "Calls to a forge at a time for each credential. GitHub allows 100 for all programs of a user together.",
    ),
];
