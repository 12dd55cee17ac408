//! All routes of runners, secrets and environments.

use super::routes::{Action, RunnerTokenPurpose, SecretFamily};
use crate::site::table::{Entry, entry};

use Action::{DeleteSecret, GetSecret, JitConfig, ListRunners, ListSecrets, PutSecret, RunnerToken, SecretKey};
use RunnerTokenPurpose::{Registration, Removal};
use SecretFamily::{Actions, Codespaces, Dependabot};

/// In order: `public-key` is no secret's name.
pub(crate) const TABLE: &[Entry<Action>] = &[
    entry("GET /repos/{owner}/{repo}/actions/runners", ListRunners),
    entry(
        "POST /repos/{owner}/{repo}/actions/runners/registration-token",
        RunnerToken(Registration),
    ),
    entry(
        "POST /repos/{owner}/{repo}/actions/runners/remove-token",
        RunnerToken(Removal),
    ),
    entry(
        "POST /repos/{owner}/{repo}/actions/runners/generate-jitconfig",
        JitConfig,
    ),
    entry("GET /orgs/{org}/actions/runners", ListRunners),
    entry(
        "POST /orgs/{org}/actions/runners/registration-token",
        RunnerToken(Registration),
    ),
    entry("POST /orgs/{org}/actions/runners/remove-token", RunnerToken(Removal)),
    entry("POST /orgs/{org}/actions/runners/generate-jitconfig", JitConfig),
    entry("GET /enterprises/{enterprise}/actions/runners", ListRunners),
    entry(
        "POST /enterprises/{enterprise}/actions/runners/registration-token",
        RunnerToken(Registration),
    ),
    entry(
        "POST /enterprises/{enterprise}/actions/runners/remove-token",
        RunnerToken(Removal),
    ),
    entry(
        "POST /enterprises/{enterprise}/actions/runners/generate-jitconfig",
        JitConfig,
    ),
    entry("POST /actions/runner-registration", Action::RegisterRunner),
    entry("GET /repos/{owner}/{repo}/actions/secrets", ListSecrets(Actions)),
    entry(
        "GET /repos/{owner}/{repo}/actions/secrets/public-key",
        SecretKey(Actions),
    ),
    entry("GET /repos/{owner}/{repo}/actions/secrets/{name}", GetSecret(Actions)),
    entry("PUT /repos/{owner}/{repo}/actions/secrets/{name}", PutSecret(Actions)),
    entry(
        "DELETE /repos/{owner}/{repo}/actions/secrets/{name}",
        DeleteSecret(Actions),
    ),
    entry("GET /repos/{owner}/{repo}/dependabot/secrets", ListSecrets(Dependabot)),
    entry(
        "GET /repos/{owner}/{repo}/dependabot/secrets/public-key",
        SecretKey(Dependabot),
    ),
    entry(
        "GET /repos/{owner}/{repo}/dependabot/secrets/{name}",
        GetSecret(Dependabot),
    ),
    entry(
        "PUT /repos/{owner}/{repo}/dependabot/secrets/{name}",
        PutSecret(Dependabot),
    ),
    entry(
        "DELETE /repos/{owner}/{repo}/dependabot/secrets/{name}",
        DeleteSecret(Dependabot),
    ),
    entry("GET /repos/{owner}/{repo}/codespaces/secrets", ListSecrets(Codespaces)),
    entry(
        "GET /repos/{owner}/{repo}/codespaces/secrets/public-key",
        SecretKey(Codespaces),
    ),
    entry(
        "GET /repos/{owner}/{repo}/codespaces/secrets/{name}",
        GetSecret(Codespaces),
    ),
    entry(
        "PUT /repos/{owner}/{repo}/codespaces/secrets/{name}",
        PutSecret(Codespaces),
    ),
    entry(
        "DELETE /repos/{owner}/{repo}/codespaces/secrets/{name}",
        DeleteSecret(Codespaces),
    ),
    entry("GET /orgs/{org}/actions/secrets", ListSecrets(Actions)),
    entry("GET /orgs/{org}/actions/secrets/public-key", SecretKey(Actions)),
    entry("GET /orgs/{org}/actions/secrets/{name}", GetSecret(Actions)),
    entry("PUT /orgs/{org}/actions/secrets/{name}", PutSecret(Actions)),
    entry("DELETE /orgs/{org}/actions/secrets/{name}", DeleteSecret(Actions)),
    entry("GET /orgs/{org}/dependabot/secrets", ListSecrets(Dependabot)),
    entry("GET /orgs/{org}/dependabot/secrets/public-key", SecretKey(Dependabot)),
    entry("GET /orgs/{org}/dependabot/secrets/{name}", GetSecret(Dependabot)),
    entry("PUT /orgs/{org}/dependabot/secrets/{name}", PutSecret(Dependabot)),
    entry("DELETE /orgs/{org}/dependabot/secrets/{name}", DeleteSecret(Dependabot)),
    entry("GET /orgs/{org}/codespaces/secrets", ListSecrets(Codespaces)),
    entry("GET /orgs/{org}/codespaces/secrets/public-key", SecretKey(Codespaces)),
    entry("GET /orgs/{org}/codespaces/secrets/{name}", GetSecret(Codespaces)),
    entry("PUT /orgs/{org}/codespaces/secrets/{name}", PutSecret(Codespaces)),
    entry("DELETE /orgs/{org}/codespaces/secrets/{name}", DeleteSecret(Codespaces)),
    entry("GET /repos/{owner}/{repo}/environments", Action::ListEnvironments),
    entry("GET /repos/{owner}/{repo}/environments/{env}", Action::GetEnvironment),
    entry("PUT /repos/{owner}/{repo}/environments/{env}", Action::PutEnvironment),
    entry(
        "GET /repos/{owner}/{repo}/environments/{env}/secrets",
        ListSecrets(Actions),
    ),
    entry(
        "GET /repos/{owner}/{repo}/environments/{env}/secrets/public-key",
        SecretKey(Actions),
    ),
    entry(
        "GET /repos/{owner}/{repo}/environments/{env}/secrets/{name}",
        GetSecret(Actions),
    ),
    entry(
        "PUT /repos/{owner}/{repo}/environments/{env}/secrets/{name}",
        PutSecret(Actions),
    ),
    entry(
        "DELETE /repos/{owner}/{repo}/environments/{env}/secrets/{name}",
        DeleteSecret(Actions),
    ),
];
