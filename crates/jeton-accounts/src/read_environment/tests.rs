use jeton_domain::{CredentialKind, Secret};

use super::read_environment;
use crate::FoundEnvironment;

fn read(variables: &[(&str, &str)]) -> FoundEnvironment {
    read_environment(&|name| {
        let set = variables.iter().find(|(variable, _)| *variable == name);
        set.map(|(_, value)| Secret::new(*value))
    })
}

/// `variable host` of each account.
fn accounts(found: &FoundEnvironment) -> Vec<String> {
    let words = |one: &crate::EnvironmentAccount| format!("{} {}", one.variable, one.credential.forge.host());
    found.accounts.iter().map(words).collect()
}

fn noted(found: &FoundEnvironment) -> Vec<&str> {
    found.notes.iter().map(|note| note.variable).collect()
}

fn github(seed: usize) -> String {
    let body: String = "kX7rT2mQ9vB4nZ8sL1wD6yF3hJ5gC0pA"
        .chars()
        .cycle()
        .skip(seed)
        .take(30)
        .collect();
    format!(
        "{}{body}{}",
        ["gh", "p_"].concat(),
        jeton_inspect::checksum::github_classic(&body)
    )
}

fn gitlab(seed: usize) -> String {
    let body: String = "Zk3TqW9xBv7LmN2sYf8d".chars().cycle().skip(seed).take(20).collect();
    format!("{}{body}", ["gl", "pat-"].concat())
}

fn atlassian(prefix: &str) -> String {
    let rest = format!("{prefix}3xFfGF0{}=", "kX7rT2mQ9vB4nZ8sL1wD".repeat(8));
    format!("{rest}{}", jeton_inspect::checksum::atlassian(&rest))
}

#[test]
fn nothing_is_found_in_an_empty_environment() {
    let found = read(&[
        ("GITHUB_TOKEN", ""),
        ("GITLAB_HOST", "git.example.com"),
        ("PATH", "/bin"),
    ]);
    assert!(found.accounts.is_empty() && found.notes.is_empty());
}

#[test]
fn gh_goes_before_the_general_variable() {
    let (one, other) = (github(1), github(2));
    let found = read(&[("GITHUB_TOKEN", &one), ("GH_TOKEN", &other)]);
    assert_eq!(accounts(&found), ["GH_TOKEN github.com"]);
    assert_eq!(noted(&found), ["GITHUB_TOKEN"]);
    let same = read(&[("GITHUB_TOKEN", &one), ("GH_TOKEN", &one)]);
    assert_eq!((accounts(&same).len(), same.notes.len()), (1, 0));
    let alone = read(&[("GITHUB_TOKEN", &format!("  {one}\n"))]);
    assert_eq!(alone.accounts[0].credential.token.expose(), one);
    assert_eq!(alone.accounts[0].label.as_str(), "github-token");
    assert!(found.notes.iter().all(|note| !note.to_string().contains(&one[4..])));
}

#[test]
fn an_enterprise_server_has_to_be_named() {
    let (one, other) = (github(1), github(2));
    let named = read(&[("GH_ENTERPRISE_TOKEN", &one), ("GH_HOST", "ghe.example.com")]);
    assert_eq!(accounts(&named), ["GH_ENTERPRISE_TOKEN ghe.example.com"]);
    let unnamed = read(&[("GITHUB_ENTERPRISE_TOKEN", &one)]);
    assert_eq!(
        (accounts(&unnamed).len(), noted(&unnamed)),
        (0, vec!["GITHUB_ENTERPRISE_TOKEN"])
    );
    let both = read(&[
        ("GH_ENTERPRISE_TOKEN", &one),
        ("GITHUB_ENTERPRISE_TOKEN", &other),
        ("GITHUB_API_URL", "https://ghe.example.com/api/v3"),
    ]);
    assert_eq!(accounts(&both), ["GH_ENTERPRISE_TOKEN ghe.example.com"]);
    assert_eq!(noted(&both), ["GITHUB_ENTERPRISE_TOKEN"]);
    // A workflow's own token belongs where the workflow runs; the one for `gh` to github.com all the same.
    let workflow = read(&[
        ("GITHUB_TOKEN", &one),
        ("GH_TOKEN", &other),
        ("GITHUB_SERVER_URL", "https://ghe.example.com"),
    ]);
    assert_eq!(
        accounts(&workflow),
        ["GH_TOKEN github.com", "GITHUB_TOKEN ghe.example.com"]
    );
    let tenant = read(&[("GH_TOKEN", &one), ("GH_HOST", "Acme.ghe.com")]);
    assert_eq!(accounts(&tenant), ["GH_TOKEN acme.ghe.com"]);
}

