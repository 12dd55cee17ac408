//! Labels for accounts that were given none.

use jeton_domain::{AccountLabel, ForgeIdentity, ForgeKind};
use jeton_vault::{AccountRecord, VaultTx};

use crate::AccountError;

/// How many are tried.
const MOST_LABELS: u32 = 100;

/// A label of the forge and of whose the token is: `github-octocat`.
pub(crate) fn made_label(forge: ForgeKind, identity: Option<&ForgeIdentity>) -> Result<AccountLabel, AccountError> {
    let name = identity.map_or("", |identity| identity.name.as_str());
    let plain = |c: char| {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_') {
            c
        } else {
            '-'
        }
    };
    let mut text: String = format!("{}-{name}", forge.as_str()).chars().map(plain).collect();
    // Room for a number that makes it the only one.
    text.truncate(60);
    let text = text.trim_end_matches(['-', '.', '_']);
    AccountLabel::parse(text).map_err(|_| AccountError::Internal("a label could not be made"))
}

/// The label, or the first of it with a number that no account of the scope has.
pub(crate) async fn free_label(tx: &mut dyn VaultTx, record: &AccountRecord) -> Result<AccountLabel, AccountError> {
    for number in 1..=MOST_LABELS {
        let label = match number {
            1 => record.label.clone(),
            _ => AccountLabel::parse(&format!("{}-{number}", record.label))
                .map_err(|_| AccountError::Internal("a label could not be made"))?,
        };
        if tx.accounts().find_by_label(&record.scope, &label).await?.is_none() {
            return Ok(label);
        }
    }
    Err(AccountError::LabelTaken(record.label.to_string()))
}

#[cfg(test)]
mod tests {
    use jeton_domain::{ForgeIdentity, ForgeKind};

    use super::made_label;

    #[test]
    fn a_label_is_made_of_forge_and_name() {
        let made = |forge, name: Option<&str>| {
            let identity = name.map(|name| ForgeIdentity {
                id: "1".to_owned(),
                name: name.to_owned(),
            });
            made_label(forge, identity.as_ref()).unwrap().to_string()
        };
        assert_eq!(made(ForgeKind::GitHub, Some("Octo-Cat")), "github-octo-cat");
        assert_eq!(
            made(ForgeKind::GitLab, Some("project_7_bot_ab")),
            "gitlab-project_7_bot_ab"
        );
        assert_eq!(made(ForgeKind::Bitbucket, Some("Äda/tools/")), "bitbucket--da-tools");
        assert_eq!(made(ForgeKind::Bitbucket, Some("")), "bitbucket");
        assert_eq!(made(ForgeKind::GitHub, None), "github");
        assert!(made(ForgeKind::GitHub, Some(&"x".repeat(300))).len() <= 60);
    }
}
