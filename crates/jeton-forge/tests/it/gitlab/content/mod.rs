//! What is in repositories, against a simulated GitLab.

mod files;
mod names;
mod raw;
mod refusals;

use futures_util::TryStreamExt as _;
use jeton_domain::{Clock as _, Credential, FilePath, ForgeEndpoint, ForgeKind, ObjectId, RefName, RepoPath};
use jeton_forge::{
    HttpOptions,
    content::{Body, ContentForge, ContentForges, EntryKind, ListAsk, NameKind, Opened, Place, ReadError, Resolved},
};
use jeton_forge_sim::{AccessLevel, CommitSpec, Visibility};

use super::{World, outbound};

/// What an error must be.
type Fits<'a> = &'a dyn Fn(&ReadError) -> bool;

/// What stands for alice's reading of one repository.
struct Reader {
    forges: ContentForges,
    forge: ForgeEndpoint,
    repository: RepoPath,
    credential: Option<Credential>,
    now: jiff::Timestamp,
}

impl Reader {
    fn new(w: &World, repository: &str, token: Option<&str>) -> Self {
        Self {
            forges: ContentForges::new(outbound(HttpOptions::default())),
            forge: ForgeEndpoint::gitlab(&w.sim.web_url()).unwrap(),
            repository: RepoPath::parse(ForgeKind::GitLab, repository).unwrap(),
            credential: token.map(|token| w.credential(token)),
            now: w.clock.now(),
        }
    }

    fn place(&self) -> Place<'_> {
        Place {
            forge: &self.forge,
            repository: &self.repository,
            credential: self.credential.as_ref(),
            now: self.now,
        }
    }

    fn api(&self) -> &dyn ContentForge {
        self.forges.of(ForgeKind::GitLab)
    }

    async fn resolve(&self, name: Option<&str>) -> Result<ObjectId, ReadError> {
        let name = name.map(|name| RefName::parse(name).unwrap());
        match self.api().resolve(&self.place(), name.as_ref(), None).await.answer? {
            Resolved::At { commit, .. } => Ok(commit),
            Resolved::Unchanged => panic!("nothing was known"),
        }
    }

    async fn kind(&self, name: &str) -> NameKind {
        let name = RefName::parse(name).unwrap();
        self.api().name_kind(&self.place(), &name).await.answer.unwrap()
    }

    async fn look(&self, commit: &ObjectId, path: &str) -> Result<Opened, ReadError> {
        let path = FilePath::parse(path).unwrap();
        let opened = self.api().open(&self.place(), commit, &path).await.answer?;
        if let Body::Here(bytes) = &opened.body {
            assert_eq!(opened.entry.size, Some(bytes.len() as u64));
        }
        assert_eq!(opened.entry.path, path);
        Ok(opened)
    }

    async fn open(
        &self,
        commit: &ObjectId,
        path: &str,
    ) -> Result<(EntryKind, Option<u64>, Option<ObjectId>), ReadError> {
        let Opened { entry, .. } = self.look(commit, path).await?;
        Ok((entry.kind, entry.size, entry.id))
    }

    async fn blob(&self, commit: &ObjectId, path: &str, id: Option<&ObjectId>) -> Result<Vec<u8>, ReadError> {
        let path = FilePath::parse(path).unwrap();
        let stream = self.api().blob(&self.place(), commit, &path, id).await.answer?;
        let size = stream.size;
        let pieces: Vec<_> = stream.bytes.try_collect().await.unwrap();
        let bytes = pieces.concat();
        assert_eq!(size, Some(bytes.len() as u64));
        Ok(bytes)
    }

    /// Every page of a listing, each entry as `kind path`.
    async fn list(&self, commit: &ObjectId, directory: &str, deep: bool) -> Result<Vec<String>, ReadError> {
        let directory = FilePath::parse(directory).unwrap();
        let (mut found, mut page) = (Vec::new(), None);
        loop {
            let ask = ListAsk {
                commit,
                directory: &directory,
                tree: None,
                deep,
                page: page.as_deref(),
            };
            let listed = self.api().list(&self.place(), &ask).await.answer?;
            assert!(!listed.cut);
            found.extend(listed.entries.iter().map(|entry| {
                assert!(entry.id.is_some());
                format!("{:?} {}", entry.kind, entry.path)
            }));
            page = listed.next;
            if page.is_none() {
                return Ok(found);
            }
        }
    }
}

/// `lab/sub/group/tools` with files of every kind, and a token that may read them.
async fn world() -> (World, u64, String) {
    let w = World::new().await;
    let project = w
        .sim
        .add_empty_project("lab/sub/group/tools", Visibility::Private)
        .unwrap();
    w.sim.add_member(project, w.alice, AccessLevel::Reporter).unwrap();
    let token = w.personal(&["read_api"]).token;
    (w, project, token)
}

const ODD: [&str; 8] = [
    "a b.txt",
    "a#b?c%20d.txt",
    "dir/ü+'\"&=.rs",
    "dir/.hidden",
    "README.md",
    "readme.md",
    "x/y/z/deep.txt",
    "50%/+plus+",
];

/// What one of them holds.
fn text_of(path: &str) -> String {
    format!("in {path}\n")
}

/// What came along with an answer.
fn here(opened: &Opened) -> Option<&[u8]> {
    match &opened.body {
        Body::Here(bytes) => Some(bytes),
        Body::Coming(_) | Body::Apart => None,
    }
}

fn odd() -> CommitSpec {
    let spec = ODD.iter().fold(CommitSpec::new("odd names"), |spec, path| {
        spec.file(path, text_of(path))
    });
    spec.executable("bin/run", "#!/bin/sh\n")
        .symlink("link", "README.md")
        .submodule("dir/vendor", &"5".repeat(40))
        .file("empty", "")
}
