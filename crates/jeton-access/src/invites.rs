//! One-time links, with which people set their password, or say who they are at the sign-in provider.
//!
//! Of each user one link is good at a time, so that the one sent last is the one that counts; the very first
//! administrator has one per server that started, since each prints its own. A setting per user holds what is kept of it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_domain::{Caller, Role, Secret, UserId, UserName};
use jeton_ledger::{Event, events};
use jeton_vault::{UserRecord, VaultTx};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Access, AccessError,
    opaque::Opaque,
    passwords::check_rules,
    users::{about, add_row, new_user, parse_new, take_turn},
    web_sessions::{Visitor, identity},
};

/// How long a link is good.
const LINK_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// Links for the first administrator that are good at once; beyond it the oldest ends. A server that restarts over and
/// over does not fill the database.
const MOST_FIRST_LINKS: usize = 16;
/// Stands for the first administrator, who has no id yet.
const NOBODY: Uuid = Uuid::nil();

/// Whom a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkHolder {
    /// The first administrator, who chooses a name.
    First,
    /// A user, who sets a password or signs in through the provider.
    User(UserName),
    /// A user who signs in through the provider: the link binds them to another account there.
    Bound(UserName),
}

/// What is kept of the links of one user.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Links(Vec<Kept>);

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// The SHA-256 in hex.
    digest: String,
    expires_at: Timestamp,
}

/// What a link carries: whose it is, and a secret.
struct Claim {
    owner: Uuid,
    secret: Opaque,
}

/// Uses a link up; gives the user whom it was for, and `None` for the first administrator. Whoever calls has their turn.
pub(crate) async fn use_up(
    tx: &mut dyn VaultTx,
    link: &Secret,
    now: Timestamp,
) -> Result<Option<UserRecord>, AccessError> {
    let claim = Claim::parse(link).ok_or(AccessError::SetupLink)?;
    let holder = holder(tx, &claim, now).await?;
    write_links(tx, claim.owner, &Links::default()).await?;
    Ok(holder)
}

impl Claim {
    /// Two parts of base64url with a `.` between.
    fn parse(link: &Secret) -> Option<Self> {
        let (owner, secret) = link.expose().split_once('.')?;
        let owner = URL_SAFE_NO_PAD.decode(owner).ok()?;
        Some(Self {
            owner: Uuid::from_slice(&owner).ok()?,
            secret: Opaque::parse(secret)?,
        })
    }

    fn text(&self) -> Secret {
        let owner = URL_SAFE_NO_PAD.encode(self.owner.as_bytes());
        Secret::new(format!("{owner}.{}", self.secret.text().expose()))
    }
}

fn setting(owner: Uuid) -> String {
    format!("invite/{}", owner.simple())
}

async fn read_links(tx: &mut dyn VaultTx, owner: Uuid) -> Result<Links, AccessError> {
    let Some(bytes) = tx.settings().find(&setting(owner)).await? else {
        return Ok(Links::default());
    };
    // What nobody can read opens nothing; a new link replaces it.
    Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        tracing::error!(owner = %owner, %error, "the kept links of a user cannot be read");
        Links::default()
    }))
}

async fn write_links(tx: &mut dyn VaultTx, owner: Uuid, links: &Links) -> Result<(), AccessError> {
    let bytes = serde_json::to_vec(links).map_err(|_| AccessError::Internal("links could not be written as JSON"))?;
    Ok(tx.settings().put(&setting(owner), &bytes).await?)
}

impl Access {
    /// A link for the first administrator, while there is no user at all; else `None`. Good for 24 hours and one use;
    /// the name is chosen by whoever uses it.
    pub async fn first_setup(&self) -> Result<Option<Secret>, AccessError> {
        let now = self.now();
        if self.0.vault.read().await?.users().any().await? {
            return Ok(None);
        }
        let mut tx = self.0.vault.begin().await?;
        take_turn(&mut *tx).await?;
        if tx.users().any().await? {
            return Ok(None);
        }
        let (link, expires_at) = self.give_link(&mut *tx, None, now).await?;
        let event = Event::by_system(events::USER_INVITED)
            .with("first", true)
            .with("link_expires_at", expires_at.to_string());
        self.0.ledger.append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        Ok(Some(link))
    }

