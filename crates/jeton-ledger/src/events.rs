//! What can happen, by name. Names stand in rows and in policies' replays: they are added, never renamed.

macro_rules! events {
    ($($name:ident = $text:literal, $words:literal;)*) => {
        $(#[doc = $words] pub const $name: &str = $text;)*

        /// Every event, with what it means, for the reference.
        pub const EVENTS: &[(&str, &str)] = &[$(($text, $words),)*];
    };
}

events! {
    TOKEN_GRANTED = "token.granted", "A token was handed out.";
    TOKEN_REFUSED = "token.refused", "A token was asked for and refused.";
    TOKEN_RELEASED = "token.released", "A grant was given back by its holder or by the operator.";
    TOKEN_REVOKED = "token.revoked", "A token was revoked at its forge.";
    TOKEN_REJECTED = "token.rejected", "A holder said that the forge refuses its token.";
    TOKEN_DROPPED = "token.dropped", "A token was dropped before its end: its forge refuses it, or access was taken away.";
    AUTH_REFUSED = "auth.refused", "Somebody was not let in: no key, a wrong one, or one that has ended; or no page of this server sent their form.";
    ACCESS_REFUSED = "access.refused", "Somebody who is known asked for what they may not do.";
    CONTENT_READ = "content.read", "A caller began to read a repository, or went on: once in ten minutes for each repository and source.";
    CONTENT_REFUSED = "content.refused", "Somebody asked for a repository's content, and no policy allows it.";
    RUNNER_TOKEN_GIVEN = "runner.token_given", "A token with which runners register themselves was handed out.";
    RUNNER_REMOVAL_TOKEN_GIVEN = "runner.removal_token_given", "A token with which runners remove themselves was handed out.";
    RUNNER_JIT_ASKED = "runner.jit_asked", "A forge is about to be asked for a runner for a single job.";
    RUNNER_JIT_GIVEN = "runner.jit_given", "The configuration of a runner for a single job was handed out.";
    RUNNER_MADE = "runner.made", "A runner was made at its forge.";
    RUNNER_RENEWED = "runner.renewed", "The token of a runner that jeton keeps was renewed.";
    RUNNER_LOST = "runner.lost", "The token that jeton keeps of a runner is dead: the runner renewed it itself, or no other could be had.";
    RUNNER_REMOVED = "runner.removed", "A runner that jeton keeps was removed.";
    RUNNER_REFUSED = "runner.refused", "Somebody asked for a runner's token, and no policy allows it.";
    SECRET_PUSHING = "secret.pushing", "A secret is about to be pushed to a forge's CI.";
    SECRET_PUSHED = "secret.pushed", "A secret was pushed to a forge's CI.";
    SECRET_PUSH_FAILED = "secret.push_failed", "A secret could not be pushed to a forge's CI.";
    SECRET_REFUSED = "secret.refused", "Somebody asked to push a secret, and no policy allows it.";
    TARGET_ADDED = "target.added", "An account got a target: a place of a forge's CI to which its token is pushed.";
    TARGET_PUSH_ASKED = "target.push_asked", "Somebody had an account's token pushed again to the targets that do not have it.";
    TARGET_REMOVED = "target.removed", "A target of an account was removed.";
    USER_SIGNED_IN = "user.signed_in", "A person signed in.";
    USER_SIGN_IN_REFUSED = "user.sign_in_refused", "A person tried to sign in and was refused.";
    USER_SIGNED_OUT = "user.signed_out", "A person signed out.";
    USER_SESSION_ENDED = "user.session_ended", "A browser session was ended by somebody.";
    USER_INVITED = "user.invited", "A one-time link was made for a person.";
    USER_ADDED = "user.added", "A person was added.";
    USER_CHANGED = "user.changed", "A person's role or standing was changed.";
    USER_PASSWORD_SET = "user.password_set", "A password was set.";
    USER_REMOVED = "user.removed", "A person was removed.";
    CLIENT_ADDED = "client.added", "A client was added.";
    CLIENT_ROTATED = "client.rotated", "A client got a further key.";
    CLIENT_REVOKED = "client.revoked", "A client was revoked.";
    POLICY_PUT = "policy.put", "A policy was added or changed.";
    POLICY_REMOVED = "policy.removed", "A policy was removed.";
    POLICY_FILE_LOADED = "policy.file_loaded", "The policy file was read and is in force.";
    POLICY_FILE_REFUSED = "policy.file_refused", "The policy file was read and refused; the one before stays in force.";
    APP_ADDED = "app.added", "A GitHub App was added.";
    APP_REMOVED = "app.removed", "A GitHub App was removed.";
    ACCOUNT_ADDED = "account.added", "A provider account was added.";
    ACCOUNT_IMPORTED = "account.imported", "A provider account was added from a variable of the server's environment.";
    ACCOUNT_CHANGED = "account.changed", "An account's label, note, names, switches or visibility were changed.";
    ACCOUNT_TOKEN_REPLACED = "account.token_replaced", "Another token was put into an account.";
    ACCOUNT_OLD_TOKEN_ENDED = "account.old_token_ended", "A token that was replaced was ended at its forge.";
    ACCOUNT_OLD_TOKEN_KEPT = "account.old_token_kept", "A token that was replaced could not be ended at its forge, and lives on.";
    ACCOUNT_REMOVED = "account.removed", "An account was removed.";
    ACCOUNT_TESTED = "account.tested", "Somebody had an account's token tested against its forge.";
    ACCOUNT_INVALID = "account.invalid", "The forge refuses an account's token that it took before.";
    ACCOUNT_VALID_AGAIN = "account.valid_again", "The forge takes an account's token again.";
    ACCOUNT_EXPIRING = "account.expiring", "An account's token ends soon.";
    ACCOUNT_EXPIRED = "account.expired", "An account's token has ended.";
    ACCOUNT_ROTATION_STARTED = "account.rotation_started", "The renewal of an account's token was begun.";
    ACCOUNT_ROTATED = "account.rotated", "An account's token was renewed.";
    ACCOUNT_ROTATION_FAILED = "account.rotation_failed", "The forge refused to renew an account's token; the old one is as it was.";
    ACCOUNT_ROTATION_UNCLEAR = "account.rotation_unclear", "Whether the forge renewed an account's token is not known; nothing is tried again before a look.";
    ACCOUNT_ROTATION_LOST = "account.rotation_lost", "The forge renewed an account's token, and its answer was lost.";
    KEY_ROTATED = "key.rotated", "A new data key was made, or data keys were wrapped with another sealing key.";
    KEY_RESEAL_FINISHED = "key.reseal_finished", "Every value that opens is sealed with the new data key.";
    KEY_RETIRED = "key.retired", "A data key that seals nothing was removed.";
    SERVER_STARTED = "server.started", "A server began to work.";
    SERVER_STOPPED = "server.stopped", "A server ended in order.";
    RECORD_DROPPED = "record.dropped", "Entries could not be kept while the database was away: how many.";
    RECORD_ARCHIVED = "record.archived", "Old entries were moved to files.";
}

/// What people were refused: tokens, other things, to be let in, and to sign in.
pub const REFUSALS: [&str; 7] = [
    TOKEN_REFUSED,
    CONTENT_REFUSED,
    RUNNER_REFUSED,
    SECRET_REFUSED,
    ACCESS_REFUSED,
    AUTH_REFUSED,
    USER_SIGN_IN_REFUSED,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::EVENTS;

    #[test]
    fn names_are_distinct_and_made_of_a_family_and_a_word() {
        let names: BTreeSet<_> = EVENTS.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), EVENTS.len());
        for (name, words) in EVENTS {
            let (family, word) = name.split_once('.').unwrap();
            assert!(!family.is_empty() && !word.is_empty(), "{name}");
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'_'),
                "{name}"
            );
            assert!(words.ends_with('.'), "{name}: {words}");
        }
    }
}
