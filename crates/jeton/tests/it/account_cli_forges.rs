//! `jeton account` with tokens of GitLab and Bitbucket, where they are not as GitHub's.

use jeton_forge_sim::{
    BitbucketSim, BitbucketSimConfig, BitbucketTokenSpec, GitLabSim, GitLabSimConfig, GitLabTokenSpec,
};

use crate::account_cli_world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gitlab_renews_a_token_when_told_to() {
    let w = World::start().await;
    let lab = GitLabSim::start(GitLabSimConfig::default()).await.unwrap();
    let user = lab.add_user("ada").unwrap();
    let old = lab.add_token(&GitLabTokenSpec::personal(user)).unwrap().token;
    let url = lab.web_url();
    let add = [
        "account",
        "add",
        "lab",
        "--base-url",
        &url,
        "--no-auto-rotate",
        "--private",
    ];
    let ran = w.run_with(&old, &add);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("a GitLab personal access token") && ran.stdout.contains("ada"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains(" days ("), "it has an end: {}", ran.stdout);
    let account = w.json(&["account", "show", "lab"]);
    assert_eq!(
        (&account["auto_rotate"], &account["shared"]),
        (&false.into(), &false.into())
    );

    let ran = w.run(&["account", "rotate", "lab"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("the old one has ended"), "{}", ran.stderr);
    let new = w.minted("lab");
    assert!(new != old && lab.is_live(&new) && !lab.is_live(&old));
    assert!(!ran.stdout.contains(&new) && !ran.stdout.contains(&old));
    assert_eq!(w.json(&["account", "show", "lab"])["rotation"]["state"], "done");
    let lines = w.done(&["token", "mint", "acme/tools", "--account", "lab", "--format", "env"]);
    assert_eq!(lines, format!("GITLAB_TOKEN={new}\nGITLAB_HOST={}\n", lab.address()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bitbucket_wants_the_address_of_the_tokens_owner() {
    let w = World::start().await;
    let bucket = BitbucketSim::start(BitbucketSimConfig::default()).await.unwrap();
    let ada = bucket.add_account("ada", "ada@example.com").unwrap();
    let token = bucket.add_token(&BitbucketTokenSpec::api_token(ada)).unwrap().token;
    let url = bucket.web_url();
    let add = ["account", "add", "bucket", "--forge", "bitbucket", "--base-url", &url];
    let ran = w.run_with(&token, &add);
    assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("e-mail"), "{}", ran.stderr);
    let ran = w.run_with(
        &token,
        &[
            &add[..],
            &["--email", "ada@example.com", "--username", "ada", "--expires", "90d"],
        ]
        .concat(),
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("an Atlassian API token"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("89 days (") || ran.stdout.contains("90 days ("),
        "{}",
        ran.stdout
    );
    let changed = w.json(&["account", "update", "bucket", "--expires", ""]);
    assert_eq!(changed["expiry"], "unknown", "{changed}");
    let lines = w.done(&["token", "mint", "acme/tools", "--account", "bucket", "--format", "env"]);
    assert_eq!(
        lines,
        format!("BITBUCKET_TOKEN={token}\nBITBUCKET_EMAIL=ada@example.com\nBITBUCKET_USERNAME=ada\n")
    );
}
