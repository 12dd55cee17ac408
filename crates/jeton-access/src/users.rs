//! The people who may sign in, as operators manage them. Whether the caller may is asked before, by the actions
//! `user.read` and `user.manage`. Operators are changed by operators only, or whoever has `user.manage` by a policy could
//! become one.

use jeton_domain::{Action, Caller, Coded as _, Identity, IdentityKey, Role, Secret, UserId, UserName};
use jeton_ledger::{Event, events};
use jeton_vault::{UserRecord, VaultError, VaultTx};
use jiff::Timestamp;

use crate::{Access, AccessError, private_accounts::switch_off};

/// A user, and the link with which they set their password, or sign in through the provider for the first time.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Who it is for.
    pub user: UserRecord,
    /// What the link carries; works once.
    pub link: Secret,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// What shall change about a user. What is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UserChange {
    /// What they may do. It holds from the next request in every browser where they are signed in.
    pub role: Option<Role>,
    /// Whether they are shut out. It ends their browser sessions at once, and a link that waits for them.
    pub disabled: Option<bool>,
}

/// A page of users.
#[derive(Debug)]
pub struct UserPage {
    /// The page.
    pub users: Vec<UserRecord>,
    /// After which name the next page begins; `None` on the last.
    pub next: Option<UserName>,
}

/// Held by whoever changes users, in a transaction that writes, until it ends: their changes follow each other, so that
/// each sees what the one before left. Sign-ins do not wait for it, unless they change the user as well.
const TURN: &str = "users_turn";

/// Waits for one's turn. Writing the row locks it on PostgreSQL, and every later statement sees what was committed
/// until then; SQLite has one writer anyway. To be taken before any other row, or two may wait for each other.
pub(crate) async fn take_turn(tx: &mut dyn VaultTx) -> Result<(), VaultError> {
    tx.settings().put(TURN, b"-").await
}

impl Access {
    /// Adds a user, with a link with which they set their password, or sign in through the provider.
    ///
    /// # Errors
    /// [`AccessError::UserInvalid`] for what is no name; [`AccessError::UserNameTaken`]; [`AccessError::Denied`] for an
    /// operator whom no operator adds.
    pub async fn add_user(
        &self,
        by: &Caller,
        request_id: Option<&str>,
        name: &str,
        role: Role,
    ) -> Result<Invite, AccessError> {
        let now = self.now();
        let user = new_user(UserId::generate(now, &*self.0.entropy), &parse_new(name)?, role, now);
        self.spare_operators(by, request_id, role == Role::Operator)?;
        let mut tx = self.0.vault.begin().await?;
        take_turn(&mut *tx).await?;
        add_row(&mut *tx, &user).await?;
        let (link, expires_at) = self.give_link(&mut *tx, Some(user.id), now).await?;
        let event = about(events::USER_ADDED, by, request_id, &user)
            .with("role", role.as_str())
            .with("link_expires_at", expires_at.to_string());
        self.0.ledger.append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        Ok(Invite { user, link, expires_at })
    }

    /// A page of users by name: at most `limit`, 500 at most, that come after `after`.
    pub async fn list_users(&self, after: Option<&UserName>, limit: u32) -> Result<UserPage, AccessError> {
        let limit = limit.clamp(1, 500);
        let mut users = self.0.vault.read().await?.users().list(after, limit + 1).await?;
        let more = users.len() > limit as usize;
        users.truncate(limit as usize);
        let next = users.last().filter(|_| more).map(|user| user.name.clone());
        Ok(UserPage { users, next })
    }

    /// One user.
    ///
    /// # Errors
    /// [`AccessError::UserNotFound`].
    pub async fn user(&self, name: &str) -> Result<UserRecord, AccessError> {
        get(&mut *self.0.vault.read().await?, name).await
    }

