//! What is sent to the controls of people and organizations.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer};

use crate::github::{OrgRole, RepoRole, SamlSso};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserWire {
    pub(super) login: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RenameUserWire {
    pub(super) login: String,
    pub(super) new_login: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberWire {
    pub(super) org: String,
    pub(super) login: String,
    pub(super) role: Option<OrgRole>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CollaboratorWire {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) login: String,
    pub(super) role: Option<RepoRole>,
}

/// What a field asks for. Absent, it leaves things as they are; `null` is a value of its own.
#[derive(Default)]
pub(super) enum Wish<T> {
    #[default]
    Keep,
    Set(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Wish<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Set)
    }
}

impl<T> Wish<T> {
    pub(super) fn fulfil(self, place: &mut Option<T>) {
        if let Self::Set(value) = self {
            *place = value;
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyWire {
    pub(super) saml_sso: Option<SamlSso>,
    #[serde(default)]
    pub(super) ip_allow_list: Wish<Vec<IpAddr>>,
    pub(super) forbid_classic: Option<bool>,
    #[serde(default)]
    pub(super) max_fine_grained_days: Wish<u32>,
    pub(super) approve_fine_grained: Option<bool>,
    #[serde(default)]
    pub(super) base_role: Wish<RepoRole>,
    pub(super) forbid_repository_runners: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LockoutWire {
    pub(super) after: Option<u32>,
    pub(super) seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DelayWire {
    pub(super) seconds: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BranchWire {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) branch: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PullWire {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) login: String,
    pub(super) title: String,
    pub(super) head: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretWire {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) secret: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileWire {
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) path: String,
    pub(super) content: String,
}
