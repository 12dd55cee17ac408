//! Each refusal for each holder, kind of token and place.

use http::{HeaderMap, HeaderName, HeaderValue};
use jeton_domain::{
    CiScope, Code, Credential,
    CredentialKind::{
        self, GitHubAppUser as AppUser, GitHubClassic as Classic, GitHubFineGrained as Fine,
        GitHubInstallation as Installation, GitHubOAuth as OAuth,
    },
    Diagnosis, ForgeEndpoint, Secret,
};
use jeton_outbound::Answer;
use zeroize::Zeroizing;

use super::{Case, Task};
use crate::ci::{CiAt, Holder, SecretFamily};

type Headers<'a> = &'a [(&'static str, &'a str)];

const NO_INTEGRATION: &str = "Resource not accessible by integration";
const NO_PERSON: &str = "Resource not accessible by personal access token";
const NO_ADMIN: &str = "Must have admin rights to Repository.";
const APP: Holder<'static> = Holder::App("ci");
const BOT: Holder<'static> = Holder::Account("ci-bot");
const JOB: Holder<'static> = Holder::Workflow;

fn scope(text: &str) -> CiScope {
    let (kind, path) = text.split_once(':').unwrap();
    CiScope::from_parts(jeton_domain::ForgeKind::GitHub, kind, path).unwrap()
}

fn answer(status: u16, headers: Headers<'_>, message: &str) -> Answer {
    let body = serde_json::json!({"message": message, "documentation_url": "https://docs.github.com/rest"});
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    Answer {
        status,
        headers,
        body: Zeroizing::new(body.to_string().into_bytes()),
    }
}

fn with_case<T>(
    forge: &ForgeEndpoint,
    (holder, kind, place, task): (Holder<'_>, CredentialKind, &str, Task),
    run: impl FnOnce(CiAt<'_>, Task) -> T,
) -> T {
    let scope = scope(place);
    let credential = Credential {
        kind,
        forge: forge.clone(),
        token: Secret::new("planted"),
        username: None,
        email: None,
    };
    let at = CiAt {
        forge,
        scope: &scope,
        credential: &credential,
        holder,
        now: "2026-06-01T12:00:00Z".parse().unwrap(),
    };
    run(at, task)
}

/// Whether a text reads as whole sentences.
fn is_prose(text: &str) -> bool {
    text.len() < 1000
        && text.ends_with(['.', ')'])
        && !text.contains("  ")
        && !text.contains("``")
        && !text.contains("..")
}

fn check(row: &str, found: &Diagnosis, code: Code, parts: &[&str], url: &str) {
    assert_eq!(found.code, code, "{row}: {found:#?}");
    let text = format!("{} {}", found.cause, found.remedy);
    for part in parts {
        assert!(text.contains(part), "{row}: `{part}` in {found:#?}");
    }
    assert!(is_prose(&found.cause) && is_prose(&found.remedy), "{row}: {found:#?}");
    assert_eq!(found.url.as_deref(), Some(url), "{row}: {found:#?}");
    assert!(!text.contains("planted"), "{row}");
}

type Row<'a> = (
    (Holder<'a>, CredentialKind, &'a str, Task),
    (u16, Headers<'a>, &'a str),
    Code,
    &'a [&'a str],
    &'a str,
);

const RUNNERS: Task = Task::Runners;
const REPO: &str = "repository:acme/tools";
const ORG: &str = "owner:acme";
const ENTERPRISE: &str = "enterprise:big";
const INSTALLATIONS: &str = "https://github.com/organizations/acme/settings/installations";
const FINE_TOKENS: &str = "https://github.com/settings/personal-access-tokens";
const CLASSIC_TOKENS: &str = "https://github.com/settings/tokens";

