//! Who may see an account, and who may change it.

use jeton_access::AccessError;
use jeton_domain::{AccountLabel, AccountScope, Action, Caller, Coded as _, Identity, Role};
use jeton_ledger::{Event, events};
use jeton_policy::CouldUse;
use jeton_vault::{AccountRecord, AccountSketch, AccountView};

use crate::{AccountError, Accounts, EnvironmentAccount, account::source_of, accounts::Inner};

/// What somebody wants to do with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// Have its token tried, change it, or put another token in.
    Change,
    /// Switch it off or remove it.
    End,
}

/// By what accounts are a caller's own. `None` for those who cannot be told apart: nothing is theirs alone.
pub(crate) fn own_key(identity: &Identity) -> Option<String> {
    match identity {
        Identity::Anonymous => None,
        // Without `sub`, all that an issuer signs for would be one.
        Identity::Jwt(jwt) if jwt.subject.is_empty() => None,
        identity => Some(identity.key().to_string()),
    }
}

/// Whose accounts a caller may see.
pub(crate) fn view_of(caller: &Caller) -> AccountView {
    match &caller.identity {
        Identity::Operator
        | Identity::User {
            role: Role::Operator | Role::Auditor,
            ..
        } => AccountView::All,
        identity => AccountView::Of(identity.key().to_string()),
    }
}

/// Which accounts a caller may see: their own; private ones of others for those who see everything; and of the shared ones all, for
/// whoever may read or keep accounts, or those that some policy could let them use.
#[derive(Debug)]
pub(crate) struct Sight<'a> {
    caller: &'a Caller,
    shared: SharedSight,
}

#[derive(Debug)]
enum SharedSight {
    All,
    Usable(CouldUse),
}

impl Sight<'_> {
    pub(crate) fn sees(&self, account: &AccountRecord) -> bool {
        self.sees_one(&account.scope, account.forge.host(), &account.label)
    }

    /// The same of an account that is known in outline.
    pub(crate) fn sees_sketch(&self, account: &AccountSketch) -> bool {
        self.sees_one(&account.scope, &account.host, &account.label)
    }

    fn sees_one(&self, scope: &AccountScope, host: &str, label: &AccountLabel) -> bool {
        match scope {
            AccountScope::Shared => self.sees_shared(host, &source_of(scope, label)),
            scope @ AccountScope::Private(_) => view_of(self.caller) == AccountView::All || owns(self.caller, scope),
        }
    }

    pub(crate) fn sees_in_environment(&self, account: &EnvironmentAccount) -> bool {
        self.sees_shared(account.credential.forge.host(), &account.source())
    }

    /// Whether it leaves nothing out that its view has.
    pub(crate) fn sees_all_shared(&self) -> bool {
        match &self.shared {
            SharedSight::All => true,
            SharedSight::Usable(could) => could.is_everything(),
        }
    }

    /// What of the shared ones they may use, for those who do not see them all anyway.
    pub(crate) fn usable(&self) -> Option<&CouldUse> {
        match &self.shared {
            SharedSight::All => None,
            SharedSight::Usable(could) => Some(could),
        }
    }

    fn sees_shared(&self, host: &str, source: &str) -> bool {
        match &self.shared {
            SharedSight::All => true,
            SharedSight::Usable(could) => could.could(host, source),
        }
    }
}

/// Whether what is in a scope is the caller's own.
pub(crate) fn owns(caller: &Caller, scope: &AccountScope) -> bool {
    match scope {
        AccountScope::Shared => false,
        AccountScope::Private(key) => own_key(&caller.identity).is_some_and(|own| own == *key),
    }
}

/// Whether an account that somebody adds is everybody's when they do not say: those who keep a server's accounts in order
/// mean it so, and people and programs do not.
pub(crate) fn shares_by_default(identity: &Identity) -> bool {
    matches!(identity, Identity::Operator | Identity::Unix { .. })
}

impl Accounts {
    /// Lets a caller see accounts: those to whom some policy gives the sight, the use or the keeping of one. Which ones they see
    /// is another question.
    ///
    /// # Errors
    /// [`AccessError::Denied`], which is on record then.
    pub fn permit_look(&self, caller: &Caller, request_id: Option<&str>) -> Result<(), AccountError> {
        if !self.0.knows_accounts(caller) {
            self.0.access.permit(caller, Action::AccountRead, request_id)?;
        }
        Ok(())
    }
}

impl Inner {
    /// Whether a caller has anything to do with accounts.
    pub(crate) fn knows_accounts(&self, caller: &Caller) -> bool {
        self.sees_all_shared(caller) || self.access.could_allow(caller).contains(&Action::AccountUse)
    }

    /// Whether a caller sees all that is everybody's. That is about no account in particular, so it is decided here and now; what
    /// could be allowed hangs on conditions yet.
    fn sees_all_shared(&self, caller: &Caller) -> bool {
        let may = |action| self.access.is_allowed(caller, action);
        may(Action::AccountRead) || may(Action::AccountManage)
    }

    /// What a caller may see.
    pub(crate) fn sight_of<'a>(&self, caller: &'a Caller) -> Sight<'a> {
        Sight {
            caller,
            shared: if self.sees_all_shared(caller) {
                SharedSight::All
            } else {
                SharedSight::Usable(self.access.could_use(caller, Action::AccountUse))
            },
        }
    }

    /// Lets a caller do something with an account that they may see, or refuses and puts that on record.
    pub(crate) fn permit(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        account: &AccountRecord,
        want: Want,
    ) -> Result<(), AccountError> {
        match &account.scope {
            AccountScope::Shared => self.permit_shared(caller, request_id),
            scope if owns(caller, scope) => Ok(()),
            AccountScope::Private(_) => {
                let is_operator = matches!(
                    caller.identity,
                    Identity::Operator
                        | Identity::User {
                            role: Role::Operator,
                            ..
                        }
                );
                if is_operator && want == Want::End {
                    return Ok(());
                }
                let words = format!(
                    "the account `{}` is private: only its owner may do this with it",
                    account.label
                );
                Err(self.refuse(caller, request_id, words))
            }
        }
    }

    /// Lets a caller manage what is everybody's.
    pub(crate) fn permit_shared(&self, caller: &Caller, request_id: Option<&str>) -> Result<(), AccountError> {
        self.access.permit(caller, Action::AccountManage, request_id)?;
        Ok(())
    }

    /// Lets a caller keep accounts of their own: everybody who can be told from others, and to whom a policy gives the use
    /// of some account. To others it would be of no use but to fill the database and to send requests through this server.
    pub(crate) fn permit_own(&self, caller: &Caller, request_id: Option<&str>) -> Result<String, AccountError> {
        let could = self.access.could_allow(caller);
        let may = could.contains(&Action::AccountUse) || could.contains(&Action::AccountManage);
        match own_key(&caller.identity) {
            Some(key) if may => Ok(key),
            _ => {
                let words = format!("{} may not keep accounts here", caller.identity);
                Err(self.refuse(caller, request_id, words))
            }
        }
    }

    /// Puts a refusal on record.
    fn refuse(&self, caller: &Caller, request_id: Option<&str>, words: String) -> AccountError {
        let error = AccessError::Denied {
            words,
            by_ceiling: false,
        };
        let event = Event::new(events::ACCESS_REFUSED, caller)
            .with("action", Action::AccountManage.as_str())
            .with("code", error.code().as_str())
            .in_request(request_id);
        self.access.ledger().note_repeated(event);
        error.into()
    }
}
