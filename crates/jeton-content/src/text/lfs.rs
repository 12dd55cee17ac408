/// What a pointer of Git LFS points to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LfsPointer {
    /// The SHA-256 of the file that is meant, in 64 lower-case hex digits, without `sha256:` before it.
    pub oid: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A pointer is smaller than this (git-lfs, docs/spec.md, "The Pointer").
pub(super) const MAX_POINTER: usize = 1024;

impl LfsPointer {
    /// Reads a whole file as a pointer. By git-lfs's docs/spec.md it is UTF-8 of lines `key value` that all end with LF: `version`
    /// first, all others in the order of their keys, among them `oid` and `size`.
    pub(super) fn parse(file: &[u8]) -> Option<Self> {
        if file.len() >= MAX_POINTER {
            return None;
        }
        let text = std::str::from_utf8(file).ok()?.strip_suffix('\n')?;
        let mut lines = text.split('\n');
        if lines.next()? != "version https://git-lfs.github.com/spec/v1" {
            return None;
        }
        let (mut oid, mut size, mut before) = (None, None, "");
        for line in lines {
            let (key, value) = line.split_once(' ')?;
            let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
            if key <= before || !key.bytes().all(known) || value.is_empty() || value.contains('\r') {
                return None;
            }
            before = key;
            match key {
                "oid" => oid = Some(sha256(value)?),
                "size" => size = Some(decimal(value)?),
                _ => {}
            }
        }
        Some(Self { oid: oid?, size: size? })
    }
}

fn sha256(value: &str) -> Option<String> {
    let digits = value.strip_prefix("sha256:")?;
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (digits.len() == 64 && digits.bytes().all(hex)).then(|| digits.to_owned())
}

fn decimal(value: &str) -> Option<u64> {
    // `parse` alone would take a sign.
    value
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| value.parse().ok())?
}
