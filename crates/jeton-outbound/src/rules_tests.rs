use url::Url;

use super::AddressRules;
use crate::AddressError;

fn check(rules: &AddressRules, url: &str) -> Result<(), AddressError> {
    rules.check_url(&Url::parse(url).unwrap())
}

fn listed(networks: &[&str]) -> AddressRules {
    AddressRules {
        allow: networks.iter().map(|net| net.parse().unwrap()).collect(),
        allow_loopback: false,
    }
}

#[test]
fn only_https_and_nothing_else_in_the_url() {
    let strict = AddressRules::default();
    assert_eq!(check(&strict, "https://git.example.com/api/v4?x=1"), Ok(()));
    assert_eq!(check(&strict, "https://140.82.112.5:8443/"), Ok(()));
    for (url, rules) in [
        ("http://git.example.com", AddressRules::trusted()),
        ("http://140.82.112.5", AddressRules::trusted()),
        ("http://10.0.0.5", AddressRules::trusted()),
        ("http://localhost", strict.clone()),
    ] {
        assert!(matches!(check(&rules, url), Err(AddressError::NotHttps(_))), "{url}");
    }
    for url in ["ftp://git.example.com", "file:///etc/passwd", "unix:/run/x", "data:,x"] {
        assert!(
            matches!(
                check(&AddressRules::trusted(), url),
                Err(AddressError::NotAWebAddress(_))
            ),
            "{url}"
        );
    }
    for url in [
        "https://u@git.example.com",
        "https://u:p@git.example.com",
        "https://git.example.com/#x",
    ] {
        assert!(
            matches!(check(&AddressRules::trusted(), url), Err(AddressError::Decorated(_))),
            "{url}"
        );
    }
}

#[test]
fn an_address_in_the_url_is_judged_however_it_is_written() {
    let strict = AddressRules::default();
    for url in [
        "https://10.0.0.5",
        "https://[::ffff:10.0.0.5]",
        "https://0xa000005/",
        "https://167772165/",
        "https://012.0.0.5/",
        "https://10.5/",
        "https://10.0.0.5./",
        "https://[fd12::1]",
        "https://[64:ff9b::a00:5]/",
    ] {
        assert!(
            matches!(check(&strict, url), Err(AddressError::Private { .. })),
            "{url}: {:?}",
            check(&strict, url)
        );
    }
    for url in [
        "https://127.0.0.1",
        "https://127.1",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
    ] {
        assert!(
            matches!(check(&strict, url), Err(AddressError::Loopback { .. })),
            "{url}"
        );
    }
    for rules in [
        strict,
        AddressRules::trusted(),
        listed(&["169.254.0.0/16", "0.0.0.0/8", "fe80::/10"]),
    ] {
        for url in [
            "https://169.254.169.254",
            "https://0.0.0.0",
            "https://[fe80::1]",
            "https://[::]",
            "https://2852039166/",
        ] {
            assert!(matches!(check(&rules, url), Err(AddressError::Never { .. })), "{url}");
        }
    }
}

#[test]
fn a_listed_network_may_be_called_and_its_neighbour_may_not() {
    let rules = listed(&["10.20.0.0/16", "fd12:3456::/32"]);
    for url in [
        "https://10.20.3.4",
        "https://[::ffff:10.20.3.4]",
        "https://[fd12:3456::1]",
        "https://[64:ff9b::a14:304]",
    ] {
        assert_eq!(check(&rules, url), Ok(()), "{url}");
    }
    for url in [
        "https://10.21.0.1",
        "https://[fd12:3457::1]",
        "https://[2002:a14:304::1]",
    ] {
        assert!(matches!(check(&rules, url), Err(AddressError::Private { .. })), "{url}");
    }
}

#[test]
fn loopback_is_a_setting_of_its_own() {
    let local = AddressRules {
        allow_loopback: true,
        ..AddressRules::default()
    };
    for url in [
        "http://127.0.0.1:8080",
        "http://localhost:1",
        "http://[::1]/",
        "https://localhost",
        "http://forge.localhost",
    ] {
        assert_eq!(check(&local, url), Ok(()), "{url}");
    }
    let url = "https://127.0.0.1";
    assert!(matches!(
        check(&listed(&["0.0.0.0/0", "::/0"]), url),
        Err(AddressError::Loopback { .. })
    ));
    // the name must stay on this machine, or plain http would go to another
    let away = local.check("localhost", "140.82.112.5".parse().unwrap());
    assert!(matches!(away, Err(AddressError::NotLocal { .. })));
}

#[test]
fn the_words_name_the_address_and_the_setting() {
    use jeton_domain::{Code, Coded as _};
    for (url, address, setting) in [
        (
            "https://10.1.2.3",
            "10.1.2.3",
            "`forges.allowed_networks`, such as \"10.1.2.0/24\"",
        ),
        (
            "https://[fd12::7]",
            "fd12::7",
            "`forges.allowed_networks`, such as \"fd12::/64\"",
        ),
        ("https://127.0.0.1", "127.0.0.1", "`forges.allow_loopback"),
        (
            "http://git.example.com",
            "http://git.example.com",
            "`forges.allow_loopback",
        ),
        ("https://169.254.169.254", "169.254.169.254", "no setting allows"),
    ] {
        let error = check(&AddressRules::default(), url).unwrap_err();
        assert_eq!(error.code(), Code::ForgeAddress);
        assert!(error.to_string().contains(address), "{error}");
        assert!(error.remedy().unwrap().contains(setting), "{:?}", error.remedy());
    }
}
