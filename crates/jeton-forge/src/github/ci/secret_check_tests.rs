use jeton_domain::{CiScope, Code, ForgeKind, OwnerPath, RepoName, RepoPath, Secret, SecretName};

use super::check;
use crate::ci::{SecretFamily, SecretOptions, SecretPush, SecretVisibility};

fn repository() -> CiScope {
    CiScope::Repository(RepoPath::parse(ForgeKind::GitHub, "acme/tools").unwrap())
}

fn org() -> CiScope {
    CiScope::Owner(OwnerPath::parse(ForgeKind::GitHub, "acme").unwrap())
}

fn checked(scope: &CiScope, name: &str, value: &str, options: &SecretOptions) -> Result<(), (Code, String)> {
    // GitLab takes names that GitHub does not
    let name = SecretName::parse(ForgeKind::GitLab, name).unwrap();
    let push = SecretPush {
        name: &name,
        value: &Secret::new(value),
        options,
    };
    check(scope, &push).map_err(|found| (found.code, format!("{} {}", found.cause, found.remedy)))
}

fn with(set: impl FnOnce(&mut SecretOptions)) -> SecretOptions {
    let mut options = SecretOptions::default();
    set(&mut options);
    options
}

#[test]
fn the_limit_is_49152_bytes_and_the_size_of_the_value_is_never_told() {
    let plain = SecretOptions::default();
    assert_eq!(checked(&repository(), "A", &"x".repeat(49_152), &plain), Ok(()));
    let (code, words) = checked(&repository(), "A", &"x".repeat(50_176), &plain).unwrap_err();
    assert_eq!(code, Code::SecretTooLarge);
    assert!(words.contains("more than 48 KB (49,152 bytes)"), "{words}");
    assert!(
        !words.contains("50176") && !words.contains("50,176") && !words.contains("49 KB"),
        "{words}"
    );
    // bytes, and not characters
    let umlauts = "ä".repeat(24_577);
    assert_eq!(
        checked(&repository(), "A", &umlauts, &plain).unwrap_err().0,
        Code::SecretTooLarge
    );
    let (code, words) = checked(&repository(), "A", "", &plain).unwrap_err();
    assert_eq!(code, Code::SecretEmpty);
    assert!(words.contains("`A`"), "{words}");
}

#[test]
fn what_github_has_not_is_named() {
    let selected = |names: &[&str]| {
        let names = names.iter().map(|name| RepoName::parse(name).unwrap()).collect();
        with(|options| options.visibility = Some(SecretVisibility::Selected(names)))
    };
    let environment = |name: &str| with(|options| options.environment = Some(name.to_owned()));
    let rows: &[(CiScope, SecretOptions, &str)] = &[
        (repository(), with(|o| o.masked = Some(true)), "GitHub has no `masked`"),
        (repository(), with(|o| o.masked = Some(false)), "GitHub has no `masked`"),
        (repository(), with(|o| o.hidden = Some(true)), "GitHub has no `hidden`"),
        (
            repository(),
            with(|o| o.protected = Some(true)),
            "GitHub has no `protected`",
        ),
        (repository(), with(|o| o.raw = Some(false)), "GitHub has no `raw`"),
        (repository(), with(|o| o.file = Some(true)), "GitHub has no `file`"),
        (
            repository(),
            with(|o| o.description = Some("x".to_owned())),
            "GitHub has no `description`",
        ),
        (
            repository(),
            with(|o| o.visibility = Some(SecretVisibility::All)),
            "Only an organisation's",
        ),
        (org(), selected(&[]), "No repository is selected"),
        (org(), selected(&["a"; 101]), "More than 100"),
        (org(), environment("production"), "Environments belong to repositories"),
        (repository(), environment(""), "environment's name"),
        (repository(), environment(".."), "environment's name"),
        (repository(), environment("a\nb"), "environment's name"),
        (
            repository(),
            with(|o| {
                o.environment = Some("production".to_owned());
                o.family = SecretFamily::Dependabot;
            }),
            "none for Dependabot",
        ),
    ];
    for (scope, options, part) in rows {
        let (code, words) = checked(scope, "A", "x", options).unwrap_err();
        assert_eq!(code, Code::SecretInvalid, "{part}");
        assert!(words.contains(part), "{words}");
    }
    for (scope, options) in [
        (org(), selected(&["tools", "docs"])),
        (org(), with(|o| o.visibility = Some(SecretVisibility::All))),
        (repository(), environment("prod/eu west")),
        (repository(), with(|o| o.family = SecretFamily::Codespaces)),
    ] {
        assert_eq!(checked(&scope, "A", "x", &options), Ok(()), "{options:?}");
    }
}

#[test]
fn names_and_places_follow_github() {
    let plain = SecretOptions::default();
    for name in ["1A", "GITHUB_TOKEN", "github_x"] {
        assert_eq!(
            checked(&repository(), name, "x", &plain).unwrap_err().0,
            Code::SecretName,
            "{name}"
        );
    }
    let enterprise = CiScope::Enterprise(OwnerPath::parse(ForgeKind::GitHub, "big").unwrap());
    for scope in [enterprise, CiScope::Instance] {
        assert_eq!(
            checked(&scope, "A", "x", &plain).unwrap_err().0,
            Code::RunnerUnsupported
        );
    }
}
