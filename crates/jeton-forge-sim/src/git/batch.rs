//! `git cat-file` processes that stay, so that a look at an object costs no process.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::Mutex;

use super::objects::{ObjectInfo, ObjectKind};
use super::store::GitStore;
use crate::lock;

/// Idle processes that are kept, over all repositories.
const KEPT: usize = 32;
/// Questions that are asked before their answers are read: both fit into the pipes, so that nobody waits for ever.
const AT_ONCE: usize = 256;

/// Idle processes with the repository of each; the one used last is at the end.
#[derive(Default)]
pub(super) struct Batches(Mutex<Vec<(u64, Batch)>>);

/// One `git cat-file --batch-command`.
pub(super) struct Batch {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Drop for Batch {
    fn drop(&mut self) {
        // It has nothing to lose, and a pipe half read would keep it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl GitStore {
    /// Works with a process of a repository, which no other does meanwhile.
    pub(super) fn with_batch<T>(&self, id: u64, work: impl FnOnce(&mut Batch) -> io::Result<T>) -> io::Result<T> {
        let idle = {
            let mut all = lock(&self.batches().0);
            let found = all.iter().rposition(|(of, _)| *of == id);
            found.map(|place| all.remove(place).1)
        };
        let mut batch = match idle {
            Some(batch) => batch,
            None => Batch::start(self, id)?,
        };
        // One that failed is not kept: its pipes may hold half an answer.
        let done = work(&mut batch)?;
        let mut all = lock(&self.batches().0);
        all.push((id, batch));
        let oldest = (all.len() > KEPT).then(|| all.remove(0));
        drop(all);
        drop(oldest);
        Ok(done)
    }
}

impl Batch {
    fn start(store: &GitStore, id: u64) -> io::Result<Self> {
        let mut child = store.command(id, &["cat-file", "--batch-command"]).spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("git has no pipes"));
        };
        // Nobody reads what it complains about, so it must not fill a pipe with it.
        drop(child.stderr.take());
        let stdout = BufReader::with_capacity(64 * 1024, stdout);
        Ok(Self { child, stdin, stdout })
    }

    /// What an object is. `name` holds no line break.
    pub(super) fn info(&mut self, name: &str) -> io::Result<Option<ObjectInfo>> {
        self.ask("info", name)?;
        self.header()
    }

    /// The same of many.
    pub(super) fn infos<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> io::Result<Vec<Option<ObjectInfo>>> {
        let names: Vec<&str> = names.collect();
        let mut found = Vec::with_capacity(names.len());
        for some in names.chunks(AT_ONCE) {
            let questions: String = some.iter().flat_map(|name| ["info ", name, "\n"]).collect();
            self.stdin.write_all(questions.as_bytes())?;
            for _ in some {
                found.push(self.header()?);
            }
        }
        Ok(found)
    }

    /// An object and all that is in it.
    pub(super) fn contents(&mut self, name: &str) -> io::Result<Option<(ObjectInfo, Vec<u8>)>> {
        self.ask("contents", name)?;
        let Some(info) = self.header()? else {
            return Ok(None);
        };
        let size = usize::try_from(info.size).map_err(io::Error::other)?;
        let mut content = vec![0; size + 1];
        self.stdout.read_exact(&mut content)?;
        content.truncate(size);
        Ok(Some((info, content)))
    }

    fn ask(&mut self, command: &str, name: &str) -> io::Result<()> {
        debug_assert!(!name.contains('\n'));
        self.stdin.write_all(format!("{command} {name}\n").as_bytes())
    }

    /// `<id> <type> <size>`, or anything else for what is missing or ambiguous.
    fn header(&mut self) -> io::Result<Option<ObjectInfo>> {
        let mut line = Vec::new();
        self.stdout.read_until(b'\n', &mut line)?;
        if line.pop() != Some(b'\n') {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "git cat-file ended"));
        }
        let line = String::from_utf8_lossy(&line);
        let mut parts = line.split(' ');
        let (Some(id), Some(kind), Some(size), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Ok(None);
        };
        let info = ObjectKind::parse(kind).zip(size.parse().ok());
        Ok(info.map(|(kind, size)| ObjectInfo {
            id: id.to_owned(),
            kind,
            size,
        }))
    }
}
