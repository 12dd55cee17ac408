//! Who comes in when the provider vouches for somebody, and as what.

use jeton_domain::{Caller, Role, Secret, UserId, UserName};
use jeton_ledger::{Event, events};
use jeton_oidc::SignedIn;
use jeton_vault::{UserRecord, VaultTx};
use jiff::Timestamp;

use crate::{
    Access, AccessError,
    invites::use_up,
    users::{about, add_row, new_user, take_turn},
    web_sessions::{NewSession, Visitor, identity, signed_in},
};

impl Access {
    /// A session for whom the provider vouches for.
    pub(super) async fn admit(
        &self,
        person: &SignedIn,
        link: Option<&Secret>,
        visitor: Visitor<'_>,
    ) -> Result<NewSession, AccessError> {
        let now = self.now();
        let has_rules = !self.provider()?.config().roles.is_empty();
        let mut tx = self.0.vault.begin().await?;
        if link.is_some() || has_rules {
            // This may change users, as an operator does.
            take_turn(&mut *tx).await?;
        }
        let known = tx.users().find_by_provider(&person.issuer, &person.subject).await?;
        let mut entries = Vec::with_capacity(3);
        let id = match (link, known) {
            (Some(link), known) => {
                let (user, event) = self.bind(&mut *tx, link, person, known.as_ref(), visitor, now).await?;
                entries.push(event);
                user.id
            }
            (None, Some(user)) => user.id,
            (None, None) => {
                let user = self.newcomer(person, now).await?;
                add_row(&mut *tx, &user).await?;
                let event = about_themselves(events::USER_ADDED, &user, visitor);
                entries.push(event.with("role", user.role.as_str()).with("by", "provider"));
                user.id
            }
        };
        // Locks the row before it is read: whoever shuts the user out comes before, and is seen, or after, and ends
        // this session with the others.
        tx.users().signed_in(id, now).await?;
        let user = tx.users().find(id).await?.filter(|user| user.disabled_at.is_none());
        let mut user = user.ok_or_else(|| AccessError::SignInRefused("this user is shut out here".to_owned()))?;
        if !is_bound(&user, person) {
            // A link bound the user to somebody else in the meantime.
            return Err(AccessError::NoUser(shown(person)));
        }
        if has_rules {
            entries.extend(follow_claims(&mut *tx, &mut user, person, visitor).await?);
        }
        let session = self.open_session(&mut *tx, user, visitor, now).await?;
        let event = signed_in(&session, visitor).with("by", "provider");
        entries.push(with_person(event, person));
        self.0.ledger.append_in(&mut *tx, &entries).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// Uses a link up: from now on the person signs in as the user whom it is for, and nobody else does, nor with a
    /// password. The link says who they are, whatever their name at the provider.
    async fn bind(
        &self,
        tx: &mut dyn VaultTx,
        link: &Secret,
        person: &SignedIn,
        known: Option<&UserRecord>,
        visitor: Visitor<'_>,
        now: Timestamp,
    ) -> Result<(UserRecord, Event), AccessError> {
        let holder = use_up(tx, link, now).await?;
        if let Some(known) = known
            && holder.as_ref().is_none_or(|holder| holder.id != known.id)
        {
            let words = format!(
                "{} at the provider signs in as `{}` here already",
                shown(person),
                known.name
            );
            return Err(AccessError::SignInRefused(words));
        }
        let binding = Some((person.issuer.clone(), person.subject.clone()));
        let (user, event) = if let Some(mut user) = holder {
            let before = user.provider.take();
            user.provider = binding;
            // It would go on opening jeton after they lost their account at the provider.
            user.password = None;
            // The same user in a new row, since the vault changes no binding of an old one. Their browser sessions go
            // with that, as with a new password.
            if !tx.users().remove(user.id).await? {
                return Err(AccessError::SetupLink);
            }
            add_row(tx, &user).await?;
            let mut event = about_themselves(events::USER_CHANGED, &user, visitor);
            if let Some((issuer, subject)) = before {
                event = event.with("issuer_before", issuer).with("subject_before", subject);
            }
            (user, event)
        } else {
            let mut user = self.first_administrator(person, now)?;
            user.provider = binding;
            add_row(tx, &user).await?;
            let event = about_themselves(events::USER_ADDED, &user, visitor);
            (user, event)
        };
        let event = event.with("role", user.role.as_str()).with("by", "link");
        Ok((user, with_person(event, person)))
    }

    /// Whom the very first link lets in. Who is told by the claims to be less than an operator is not: nobody would be
    /// there to add the others, and the link would be gone.
    fn first_administrator(&self, person: &SignedIn, now: Timestamp) -> Result<UserRecord, AccessError> {
        if !self.provider()?.config().roles.is_empty() && person.role != Some(Role::Operator) {
            let words = format!(
                "the first user must be an operator, and the provider's claims do not say so of {}",
                shown(person)
            );
            return Err(AccessError::SignInRefused(words));
        }
        let id = UserId::generate(now, &*self.0.entropy);
        Ok(new_user(id, &name_of(person)?, Role::Operator, now))
    }

    /// The user whom a stranger becomes.
    async fn newcomer(&self, person: &SignedIn, now: Timestamp) -> Result<UserRecord, AccessError> {
        if !self.0.settings.sign_in_adds_users {
            return Err(AccessError::NoUser(shown(person)));
        }
        let role = person.role.ok_or_else(|| no_role(person))?;
        let name = name_of(person)?;
        if self.is_named_in_policies(&name).await {
            // It was written for somebody whom an operator knows; whoever gets the name at the provider is not that.
            let words = format!("`{name}` is named in a policy, so only a one-time link makes somebody that user");
            return Err(AccessError::SignInRefused(words));
        }
        let mut user = new_user(UserId::generate(now, &*self.0.entropy), &name, role, now);
        user.provider = Some((person.issuer.clone(), person.subject.clone()));
        Ok(user)
    }

    /// Whether a policy in force lists the name itself. A pattern with `*` is meant for whoever comes to fit it.
    async fn is_named_in_policies(&self, name: &UserName) -> bool {
        let views = self.list_policies().await;
        let in_force = views
            .policies
            .iter()
            .filter(|view| !view.shadowed && view.error.is_none());
        in_force
            .filter_map(|view| view.spec.callers.user.as_ref())
            .any(|users| users.0.iter().any(|user| user == name.as_str()))
    }
}

/// Gives the user the role that the claims give now. It is done to the last operator as well: the provider's word counts,
/// and the operator's key opens the server all the same.
async fn follow_claims(
    tx: &mut dyn VaultTx,
    user: &mut UserRecord,
    person: &SignedIn,
    visitor: Visitor<'_>,
) -> Result<Option<Event>, AccessError> {
    let role = person.role.ok_or_else(|| no_role(person))?;
    if role == user.role {
        return Ok(None);
    }
    tx.users().set_role(user.id, role).await?;
    let before = std::mem::replace(&mut user.role, role);
    let event = Event::by_system(events::USER_CHANGED)
        .with("user", user.name.as_str())
        .with("user_id", user.id.to_string())
        .with("role", role.as_str())
        .with("role_before", before.as_str())
        .with("by", "provider")
        .in_request(visitor.request_id);
    Ok(Some(event))
}

/// An entry about what somebody does to their own user.
fn about_themselves(name: &'static str, user: &UserRecord, visitor: Visitor<'_>) -> Event {
    let caller = Caller {
        identity: identity(user),
        address: visitor.address,
    };
    about(name, &caller, visitor.request_id, user)
}

fn with_person(event: Event, person: &SignedIn) -> Event {
    event
        .with("issuer", person.issuer.as_str())
        .with("subject", person.subject.as_str())
}

fn is_bound(user: &UserRecord, person: &SignedIn) -> bool {
    let bound = user.provider.as_ref();
    bound.is_some_and(|(issuer, subject)| *issuer == person.issuer && *subject == person.subject)
}

/// The name that the provider gives a person, as a user's. Only ASCII is folded: other letters have lower-case forms that
/// are ASCII, and whoever could have such a name at the provider would become somebody else.
fn name_of(person: &SignedIn) -> Result<UserName, AccessError> {
    let name = person
        .user_name
        .as_ref()
        .and_then(|name| UserName::parse(&name.to_ascii_lowercase()).ok());
    name.ok_or_else(|| {
        let words = format!(
            "the provider knows {}, and names nobody who could be a user",
            shown(person)
        );
        AccessError::SignInRefused(words)
    })
}

fn no_role(person: &SignedIn) -> AccessError {
    let words = format!("the provider knows {}, and its claims give no role here", shown(person));
    AccessError::SignInRefused(words)
}

/// A person, for people.
fn shown(person: &SignedIn) -> String {
    let name = person.user_name.as_deref().unwrap_or(&person.subject);
    name.chars().filter(|c| !c.is_control()).take(100).collect()
}