    /// Changes a user, wholly or not at all.
    ///
    /// # Errors
    /// [`AccessError::UserNotFound`]; [`AccessError::LastOperator`] when nobody could manage users any more;
    /// [`AccessError::Denied`] where an operator is changed or made, and not by an operator.
    pub async fn change_user(
        &self,
        by: &Caller,
        request_id: Option<&str>,
        name: &str,
        change: UserChange,
    ) -> Result<UserRecord, AccessError> {
        let now = self.now();
        let mut tx = self.0.vault.begin().await?;
        take_turn(&mut *tx).await?;
        let mut user = get(&mut *tx, name).await?;
        let before = user.clone();
        let of_operators = [Some(before.role), change.role].contains(&Some(Role::Operator));
        self.spare_operators(by, request_id, of_operators)?;
        user.role = change.role.unwrap_or(user.role);
        user.disabled_at = match change.disabled {
            Some(true) => user.disabled_at.or(Some(now)),
            Some(false) => None,
            None => user.disabled_at,
        };
        let mut event = about(events::USER_CHANGED, by, request_id, &user);
        if manages(&before) && !manages(&user) {
            spare_last_operator(&mut *tx, &user).await?;
        }
        if user.role != before.role {
            tx.users().set_role(user.id, user.role).await?;
            event = event
                .with("role", user.role.as_str())
                .with("role_before", before.role.as_str());
        }
        if user.disabled_at != before.disabled_at {
            tx.users().set_disabled(user.id, user.disabled_at).await?;
            event = event.with("disabled", user.disabled_at.is_some());
            if user.disabled_at.is_some() {
                // Else they would come back to life when the user is let in again.
                let ended = tx.web_sessions().remove_of_user(user.id, None).await?;
                event = event.with("sessions_ended", ended);
                self.void_links(&mut *tx, user.id).await?;
            }
        }
        if user.role == before.role && user.disabled_at == before.disabled_at {
            return Ok(user);
        }
        self.0.ledger.append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Removes a user with their browser sessions, and switches their private accounts off; how many these were.
    ///
    /// # Errors
    /// [`AccessError::UserNotFound`]; [`AccessError::LastOperator`]; [`AccessError::Denied`] for an operator whom no
    /// operator removes.
    pub async fn remove_user(
        &self,
        by: &Caller,
        request_id: Option<&str>,
        name: &str,
    ) -> Result<(UserRecord, u64), AccessError> {
        let mut tx = self.0.vault.begin().await?;
        take_turn(&mut *tx).await?;
        let user = get(&mut *tx, name).await?;
        self.spare_operators(by, request_id, user.role == Role::Operator)?;
        if manages(&user) {
            spare_last_operator(&mut *tx, &user).await?;
        }
        if !tx.users().remove(user.id).await? {
            return Err(not_found(name));
        }
        self.void_links(&mut *tx, user.id).await?;
        let mut entries = vec![about(events::USER_REMOVED, by, request_id, &user).with("role", user.role.as_str())];
        entries.extend(switch_off(&mut *tx, by, request_id, IdentityKey::User(user.id), self.now()).await?);
        self.0.ledger.append_in(&mut *tx, &entries).await?;
        tx.commit().await?;
        Ok((user, entries.len() as u64 - 1))
    }

    /// A new link for a user who has lost their password or their account at the provider, or never had one; the link
    /// before it ends. Password, binding to the provider and sessions stay until the link is used.
    ///
    /// # Errors
    /// [`AccessError::UserNotFound`]; [`AccessError::UserInvalid`] for a user who is shut out, or who signs in through a
    /// provider where there is none any more: a password would go on opening jeton after they lost their account there;
    /// [`AccessError::Denied`] for an operator whom no operator invites.
    pub async fn invite_again(&self, by: &Caller, request_id: Option<&str>, name: &str) -> Result<Invite, AccessError> {
        let now = self.now();
        let mut tx = self.0.vault.begin().await?;
        take_turn(&mut *tx).await?;
        let user = get(&mut *tx, name).await?;
        self.spare_operators(by, request_id, user.role == Role::Operator)?;
        let invalid = |words: &str| Err(AccessError::UserInvalid(format!("`{}` {words}", user.name)));
        if user.provider.is_some() && self.sign_in_provider().is_none() {
            return invalid("signed in through a provider, and there is none; remove and add them to change that");
        }
        if user.disabled_at.is_some() {
            return invalid("is shut out; let them in first");
        }
        let (link, expires_at) = self.give_link(&mut *tx, Some(user.id), now).await?;
        let event = about(events::USER_INVITED, by, request_id, &user).with("link_expires_at", expires_at.to_string());
        self.0.ledger.append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        Ok(Invite { user, link, expires_at })
    }

    /// Refuses what concerns operators to whoever is none, and puts that on record: a link opens everything that its user
    /// may.
    fn spare_operators(&self, by: &Caller, request_id: Option<&str>, concerned: bool) -> Result<(), AccessError> {
        let is_operator = match &by.identity {
            Identity::Operator => true,
            Identity::User { role, .. } => *role == Role::Operator,
            Identity::Client { .. } | Identity::Jwt(_) | Identity::Unix { .. } | Identity::Anonymous => false,
        };
        if is_operator || !concerned {
            return Ok(());
        }
        let action = Action::UserManage;
        let error = AccessError::Denied {
            words: format!("{} may not do `{action}` to operators; only operators may", by.identity),
            by_ceiling: false,
        };
        let event = Event::new(events::ACCESS_REFUSED, by)
            .with("action", action.as_str())
            .with("code", error.code().as_str())
            .in_request(request_id);
        self.0.ledger.note_repeated(event);
        Err(error)
    }
}

/// A user without a password, and without anything else.
pub(crate) fn new_user(id: UserId, name: &UserName, role: Role, now: Timestamp) -> UserRecord {
    UserRecord {
        id,
        name: name.clone(),
        role,
        password: None,
        provider: None,
        created_at: now,
        last_sign_in_at: None,
        disabled_at: None,
    }
}

/// The name of a user who is to be added.
pub(crate) fn parse_new(name: &str) -> Result<UserName, AccessError> {
    UserName::parse(name).map_err(|error| AccessError::UserInvalid(error.to_string()))
}

pub(crate) async fn add_row(tx: &mut dyn VaultTx, user: &UserRecord) -> Result<(), AccessError> {
    tx.users().add(user).await.map_err(|error| match error {
        VaultError::Conflict(_) => AccessError::UserNameTaken(user.name.to_string()),
        other => other.into(),
    })
}

/// An entry about a user.
pub(crate) fn about(name: &'static str, by: &Caller, request_id: Option<&str>, user: &UserRecord) -> Event {
    let mut event = Event::new(name, by)
        .with("user", user.name.as_str())
        .with("user_id", user.id.to_string());
    event.request_id = request_id.map(str::to_owned);
    event
}

pub(crate) async fn get(tx: &mut dyn VaultTx, name: &str) -> Result<UserRecord, AccessError> {
    let user = match UserName::parse(name) {
        Ok(parsed) => tx.users().find_by_name(&parsed).await?,
        Err(_) => None,
    };
    user.ok_or_else(|| not_found(name))
}

/// Whether they count among those who may manage users.
fn manages(user: &UserRecord) -> bool {
    user.role == Role::Operator && user.disabled_at.is_none()
}

/// Refuses to take the last operator away who is not shut out. The operator's key opens the server all the same, but
/// whoever has the page only would be locked out of it.
async fn spare_last_operator(tx: &mut dyn VaultTx, user: &UserRecord) -> Result<(), AccessError> {
    if tx.users().count_operators().await? <= 1 {
        return Err(AccessError::LastOperator(user.name.to_string()));
    }
    Ok(())
}

fn not_found(name: &str) -> AccessError {
    AccessError::UserNotFound(name.chars().filter(|c| !c.is_control()).take(100).collect())
}
