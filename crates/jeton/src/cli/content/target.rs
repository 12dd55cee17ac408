use jeton_domain::ForgeKind;
use url::Url;

use super::{CliError, range::LineRange};

/// How many ways to cut a page's address into a branch and a path are tried: branches with more slashes are rare, and each costs a call.
const CUTS: usize = 6;

/// What is meant by the first argument.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::cli) struct Target {
    /// The forge, if it was an address.
    pub(in crate::cli) forge: Option<Origin>,
    /// `owner/name`.
    pub(in crate::cli) repository: String,
    /// What comes after it: the branch, tag or commit, and the path; nothing tells where one ends and the other begins.
    tail: Vec<String>,
    /// The lines that it points to.
    pub(super) lines: Option<LineRange>,
}

/// A forge by an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Origin {
    /// Host and port.
    pub(super) host: String,
    /// `https://` and the host.
    pub(super) base_url: String,
    /// What the address looks like.
    pub(super) kind: Option<ForgeKind>,
}

/// A place in a repository, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// Branch, tag or commit.
    pub(super) reference: Option<String>,
    /// From the root; empty for the root itself.
    pub(super) path: String,
}

impl Target {
    /// Reads `owner/name`, or the address of a page of GitHub, GitLab or Bitbucket.
    ///
    /// # Errors
    /// [`CliError::Usage`] when it is neither.
    pub(in crate::cli) fn parse(text: &str) -> Result<Self, CliError> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("http://") || lower.starts_with("https://") {
            return Self::of_url(text);
        }
        let hosts = ["github.com/", "gitlab.com/", "bitbucket.org/", "www.github.com/"];
        if hosts.iter().any(|host| lower.starts_with(host)) {
            return Self::of_url(&format!("https://{text}"));
        }
        let repository = without_git(text.trim_matches('/'));
        if !repository.contains('/') || repository.contains([':', '?', '#']) {
            return Err(CliError::Usage {
                what: format!("`{}` is no repository", super::clean(text)),
                remedy: "Write it like acme/tools, or paste the address of its page.".to_owned(),
            });
        }
        Ok(Self {
            repository: repository.to_owned(),
            ..Self::default()
        })
    }

    fn of_url(text: &str) -> Result<Self, CliError> {
        let wrong = |what: &str| {
            CliError::Usage {
            what: what.to_owned(),
            remedy: "Paste the address of a repository, a directory or a file as the browser shows it, or write OWNER/REPO PATH."
                .to_owned(),
        }
        };
        let url = Url::parse(text).map_err(|_| wrong("that is no address of a page"))?;
        if !url.username().is_empty() || url.password().is_some() {
            // it may be a token, so that it is not shown
            return Err(wrong(
                "the address holds a user name or a password, which does not belong there",
            ));
        }
        let segments = url
            .path_segments()
            .into_iter()
            .flatten()
            .filter(|segment| !segment.is_empty());
        let segments: Option<Vec<String>> = segments.map(decoded).collect();
        let segments = segments.ok_or_else(|| wrong("the address is not written in UTF-8"))?;
        let (page, kind) = Page::of(url.host_str().unwrap_or_default(), &segments);
        if !page.repository.contains('/') {
            return Err(wrong("the address names no repository"));
        }
        // A fragment that is about something else, as a heading of a README, says nothing of lines.
        let lines = url.fragment().filter(|fragment| fragment.starts_with(['L', 'l']));
        Ok(Self {
            forge: Some(origin(&url, kind)),
            repository: without_git(&page.repository).to_owned(),
            tail: page.tail.to_vec(),
            lines: lines.and_then(|lines| LineRange::parse(lines).ok()),
        })
    }

    /// Whether it already says which file or directory.
    pub(super) fn has_path(&self) -> bool {
        self.tail.len() > 1
    }

    /// The places that may be meant, the likeliest first: those of the address, or of this path if there is one.
    ///
    /// # Errors
    /// [`CliError::Usage`] when the address is about another branch, tag or commit than what is asked for.
    pub(super) fn spots(&self, reference: Option<&str>, path: Option<&str>) -> Result<Vec<Spot>, CliError> {
        let given = |path: &str| {
            let reference = reference.map(str::to_owned).or_else(|| self.tail.first().cloned());
            vec![Spot {
                reference,
                path: path.to_owned(),
            }]
        };
        if self.tail.is_empty() {
            return Ok(given(path.unwrap_or_default()));
        }
        let cut = |at: usize, path: &str| Spot {
            reference: Some(self.tail[..at].join("/")),
            path: path.to_owned(),
        };
        if let Some(path) = path.filter(|_| !self.has_path()) {
            return Ok(given(path));
        }
        let spot = |at: usize| cut(at, path.unwrap_or(&self.tail[at..].join("/")));
        if let Some(reference) = reference {
            let at = (1..=self.tail.len()).find(|at| self.tail[..*at].join("/") == reference);
            return at.map(|at| vec![spot(at)]).ok_or_else(|| CliError::Usage {
                what: format!(
                    "the address is not about `{}`, which --ref names",
                    super::clean(reference)
                ),
                remedy: "Leave --ref out, or write OWNER/REPO PATH instead of the address.".to_owned(),
            });
        }
        // `refs/heads/main` is written out in some addresses.
        let is_whole_name = self.tail.len() > 2 && self.tail[0] == "refs" && matches!(&*self.tail[1], "heads" | "tags");
        let first = if is_whole_name { 3 } else { 1 };
        Ok((first..=self.tail.len()).take(CUTS).map(spot).collect())
    }
}

/// A page by its address.
struct Page<'a> {
    repository: String,
    tail: &'a [String],
}

impl<'a> Page<'a> {
    fn of(host: &str, segments: &'a [String]) -> (Self, Option<ForgeKind>) {
        let page = |repository: &[String], tail| Self {
            repository: repository.join("/"),
            tail,
        };
        // GitLab puts a `-` between a project and what is about it.
        if let Some(dash) = segments.iter().position(|segment| segment == "-").filter(|at| *at >= 2) {
            let tail = segments.get(dash + 2..).unwrap_or_default();
            return (page(&segments[..dash], tail), Some(ForgeKind::GitLab));
        }
        if host.eq_ignore_ascii_case("raw.githubusercontent.com") {
            let (repository, tail) = segments.split_at(segments.len().min(2));
            return (page(repository, tail), Some(ForgeKind::GitHub));
        }
        let kind = match segments.get(2).map(String::as_str) {
            Some("blob" | "tree" | "blame" | "edit" | "commits" | "commit") => Some(ForgeKind::GitHub),
            Some("src") => Some(ForgeKind::Bitbucket),
            // Both GitHub and Bitbucket have it.
            Some("raw") => None,
            // GitLab's projects lie in any number of groups.
            _ => return (page(segments, &[]), None),
        };
        (page(&segments[..2], &segments[3..]), kind)
    }
}

fn origin(url: &Url, kind: Option<ForgeKind>) -> Origin {
    let host = url.host_str().unwrap_or_default();
    let host = match host.strip_prefix("www.").unwrap_or(host) {
        "raw.githubusercontent.com" => "github.com",
        host => host,
    };
    let host = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Origin {
        base_url: format!("{}://{host}", url.scheme()),
        host,
        kind,
    }
}

fn without_git(repository: &str) -> &str {
    repository.strip_suffix(".git").unwrap_or(repository)
}

/// Takes `%20` and the like out of a segment, once.
fn decoded(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
