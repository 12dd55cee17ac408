use std::fmt;

use crate::{error::Objection, set::SourceBeginning};

/// What a glob is over: it decides what `*` does not cross, and whether case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// `owner/name`: `*` stops at `/`; ASCII case does not count, as it does not on any forge.
    Repositories,
    /// Claims, names and sources: `*` stops at `/` and `:`; case counts.
    Words,
}

/// At the end of a glob over repositories: everything below, however deep.
const EVERYTHING_BELOW: &str = "/**";

/// A text in which `*` stands for any number of characters, of one part only.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    /// As compared: in lower case where case does not count.
    pattern: Box<str>,
    over: Over,
    /// Where the first `*` is.
    star: Option<usize>,
    /// How many `/` stand before the `**` at its end, where it has one.
    below: Option<usize>,
}

impl Glob {
    pub(crate) fn words(text: &str) -> Result<Self, Objection> {
        if text.contains("**") {
            return Err(Objection {
                message: "`**` is not known, and `*` never crosses a `/` or a `:`".to_owned(),
                remedy: "Write one `*` for each part, as in `repo:acme/*:ref:refs/heads/*`.".to_owned(),
            });
        }
        Ok(Self::new(text.to_owned(), Over::Words))
    }

    pub(crate) fn repositories(text: &str) -> Result<Self, Objection> {
        let refuse = |message: String, remedy: &str| {
            Err(Objection {
                message,
                remedy: remedy.to_owned(),
            })
        };
        let above = text.strip_suffix(EVERYTHING_BELOW);
        if above.unwrap_or(text).contains("**") {
            return refuse(
                "`**` stands for everything below an owner, and only as the last part".to_owned(),
                "Write `acme/*` for every repository of acme, `acme/**` for those in its groups as well, `*/**` for all.",
            );
        }
        if let Some(odd) = text
            .chars()
            .find(|c| matches!(c, '?' | '[' | ']' | '{' | '}' | '\\' | '!'))
        {
            return refuse(
                format!("`{odd}` is not a glob here"),
                "Only `*` stands for other characters. Write one entry for each name.",
            );
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return refuse(
                "no repository's name has white space in it".to_owned(),
                "Write it as `acme/tools`.",
            );
        }
        if text.split('/').count() < 2 || text.split('/').any(str::is_empty) {
            return refuse(
                "a repository is `owner/name`".to_owned(),
                "Write `acme/tools` for one repository, `acme/*` for every one of an owner, `*/*` for all.",
            );
        }
        let mut glob = Self::new(text.to_ascii_lowercase(), Over::Repositories);
        // The `/` of the end is one of them.
        glob.below = above.map(|above| above.matches('/').count() + 1);
        Ok(glob)
    }

    /// What all that it matches begins with; as compared.
    pub(crate) fn beginning(&self) -> SourceBeginning<'_> {
        SourceBeginning {
            text: &self.pattern[..self.star.unwrap_or(self.pattern.len())],
            is_whole: self.star.is_none(),
        }
    }

    fn new(pattern: String, over: Over) -> Self {
        let star = pattern.find('*');
        Self {
            pattern: pattern.into(),
            over,
            star,
            below: None,
        }
    }

    /// Whether it stands for one text alone.
    pub(crate) fn is_exact(&self) -> bool {
        self.star.is_none()
    }

    /// What every text that matches begins with, as compared.
    pub(crate) fn prefix(&self) -> &str {
        &self.pattern[..self.star.unwrap_or(self.pattern.len())]
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let pattern = self.pattern.as_bytes();
        let Some(slashes) = self.below else {
            // Whoever asks for all that lies below is not let in by what allows one part of it.
            let asks_for_more = self.over == Over::Repositories && text.ends_with(EVERYTHING_BELOW);
            return !asks_for_more && self.matches_parts(pattern, text.as_bytes());
        };
        // No `*` crosses a `/`, so what stands before the `**` is the beginning with as many of them.
        let Some((last, _)) = text.match_indices('/').nth(slashes - 1) else {
            return false;
        };
        let (above, below) = text.split_at(last + 1);
        below.split('/').all(|part| !part.is_empty())
            && self.matches_parts(&pattern[..pattern.len() - "**".len()], above.as_bytes())
    }

    fn matches_parts(&self, pattern: &[u8], text: &[u8]) -> bool {
        let fold = self.over == Over::Repositories;
        let (mut p, mut t) = (0, 0);
        // Going back to the last `*` alone is enough: what an earlier one could take more of has no separator in it, so
        // the last one can take it just as well.
        let mut last_star: Option<(usize, usize)> = None;
        while t < text.len() {
            let here = if fold { text[t].to_ascii_lowercase() } else { text[t] };
            match pattern.get(p) {
                Some(b'*') => {
                    p += 1;
                    last_star = Some((p, t));
                }
                Some(&wanted) if wanted == here => {
                    p += 1;
                    t += 1;
                }
                _ => match last_star {
                    Some((after, from)) if !self.stops_at(text[from]) => {
                        last_star = Some((after, from + 1));
                        (p, t) = (after, from + 1);
                    }
                    _ => return false,
                },
            }
        }
        pattern[p..].iter().all(|byte| *byte == b'*')
    }

    fn stops_at(&self, byte: u8) -> bool {
        byte == b'/' || (self.over == Over::Words && byte == b':')
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pattern)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Glob({})", self.pattern)
    }
}

/// `` `a`, `b` or `c` ``, for messages.
pub(crate) fn any_of<T: fmt::Display>(words: &[T]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if first.len() < 5 => format!("{} or {last}", first.join(", ")),
        many => format!("{} or one of {} more", many[..4].join(", "), many.len() - 4),
    }
}

#[cfg(test)]
mod tests;
