//! What the tokens of well-known issuers say. Shapes as in their documentation of 2026.

use serde_json::{Value, json};

/// A job of a GitHub Actions workflow.
#[derive(Debug, Clone)]
pub struct GitHubActionsJob {
    /// The owner's login.
    pub owner: String,
    /// The owner's id.
    pub owner_id: u64,
    /// The repository's name.
    pub repository: String,
    /// The repository's id.
    pub repository_id: u64,
    /// For instance `refs/heads/main`.
    pub git_ref: String,
    /// The job's environment.
    pub environment: Option<String>,
    /// Whether `sub` has the ids in it, as it has for repositories made or renamed since 2026-07-15.
    pub immutable_subject: bool,
}

impl GitHubActionsJob {
    /// A job without an environment, of owner 123 and repository 456, with the classic `sub`.
    pub fn new(owner: &str, repository: &str, git_ref: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            owner_id: 123,
            repository: repository.to_owned(),
            repository_id: 456,
            git_ref: git_ref.to_owned(),
            environment: None,
            immutable_subject: false,
        }
    }

    /// The same job with the other form of `sub`.
    #[must_use]
    pub fn immutable(mut self) -> Self {
        self.immutable_subject = true;
        self
    }

    /// The claims. All values are texts, also ids and booleans; what a job has not is absent.
    pub fn claims(&self) -> Value {
        let Self {
            owner,
            repository,
            git_ref,
            ..
        } = self;
        let full = format!("{owner}/{repository}");
        let whose = if self.immutable_subject {
            format!("{owner}@{}/{repository}@{}", self.owner_id, self.repository_id)
        } else {
            full.clone()
        };
        let what = match &self.environment {
            Some(environment) => format!("environment:{environment}"),
            None => format!("ref:{git_ref}"),
        };
        let workflow = format!("{full}/.github/workflows/ci.yml@{git_ref}");
        let mut claims = json!({
            "sub": format!("repo:{whose}:{what}"),
            "aud": format!("https://github.com/{owner}"),
            "actor": "octocat",
            "actor_id": "583231",
            "base_ref": "",
            "head_ref": "",
            "event_name": "push",
            "job_workflow_ref": workflow,
            "ref": git_ref,
            "ref_type": if git_ref.starts_with("refs/tags/") { "tag" } else { "branch" },
            "ref_protected": "true",
            "repository": full,
            "repository_id": self.repository_id.to_string(),
            "repository_owner": owner,
            "repository_owner_id": self.owner_id.to_string(),
            "repository_visibility": "private",
            "run_id": "9000000001",
            "run_number": "10",
            "run_attempt": "1",
            "runner_environment": "github-hosted",
            "sha": "5f2c0e1d9b8a7c6d5e4f3a2b1c0d9e8f7a6b5c4d",
            "workflow": "ci",
            "workflow_ref": workflow,
        });
        if let Some(environment) = &self.environment {
            claims["environment"] = json!(environment);
        }
        claims
    }
}

/// A job of GitLab CI on a branch. Ids are texts, as GitLab writes them, but for the runner's.
pub fn gitlab_claims(project_path: &str, project_id: u64, branch: &str) -> Value {
    let namespace = project_path
        .rsplit_once('/')
        .map_or(project_path, |(namespace, _)| namespace);
    json!({
        "sub": format!("project_path:{project_path}:ref_type:branch:ref:{branch}"),
        "namespace_id": "72",
        "namespace_path": namespace,
        "project_id": project_id.to_string(),
        "project_path": project_path,
        "user_id": "1",
        "user_login": "ada",
        "user_email": "ada@example.org",
        "pipeline_id": "574",
        "pipeline_source": "push",
        "job_id": "302",
        "ref": branch,
        "ref_type": "branch",
        "ref_path": format!("refs/heads/{branch}"),
        "ref_protected": "true",
        "runner_id": 1,
        "runner_environment": "gitlab-hosted",
        "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
        "project_visibility": "private",
        "groups_direct": [namespace],
    })
}

/// A service account of a Kubernetes cluster, with its audience in a list, as Kubernetes writes it.
pub fn kubernetes_claims(namespace: &str, service_account: &str, audience: &str) -> Value {
    json!({
        "sub": format!("system:serviceaccount:{namespace}:{service_account}"),
        "aud": [audience],
        "kubernetes.io": {
            "namespace": namespace,
            "node": {"name": "node-1", "uid": "0f1e2d3c-4b5a-4697-8877-665544332211"},
            "pod": {"name": "worker-7d9c", "uid": "1a2b3c4d-5e6f-4a0b-9c8d-7e6f5a4b3c2d"},
            "serviceaccount": {"name": service_account, "uid": "11111111-2222-4333-8444-555555555555"},
        },
    })
}
