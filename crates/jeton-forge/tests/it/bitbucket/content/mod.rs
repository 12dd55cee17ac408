//! What is in repositories, against a simulated Bitbucket Cloud.

mod files;
mod names;
mod raw;
mod refusals;

use futures_util::TryStreamExt as _;
use jeton_domain::{
    Clock as _, Credential, CredentialKind, FilePath, ForgeEndpoint, ForgeKind, ObjectId, RefName, RepoPath,
};
use jeton_forge::{
    AddressRules, HttpOptions, Outbound,
    content::{
        Body, ContentForge, ContentForges, Entry, EntryKind, ListAsk, NameKind, Opened, Place, ReadError, Resolved,
    },
};
use jeton_forge_sim::CommitSpec;

use super::World;

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
    fn new(w: &World, repository: &str, credential: Option<Credential>) -> Self {
        let rules = AddressRules {
            allow_loopback: true,
            ..AddressRules::default()
        };
        Self {
            forges: ContentForges::new(Outbound::new(HttpOptions::default(), rules).unwrap()),
            forge: ForgeEndpoint::bitbucket(&w.sim.web_url()).unwrap(),
            repository: RepoPath::parse(ForgeKind::Bitbucket, repository).unwrap(),
            credential,
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
        self.forges.of(ForgeKind::Bitbucket)
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

    async fn open(&self, commit: &ObjectId, path: &str) -> Result<(EntryKind, Option<u64>), ReadError> {
        let (entry, _) = self.look(commit, path).await?;
        Ok((entry.kind, entry.size))
    }

    /// What lies in a place, with the bytes that came along.
    async fn look(&self, commit: &ObjectId, path: &str) -> Result<(Entry, Option<Vec<u8>>), ReadError> {
        let path = FilePath::parse(path).unwrap();
        let Opened { entry, body } = self.api().open(&self.place(), commit, &path).await.answer?;
        assert_eq!((&entry.path, entry.id), (&path, None));
        let bytes = match body {
            Body::Here(bytes) => Some(bytes.to_vec()),
            Body::Coming(stream) => {
                assert_eq!(entry.size, stream.size);
                let pieces: Vec<_> = stream.bytes.try_collect().await.unwrap();
                Some(pieces.concat())
            }
            Body::Apart => None,
        };
        if let (Some(bytes), Some(size)) = (&bytes, entry.size) {
            assert_eq!(bytes.len() as u64, size);
        }
        Ok((entry, bytes))
    }

    async fn blob(&self, commit: &ObjectId, path: &str) -> Result<Vec<u8>, ReadError> {
        let path = FilePath::parse(path).unwrap();
        let stream = self.api().blob(&self.place(), commit, &path, None).await.answer?;
        let size = stream.size;
        let pieces: Vec<_> = stream.bytes.try_collect().await.unwrap();
        let bytes = pieces.concat();
        assert_eq!(size, Some(bytes.len() as u64));
        Ok(bytes)
    }

    /// Every page of a listing, each entry as `kind path`, and whether it was cut.
    async fn list(&self, commit: &ObjectId, directory: &str, deep: bool) -> Result<(Vec<String>, bool), ReadError> {
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
            let entries = listed.entries.iter();
            found.extend(entries.map(|entry| format!("{:?} {}", entry.kind, entry.path)));
            page = listed.next;
            if page.is_none() {
                return Ok((found, listed.cut));
            }
        }
    }
}

/// Alice's token, which may read `acme/tools`.
fn reading(w: &World) -> Credential {
    let token = w.api_token(&["read:repository"]);
    w.credential(CredentialKind::BitbucketApiToken, &token.token)
}

fn tools(w: &World) -> Reader {
    Reader::new(w, "acme/tools", Some(reading(w)))
}

fn commit(w: &World, spec: &CommitSpec) -> ObjectId {
    w.sim.commit_files(w.tools, spec).unwrap().parse().unwrap()
}

const ODD: [&str; 8] = [
    "a b.txt",
    "a#b?c%20d.txt",
    "dir/ü+'\"&=.rs",
    "dir/.hidden",
    "Notes.md",
    "notes.md",
    "x/y/z/deep.txt",
    "50%/+plus+",
];

/// What one of them holds.
fn text_of(path: &str) -> String {
    format!("in {path}\n")
}

fn odd() -> CommitSpec {
    let spec = CommitSpec::new("odd names");
    let spec = ODD.iter().fold(spec, |spec, path| spec.file(path, text_of(path)));
    spec.executable("bin/run", "#!/bin/sh\n")
        .symlink("link", "Notes.md")
        .submodule("dir/vendor", &"5".repeat(40))
        .file("empty", "")
}
