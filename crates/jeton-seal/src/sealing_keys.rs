use jeton_domain::{KeyId, Sealed};

use crate::{DataKey, SealError, SealingKey};

/// The keys from outside the database that a server was given: the one that wraps, and the one before it, with which data
/// keys that are not wrapped anew yet still open.
#[derive(Debug, Clone)]
pub struct SealingKeys {
    current: GivenKey,
    previous: Option<GivenKey>,
}

/// A sealing key, and where it came from.
#[derive(Debug, Clone)]
pub struct GivenKey {
    /// The key.
    pub key: SealingKey,
    /// Where it was read from, for people: a file's path, the name of a variable.
    pub source: String,
}

impl SealingKeys {
    /// One key.
    pub fn new(key: SealingKey, source: impl Into<String>) -> Self {
        let source = source.into();
        Self {
            current: GivenKey { key, source },
            previous: None,
        }
    }

    /// With the key before it. One that is the same as the current one changes nothing.
    #[must_use]
    pub fn with_previous(mut self, key: SealingKey, source: impl Into<String>) -> Self {
        let source = source.into();
        self.previous = (key.id() != self.current.key.id()).then_some(GivenKey { key, source });
        self
    }

    /// The one that wraps.
    pub fn current(&self) -> &GivenKey {
        &self.current
    }

    /// The one before it, if it was given.
    pub fn previous(&self) -> Option<&GivenKey> {
        self.previous.as_ref()
    }

    /// Opens a data key with whichever of the keys wraps it.
    ///
    /// # Errors
    /// [`SealError::WrongKey`] when none of them does, [`SealError::Tampered`] when the row was changed.
    pub fn unwrap(&self, id: &KeyId, wrapped: &Sealed, wrapped_by: &KeyId) -> Result<DataKey, SealError> {
        let mut given = std::iter::once(&self.current).chain(&self.previous);
        match given.find(|given| given.key.id() == wrapped_by) {
            Some(given) => DataKey::unwrap(id, wrapped, wrapped_by, &given.key),
            None => Err(SealError::WrongKey {
                wanted: wrapped_by.clone(),
                given: std::iter::once(&self.current)
                    .chain(&self.previous)
                    .map(|given| given.key.id().clone())
                    .collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::{Coded as _, Entropy};

    use super::SealingKeys;
    use crate::{DataKey, SealError, SealingKey, ring::tests::Counting};

    #[test]
    fn a_data_key_opens_with_either_key_and_an_error_names_all_of_them() {
        let entropy = Counting::default();
        let entropy: &dyn Entropy = &entropy;
        let [old, new, other] = [(); 3].map(|()| SealingKey::generate(entropy));
        let data = DataKey::generate(entropy);
        let wrapped = data.wrap(&old, entropy);
        let keys = SealingKeys::new(new.clone(), "here").with_previous(old.clone(), "there");
        assert_eq!(keys.unwrap(data.id(), &wrapped, old.id()).unwrap().id(), data.id());
        let again = data.wrap(&new, entropy);
        assert_eq!(keys.unwrap(data.id(), &again, new.id()).unwrap().id(), data.id());

        let wrong = SealingKeys::new(new.clone(), "here").with_previous(other.clone(), "there");
        let error = wrong.unwrap(data.id(), &wrapped, old.id()).unwrap_err();
        assert!(matches!(error, SealError::WrongKey { .. }));
        for key in [&old, &new, &other] {
            assert!(error.to_string().contains(key.id().as_str()), "{error}");
        }
        assert!(error.remedy().unwrap().contains("seal.previous_key"));
        assert!(
            SealingKeys::new(new.clone(), "")
                .with_previous(new, "")
                .previous()
                .is_none()
        );
    }
}