#[test]
#[expect(clippy::too_many_lines, reason = "a table of all rows")]
fn every_refusal_names_its_cause_the_least_that_would_do_and_the_page() {
    let rows: &[Row<'_>] = &[
        // the 403 of issue trackers
        (
            (JOB, Installation, REPO, RUNNERS),
            (
                403,
                &[("x-accepted-github-permissions", "administration=write")],
                NO_INTEGRATION,
            ),
            Code::RunnerWorkflowToken,
            &[
                NO_INTEGRATION,
                "`GITHUB_TOKEN`",
                "`permissions:` block",
                "administration: write",
                "id-token: write",
                "\"Administration\": \"Read and write\" (`administration=write`) under \"Repository permissions\"",
                "Do not put a personal access token",
            ],
            INSTALLATIONS,
        ),
        (
            (JOB, Installation, ORG, RUNNERS),
            (403, &[], NO_INTEGRATION),
            Code::RunnerWorkflowToken,
            &[
                "\"Self-hosted runners\": \"Read and write\"",
                "\"Organization permissions\"",
            ],
            INSTALLATIONS,
        ),
        (
            (JOB, Installation, REPO, Task::Secrets(SecretFamily::Actions)),
            (403, &[], NO_INTEGRATION),
            Code::RunnerWorkflowToken,
            &["writing secrets", "\"Secrets\": \"Read and write\" (`secrets=write`)"],
            INSTALLATIONS,
        ),
        (
            (JOB, Installation, "repository:acme/other", RUNNERS),
            (404, &[], "Not Found"),
            Code::RunnerScopeNotFound,
            &["does not exist, or the job's own token may not see it", "OIDC identity"],
            "https://github.com/acme/other",
        ),
        (
            (JOB, Installation, REPO, RUNNERS),
            (401, &[], "Bad credentials"),
            Code::CredentialInvalid,
            &["until its job ends"],
            INSTALLATIONS,
        ),
        // Apps
        (
            (APP, Installation, REPO, RUNNERS),
            (403, &[], NO_INTEGRATION),
            Code::PermissionNotGranted,
            &[
                "the App `ci` lacks \"Administration\": \"Read and write\"",
                "\"Permissions & events\"",
                "must accept the new permission",
            ],
            INSTALLATIONS,
        ),
        (
            (APP, Installation, ORG, RUNNERS),
            (403, &[], NO_INTEGRATION),
            Code::PermissionNotGranted,
            &["organization_self_hosted_runners=write", "on the organisation `acme`"],
            INSTALLATIONS,
        ),
        (
            (APP, Installation, REPO, Task::EnvironmentSecrets),
            (403, &[], NO_INTEGRATION),
            Code::PermissionNotGranted,
            &["\"Environments\": \"Read and write\" (`environments=write`)"],
            INSTALLATIONS,
        ),
        (
            (APP, Installation, ORG, Task::Secrets(SecretFamily::Actions)),
            (403, &[], NO_INTEGRATION),
            Code::PermissionNotGranted,
            &["\"Organization secrets\": \"Read and write\""],
            INSTALLATIONS,
        ),
        (
            (APP, Installation, REPO, RUNNERS),
            (404, &[], "Not Found"),
            Code::RunnerScopeNotFound,
            &[
                "does not exist",
                "is not installed on `acme`",
                "not in the installation's selection",
                "\"Repository access\"",
            ],
            INSTALLATIONS,
        ),
        (
            (APP, Installation, "owner:octocat", RUNNERS),
            (404, &[], "Not Found"),
            Code::RunnerScopeNotFound,
            &["is a person's account", "name one of the repositories"],
            "https://github.com/organizations/octocat/settings/installations",
        ),
        (
            (APP, Installation, REPO, RUNNERS),
            (403, &[], "This installation has been suspended"),
            Code::InstallationSuspended,
            &["the App `ci`", "\"Unsuspend\""],
            INSTALLATIONS,
        ),
        (
            (APP, Installation, REPO, RUNNERS),
            (401, &[], "Bad credentials"),
            Code::CredentialInvalid,
            &["jeton mints another"],
            INSTALLATIONS,
        ),
        // an installation token in the environment: nobody knows whose
        (
            (BOT, Installation, REPO, RUNNERS),
            (403, &[], NO_INTEGRATION),
            Code::PermissionNotGranted,
            &["If the token of `ci-bot` is the `GITHUB_TOKEN`", "administration=write"],
            INSTALLATIONS,
        ),
        // classic and OAuth tokens
        (
            (BOT, Classic, REPO, RUNNERS),
            (
                403,
                &[
                    ("x-oauth-scopes", "public_repo, gist"),
                    ("x-accepted-oauth-scopes", "repo"),
                ],
                NO_ADMIN,
            ),
            Code::CredentialScope,
            &[
                "has the scopes `public_repo`, `gist` and lacks `repo`",
                "tick `repo`",
                "What opens less",
                "administration=write",
            ],
            CLASSIC_TOKENS,
        ),
        (
            (BOT, Classic, REPO, RUNNERS),
            (403, &[("x-oauth-scopes", "")], NO_ADMIN),
            Code::CredentialScope,
            &["has no scope at all and lacks `repo`"],
            CLASSIC_TOKENS,
        ),
        (
            (BOT, Classic, ORG, RUNNERS),
            (403, &[("x-oauth-scopes", "repo")], NO_ADMIN),
            Code::CredentialScope,
            &["lacks `admin:org`", "the organisation `acme`"],
            CLASSIC_TOKENS,
        ),
        (
            (BOT, Classic, ENTERPRISE, RUNNERS),
            (403, &[("x-oauth-scopes", "repo, admin:org")], NO_ADMIN),
            Code::CredentialScope,
            &["lacks `manage_runners:enterprise`", "the enterprise `big`"],
            CLASSIC_TOKENS,
        ),
        (
            (BOT, OAuth, ORG, RUNNERS),
            (403, &[("x-oauth-scopes", "repo, read:org")], NO_ADMIN),
            Code::CredentialScope,
            &["gh auth refresh --hostname github.com --scopes admin:org"],
            "https://github.com/settings/applications",
        ),
        (
            (BOT, Classic, REPO, RUNNERS),
            (403, &[("x-oauth-scopes", "repo")], NO_ADMIN),
            Code::CredentialRole,
            &[
                NO_ADMIN.trim_end_matches('.'),
                "somebody with the role \"Admin\" on the repository `acme/tools`",
                "A GitHub App with",
            ],
            "https://github.com/acme/tools/settings/access",
        ),
        (
            (BOT, Classic, ORG, RUNNERS),
            (403, &[("x-oauth-scopes", "admin:org")], NO_ADMIN),
            Code::CredentialRole,
            &["an owner of the organisation `acme`"],
            "https://github.com/orgs/acme/people",
        ),
        (
            (BOT, Classic, ENTERPRISE, RUNNERS),
            (
                403,
                &[("x-oauth-scopes", "admin:enterprise")],
                "You must be an enterprise owner",
            ),
            Code::CredentialRole,
            &["an owner of the enterprise `big`"],
            "https://github.com/enterprises/big/people",
        ),
        (
            (BOT, Classic, REPO, Task::Secrets(SecretFamily::Actions)),
            (403, &[("x-oauth-scopes", "repo")], NO_ADMIN),
            Code::CredentialRole,
            &[
                "somebody with the role \"Write\" on the repository `acme/tools`",
                "secrets=write",
            ],
            "https://github.com/acme/tools/settings/access",
        ),
        (
            (BOT, Classic, REPO, RUNNERS),
            (
                404,
                &[("x-oauth-scopes", "gist"), ("x-accepted-oauth-scopes", "repo")],
                "Not Found",
            ),
            Code::RunnerScopeNotFound,
            &[
                "does not exist or the account `ci-bot`",
                "may not see it",
                "needs the scope `repo`",
            ],
            CLASSIC_TOKENS,
        ),
        (
            (BOT, Classic, ORG, RUNNERS),
            (404, &[("x-oauth-scopes", "admin:org")], "Not Found"),
            Code::RunnerScopeNotFound,
            &["is a person's account", "must be an owner of `acme`"],
            CLASSIC_TOKENS,
        ),
        (
            (BOT, Classic, ENTERPRISE, RUNNERS),
            (404, &[], "Not Found"),
            Code::RunnerScopeNotFound,
            &["https://github.com/enterprises/big", "manage_runners:enterprise"],
            CLASSIC_TOKENS,
        ),
        // fine-grained tokens, and user tokens of Apps
        (
            (BOT, Fine, REPO, RUNNERS),
            (
                403,
                &[("x-accepted-github-permissions", "administration=write")],
                NO_PERSON,
            ),
            Code::CredentialScope,
            &[
                NO_PERSON,
                "lacks \"Administration\": \"Read and write\" (`administration=write`)",
                "under \"Repository permissions\"",
                "somebody with the role \"Admin\" on the repository `acme/tools`",
                "approve the change at https://github.com/organizations/acme/settings/personal-access-token-requests",
            ],
            FINE_TOKENS,
        ),
        (
            (BOT, Fine, ORG, RUNNERS),
            (403, &[], NO_PERSON),
            Code::CredentialScope,
            &[
                "\"Self-hosted runners\": \"Read and write\"",
                "under \"Organization permissions\"",
                "\"Resource owner\" must be `acme`",
            ],
            FINE_TOKENS,
        ),
        // the key of secrets is read, and writing is what is needed
        (
            (BOT, Fine, REPO, Task::Secrets(SecretFamily::Actions)),
            (403, &[("x-accepted-github-permissions", "secrets=read")], NO_PERSON),
            Code::CredentialScope,
            &["\"Secrets\": \"Read and write\" (`secrets=write`)"],
            FINE_TOKENS,
        ),
        (
            (BOT, Fine, REPO, RUNNERS),
            (404, &[], "Not Found"),
            Code::RunnerScopeNotFound,
            &["\"Resource owner\" must be `acme`", "must not be pending"],
            FINE_TOKENS,
        ),
        (
            (BOT, AppUser, REPO, RUNNERS),
            (403, &[], NO_INTEGRATION),
            Code::CredentialScope,
            &["both its App and its person"],
            INSTALLATIONS,
        ),
        // whoever it is
        (
            (APP, Installation, REPO, RUNNERS),
            (
                403,
                &[],
                "Repository level self-hosted runners are disabled on this repository.",
            ),
            Code::RunnerRepositoryLevel,
            &[
                "The token is not the cause",
                "for the organisation `acme` instead",
                "\"Actions\", \"General\"",
                "\"Runners\"",
            ],
            "https://github.com/organizations/acme/settings/actions",
        ),
        (
            (BOT, Classic, REPO, RUNNERS),
            (
                403,
                &[(
                    "x-github-sso",
                    "required; url=https://github.com/orgs/acme/sso?authorization_request=A1",
                )],
                "Resource protected by organization SAML enforcement.",
            ),
            Code::CredentialSso,
            &[
                "single sign-on",
                "https://github.com/orgs/acme/sso?authorization_request=A1",
            ],
            "https://github.com/orgs/acme/sso?authorization_request=A1",
        ),
        (
            (APP, Installation, REPO, RUNNERS),
            (
                403,
                &[],
                "Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list \
                 enabled, and your IP address is not permitted to access this resource.",
            ),
            Code::CredentialIp,
            &["IP allow list"],
            "https://github.com/organizations/acme/settings/security",
        ),
        (
            (BOT, Fine, REPO, RUNNERS),
            (
                403,
                &[],
                "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's lifetime is greater \
                 than 366 days. Please adjust your token's lifetime at the following URL: \
                 https://github.com/settings/personal-access-tokens/7",
            ),
            Code::CredentialLifetime,
            &["366 days"],
            "https://github.com/settings/personal-access-tokens/7",
        ),
        (
            (BOT, Classic, ORG, RUNNERS),
            (
                403,
                &[],
                "`acme` forbids access via a personal access token (classic). Please use a GitHub App.",
            ),
            Code::CredentialClassicForbidden,
            &["takes no personal access tokens (classic)"],
            "https://github.com/settings/personal-access-tokens/new",
        ),
        (
            (BOT, Classic, REPO, RUNNERS),
            (401, &[], "Bad credentials"),
            Code::CredentialInvalid,
            &["refuses the token"],
            CLASSIC_TOKENS,
        ),
        (
            (BOT, Classic, REPO, RUNNERS),
            (403, &[], "Actions has been turned off by an organization policy."),
            Code::ForgeForbidden,
            &[
                "refuses the account `ci-bot` (a classic token) registering runners",
                "Actions has been turned off by an organization policy",
            ],
            "https://github.com/organizations/acme/settings/actions",
        ),
    ];
    let forge = ForgeEndpoint::github_com();
    for (who, (status, headers, message), code, parts, url) in rows {
        let row = format!("{who:?} {status} {message}");
        let answer = answer(*status, headers, message);
        let found = with_case(&forge, *who, |at, task| Case::of(at, task, &answer).explain(&answer));
        check(&row, &found, *code, parts, url);
    }
}

