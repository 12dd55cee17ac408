//! Accounts as tables for people.

use std::fmt::Write as _;

use jeton_api::{Account, AccountRepository, ImportedVariable, InspectFinding, Rotation, StoredAccount, TokenGuide};
use jiff::Timestamp;

use super::{
    account_report::{self, ends, moment, scopes},
    output::{clean, note, or_dash, table},
};

/// A row for each, as somebody of this name sees them.
pub(super) fn list(accounts: &[Account], me: &str, now: Timestamp) -> String {
    let rows = accounts.iter().map(|account| {
        let whose = account.identity.as_ref().map(|who| who.name.clone());
        [
            account.label.clone(),
            account.host.clone(),
            kind(account),
            or_dash(whose.as_ref()),
            standing(account),
            ends(account.expires_at.as_deref(), &account.expiry, now),
            usable_by(account) + &id_of(account, me),
            if account.default { "yes" } else { "" }.to_owned(),
        ]
    });
    let header = ["LABEL", "FORGE", "KIND", "WHOSE", "STANDING", "ENDS", "FOR", "DEFAULT"];
    table(header, rows)
}

/// The kind without its forge, which stands beside it: `fine-grained`.
fn kind(account: &Account) -> String {
    let forge = format!("{}_", account.forge);
    account
        .kind
        .strip_prefix(&forge)
        .unwrap_or(&account.kind)
        .replace('_', "-")
}

/// How it stands, by the last clear word of its forge, and whether something is to be said.
fn standing(account: &Account) -> String {
    let mut word = match (&account.checked_at, account.validity.as_str()) {
        (None, "unknown") => "not tested".to_owned(),
        (_, word) => word.to_owned(),
    };
    if let Some(finding) = &account.finding {
        let _ = write!(word, " ({})", finding.code);
    }
    if account.active { word } else { format!("off; {word}") }
}

fn usable_by(account: &Account) -> String {
    match (&account.variable, &account.owner) {
        (Some(variable), _) => format!("all, from {variable}"),
        (None, Some(owner)) if !account.shared => format!("{owner} alone"),
        (None, None) if !account.shared => "its owner alone".to_owned(),
        _ => "all".to_owned(),
    }
}

/// By what an operator names what is somebody else's own: several people may have the same label.
fn id_of(account: &Account, me: &str) -> String {
    match &account.owner {
        Some(owner) if !account.shared && owner != me => format!(", {}", account.id),
        _ => String::new(),
    }
}

/// Everything that is known of one.
pub(super) fn whole(account: &Account, now: Timestamp) -> String {
    let rows = rows(account, now).into_iter();
    let mut out = table(["", ""], rows.map(|(name, value)| [name.to_owned(), value]))
        .trim_start()
        .to_owned();
    if let Some(rotation) = &account.rotation {
        out.push_str(&renewal(rotation));
    }
    match &account.check {
        Some(check) => {
            out.push_str(&account_report::sections(check));
            // What has become true since, such as an end that has passed.
            if let Some(finding) = account.finding.as_ref().filter(|one| !check.diagnoses.contains(one)) {
                let _ = write!(out, "\n{}", account_report::problem(finding, "warning"));
            }
        }
        None => {
            if let Some(finding) = &account.finding {
                let _ = write!(out, "\n{}", account_report::problem(finding, "warning"));
            }
        }
    }
    out
}

fn rows(account: &Account, now: Timestamp) -> Vec<(&'static str, String)> {
    let whose = account.identity.as_ref();
    let serves = if account.serves.is_empty() {
        "everything".to_owned()
    } else {
        account.serves.join(", ")
    };
    let mut rows = vec![
        ("label", account.label.clone()),
        ("id", account.id.to_string()),
        ("source", account.source.clone()),
        ("forge", account.web_url.clone()),
        ("kind", account.kind_words.clone()),
        (
            "whose",
            whose.map_or_else(|| "not known".to_owned(), |who| format!("{} ({})", who.name, who.id)),
        ),
        ("standing", standing(account)),
        ("scopes", scopes(account.scopes.as_deref())),
        ("ends", ends(account.expires_at.as_deref(), &account.expiry, now)),
        ("serves", serves),
        ("for", usable_by(account)),
        ("default", if account.default { "yes" } else { "no" }.to_owned()),
    ];
    let told = [
        ("user name", &account.username),
        ("e-mail", &account.email),
        ("note", &account.note),
    ];
    rows.extend(
        told.into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?))),
    );
    let times = [
        ("added", &account.created_at),
        ("token since", &account.token_since),
        ("asked", &account.checked_at),
        ("clear word", &account.verdict_at),
        ("asked next", &account.next_check_at),
        ("renewed at", &account.rotate_at),
    ];
    rows.extend(
        times
            .into_iter()
            .filter_map(|(name, at)| Some((name, moment(at.as_ref()?)))),
    );
    rows.push(("token", account.fingerprint.clone()));
    rows
}

fn renewal(rotation: &Rotation) -> String {
    let mut out = format!(
        "\nrenewal {} since {}, wanted by {}: {}\n",
        clean(&rotation.state),
        clean(&moment(&rotation.created_at)),
        clean(&rotation.asked_by),
        clean(&rotation.detail)
    );
    if let Some(error) = &rotation.error {
        let _ = writeln!(out, "  caused by: {}", clean(error));
    }
    out
}

/// What was odd about the pasted text, on standard error.
pub(super) fn note_findings(stored: &StoredAccount) {
    for finding in &stored.findings {
        note(&pasted(finding));
    }
}