    /// Whether there is anybody who could sign in: while there is nobody, the first link is still to be opened.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn has_users(&self) -> Result<bool, AccessError> {
        Ok(self.0.vault.read().await?.users().any().await?)
    }

    /// Whom a link is for, while it is good: what the page of the link shows.
    ///
    /// # Errors
    /// [`AccessError::SetupLink`] for every link that opens nothing, whatever the reason.
    pub async fn open_link(&self, link: &Secret) -> Result<LinkHolder, AccessError> {
        let claim = Claim::parse(link).ok_or(AccessError::SetupLink)?;
        let mut tx = self.0.vault.read().await?;
        match holder(&mut *tx, &claim, self.now()).await? {
            None => Ok(LinkHolder::First),
            Some(user) if user.provider.is_none() => Ok(LinkHolder::User(user.name)),
            Some(user) if self.sign_in_provider().is_some() => Ok(LinkHolder::Bound(user.name)),
            // They can neither go to a provider nor have a password.
            Some(_) => Err(AccessError::SetupLink),
        }
    }

    /// Uses a link up: sets the password, and ends every browser session of the user. `name` is for the first
    /// administrator only; everybody else has one already, and it is not changed.
    ///
    /// # Errors
    /// [`AccessError::SetupLink`]; [`AccessError::UserInvalid`] for a password that will not do, and for a user who signs
    /// in through the provider, after which the link is still good.
    pub async fn redeem(
        &self,
        link: &Secret,
        name: Option<&str>,
        password: &Secret,
        visitor: Visitor<'_>,
    ) -> Result<UserRecord, AccessError> {
        let outcome = self.use_link(link, name, password, visitor).await;
        if let Err(error @ AccessError::SetupLink) = &outcome {
            self.0.ledger.note_repeated(visitor.refused(error));
        }
        outcome
    }

    async fn use_link(
        &self,
        link: &Secret,
        name: Option<&str>,
        password: &Secret,
        visitor: Visitor<'_>,
    ) -> Result<UserRecord, AccessError> {
        let claim = Claim::parse(link).ok_or(AccessError::SetupLink)?;
        // Looked at before anything is hashed: a stranger must not be able to keep the processor busy.
        let mut tx = self.0.vault.read().await?;
        let known = holder(&mut *tx, &claim, self.now()).await?;
        drop(tx);
        let name = match known {
            Some(user) => {
                has_no_provider(&user)?;
                user.name
            }
            None => parse_new(name.unwrap_or_default())?,
        };
        check_rules(password, &name)?;
        let hash = self.0.passwords.hash(password.clone()).await?;

        let now = self.now();
        let mut tx = self.0.vault.begin().await?;
        take_turn(&mut *tx).await?;
        let (user, event) = if let Some(mut user) = holder(&mut *tx, &claim, now).await? {
            has_no_provider(&user)?;
            // The user's row first: a sign-in with the old password waits for it, and then finds it changed.
            if !tx.users().set_password(user.id, &hash).await? {
                return Err(AccessError::SetupLink);
            }
            tx.web_sessions().remove_of_user(user.id, None).await?;
            user.password = Some(hash);
            (user, events::USER_PASSWORD_SET)
        } else {
            let id = UserId::generate(now, &*self.0.entropy);
            let mut user = new_user(id, &name, Role::Operator, now);
            user.password = Some(hash);
            add_row(&mut *tx, &user).await?;
            (user, events::USER_ADDED)
        };
        write_links(&mut *tx, claim.owner, &Links::default()).await?;
        let caller = Caller {
            identity: identity(&user),
            address: visitor.address,
        };
        let event = about(event, &caller, visitor.request_id, &user)
            .with("role", user.role.as_str())
            .with("by", "link");
        self.0.ledger.append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Makes a link and keeps its digest. Whoever calls has their turn.
    pub(crate) async fn give_link(
        &self,
        tx: &mut dyn VaultTx,
        user: Option<UserId>,
        now: Timestamp,
    ) -> Result<(Secret, Timestamp), AccessError> {
        let claim = Claim {
            owner: user.map_or(NOBODY, UserId::as_uuid),
            secret: Opaque::generate(&*self.0.entropy),
        };
        let mut links = Links::default();
        if user.is_none() {
            links = read_links(tx, NOBODY).await?;
            links.0.retain(|kept| kept.expires_at > now);
            let surplus = (links.0.len() + 1).saturating_sub(MOST_FIRST_LINKS);
            links.0.drain(..surplus);
        }
        let expires_at = now + LINK_LIFE;
        links.0.push(Kept {
            digest: hex::encode(claim.secret.digest()),
            expires_at,
        });
        write_links(tx, claim.owner, &links).await?;
        Ok((claim.text(), expires_at))
    }

    /// Ends the link of a user.
    pub(crate) async fn void_links(&self, tx: &mut dyn VaultTx, user: UserId) -> Result<(), AccessError> {
        write_links(tx, user.as_uuid(), &Links::default()).await
    }
}

/// The user whom a good link is for; `None` for the first administrator.
async fn holder(tx: &mut dyn VaultTx, claim: &Claim, now: Timestamp) -> Result<Option<UserRecord>, AccessError> {
    let digest = hex::encode(claim.secret.digest());
    let links = read_links(tx, claim.owner).await?;
    let good = links.0.iter().any(|kept| {
        kept.expires_at > now && verify_slices_are_equal(kept.digest.as_bytes(), digest.as_bytes()).is_ok()
    });
    if !good {
        return Err(AccessError::SetupLink);
    }
    if claim.owner == NOBODY {
        return if tx.users().any().await? {
            Err(AccessError::SetupLink)
        } else {
            Ok(None)
        };
    }
    let user = tx.users().find(UserId::from_uuid(claim.owner)).await?;
    user.filter(|user| user.disabled_at.is_none())
        .map(Some)
        .ok_or(AccessError::SetupLink)
}

/// A password would go on opening jeton after they lost their account at the provider.
fn has_no_provider(user: &UserRecord) -> Result<(), AccessError> {
    if user.provider.is_none() {
        return Ok(());
    }
    let words = format!(
        "`{}` signs in through the provider, and so has no password here",
        user.name
    );
    Err(AccessError::UserInvalid(words))
}
