use std::time::Duration;

use jeton_access::AccessError;
use jeton_domain::redact;

use super::told::in_page_words;
use crate::failure::Failure;

/// What went wrong, on a page. `detail` and `remedy` are HTML, [in the words of pages](in_page_words).
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) detail: String,
    pub(super) remedy: Option<String>,
    /// The page where it is put right.
    pub(super) url: Option<String>,
}

impl Problem {
    pub(super) fn of(error: &AccessError) -> Self {
        Self::from(&Failure::from(error.clone()))
    }

    /// Without the token that somebody put into a wrong field, where the words repeat what was typed.
    pub(super) fn new(detail: &str, remedy: Option<&str>) -> Self {
        Self {
            detail: in_page_words(&redact(detail)),
            remedy: remedy.map(|remedy| in_page_words(&redact(remedy))),
            url: None,
        }
    }
}

impl From<&Failure> for Problem {
    fn from(failure: &Failure) -> Self {
        let mut detail = sentence(failure.detail());
        let mut remedy = failure.remedy().map(sentence);
        if let Some(wait) = failure.retry_after() {
            detail = format!("{detail} Try again in {}.", duration(wait));
            remedy = None;
        }
        let said = failure.forge_message().filter(|said| !detail.contains(*said));
        if let Some(said) = said {
            detail = format!("{detail} The forge said: {}", sentence(said));
        }
        Self {
            url: failure.url().map(str::to_owned).filter(|url| is_web(url)),
            ..Self::new(&detail, remedy.as_deref())
        }
    }
}

/// Whether an address may stand in a link: one that names a script would be run.
pub(super) fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Errors begin with a small letter and end without a full stop, so that they can be put together; on a page they stand
/// alone. What begins with a name, such as `app:ci`, begins with it there too.
pub(super) fn sentence(text: &str) -> String {
    let begins_with_name = text.split_whitespace().next().is_some_and(|word| {
        let word = word.trim_end_matches(':');
        word.starts_with("app:") || word.starts_with("account:")
    });
    if begins_with_name {
        let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
        return format!("{text}{end}");
    }
    let mut chars = text.chars();
    let mut out: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    out.push_str(chars.as_str());
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

fn duration(wait: Duration) -> String {
    let seconds = (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1);
    match seconds {
        1 => "one second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jeton_access::AccessError;

    use super::{Problem, duration, is_web, sentence};

    #[test]
    fn people_read_whole_sentences_and_when_to_come_back() {
        let limited = AccessError::RateLimited {
            what: "too many wrong tries",
            retry_after: Duration::from_millis(3_100),
        };
        assert_eq!(
            Problem::of(&limited).detail,
            "Too many wrong tries. Try again in 4 seconds."
        );
        let wrong = Problem::of(&AccessError::BadPassword);
        assert_eq!(wrong.detail, "The user name or the password is wrong.");
        assert!(wrong.remedy.is_some());
        assert_eq!(sentence("app:ci: it is not there"), "app:ci: it is not there.");
        assert_eq!(sentence("app not there"), "App not there.");
        assert_eq!(duration(Duration::from_secs(1)), "one second");
        assert_eq!(duration(Duration::from_mins(15)), "15 minutes");
    }

    #[test]
    fn only_the_web_is_linked_to() {
        assert!(is_web("https://github.com/settings"));
        for bad in ["javascript:alert(1)", " https://x", "data:text/html,x", "//x", ""] {
            assert!(!is_web(bad), "{bad}");
        }
    }
}
