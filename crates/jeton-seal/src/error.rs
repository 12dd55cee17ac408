use jeton_domain::{Code, Coded, KeyId};

/// Why a value cannot be locked or opened. None of these changes anything in the database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The text given as sealing key is none.
    #[error("the sealing key is not 32 bytes in base64 or hex: {0}")]
    BadKey(&'static str),
    /// A data key is wrapped by a sealing key that is none of those given.
    #[error("the vault is sealed with key {wanted}, but {}", list(.given))]
    WrongKey {
        /// The key that the database asks for.
        wanted: KeyId,
        /// The keys that are there.
        given: Vec<KeyId>,
    },
    /// A value names a data key that the database does not hold.
    #[error("{place} is sealed with data key {key}, which is not in the database")]
    UnknownDataKey {
        /// Where the value stands.
        place: String,
        /// The data key that it names.
        key: KeyId,
    },
    /// The bytes were changed.
    #[error("the sealed value in {place} was changed or damaged")]
    Tampered {
        /// Where the value stands.
        place: String,
    },
    /// The bytes are whole, and belong to another row or column.
    #[error("the sealed value in {place} was moved there from another row")]
    Swapped {
        /// Where the value stands.
        place: String,
    },
}

fn list(given: &[KeyId]) -> String {
    match given {
        [] => "no key was given".to_owned(),
        [one] => format!("the key given is {one}"),
        more => {
            let ids: Vec<_> = more.iter().map(KeyId::as_str).collect();
            format!("the keys given are {}", ids.join(" and "))
        }
    }
}

impl Coded for SealError {
    fn code(&self) -> Code {
        match self {
            Self::BadKey(_) => Code::SealBadKey,
            Self::WrongKey { .. } => Code::SealWrongKey,
            Self::UnknownDataKey { .. } => Code::SealMissingKey,
            Self::Tampered { .. } => Code::SealTampered,
            Self::Swapped { .. } => Code::SealSwapped,
        }
    }

    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::BadKey(_) => {
                "Make one with `jeton key generate`, and give it whole, with nothing around it.".to_owned()
            }
            Self::WrongKey { wanted, given } => format!(
                "Give the key whose id is {wanted} (the log of a server names the key it starts with). If {} is to take its \
                 place, give the old one beside it as `seal.previous_key` or `seal.previous_key_file`, start the server, \
                 and run `jeton key rotate`. Without the old key the vault cannot be opened; nothing was changed.",
                given.first().map_or("a new key", KeyId::as_str)
            ),
            Self::UnknownDataKey { .. } => {
                "Restore the database together with its table data_keys from one backup.".to_owned()
            }
            Self::Tampered { .. } | Self::Swapped { .. } => {
                "Somebody or something other than jeton wrote to the database. Remove the entry and add it again, or \
                 restore a backup; then find out who could write."
                    .to_owned()
            }
        })
    }
}
