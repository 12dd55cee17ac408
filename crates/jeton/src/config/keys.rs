//! Every setting there is, once: reading, suggestions, the reference and the examples all come from this list.

pub(crate) use super::{
    key_list::{APP_FIELDS, KEYS, OTHER_NAMES},
    key_list_access::{ACCESS_KEYS, ISSUER_KEYS},
    key_list_accounts::ACCOUNT_KEYS,
    key_list_ci::CI_KEYS,
    key_list_content::CONTENT_KEYS,
};

/// A setting that the configuration file and the environment know by the same name.
#[derive(Debug)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "some fields are for the reference alone, which a test writes")
)]
pub(crate) struct KeySpec {
    /// `section.key`, as in the file.
    pub(crate) key: &'static str,
    /// Its type, for people.
    pub(crate) kind: &'static str,
    /// Its default, for people; empty when there is none.
    pub(crate) default: &'static str,
    /// A value as TOML that can be pasted.
    pub(crate) example: &'static str,
    /// Other names of the environment that are read for it, the first one wins.
    pub(crate) legacy: &'static [&'static str],
    /// Whether its value opens something and is never shown.
    pub(crate) secret: bool,
    /// What it does.
    pub(crate) meaning: &'static str,
}

impl KeySpec {
    /// `JETON_SECTION__KEY`. The environment gives one issuer: `JETON_ISSUER` with its fields behind it.
    pub(crate) fn environment_name(&self) -> String {
        match self.key.strip_prefix("issuers.") {
            Some("issuer") => return "JETON_ISSUER".to_owned(),
            Some(field) => return format!("JETON_ISSUER_{}", field.to_ascii_uppercase()),
            None => {}
        }
        format!("JETON_{}", self.key.replace('.', "__").to_ascii_uppercase())
    }
}

/// A field of an `[[apps]]` entry, and the names of the environment that give it for one App.
#[derive(Debug)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "some fields are for the reference alone, which a test writes")
)]
pub(crate) struct AppField {
    /// In the file.
    pub(crate) field: &'static str,
    /// In the environment.
    pub(crate) environment: &'static str,
    /// Older names.
    pub(crate) legacy: &'static [&'static str],
    /// Its default, for people.
    pub(crate) default: &'static str,
    /// A value as TOML that can be pasted; none for a secret.
    pub(crate) example: &'static str,
    /// What it is.
    pub(crate) meaning: &'static str,
}

/// All settings but those of lists, in the order of the reference.
pub(crate) fn all() -> impl Iterator<Item = &'static KeySpec> + Clone {
    KEYS.iter()
        .chain(ACCESS_KEYS)
        .chain(ACCOUNT_KEYS)
        .chain(CONTENT_KEYS)
        .chain(CI_KEYS)
}

/// The setting with this name, or the field of an issuer.
pub(crate) fn find(key: &str) -> Option<&'static KeySpec> {
    all().chain(ISSUER_KEYS).find(|spec| spec.key == key)
}

/// The names of the sections, each once.
pub(crate) fn sections() -> Vec<&'static str> {
    let mut out: Vec<_> = all()
        .filter_map(|spec| spec.key.split_once('.'))
        .map(|(section, _)| section)
        .collect();
    out.dedup();
    out.extend(["apps", "issuers"]);
    out
}

/// Every name of the environment that begins with `JETON_`.
pub(crate) fn environment_names() -> Vec<String> {
    let own = all().chain(ISSUER_KEYS).map(KeySpec::environment_name);
    let apps = APP_FIELDS.iter().map(|field| field.environment.to_owned());
    own.chain(apps)
        .chain(OTHER_NAMES.iter().map(|(name, _)| (*name).to_owned()))
        .collect()
}

/// The most similar of the candidates, if any is similar at all. A key in the wrong section is found by its last part.
pub(crate) fn nearest<T: AsRef<str>>(written: &str, candidates: &[T]) -> Option<String> {
    let last = |text: &str| text.rsplit(['.']).next().unwrap_or_default().to_owned();
    let score = |candidate: &str| {
        let whole = strsim::normalized_damerau_levenshtein(written, candidate);
        let part = strsim::normalized_damerau_levenshtein(&last(written), &last(candidate));
        // the last part alone may lead astray (`server.url`), so that it counts a little less
        whole.max(part * 0.9)
    };
    let scored = candidates
        .iter()
        .map(|candidate| (score(candidate.as_ref()), candidate.as_ref()));
    // Of equals the first: the settings that most people need come first.
    let best = scored.rev().max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.6).then(|| best.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{ISSUER_KEYS, all, environment_names, nearest};

    #[test]
    fn a_slip_of_the_pen_finds_its_key() {
        let keys: Vec<_> = all().map(|spec| spec.key).collect();
        assert_eq!(nearest("server.lisen", &keys).as_deref(), Some("server.listen"));
        assert_eq!(nearest("listen", &keys).as_deref(), Some("server.listen"));
        assert_eq!(
            nearest("sevrer.max_body_kib", &keys).as_deref(),
            Some("server.max_body_kib")
        );
        assert_eq!(nearest("records.keep_day", &keys).as_deref(), Some("record.keep_days"));
        assert_eq!(nearest("zzzzzzzzzz", &keys), None);
        let names = environment_names();
        assert_eq!(
            nearest("JETON_SERVER_LISTEN", &names).as_deref(),
            Some("JETON_SERVER__LISTEN")
        );
        assert_eq!(
            nearest("JETON_SEAL__KEYFILE", &names).as_deref(),
            Some("JETON_SEAL__KEY_FILE")
        );
    }

    #[test]
    fn no_key_is_there_twice() {
        let mut keys: Vec<_> = all().chain(ISSUER_KEYS).map(|spec| spec.key).collect();
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), count);
        let mut names = environment_names();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
