use std::sync::Arc;

use jeton_access::AccessError;
use jeton_accounts::AccountError;
use jeton_broker::BrokerError;
use jeton_domain::{Code, Coded, Diagnosis};
use jiff::SignedDuration;

/// Why content is not given. It can be cloned, because all who wait for the same share one failure.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ContentError {
    /// The request cannot be.
    #[error("{0}")]
    Invalid(String),
    /// No policy allows it.
    #[error(transparent)]
    Denied(Arc<AccessError>),
    /// An App cannot give a token.
    #[error(transparent)]
    Broker(Arc<BrokerError>),
    /// Accounts cannot be read.
    #[error(transparent)]
    Account(Arc<AccountError>),
    /// No forge of this name is known here.
    #[error("no forge `{0}` is known here")]
    UnknownForge(String),
    /// The forge does not show the repository to anyone who may be asked.
    #[error("{host} shows no repository {repository} to {}", tried_words(.tried))]
    RepositoryNotFound {
        /// `owner/name`.
        repository: String,
        /// The forge's host.
        host: String,
        /// As whom it was asked: names of sources.
        tried: Vec<String>,
        /// What the forge said to each, where it said more than "not found".
        diagnoses: Vec<Diagnosis>,
    },
    /// Nothing has this name.
    #[error("{repository} has no branch, tag or commit `{name}`")]
    RefNotFound {
        /// `owner/name`.
        repository: String,
        /// As it was asked.
        name: String,
    },
    /// Two things have it.
    #[error("`{name}` is both a branch and a tag of {repository}")]
    RefAmbiguous {
        /// `owner/name`.
        repository: String,
        /// As it was asked.
        name: String,
    },
    /// Nothing is there.
    #[error("there is no `{path}` in {repository} at {reference}")]
    PathNotFound {
        /// `owner/name`.
        repository: String,
        /// As it was asked.
        path: String,
        /// Branch, tag or commit.
        reference: String,
        /// Paths that are there and look alike; few, the likeliest first.
        similar: Vec<String>,
    },
    /// A directory is there.
    #[error("`{0}` is a directory")]
    IsDirectory(String),
    /// A file is there.
    #[error("`{0}` is a file, not a directory")]
    IsFile(String),
    /// Another repository is there.
    #[error("`{path}` is a submodule: another repository, {}", at_commit(.commit.as_deref()))]
    IsSubmodule {
        /// Where.
        path: String,
        /// Its commit. `None`: the forge does not tell it (Bitbucket).
        commit: Option<String>,
    },
    /// A symbolic link that leads nowhere.
    #[error("`{path}` is a symbolic link to `{target}`, where there is no file of this repository")]
    LinkBroken {
        /// Where it is.
        path: String,
        /// Where it leads, as it says.
        target: String,
    },
    /// Larger than what is served.
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge {
        /// Where.
        path: String,
        /// In bytes.
        limit: u64,
        /// Whose limit it is.
        by_forge: bool,
    },
    /// No text in UTF-8.
    #[error("`{path}` is {what}, not text in UTF-8")]
    NotText {
        /// Where.
        path: String,
        /// What it is taken to be.
        what: &'static str,
    },
    /// Outside of the file.
    #[error("{0}")]
    Range(String),
    /// Not one of ours.
    #[error("the cursor was not given out for this")]
    Cursor,
    /// No commit.
    #[error("{0} has no commit yet")]
    Empty(String),
    /// The caller's share is used up.
    #[error("this caller has used its share of what {host} still allows until its limit is renewed")]
    Share {
        /// The forge's host.
        host: String,
        /// When to come back.
        retry_after: SignedDuration,
    },
    /// The bytes are not those of the object.
    #[error("{host} sent bytes that are not those of object {object}")]
    Mismatch {
        /// The forge's host.
        host: String,
        /// The id that they should have.
        object: String,
    },
    /// The disk.
    #[error("the cache of files cannot be used: {0}")]
    Cache(String),
    /// What the forge said, or that it said nothing.
    #[error("{}", .0.cause)]
    Forge(Box<Diagnosis>),
    /// A mistake in jeton.
    #[error("{0}")]
    Internal(&'static str),
}

fn at_commit(commit: Option<&str>) -> String {
    match commit {
        Some(commit) => format!("at its commit {commit}"),
        None => "at a commit that the forge does not tell".to_owned(),
    }
}

fn tried_words(tried: &[String]) -> String {
    if tried.is_empty() {
        return "anybody".to_owned();
    }
    tried.join(", ")
}