#[test]
fn gitlab_lies_where_its_variables_say() {
    let (one, other) = (gitlab(1), gitlab(2));
    assert_eq!(
        accounts(&read(&[("GITLAB_ACCESS_TOKEN", &one)])),
        ["GITLAB_ACCESS_TOKEN gitlab.com"]
    );
    for (variable, host) in [
        ("GITLAB_HOST", "git.example.com"),
        ("GL_HOST", "https://git.example.com"),
        ("CI_SERVER_URL", "https://git.example.com/"),
    ] {
        let found = read(&[
            ("GITLAB_TOKEN", &one),
            ("GITLAB_ACCESS_TOKEN", &other),
            (variable, host),
        ]);
        assert_eq!(accounts(&found), ["GITLAB_TOKEN git.example.com"]);
        assert_eq!(noted(&found), ["GITLAB_ACCESS_TOKEN"]);
    }
    let odd = read(&[("GITLAB_TOKEN", &one), ("GITLAB_HOST", "http://git.example.com")]);
    assert_eq!((accounts(&odd).len(), noted(&odd)), (0, vec!["GITLAB_HOST"]));
    let loopback = read(&[("GITLAB_TOKEN", &one), ("GITLAB_HOST", "http://127.0.0.1:7002")]);
    assert_eq!(accounts(&loopback), ["GITLAB_TOKEN 127.0.0.1:7002"]);
}

#[test]
fn bitbucket_wants_an_address_beside_an_api_token() {
    let (api, access) = (atlassian(&["ATA", "TT"].concat()), atlassian(&["ATC", "TT"].concat()));
    let without = read(&[("BITBUCKET_TOKEN", &api)]);
    assert_eq!(
        (accounts(&without).len(), noted(&without)),
        (0, vec!["BITBUCKET_TOKEN"])
    );
    for variable in ["BITBUCKET_EMAIL", "BITBUCKET_USERNAME"] {
        let found = read(&[("BITBUCKET_API_TOKEN", &api), (variable, "ada@example.org")]);
        assert_eq!(
            found.accounts[0].credential.email.as_deref(),
            Some("ada@example.org"),
            "{:?}",
            found.notes
        );
        assert_eq!(found.accounts[0].credential.kind, CredentialKind::BitbucketApiToken);
    }
    let found = read(&[("BITBUCKET_ACCESS_TOKEN", &access)]);
    assert_eq!(found.accounts[0].credential.kind, CredentialKind::BitbucketAccess);
    let dead = read(&[("BITBUCKET_APP_PASSWORD", "whatever"), ("BITBUCKET_USERNAME", "ada")]);
    assert_eq!(
        (accounts(&dead).len(), noted(&dead)),
        (0, vec!["BITBUCKET_APP_PASSWORD"])
    );
    assert!(!dead.notes[0].words.contains("whatever"));
}

#[test]
fn what_is_no_token_is_noted_and_not_shown() {
    let found = read(&[("GITHUB_TOKEN", "hunter2-and-more"), ("GITLAB_TOKEN", &github(1))]);
    assert_eq!(
        (accounts(&found).len(), noted(&found)),
        (0, vec!["GITHUB_TOKEN", "GITLAB_TOKEN"])
    );
    let words: String = found.notes.iter().map(ToString::to_string).collect();
    assert!(
        !words.contains("hunter2") && !words.contains(&github(1)[4..12]),
        "{words}"
    );
    // An installation token of a workflow is no account's.
    let installation = github(3).replacen(&["gh", "p_"].concat(), &["gh", "s_"].concat(), 1);
    assert_eq!(noted(&read(&[("GITHUB_TOKEN", &installation)])), ["GITHUB_TOKEN"]);
}
