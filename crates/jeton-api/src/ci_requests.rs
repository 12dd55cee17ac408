use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Released;

/// For what runners or secrets are: exactly one of `repository`, `organization` (or `group`, `workspace`), `enterprise` and `instance`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CiPlace {
    /// The forge's host, or `github`, `gitlab`, `bitbucket`; github.com, or the only server that Apps are for, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "github.com")]
    pub forge: Option<String>,
    /// The owner, where `repository` is the name alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `owner/name`; or the name alone beside `owner`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "acme/tools")]
    pub repository: Option<String>,
    /// An organization of GitHub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// A group of GitLab, with the groups above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// A workspace of Bitbucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// An enterprise of GitHub, by the name in its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enterprise: Option<String>,
    /// All of a GitLab, with `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<bool>,
    /// As which App, by the operator's name for it; the first that may and can when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// As which account, by its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// A request for a runner's token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(from = "FlatRunnerToken")]
pub struct RunnerTokenRequest {
    /// For what, and as whom.
    #[serde(flatten)]
    pub place: CiPlace,
    /// The token must live at least this long, in seconds; at most 3,300 on GitHub. Ten minutes when left out: a machine has to boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_validity_seconds: Option<u32>,
    /// Have a new token made even if a good one is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh: Option<bool>,
    /// GitLab, Bitbucket: the runner's name. Who asks for the same name again gets the token of the same runner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "builder")]
    pub name: Option<String>,
    /// GitLab: tags. Bitbucket: labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// GitLab: whether it takes jobs without tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_untagged: Option<bool>,
    /// GitLab: whether other projects may not use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
    /// GitLab: whether it takes no jobs for now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// GitLab: whether it runs jobs of protected branches only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected_only: Option<bool>,
    /// GitLab: the longest time of a job, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_timeout_seconds: Option<u64>,
    /// GitLab Premium: for how long its token shall live, in seconds, 300 to 1,296,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_lifetime_seconds: Option<u32>,
}

/// A request for a runner for a single job (GitHub).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(from = "FlatJitConfig")]
pub struct JitConfigRequest {
    /// For what, and as whom.
    #[serde(flatten)]
    pub place: CiPlace,
    /// The runner's name; no other there may have it.
    #[schema(example = "job-4711")]
    pub name: String,
    /// The runner group by its number; 1, the one that is always there, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner_group_id: Option<u64>,
    /// 1 to 100 labels.
    #[schema(example = json!(["self-hosted", "linux"]))]
    pub labels: Vec<String>,
    /// Its directory for work; `_work` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_folder: Option<String>,
}

/// How a secret is kept at its forge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ForgeSecretOptions {
    /// GitHub, Bitbucket: the deployment environment. GitLab: the environment scope, which may have `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "production")]
    pub environment: Option<String>,
    /// GitHub: `actions` (also when left out), `dependabot` or `codespaces`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// GitHub, organizations: `all`, `private` (also when left out) or `selected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<String>,
    /// GitHub, organizations, with `selected`: names of repositories, without their owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selected_repositories: Option<Vec<String>>,
    /// GitLab: whether logs do not show it; so when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked: Option<bool>,
    /// GitLab: whether nobody can read it back; only for one that is not there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<bool>,
    /// GitLab: whether only protected branches and tags get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
    /// GitLab: whether `$` in it is left alone; so when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<bool>,
    /// GitLab: whether jobs get a file with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<bool>,
    /// GitLab: for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A secret to be pushed to a forge's CI.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(from = "FlatPushSecret")]
pub struct PushSecretRequest {
    /// To what, and as whom.
    #[serde(flatten)]
    pub place: CiPlace,
    /// Its name there.
    #[schema(example = "DEPLOY_TOKEN")]
    pub name: String,
    /// Its value: text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub value: Option<Released>,
    /// Instead of a value: the token of this account, by its label or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_token: Option<String>,
    /// How it is kept.
    #[serde(flatten)]
    pub options: ForgeSecretOptions,
}

/// A place to which an account's token is to be pushed after every change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(from = "FlatAddTarget")]
pub struct AddTargetRequest {
    /// To what, and as whom. Without a forge it is the account's own; `account` may be the account itself.
    #[serde(flatten)]
    pub place: CiPlace,
    /// The secret's name there.
    #[schema(example = "DEPLOY_TOKEN")]
    pub name: String,
    /// How it is kept.
    #[serde(flatten)]
    pub options: ForgeSecretOptions,
}

