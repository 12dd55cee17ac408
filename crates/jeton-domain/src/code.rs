use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// On whose side the cause of a failure lies. A forge's failure is never put on the caller, nor the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The one who asked can change the request and succeed.
    Caller,
    /// The forge refused, for a reason that an owner or administrator there can change.
    Access,
    /// The forge is down, limits us, or answers nonsense; waiting may help.
    Forge,
    /// Whoever runs jeton has to change something.
    Operator,
    /// A mistake in jeton.
    Jeton,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $blame:ident;)*) => {
        /// A stable name for what went wrong. Programs may depend on it: codes are added, never renamed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code there is, for the reference and for tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as programs see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// On whose side the cause lies.
            pub fn blame(self) -> Blame {
                match self { $(Self::$name => Blame::$blame,)* }
            }
        }
    };
}

codes! {
    /// The request's JSON, path or parameters are wrong.
    RequestInvalid = "request.invalid", Caller;
    /// The body is larger than the limit.
    RequestTooLarge = "request.too_large", Caller;
    /// The body did not arrive in time.
    RequestTimeout = "request.timeout", Caller;
    /// The body is not JSON.
    RequestMediaType = "request.media_type", Caller;
    /// No such route.
    RouteNotFound = "request.route_not_found", Caller;
    /// The route has other methods.
    MethodNotAllowed = "request.method_not_allowed", Caller;
    /// Nobody said who asks.
    AuthMissing = "auth.missing", Caller;
    /// The key is no key of jeton's, or damaged.
    AuthMalformedKey = "auth.malformed_key", Caller;
    /// The key is well-formed, and unknown here.
    AuthUnknownKey = "auth.unknown_key", Caller;
    /// The caller is known well enough, and may not.
    AuthNotAllowed = "auth.not_allowed", Caller;
    /// The key's end has come.
    AuthKeyExpired = "auth.key_expired", Caller;
    /// The caller may not ask from this address.
    AuthAddress = "auth.address_not_allowed", Caller;
    /// The token is no JWT, or one with a header that is not accepted.
    AuthJwtMalformed = "auth.jwt_malformed", Caller;
    /// No configured issuer has signed the token.
    AuthJwtIssuer = "auth.jwt_unknown_issuer", Caller;
    /// The token names no algorithm that is accepted for its issuer or its key.
    AuthJwtAlgorithm = "auth.jwt_algorithm", Caller;
    /// The issuer has no key of the token's `kid`.
    AuthJwtKey = "auth.jwt_unknown_key", Caller;
    /// The signature is wrong.
    AuthJwtSignature = "auth.jwt_bad_signature", Caller;
    /// The token's end has come.
    AuthJwtExpired = "auth.jwt_expired", Caller;
    /// The token's time has not come yet.
    AuthJwtNotYet = "auth.jwt_not_yet_valid", Caller;
    /// The token was made for somebody else.
    AuthJwtAudience = "auth.jwt_wrong_audience", Caller;
    /// The token lacks a claim that it must have, or has it in a wrong form.
    AuthJwtClaim = "auth.jwt_bad_claim", Caller;
    /// The issuer's keys cannot be fetched, and none are known.
    AuthIssuerUnavailable = "auth.issuer_unavailable", Operator;
    /// User name or password are wrong.
    AuthBadPassword = "auth.bad_password", Caller;
    /// The browser session has ended or was revoked.
    AuthSession = "auth.session_ended", Caller;
    /// The request comes from another site, or lacks the token of its form.
    AuthCsrf = "auth.csrf", Caller;
    /// The one-time link was used, or never given out.
    AuthSetupLink = "auth.setup_link", Caller;
    /// Signing in through the provider did not work.
    AuthSignIn = "auth.sign_in_failed", Caller;
    /// Too many requests, or too many wrong tries.
    AuthRateLimited = "auth.rate_limited", Caller;
    /// No policy allows it.
    PolicyDenied = "policy.denied", Caller;
    /// A policy allows it, and the ceiling forbids it.
    PolicyCeiling = "policy.ceiling", Caller;
    /// The policy is not well-formed.
    PolicyInvalid = "policy.invalid", Caller;
    /// No policy has this name.
    PolicyNotFound = "policy.not_found", Caller;
    /// Another policy that was added has this name.
    PolicyNameTaken = "policy.name_taken", Caller;
    /// The policy stands in the policy file and can only be changed there.
    PolicyConfigured = "policy.configured", Caller;
    /// No client has this name.
    ClientNotFound = "client.not_found", Caller;
    /// Another client has this name.
    ClientNameTaken = "client.name_taken", Caller;
    /// The client's name, networks or end are not well-formed.
    ClientInvalid = "client.invalid", Caller;
    /// The client has two live keys already.
    ClientRotating = "client.rotation_under_way", Caller;
    /// No user has this name.
    UserNotFound = "user.not_found", Caller;
    /// Another user has this name.
    UserNameTaken = "user.name_taken", Caller;
    /// The user's name, role or password will not do.
    UserInvalid = "user.invalid", Caller;
    /// Nobody would be left who may manage users.
    UserLastOperator = "user.last_operator", Caller;
    /// The record was changed from outside.
    RecordBroken = "record.broken", Operator;
    /// The record cannot be written, so nothing is handed out.
    RecordUnwritable = "record.unwritable", Operator;
    /// The owner has no installation of the App, or the repository is not in its selection.
    AppNotInstalled = "forge.app_not_installed", Access;
    /// The installation was suspended.
    InstallationSuspended = "forge.installation_suspended", Access;
    /// The installation lacks a permission that was asked for.
    PermissionNotGranted = "forge.permission_not_granted", Access;
    /// The forge said no for another reason.
    ForgeForbidden = "forge.forbidden", Access;
    /// The forge could not make sense of the request.
    ForgeUnprocessable = "forge.unprocessable", Access;
    /// The forge limits us.
    ForgeRateLimited = "forge.rate_limited", Forge;
    /// The forge cannot be reached or answers 5xx.
    ForgeUnavailable = "forge.unavailable", Forge;
    /// The forge did not answer in time.
    ForgeTimeout = "forge.timeout", Forge;
    /// The forge's answer was not what its documentation promises.
    ForgeGarbled = "forge.garbled", Forge;
    /// The forge minted a token and went on refusing it.
    TokenNotLive = "forge.token_not_live", Forge;
    /// The forge minted more than was asked for; the token was thrown away.
    TokenTooWide = "forge.token_too_wide", Forge;
    /// The forge refuses the App's signature or does not know the App.
    AppKeyRejected = "app.key_rejected", Operator;
    /// Our clock and the forge's differ by too much to sign.
    ClockSkew = "app.clock_skew", Operator;
    /// No App is configured that could serve the request.
    NoApp = "app.none", Operator;
    /// No App has this name.
    AppNotFound = "app.not_found", Caller;
    /// Another App has this name.
    AppNameTaken = "app.name_taken", Caller;
    /// The App's name, id or forge is not well-formed.
    AppInvalid = "app.invalid", Caller;
    /// The App comes from the configuration and can only be changed there.
    AppConfigured = "app.configured", Caller;
    /// The text is no private key that can sign for an App.
    AppKeyInvalid = "app.key_invalid", Caller;
    /// No account has this id or label, or it is not the caller's to see.
    AccountNotFound = "account.not_found", Caller;
    /// Another account has this label.
    AccountLabelTaken = "account.label_taken", Caller;
    /// The account's label, forge, user name, e-mail or other words are not well-formed.
    AccountInvalid = "account.invalid", Caller;
    /// The account comes from the environment and can only be changed there.
    AccountEnvironment = "account.environment", Caller;
    /// Something still uses the account.
    AccountInUse = "account.in_use", Caller;
    /// The new token belongs to somebody else than the one it would replace.
    AccountOtherIdentity = "account.other_identity", Caller;
    /// No account serves the forge or the repository.
    AccountNone = "account.none", Caller;
    /// The account is switched off.
    AccountInactive = "account.inactive", Caller;
    /// Somebody else changed the account at the same time.
    AccountChanged = "account.changed_meanwhile", Caller;
    /// The forge cannot renew tokens of this kind, or this one may not renew itself.
    RotationUnsupported = "account.rotation_unsupported", Caller;
    /// The account's token is being renewed right now.
    RotationUnderWay = "account.rotation_under_way", Caller;
    /// Whether the forge renewed the token is not known; nothing was tried again, because a second try could end all.
    RotationUnclear = "account.rotation_unclear", Forge;
    /// The forge renewed the token and the answer with the new one was lost.
    RotationLost = "account.rotation_lost", Access;
    /// The text is no token at all: a user name, a password, an address.
    CredentialNotAToken = "credential.not_a_token", Caller;
    /// The token is cut or has a wrong character: its own checksum says so.
    CredentialDamaged = "credential.damaged", Caller;
    /// The token is one of another forge.
    CredentialWrongForge = "credential.wrong_forge", Caller;
    /// The token is of a kind that cannot serve as an account.
    CredentialWrongKind = "credential.wrong_kind", Caller;
    /// Characters that are no part of the token were around it or in it.
    CredentialDecorated = "credential.decorated", Caller;
    /// The forge refuses the token, and does not say whether it is wrong, expired or revoked.
    CredentialInvalid = "credential.invalid", Access;
    /// The token's end has come.
    CredentialExpired = "credential.expired", Access;
    /// The token was revoked.
    CredentialRevoked = "credential.revoked", Access;
    /// The token lacks a scope or a permission.
    CredentialScope = "credential.insufficient_scope", Access;
    /// The token's owner has too small a role for it.
    CredentialRole = "credential.insufficient_role", Access;
    /// The organisation wants the token authorised for single sign-on.
    CredentialSso = "credential.sso_required", Access;
    /// The forge does not let this server's address in.
    CredentialIp = "credential.ip_not_allowed", Access;
    /// The organisation forbids classic personal access tokens.
    CredentialClassicForbidden = "credential.classic_forbidden", Access;
    /// The organisation has not approved the fine-grained token yet.
    CredentialNotApproved = "credential.not_approved", Access;
    /// The token lives longer than the organisation allows.
    CredentialLifetime = "credential.lifetime_over_policy", Access;
    /// The repository or project does not exist, or the token may not see it.
    CredentialNotVisible = "credential.not_visible", Access;
    /// A user name stands where the forge wants an e-mail address, or the other way round.
    CredentialUsername = "credential.wrong_username", Access;
    /// The forge wants a proof of possession that jeton cannot give.
    CredentialProof = "credential.proof_required", Access;
    /// Too many wrong tries: the forge blocks this user or address for a while.
    CredentialLocked = "credential.locked_out", Access;
    /// Bitbucket's app passwords ended on 2026-07-28.
    CredentialAppPassword = "credential.app_password_ended", Access;
    /// The address is no place where a forge may be looked for.
    ForgeAddress = "forge.address_not_allowed", Caller;
    /// The forge does not show this repository to any credential that may be used for it.
    ContentRepositoryNotFound = "content.repository_not_found", Access;
    /// The repository has no branch, tag or commit of this name.
    ContentRefNotFound = "content.ref_not_found", Caller;
    /// A branch and a tag have this name, or several commits begin so.
    ContentRefAmbiguous = "content.ref_ambiguous", Caller;
    /// Nothing has this path there.
    ContentPathNotFound = "content.path_not_found", Caller;
    /// A directory is there, and a file was meant.
    ContentIsDirectory = "content.is_directory", Caller;
    /// A file is there, and a directory was meant.
    ContentIsFile = "content.is_file", Caller;
    /// Another repository is there: a submodule.
    ContentIsSubmodule = "content.is_submodule", Caller;
    /// A symbolic link is there that leads out of the repository, nowhere, or in a circle.
    ContentLinkBroken = "content.link_broken", Caller;
    /// The file is larger than what is served, or than what the forge gives.
    ContentTooLarge = "content.too_large", Caller;
    /// The file is no text in UTF-8.
    ContentNotText = "content.not_text", Caller;
    /// The range of lines or bytes lies outside of the file.
    ContentRange = "content.bad_range", Caller;
    /// The cursor was not given out for this.
    ContentCursor = "content.bad_cursor", Caller;
    /// The repository has no commit yet.
    ContentEmpty = "content.repository_empty", Caller;
    /// The caller has used its share of what the forge still allows.
    ContentShare = "content.share_used_up", Caller;
    /// What the forge sent is not what its own object id says.
    ContentMismatch = "content.wrong_bytes", Forge;
    /// The cache on disk cannot be used.
    ContentCache = "content.cache_failed", Operator;
    /// The token that every workflow gets cannot do it, whatever its permissions.
    RunnerWorkflowToken = "runner.workflow_token", Access;
    /// The forge has no such thing, or not for credentials of this kind.
    RunnerUnsupported = "runner.unsupported", Caller;
    /// The organisation lets nobody register runners for single repositories.
    RunnerRepositoryLevel = "runner.repository_level_disabled", Access;
    /// What is asked for runners is not well-formed.
    RunnerInvalid = "runner.invalid", Caller;
    /// Another runner has this name.
    RunnerNameTaken = "runner.name_taken", Caller;
    /// A runner of this name was made otherwise than is asked for now.
    RunnerDiffers = "runner.differs", Caller;
    /// No runner that jeton keeps has this id.
    RunnerNotFound = "runner.not_found", Caller;
    /// The forge takes no more runners there.
    RunnerLimit = "runner.limit_reached", Access;
    /// What runners or secrets are asked for does not exist at the forge, or may not be seen.
    RunnerScopeNotFound = "runner.scope_not_found", Access;
    /// The forge gave a token that ends before anybody could use it.
    RunnerTokenShort = "runner.token_too_short", Forge;
    /// Whether the forge made a runner or renewed its token is not known.
    RunnerUnclear = "runner.unclear", Forge;
    /// No App and no account could serve.
    RunnerNoSource = "runner.no_source", Caller;
    /// The secret's name is none that the forge takes.
    SecretName = "secret.invalid_name", Caller;
    /// The secret is empty.
    SecretEmpty = "secret.empty", Caller;
    /// The secret is larger than the forge takes.
    SecretTooLarge = "secret.too_large", Caller;
    /// The secret is no text.
    SecretNotText = "secret.not_text", Caller;
    /// The forge cannot mask this value in logs.
    SecretNotMaskable = "secret.not_maskable", Caller;
    /// The options do not fit the forge or each other.
    SecretInvalid = "secret.invalid", Caller;
    /// The environment does not exist.
    SecretEnvironment = "secret.environment_not_found", Access;
    /// The forge takes no more secrets there.
    SecretLimit = "secret.limit_reached", Access;
    /// The variable is there, and was not made in the way that is asked for now.
    SecretDiffers = "secret.differs", Caller;
    /// The forge's public key changed again and again while it was being used.
    SecretKeyChanging = "secret.key_changing", Forge;
    /// Whether the forge took the secret is not known.
    SecretUnclear = "secret.unclear", Forge;
    /// The token ends too soon to be of use where it is pushed.
    SecretEndsSoon = "secret.ends_too_soon", Caller;
    /// The account has no such target.
    TargetNotFound = "target.not_found", Caller;
    /// The account has a target for this very secret.
    TargetExists = "target.exists", Caller;
    /// The account has as many targets as it may.
    TargetLimit = "target.limit_reached", Caller;
    /// The forge cannot end tokens of this kind.
    OldTokenUnsupported = "account.end_old_unsupported", Caller;
    /// A webhook cannot be delivered.
    WebhookFailed = "webhook.failed", Operator;
    /// No grant has this id, or it is not the caller's.
    GrantNotFound = "grant.not_found", Caller;
    /// No live token has this fingerprint.
    FingerprintUnknown = "grant.fingerprint_unknown", Caller;
    /// The database cannot be reached.
    VaultUnavailable = "vault.unavailable", Operator;
    /// The disk under the database is full.
    VaultFull = "vault.full", Operator;
    /// The database cannot be written.
    VaultReadOnly = "vault.read_only", Operator;
    /// The database's path or URL leads to something that is no jeton database.
    VaultNotADatabase = "vault.not_a_database", Operator;
    /// A newer jeton has migrated the database.
    VaultNewer = "vault.newer", Operator;
    /// Another server holds the database file.
    VaultInUse = "vault.in_use", Operator;
    /// What the database holds cannot be.
    VaultCorrupt = "vault.corrupt", Operator;
    /// The vault is sealed with another key than the one given.
    SealWrongKey = "seal.wrong_key", Operator;
    /// The vault is sealed, and no key was given.
    SealMissingKey = "seal.missing_key", Operator;
    /// The sealing key is not 32 bytes in base64 or hex.
    SealBadKey = "seal.bad_key", Operator;
    /// Others can read the sealing key's file.
    SealKeyExposed = "seal.key_exposed", Operator;
    /// No key has this id.
    SealKeyNotFound = "seal.key_not_found", Caller;
    /// A key that something still needs was to be retired.
    SealKeyInUse = "seal.key_in_use", Caller;
    /// A sealed value was changed in the database.
    SealTampered = "seal.tampered", Operator;
    /// A sealed value was moved from another row.
    SealSwapped = "seal.swapped", Operator;
    /// The configuration has a key that does not exist.
    ConfigUnknownKey = "config.unknown_key", Operator;
    /// The configuration has a value that cannot be.
    ConfigBadValue = "config.bad_value", Operator;
    /// A file named in the configuration cannot be read.
    ConfigFile = "config.file", Operator;
    /// The address cannot be listened on.
    ListenFailed = "server.listen", Operator;
    /// The server is at its limit of connections or work.
    Overloaded = "server.overloaded", Operator;
    /// The server could not be reached by the command line.
    ServerUnreachable = "server.unreachable", Operator;
    /// A mistake in jeton.
    Internal = "internal", Jeton;
}

impl Code {
    /// Reads [`Code::as_str`] back; `None` for a code of a later jeton.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("this is no code that this jeton knows"))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error with a name for programs and a remedy for people.
pub trait Coded: std::error::Error {
    /// The stable name.
    fn code(&self) -> Code;

    /// What whoever reads it can do about it, as full sentences; `None` when there is nothing to do.
    fn remedy(&self) -> Option<String>;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Code;

    #[test]
    fn codes_are_distinct_and_fit_for_programs() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(
            names
                .iter()
                .all(|name| { name.bytes().all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'_') })
        );
    }
}