fn pasted(finding: &InspectFinding) -> String {
    let help = finding
        .remedy
        .as_ref()
        .map(|remedy| format!("\n  help: {}", clean(remedy)));
    format!(
        "{}: {}{}",
        clean(&finding.severity),
        clean(&finding.detail),
        help.unwrap_or_default()
    )
}

/// What a token reaches.
pub(super) fn repositories(repositories: &[AccountRepository]) -> String {
    let rows = repositories.iter().map(|one| {
        [
            one.path.clone(),
            or_dash(one.access.as_ref()),
            if one.private { "private" } else { "public" }.to_owned(),
            or_dash(one.default_branch.as_ref()),
        ]
    });
    table(["REPOSITORY", "ACCESS", "", "DEFAULT BRANCH"], rows)
}

/// What became of the variables of the server's environment.
pub(super) fn imported(variables: &[ImportedVariable]) -> String {
    let mut out = String::new();
    for one in variables {
        if let Some(account) = &one.account {
            let _ = writeln!(
                out,
                "stored {} ({}, {})",
                clean(&account.label),
                clean(&account.kind_words),
                clean(&account.host)
            );
        }
        if let Some(problem) = &one.problem {
            let variable = one.variable.as_deref().unwrap_or("a variable");
            let _ = write!(
                out,
                "{} was not stored\n{}",
                clean(variable),
                account_report::problem(problem, "error")
            );
        }
    }
    out
}

/// How to make a token, step by step.
pub(super) fn guide(guide: &TokenGuide) -> String {
    let mut out = format!("make {}\npage: {}\n", clean(&guide.kind_words), clean(&guide.url));
    if !guide.scopes.is_empty() {
        let _ = writeln!(out, "with: {}", clean(&guide.scopes.join(", ")));
    }
    for (index, step) in guide.steps.iter().enumerate() {
        let _ = writeln!(out, "{:>3}. {}", index + 1, clean(step));
    }
    out
}

#[cfg(test)]
pub(super) mod tests {
    use jeton_api::{Account, Diagnosis, TokenIdentity};
    use uuid::Uuid;

    use super::{list, whole};
    use crate::cli::account_report::tests::{check, now};

    pub(in super::super) fn account() -> Account {
        Account {
            id: Uuid::nil(),
            label: "work".to_owned(),
            source: "account:work".to_owned(),
            origin: "stored".to_owned(),
            variable: None,
            note: Some("builds\u{1b}[2J".to_owned()),
            shared: true,
            owner: Some("operator".to_owned()),
            forge: "github".to_owned(),
            host: "github.com".to_owned(),
            web_url: "https://github.com".to_owned(),
            kind: "github_fine_grained".to_owned(),
            kind_words: "a GitHub fine-grained personal access token".to_owned(),
            username: None,
            email: None,
            fingerprint: "ba7816bf8f01".to_owned(),
            serves: vec!["acme".to_owned(), "octo/tools".to_owned()],
            default: true,
            active: true,
            auto_rotate: true,
            identity: Some(TokenIdentity {
                id: "7".to_owned(),
                name: "octocat".to_owned(),
            }),
            scopes: None,
            expires_at: Some("2026-12-04T10:00:00Z".to_owned()),
            expiry: "known".to_owned(),
            validity: "valid".to_owned(),
            finding: None,
            checked_at: Some("2026-11-22T08:00:00Z".to_owned()),
            verdict_at: None,
            next_check_at: None,
            rotate_at: None,
            token_since: None,
            created_at: None,
            updated_at: None,
            check: None,
            rotation: None,
        }
    }

    fn ended() -> Diagnosis {
        Diagnosis {
            code: "credential.expired".to_owned(),
            cause: "It has ended.".to_owned(),
            remedy: "Make a new one.".to_owned(),
            url: None,
            retry_at: None,
        }
    }

    #[test]
    fn a_list_says_in_words_how_each_stands() {
        let off = Account {
            label: "old".to_owned(),
            active: false,
            default: false,
            validity: "invalid".to_owned(),
            finding: Some(ended()),
            shared: false,
            ..account()
        };
        let fresh = Account {
            label: "new".to_owned(),
            variable: Some("GITHUB_TOKEN".to_owned()),
            checked_at: None,
            validity: "unknown".to_owned(),
            ..account()
        };
        let text = list(&[account(), off, fresh], "user:ada", now());
        let lines: Vec<_> = text.lines().collect();
        for shown in [
            "work",
            "github.com",
            "fine-grained",
            "octocat",
            "valid",
            "12 days (2026-12-04)",
            "yes",
        ] {
            assert!(lines[1].contains(shown), "{shown} in {text}");
        }
        assert!(lines[2].contains("off; invalid (credential.expired)"), "{text}");
        assert!(
            lines[2].contains("operator alone, 00000000-") && !lines[2].contains("yes"),
            "{text}"
        );
        assert!(
            lines[3].contains("not tested") && lines[3].contains("all, from GITHUB_TOKEN"),
            "{text}"
        );
    }

    #[test]
    fn one_is_shown_whole_and_without_escapes() {
        let mut account = account();
        account.check = Some(check("valid"));
        account.finding = Some(ended());
        let text = whole(&account, now());
        for shown in [
            "account:work",
            "octocat (7)",
            "acme, octo/tools",
            "the forge does not tell",
            "ba7816bf8f01",
            "GET /user",
            "\nwarning: It has ended.\n  help: Make a new one.\n",
        ] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
        assert!(!text.contains('\u{1b}'), "{text:?}");
        account.check.as_mut().unwrap().diagnoses.push(ended());
        assert_eq!(whole(&account, now()).matches("It has ended.").count(), 1);
    }
}