/// Reads a body whose fields lie side by side in JSON, and in groups here. Written goes by `flatten`; but serde refuses no unknown
/// fields where there is a `flatten`, so that it is read through a twin with all fields of its own.
macro_rules! read_flat {
    ($name:ident through $twin:ident { $($own:tt)* }) => {
        read_flat!(@twin $name $twin { $($own)* });
    };
    ($name:ident through $twin:ident { $($own:tt)* } and options) => {
        read_flat!(@twin $name $twin { $($own)* } options ForgeSecretOptions {
            environment: Option<String>,
            family: Option<String>,
            visibility: Option<String>,
            selected_repositories: Option<Vec<String>>,
            masked: Option<bool>,
            hidden: Option<bool>,
            protected: Option<bool>,
            raw: Option<bool>,
            file: Option<bool>,
            description: Option<String>,
        });
    };
    (
        @twin $name:ident $twin:ident { $($own:ident: $own_type:ty,)* }
        $($group:ident $group_type:ident { $($of_group:ident: $of_group_type:ty,)* })?
    ) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $twin {
            forge: Option<String>,
            owner: Option<String>,
            repository: Option<String>,
            organization: Option<String>,
            group: Option<String>,
            workspace: Option<String>,
            enterprise: Option<String>,
            instance: Option<bool>,
            app: Option<String>,
            account: Option<String>,
            $($own: $own_type,)*
            $($($of_group: $of_group_type,)*)?
        }

        impl From<$twin> for $name {
            fn from(flat: $twin) -> Self {
                Self {
                    place: CiPlace {
                        forge: flat.forge,
                        owner: flat.owner,
                        repository: flat.repository,
                        organization: flat.organization,
                        group: flat.group,
                        workspace: flat.workspace,
                        enterprise: flat.enterprise,
                        instance: flat.instance,
                        app: flat.app,
                        account: flat.account,
                    },
                    $($own: flat.$own,)*
                    $($group: $group_type { $($of_group: flat.$of_group,)* },)?
                }
            }
        }
    };
}

read_flat!(RunnerTokenRequest through FlatRunnerToken {
    min_validity_seconds: Option<u32>,
    fresh: Option<bool>,
    name: Option<String>,
    labels: Option<Vec<String>>,
    run_untagged: Option<bool>,
    locked: Option<bool>,
    paused: Option<bool>,
    protected_only: Option<bool>,
    maximum_timeout_seconds: Option<u64>,
    token_lifetime_seconds: Option<u32>,
});

read_flat!(JitConfigRequest through FlatJitConfig {
    name: String,
    runner_group_id: Option<u64>,
    labels: Vec<String>,
    work_folder: Option<String>,
});

read_flat!(PushSecretRequest through FlatPushSecret {
    name: String,
    value: Option<Released>,
    account_token: Option<String>,
} and options);

read_flat!(AddTargetRequest through FlatAddTarget {
    name: String,
} and options);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        AddTargetRequest, CiPlace, ForgeSecretOptions, JitConfigRequest, PushSecretRequest, RunnerTokenRequest,
    };

    #[test]
    fn unknown_fields_are_refused_and_the_known_ones_named() {
        let words = |error: serde_json::Error| error.to_string();
        let bodies = [
            words(serde_json::from_value::<RunnerTokenRequest>(json!({"repo": "a/b"})).unwrap_err()),
            words(serde_json::from_value::<JitConfigRequest>(json!({"repo": "a/b"})).unwrap_err()),
            words(serde_json::from_value::<PushSecretRequest>(json!({"repo": "a/b"})).unwrap_err()),
            words(serde_json::from_value::<AddTargetRequest>(json!({"repo": "a/b"})).unwrap_err()),
            words(serde_json::from_value::<CiPlace>(json!({"repo": "a/b"})).unwrap_err()),
        ];
        for text in bodies {
            assert!(
                text.starts_with("unknown field `repo`, expected one of `forge`"),
                "{text}"
            );
            assert!(text.contains("`repository`"), "{text}");
        }
    }

    #[test]
    fn what_is_written_flat_is_read_back() {
        let place = CiPlace {
            repository: Some("acme/tools".to_owned()),
            account: Some("work".to_owned()),
            ..CiPlace::default()
        };
        let asked = RunnerTokenRequest {
            place: place.clone(),
            labels: Some(vec!["linux".to_owned()]),
            ..RunnerTokenRequest::default()
        };
        let json = serde_json::to_value(&asked).unwrap();
        assert_eq!(
            json,
            json!({"repository": "acme/tools", "account": "work", "labels": ["linux"]})
        );
        assert_eq!(serde_json::from_value::<RunnerTokenRequest>(json).unwrap(), asked);
        let target = AddTargetRequest {
            place,
            name: "TOKEN".to_owned(),
            options: ForgeSecretOptions {
                environment: Some("production".to_owned()),
                masked: Some(true),
                ..ForgeSecretOptions::default()
            },
        };
        let json = serde_json::to_value(&target).unwrap();
        assert_eq!(json["environment"], "production");
        assert_eq!(serde_json::from_value::<AddTargetRequest>(json).unwrap(), target);
    }

    #[test]
    fn a_value_that_is_no_text_is_not_repeated() {
        for value in [
            json!(47_110_815),
            json!(["4711"]),
            json!({"a": "4711"}),
            json!(4711.5),
            json!(true),
        ] {
            let body = json!({"repository": "a/b", "name": "A", "value": value});
            let error = serde_json::from_value::<PushSecretRequest>(body.clone())
                .unwrap_err()
                .to_string();
            assert!(error.contains("expected a text"), "{error}");
            assert!(!error.contains("4711") && !error.contains("true"), "{error}");
            let error = serde_json::from_str::<PushSecretRequest>(&body.to_string())
                .unwrap_err()
                .to_string();
            assert!(!error.contains("4711") && !error.contains("true"), "{error}");
        }
        let none: PushSecretRequest = serde_json::from_value(json!({"name": "A", "value": null})).unwrap();
        assert!(none.value.is_none());
    }
}
