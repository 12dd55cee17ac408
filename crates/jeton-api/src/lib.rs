#![doc = include_str!("../README.md")]

mod accounts;
mod apps;
mod check_report;
mod ci;
mod ci_requests;
mod clients;
mod content;
mod health;
mod inspect;
mod keys;
mod policies;
mod policy_trials;
mod problem;
mod record;
mod released;
mod tokens;
mod users;
mod words;

pub use accounts::{
    Account, AccountList, AccountRepository, AccountRepositoryList, AddAccountRequest, ChangeAccountRequest,
    DefaultAccountRequest, ImportAccountsRequest, ImportedAccounts, ImportedVariable, RemovedAccount,
    RotateAccountRequest, Rotation, StoredAccount, TestAccountRequest, TokenGuide,
};
pub use apps::{AddAppRequest, App, AppCheck, AppIdText, AppList, CheckedInstallation, Finding, RemovedApp};
pub use check_report::{CheckEvidence, CheckReport, Diagnosis, ForgeQuota, PurposeFit, ReachedPlace, TokenIdentity};
pub use ci::{
    ExaminedSource, JitConfigResponse, KeptRunner, KeptRunnerList, OldToken, PushedSecret, RunnerExamination,
    RunnerTokenResponse, Target, TargetList, TriedSource,
};
pub use ci_requests::{
    AddTargetRequest, CiPlace, ForgeSecretOptions, JitConfigRequest, PushSecretRequest, RunnerTokenRequest,
};
pub use clients::{
    AddClientRequest, AddedClient, ApiClient, ApiClientKey, ApiClientList, RevokedClient, RotateClientRequest,
    RotatedClient,
};
pub use content::{
    CommitEntry, CommitList, CommitPerson, ContentOrigin, FileContent, FileFacts, FileLineCount, FileLines, LfsObject,
    RepositoryTree, TreeEntry,
};
pub use health::{Health, Readiness, ReadinessCheck};
pub use inspect::{InspectFinding, InspectRequest, InspectResponse};
pub use keys::{DataKey, DataKeyState, KeyRotation, KeyStatus, Reseal, RetiredKey, SealedCount, SealingKey};
pub use policies::{CallerSpec, CeilingSpec, Policy, PolicyFile, PolicyList, PolicyOrigin, PolicySpec, RemovedPolicy};
pub use policy_trials::{
    AskOf, CallerOf, CheckPolicyRequest, Considered, ExplainRequest, Explanation, Outcome, PolicyCheck, PolicyProblem,
    PolicyTest, Replay, ReplayChange, ReplayRequest,
};
pub use problem::Problem;
pub use record::{RecordArchive, RecordEntry, RecordFinding, RecordPage, RecordVerdict, VerifyRecordRequest};
pub use released::Released;
pub use tokens::{
    CompatToken, Grant, GrantList, RejectedRequest, RejectedResponse, RevokeResponse, RevokeState, RevokedGrants,
    TokenRequest, TokenResponse, Verdict,
};
pub use users::{AddUserRequest, ChangeUserRequest, InvitedUser, RemovedUser, User, UserList, UserRole, WhoAmI};
pub use words::{ClaimValue, ClaimValues, Numbers, Words};