#[test]
fn what_cannot_go_together_is_refused_before_any_call() {
    let forge = ForgeEndpoint::github_com();
    let impossible = |holder, kind, place| {
        with_case(&forge, (holder, kind, place, RUNNERS), |at, task| {
            Case::new(at, task).impossible()
        })
    };
    let new = "https://github.com/settings/tokens/new";
    for (holder, kind) in [(BOT, Fine), (BOT, AppUser), (APP, Installation)] {
        let found = impossible(holder, kind, ENTERPRISE).unwrap();
        let parts = &[
            "GitHub was not asked",
            "scope `manage_runners:enterprise`",
            "its organisations",
        ];
        check(&format!("{kind:?}"), &found, Code::RunnerUnsupported, parts, new);
    }
    let found = impossible(JOB, Installation, ENTERPRISE).unwrap();
    check(
        "a job",
        &found,
        Code::RunnerWorkflowToken,
        &["manage_runners:enterprise"],
        new,
    );
    assert_eq!(impossible(BOT, Classic, ENTERPRISE), None);
    assert_eq!(impossible(JOB, Installation, REPO), None);
    assert_eq!(
        impossible(BOT, Classic, "instance:").unwrap().code,
        Code::RunnerUnsupported
    );
    for kind in [
        CredentialKind::GitHubRefresh,
        CredentialKind::GitHubRunner,
        CredentialKind::GitLabPersonal,
    ] {
        assert_eq!(
            impossible(BOT, kind, REPO).unwrap().code,
            Code::CredentialWrongKind,
            "{kind:?}"
        );
    }
}

