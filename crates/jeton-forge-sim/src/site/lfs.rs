//! Git LFS: pointers in a repository, and the large files that they stand for.

use std::collections::HashMap;
use std::sync::Mutex;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;

use crate::lock;

/// A pointer is shorter than this; a longer file is none (git-lfs, `docs/spec.md`).
pub(crate) const MAX_POINTER: u64 = 1024;

const VERSION: &str = "version https://git-lfs.github.com/spec/v1\n";

/// The objects of every repository of a forge.
#[derive(Default)]
pub(crate) struct LfsObjects(Mutex<HashMap<(u64, String), Bytes>>);

impl LfsObjects {
    /// Stores an object; answers the pointer to commit in its place.
    pub(crate) fn add(&self, repository: u64, content: Vec<u8>) -> String {
        let id = hex::encode(digest(&SHA256, &content));
        let pointer = format!("{VERSION}oid sha256:{id}\nsize {}\n", content.len());
        lock(&self.0).insert((repository, id), content.into());
        pointer
    }

    pub(crate) fn find(&self, repository: u64, id: &str) -> Option<Bytes> {
        lock(&self.0).get(&(repository, id.to_owned())).cloned()
    }
}

/// The id of the object that a file points to; `None`: it is no pointer.
pub(crate) fn pointed_at(content: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(content).ok()?.strip_prefix(VERSION)?;
    let id = text.lines().find_map(|line| line.strip_prefix("oid sha256:"))?;
    let sized = text.lines().any(|line| line.starts_with("size "));
    (sized && id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_to_what_was_stored() {
        let objects = LfsObjects::default();
        let pointer = objects.add(1, b"large".to_vec());
        let id = pointed_at(pointer.as_bytes()).unwrap();
        assert_eq!(objects.find(1, id).as_deref(), Some(&b"large"[..]));
        assert!(objects.find(2, id).is_none(), "another repository's");
    }

    #[test]
    fn what_only_looks_like_a_pointer_is_a_file() {
        let id = "a".repeat(64);
        let none = [
            String::new(),
            VERSION.to_owned(),
            format!("{VERSION}oid sha256:{id}\n"),
            format!("{VERSION}oid sha256:short\nsize 1\n"),
            format!("oid sha256:{id}\nsize 1\n"),
        ];
        for text in none {
            assert_eq!(pointed_at(text.as_bytes()), None, "{text}");
        }
    }
}
