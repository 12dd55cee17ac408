use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use serde_json::{Map, Value};

use crate::{ClientId, ClientName, IssuerName, UserId, UserName};

/// What a person may do on the whole server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Everything.
    Operator,
    /// What policies give them.
    Member,
    /// Look at everything; change and open nothing.
    Auditor,
}

impl Role {
    /// Every role there is.
    pub const ALL: [Self; 3] = [Self::Operator, Self::Member, Self::Auditor];

    /// As policies and the record write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Member => "member",
            Self::Auditor => "auditor",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is operator, member or auditor")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(UnknownRole)
    }
}

/// Who asks, after they have shown that it is them.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// Who it is.
    pub identity: Identity,
    /// Where the request comes from; `None` over a Unix socket.
    pub address: Option<IpAddr>,
}

/// Who somebody is.
#[derive(Debug, Clone, PartialEq)]
pub enum Identity {
    /// Whoever runs the server: by the operator's key, or as the server's own user over its Unix socket.
    Operator,
    /// A program with an API key.
    Client {
        /// Its id, which no later client of the same name has.
        id: ClientId,
        /// Its name.
        name: Arc<ClientName>,
    },
    /// A person who has signed in.
    User {
        /// Their id.
        id: UserId,
        /// Their name.
        name: Arc<UserName>,
        /// What they may do.
        role: Role,
    },
    /// Whoever a token of a configured issuer is about.
    Jwt(Arc<JwtIdentity>),
    /// Another user of this machine, over the Unix socket.
    Unix {
        /// The user's number.
        uid: u32,
        /// The number of the user's group.
        gid: u32,
    },
    /// Nobody said who it is, on a route that serves such callers.
    Anonymous,
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq)]
pub struct JwtIdentity {
    /// The issuer, by the operator's name for it.
    pub issuer: IssuerName,
    /// `sub`; empty when the token has none.
    pub subject: String,
    /// All claims, verified.
    pub claims: Map<String, Value>,
}

/// A short and exact name of an identity, to compare and to count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdentityKey {
    /// The operator.
    Operator,
    /// A client.
    Client(ClientId),
    /// A user.
    User(UserId),
    /// The SHA-256 of issuer and subject, cut to 16 bytes.
    Jwt([u8; 16]),
    /// A uid.
    Unix(u32),
    /// Anonymous.
    Anonymous,
}

impl Caller {
    /// Nobody in particular.
    pub fn anonymous(address: Option<IpAddr>) -> Self {
        Self {
            identity: Identity::Anonymous,
            address,
        }
    }
}

impl Identity {
    /// Which kind it is, as policies and the record write it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Client { .. } => "client",
            Self::User { .. } => "user",
            Self::Jwt(_) => "jwt",
            Self::Unix { .. } => "unix",
            Self::Anonymous => "anonymous",
        }
    }

    /// To compare and to count by.
    pub fn key(&self) -> IdentityKey {
        match self {
            Self::Operator => IdentityKey::Operator,
            Self::Client { id, .. } => IdentityKey::Client(*id),
            Self::User { id, .. } => IdentityKey::User(*id),
            Self::Jwt(jwt) => IdentityKey::Jwt(jwt.digest()),
            Self::Unix { uid, .. } => IdentityKey::Unix(*uid),
            Self::Anonymous => IdentityKey::Anonymous,
        }
    }
}

impl JwtIdentity {
    fn digest(&self) -> [u8; 16] {
        use sha2::{Digest as _, Sha256};
        let mut hash = Sha256::new();
        hash.update((self.issuer.as_str().len() as u64).to_be_bytes());
        hash.update(self.issuer.as_str());
        hash.update(&self.subject);
        let digest = hash.finalize();
        std::array::from_fn(|index| digest[index])
    }
}

/// As the record names the holder of a grant: `client:ci`, `user:ada`, `jwt:github-actions:repo:acme/tools:ref:…`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Client { name, .. } => write!(f, "client:{name}"),
            Self::User { name, .. } => write!(f, "user:{name}"),
            Self::Jwt(jwt) => {
                write!(f, "jwt:{}:", jwt.issuer)?;
                // Somebody else chose it; it must not write all over a log or a terminal.
                jwt.subject
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(200)
                    .try_for_each(|c| write!(f, "{c}"))
            }
            Self::Unix { uid, .. } => write!(f, "uid:{uid}"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

/// As the database keeps it: `client:<id>`, `user:<id>`, `jwt:<hex>`, `uid:<number>`, `operator`, `anonymous`.
impl fmt::Display for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Client(id) => write!(f, "client:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Jwt(digest) => write!(f, "jwt:{}", hex::encode(digest)),
            Self::Unix(uid) => write!(f, "uid:{uid}"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

impl IdentityKey {
    /// Reads what [`fmt::Display`] writes; ids and digests in whatever case.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((kind, rest)) = text.split_once(':') else {
            return match text {
                "operator" => Some(Self::Operator),
                "anonymous" => Some(Self::Anonymous),
                _ => None,
            };
        };
        match kind {
            "client" => rest.parse().ok().map(Self::Client),
            "user" => rest.parse().ok().map(Self::User),
            "jwt" => hex::decode(rest).ok()?.try_into().ok().map(Self::Jwt),
            // Not with a sign or zeros in front: one key, one text.
            "uid" => rest
                .parse()
                .ok()
                .filter(|uid: &u32| uid.to_string() == rest)
                .map(Self::Unix),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Map;

    use super::{Identity, IdentityKey, JwtIdentity};
    use crate::IssuerName;

    fn jwt(subject: &str) -> Identity {
        let issuer = IssuerName::parse("actions").unwrap();
        Identity::Jwt(Arc::new(JwtIdentity {
            issuer,
            subject: subject.to_owned(),
            claims: Map::new(),
        }))
    }

    #[test]
    fn a_subject_cannot_forge_a_line() {
        assert_eq!(jwt("repo:acme/x\n\u{1b}[2J").to_string(), "jwt:actions:repo:acme/x[2J");
        assert!(jwt(&"x".repeat(5_000)).to_string().len() < 300);
    }

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let id = "0193f3a0-7d0a-7000-8000-000000000000";
        let keys = [
            "operator".to_owned(),
            "anonymous".to_owned(),
            format!("client:{id}"),
            format!("user:{id}"),
            jwt("a").key().to_string(),
            "uid:0".to_owned(),
            "uid:4294967295".to_owned(),
        ];
        for key in keys {
            assert_eq!(IdentityKey::parse(&key).map(|read| read.to_string()), Some(key));
        }
        for bad in [
            "",
            "ci",
            "client:",
            "client:ci",
            "cilent:ci",
            "\0",
            "operator:",
            "operator\0",
            "jwt:",
            "jwt:ab",
            "jwt:a:b",
            "uid:",
            "uid:-1",
            "uid:+1",
            "uid:007",
            "uid:4294967296",
            "unix:0",
        ] {
            assert_eq!(IdentityKey::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn who_differs_has_another_key() {
        assert_ne!(jwt("a").key(), jwt("b").key());
        assert_eq!(jwt("a").key(), jwt("a").key());
        assert_ne!(Identity::Unix { uid: 0, gid: 0 }.key(), Identity::Operator.key());
    }
}