#[test]
fn an_enterprise_server_has_its_own_pages() {
    let forge = ForgeEndpoint::github("https://ghe.example.com/api/v3").unwrap();
    for (who, message) in [
        ((JOB, Installation, REPO, RUNNERS), NO_INTEGRATION),
        ((APP, Installation, REPO, RUNNERS), NO_INTEGRATION),
        ((BOT, Fine, REPO, RUNNERS), NO_PERSON),
        ((BOT, Classic, REPO, RUNNERS), NO_ADMIN),
        ((BOT, Classic, ORG, Task::Secrets(SecretFamily::Actions)), NO_ADMIN),
        (
            (APP, Installation, REPO, RUNNERS),
            "Repository level self-hosted runners are disabled.",
        ),
    ] {
        let answer = answer(403, &[], message);
        let found = with_case(&forge, who, |at, task| Case::of(at, task, &answer).explain(&answer));
        let text = format!("{} {} {:?}", found.cause, found.remedy, found.url);
        assert!(text.contains("https://ghe.example.com/"), "{who:?}: {found:#?}");
        assert!(!text.contains("//github.com"), "{who:?}: {found:#?}");
    }
}

#[test]
fn names_cannot_change_where_a_link_leads() {
    let forge = ForgeEndpoint::github_com();
    let answer = answer(404, &[], "Not Found");
    let who = (APP, Installation, "repository:a?b#c/d e", RUNNERS);
    let found = with_case(&forge, who, |at, task| Case::of(at, task, &answer).explain(&answer));
    let url = "https://github.com/organizations/a%3Fb%23c/settings/installations";
    assert_eq!(found.url.as_deref(), Some(url));
}
