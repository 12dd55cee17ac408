use http::StatusCode;
use jeton_domain::Code;

/// The status that goes with a code, on every route but the compatible ones (see [`compat`]).
///
/// One rule for what a caller got wrong: `request.invalid` is 400 whether the JSON does not parse or asks for what
/// cannot be; 422 is for what only a look at an App's key, or at the forge, shows.
#[expect(clippy::too_many_lines, reason = "a table with a row for each code")]
pub(crate) fn of(code: Code) -> StatusCode {
    match code {
        Code::RequestInvalid
        | Code::PolicyInvalid
        | Code::ClientInvalid
        | Code::UserInvalid
        | Code::AccountInvalid
        | Code::AuthSignIn
        | Code::ContentCursor
        | Code::RunnerInvalid
        | Code::SecretName
        | Code::SecretEmpty
        | Code::SecretNotText
        | Code::SecretNotMaskable
        | Code::SecretInvalid => StatusCode::BAD_REQUEST,
        Code::AuthMissing
        | Code::AuthMalformedKey
        | Code::AuthUnknownKey
        | Code::AuthKeyExpired
        | Code::AuthJwtMalformed
        | Code::AuthJwtIssuer
        | Code::AuthJwtAlgorithm
        | Code::AuthJwtKey
        | Code::AuthJwtSignature
        | Code::AuthJwtExpired
        | Code::AuthJwtNotYet
        | Code::AuthJwtAudience
        | Code::AuthJwtClaim
        | Code::AuthBadPassword
        | Code::AuthSession => StatusCode::UNAUTHORIZED,
        Code::AuthNotAllowed
        | Code::AuthAddress
        | Code::AuthCsrf
        | Code::AuthSetupLink
        | Code::PolicyDenied
        | Code::PolicyCeiling
        | Code::InstallationSuspended
        | Code::RunnerWorkflowToken
        | Code::RunnerRepositoryLevel
        | Code::ForgeForbidden => StatusCode::FORBIDDEN,
        Code::AuthRateLimited | Code::ContentShare => StatusCode::TOO_MANY_REQUESTS,
        Code::ContentRange => StatusCode::RANGE_NOT_SATISFIABLE,
        Code::RouteNotFound
        | Code::AppNotInstalled
        | Code::AppNotFound
        | Code::GrantNotFound
        | Code::PolicyNotFound
        | Code::ClientNotFound
        | Code::UserNotFound
        | Code::SealKeyNotFound
        | Code::AccountNotFound
        | Code::AccountNone
        | Code::FingerprintUnknown
        | Code::ContentRepositoryNotFound
        | Code::ContentRefNotFound
        | Code::ContentPathNotFound
        | Code::RunnerNotFound
        | Code::RunnerScopeNotFound
        | Code::RunnerNoSource
        | Code::SecretEnvironment
        | Code::TargetNotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Code::AppNameTaken
        | Code::AppConfigured
        | Code::PolicyNameTaken
        | Code::PolicyConfigured
        | Code::ClientNameTaken
        | Code::ClientRotating
        | Code::UserNameTaken
        | Code::UserLastOperator
        | Code::AccountLabelTaken
        | Code::AccountEnvironment
        | Code::AccountInUse
        | Code::AccountInactive
        | Code::AccountChanged
        | Code::AccountOtherIdentity
        | Code::RotationUnderWay
        | Code::SealKeyInUse
        | Code::ContentRefAmbiguous
        | Code::ContentEmpty
        | Code::RunnerNameTaken
        | Code::RunnerDiffers
        | Code::RunnerLimit
        | Code::SecretLimit
        | Code::SecretDiffers
        | Code::SecretEndsSoon
        | Code::TargetExists
        | Code::TargetLimit => StatusCode::CONFLICT,
        Code::RequestTooLarge | Code::SecretTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::RequestMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::PermissionNotGranted
        | Code::ForgeUnprocessable
        | Code::AppInvalid
        | Code::AppKeyInvalid
        | Code::ForgeAddress
        | Code::RotationUnsupported
        | Code::OldTokenUnsupported
        | Code::RunnerUnsupported
        | Code::RotationLost
        | Code::CredentialNotAToken
        | Code::CredentialDamaged
        | Code::CredentialWrongForge
        | Code::CredentialWrongKind
        | Code::CredentialDecorated
        | Code::CredentialInvalid
        | Code::CredentialExpired
        | Code::CredentialRevoked
        | Code::CredentialScope
        | Code::CredentialRole
        | Code::CredentialSso
        | Code::CredentialIp
        | Code::CredentialClassicForbidden
        | Code::CredentialNotApproved
        | Code::CredentialLifetime
        | Code::CredentialNotVisible
        | Code::CredentialUsername
        | Code::CredentialProof
        | Code::CredentialLocked
        | Code::CredentialAppPassword
        | Code::ContentIsDirectory
        | Code::ContentIsFile
        | Code::ContentIsSubmodule
        | Code::ContentLinkBroken
        | Code::ContentTooLarge
        | Code::ContentNotText => StatusCode::UNPROCESSABLE_ENTITY,
        Code::SealWrongKey
        | Code::SealMissingKey
        | Code::SealBadKey
        | Code::SealKeyExposed
        | Code::SealTampered
        | Code::SealSwapped
        | Code::ConfigUnknownKey
        | Code::ConfigBadValue
        | Code::ConfigFile
        | Code::ListenFailed
        | Code::RecordBroken
        | Code::WebhookFailed
        | Code::ContentCache
        | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::ForgeGarbled
        | Code::ContentMismatch
        | Code::TokenTooWide
        | Code::AppKeyRejected
        | Code::RotationUnclear
        | Code::RunnerTokenShort
        | Code::RunnerUnclear
        | Code::SecretUnclear => StatusCode::BAD_GATEWAY,
        Code::ForgeRateLimited
        | Code::ForgeUnavailable
        | Code::TokenNotLive
        | Code::ClockSkew
        | Code::NoApp
        | Code::VaultUnavailable
        | Code::VaultFull
        | Code::VaultReadOnly
        | Code::VaultNotADatabase
        | Code::VaultNewer
        | Code::VaultInUse
        | Code::VaultCorrupt
        | Code::AuthIssuerUnavailable
        | Code::RecordUnwritable
        | Code::Overloaded
        | Code::SecretKeyChanging
        | Code::ServerUnreachable => StatusCode::SERVICE_UNAVAILABLE,
        Code::ForgeTimeout => StatusCode::GATEWAY_TIMEOUT,
    }
}

/// The status on `/api/…`. 400 means one thing to today's clients: the App is not installed. Whatever a caller of these
/// routes cannot change, such as an App that the operator's settings name wrongly, is 503: those clients take 500 and
/// above for trouble on the way and come back.
pub(crate) fn compat(code: Code) -> StatusCode {
    match code {
        Code::AppNotInstalled => StatusCode::BAD_REQUEST,
        Code::RequestInvalid
        | Code::PolicyInvalid
        | Code::ClientInvalid
        | Code::UserInvalid
        | Code::AccountInvalid
        | Code::AccountNotFound
        | Code::AccountNone
        | Code::AuthSignIn
        | Code::AppNotFound
        | Code::AppInvalid
        | Code::AppKeyInvalid
        | Code::ContentCursor
        | Code::RunnerInvalid
        | Code::SecretName
        | Code::SecretEmpty
        | Code::SecretNotText
        | Code::SecretNotMaskable
        | Code::SecretInvalid => StatusCode::SERVICE_UNAVAILABLE,
        other => of(other),
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
