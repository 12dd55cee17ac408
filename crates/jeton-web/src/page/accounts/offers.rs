use jeton_accounts::{Account, AccountOrigin, RotationState};
use jeton_domain::{AccountScope, Action, Role};

use crate::page::viewer::Viewer;

/// What the page offers somebody to do with an account. The use cases decide what is allowed; this only keeps buttons away
/// that would be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a button of its own")]
pub(super) struct Offers {
    /// Ask the forge about it, and which repositories it reaches.
    pub(super) test: bool,
    /// Change what is said of it, and put another token in.
    pub(super) change: bool,
    /// Have the forge renew its token.
    pub(super) renew: bool,
    /// Switch it off and remove it.
    pub(super) end: bool,
    /// Store it: it stands in the environment alone.
    pub(super) import: bool,
}

impl Offers {
    pub(super) fn of(account: &Account, viewer: &Viewer) -> Self {
        let manages = viewer.may(Action::AccountManage);
        if matches!(account.origin, AccountOrigin::Environment { .. }) {
            return Self {
                test: manages,
                change: false,
                renew: false,
                end: false,
                import: manages,
            };
        }
        let is_operator = viewer.session.user.role == Role::Operator;
        let change = match &account.scope {
            AccountScope::Shared => manages,
            AccountScope::Private(_) => is_own(account, viewer),
        };
        Self {
            test: change,
            change,
            renew: change && account.kind.renews_itself() && !is_being_renewed(account),
            // An operator may end what is somebody's own, and do nothing else with it.
            end: change || (is_operator && account.scope != AccountScope::Shared),
            import: false,
        }
    }
}

/// Whether it is the viewer's own.
pub(super) fn is_own(account: &Account, viewer: &Viewer) -> bool {
    account.scope == AccountScope::private_to(&viewer.caller().identity)
}

/// Whether a renewal of its token is under way.
pub(super) fn is_being_renewed(account: &Account) -> bool {
    account.rotation.as_ref().is_some_and(|rotation| {
        matches!(
            rotation.state,
            RotationState::Intended | RotationState::Asked | RotationState::Received
        )
    })
}
