//! What was done, as the page after it says. The address has one of our own words, and nothing of it is repeated. It may be reloaded,
//! or come from anywhere: what it claims is said only where the account bears it out.

use jeton_accounts::Account;
use jiff::{SignedDuration, Timestamp};

/// For how long something was done just now.
const JUST_NOW: SignedDuration = SignedDuration::from_mins(1);

/// The sentence for a word of `?done=` on the page of an account.
pub(super) fn words(done: &str, account: &Account, now: Timestamp) -> Option<&'static str> {
    let is_new = |at: Option<Timestamp>| at.is_some_and(|at| now.duration_since(at) < JUST_NOW);
    let (was_changed, was_checked) = (is_new(account.updated_at), is_new(account.checked_at));
    let (words, is_so) = match done {
        "added" => ("The account is stored.", was_changed),
        "saved" => ("The change is saved.", was_changed),
        "tested" => ("The forge was asked. What it said stands below.", was_checked),
        "default" => ("This account is the default on its forge.", account.is_default),
        "not-default" => ("This account is not the default on its forge.", !account.is_default),
        "on" => ("The account is switched on.", account.active),
        "off" => (
            "The account is switched off. Whoever holds its token keeps it until it is revoked at the forge.",
            !account.active,
        ),
        "renewed" => (
            "The token was renewed, and the one before ended.",
            was_changed || was_checked,
        ),
        "replaced" => (
            "The new token is in. The one before lives on at the forge until it is revoked there.",
            was_changed,
        ),
        "replaced-ending" => (
            "The new token is in. The one before ends once every target has the new one; “Targets” shows how far that is.",
            was_changed,
        ),
        _ => return None,
    };
    is_so.then_some(words)
}

/// The same on the list, of an account that is gone.
pub(super) fn removed(done: &str) -> Option<&'static str> {
    (done == "removed").then_some("The account was removed.")
}