impl Coded for ContentError {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::RequestInvalid,
            Self::UnknownForge(_) => Code::AccountNone,
            Self::Denied(error) => error.code(),
            Self::Broker(error) => error.code(),
            Self::Account(error) => error.code(),
            Self::RepositoryNotFound { .. } => Code::ContentRepositoryNotFound,
            Self::RefNotFound { .. } => Code::ContentRefNotFound,
            Self::RefAmbiguous { .. } => Code::ContentRefAmbiguous,
            Self::PathNotFound { .. } => Code::ContentPathNotFound,
            Self::IsDirectory(_) => Code::ContentIsDirectory,
            Self::IsFile(_) => Code::ContentIsFile,
            Self::IsSubmodule { .. } => Code::ContentIsSubmodule,
            Self::LinkBroken { .. } => Code::ContentLinkBroken,
            Self::TooLarge { .. } => Code::ContentTooLarge,
            Self::NotText { .. } => Code::ContentNotText,
            Self::Range(_) => Code::ContentRange,
            Self::Cursor => Code::ContentCursor,
            Self::Empty(_) => Code::ContentEmpty,
            Self::Share { .. } => Code::ContentShare,
            Self::Mismatch { .. } => Code::ContentMismatch,
            Self::Cache(_) => Code::ContentCache,
            Self::Forge(diagnosis) => diagnosis.code,
            Self::Internal(_) => Code::Internal,
        }
    }

    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Denied(error) => return error.remedy(),
            Self::Broker(error) => return error.remedy(),
            Self::Account(error) => return error.remedy(),
            Self::Invalid(_) => "/docs shows what may be asked for.".to_owned(),
            Self::UnknownForge(_) => "Name github.com, gitlab.com or bitbucket.org, or the host of a forge that an App or an \
                                      account here is for."
                .to_owned(),
            Self::RepositoryNotFound { diagnoses, .. } => match diagnoses.first() {
                Some(first) => format!("{} {}", first.cause, first.remedy),
                None => "Check owner and name. If it is private, install the GitHub App there, or add an account that may read \
                         it; `jeton doctor` and the page of the accounts show what the ones there are can reach."
                    .to_owned(),
            },
            Self::RefNotFound { .. } => "Leave `ref` out for the default branch, or name a branch, a tag or a commit; a commit \
                                         that was never pushed is not there."
                .to_owned(),
            Self::RefAmbiguous { name, .. } => {
                format!("Say which one is meant: `refs/heads/{name}` for the branch, `refs/tags/{name}` for the tag.")
            }
            Self::PathNotFound { similar, .. } => {
                if similar.is_empty() {
                    "Check the path; case counts. The tree lists what is there.".to_owned()
                } else {
                    format!("Did you mean {}? Case counts.", quoted(similar))
                }
            }
            Self::IsDirectory(_) => "Ask for a file in it; the tree with this `path` lists them.".to_owned(),
            Self::IsFile(_) => "Ask for its content, or list the directory that it lies in.".to_owned(),
            Self::IsSubmodule { commit: Some(_), .. } => {
                "Read the file `.gitmodules` for the repository's address, and ask for that repository at this commit.".to_owned()
            }
            Self::IsSubmodule { commit: None, .. } => {
                "Read the file `.gitmodules` for the repository's address; a clone shows at which commit it is meant.".to_owned()
            }
            Self::LinkBroken { .. } => "Ask for the file that is meant by its own path.".to_owned(),
            Self::TooLarge { by_forge: true, .. } => "Clone the repository: the forge gives no larger files over its API.".to_owned(),
            Self::TooLarge { .. } => "Clone the repository, or ask the operator to raise `content.max_file_mb`.".to_owned(),
            Self::NotText { .. } => "Ask for it as it is with `raw`; or as base64 with the file route under /v1/content.".to_owned(),
            Self::Range(_) => "Ask for another part; `max-lines` tells how many lines there are, and `raw` gives any bytes.".to_owned(),
            Self::Cursor => "Begin anew without a cursor; give each cursor back with the same other parameters.".to_owned(),
            Self::Empty(_) => "Push a first commit.".to_owned(),
            Self::Share { .. } => "Come back then, or read less often: what is pinned to a commit and was read before costs nothing.".to_owned(),
            Self::Mismatch { .. } => "Ask again. If it goes on, something between jeton and the forge changes what it passes on.".to_owned(),
            Self::Cache(_) => "Give the server room and the right to write in its directory (`content.cache_dir`).".to_owned(),
            Self::Forge(diagnosis) => diagnosis.remedy.clone(),
            Self::Internal(_) => return None,
        })
    }
}

fn quoted(paths: &[String]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    paths.join(" or ")
}

impl From<BrokerError> for ContentError {
    fn from(error: BrokerError) -> Self {
        Self::Broker(Arc::new(error))
    }
}

impl From<AccountError> for ContentError {
    fn from(error: AccountError) -> Self {
        Self::Account(Arc::new(error))
    }
}

impl From<AccessError> for ContentError {
    fn from(error: AccessError) -> Self {
        Self::Denied(Arc::new(error))
    }
}
