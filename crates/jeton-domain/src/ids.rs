use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Entropy;

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id (UUID version 7: ids made later sort later).
            pub fn generate(now: Timestamp, entropy: &dyn Entropy) -> Self {
                let mut random = [0_u8; 10];
                entropy.fill(&mut random);
                let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// The id that a row holds.
            pub fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The plain UUID, to store.
            pub fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

typed_id!(
    /// Names a stored account.
    AccountId
);
typed_id!(
    /// Names one renewal of an account's token.
    RotationId
);
typed_id!(
    /// Names a GitHub App that jeton knows; not the forge's own App id.
    AppId
);
typed_id!(
    /// Names a program that may ask; a later one of the same name has another.
    ClientId
);
typed_id!(
    /// Names one of the keys of a client.
    ClientKeyId
);
typed_id!(
    /// Names one credential handed to one caller.
    GrantId
);
typed_id!(
    /// Names a job in the queue.
    JobId
);
typed_id!(
    /// Names a process that holds leases on mints.
    LeaseHolder
);
typed_id!(
    /// Names a token that was replaced and waits for its end.
    OldTokenId
);
typed_id!(
    /// Names a runner that jeton made at a forge and keeps the token of; not the forge's own id.
    RunnerId
);
typed_id!(
    /// Names a place to which an account's token is pushed.
    TargetId
);
typed_id!(
    /// Names a token that a forge minted; several grants may share one.
    TokenId
);
typed_id!(
    /// Names a person who may sign in.
    UserId
);
