//! What came of sources that were tried one after another.

use jeton_domain::{Blame, Code, Coded, Diagnosis};
use jeton_forge::ci::CiRefusal;

use crate::{CiError, Tried};

impl Tried {
    /// What a forge said to a source.
    pub(crate) fn by_forge(source: &str, refusal: CiRefusal) -> Self {
        Self {
            source: source.to_owned(),
            diagnosis: *refusal.diagnosis,
            evidence: refusal.evidence,
        }
    }

    /// Whether any other source would be told the same: it lies in the request itself.
    pub(crate) fn is_final(&self) -> bool {
        matches!(
            self.diagnosis.code,
            Code::RunnerInvalid
                | Code::RunnerNameTaken
                | Code::SecretName
                | Code::SecretEmpty
                | Code::SecretTooLarge
                | Code::SecretNotText
                | Code::SecretNotMaskable
                | Code::SecretInvalid
                | Code::SecretDiffers
        )
    }
}

/// All that could serve were tried. What may work a little later stands first: then nobody is told to change something at the forge that
/// may be in order. After that what an owner there can change, which says most, then all else.
pub(crate) fn refused(mut tried: Vec<Tried>) -> CiError {
    tried.sort_by_key(|one| match (one.diagnosis.code.blame(), one.diagnosis.code) {
        // It holds whoever asks, now and later.
        _ if one.is_final() => 0,
        (Blame::Forge, _) => 1,
        // What is missing there is missing for all who may; whoever may not has not come as far, and who sees nothing there says least.
        (
            Blame::Access,
            Code::SecretEnvironment | Code::SecretLimit | Code::RunnerLimit | Code::RunnerRepositoryLevel,
        ) => 2,
        (Blame::Access, Code::AppNotInstalled | Code::RunnerScopeNotFound | Code::CredentialNotVisible) => 4,
        (Blame::Access, _) => 3,
        (Blame::Caller, _) => 5,
        (Blame::Operator, _) => 6,
        (Blame::Jeton, _) => 7,
    });
    CiError::Refused { tried }
}

/// What is wrong with one of several sources, after which the next one is tried.
///
/// # Errors
/// What is wrong with all of them: nobody else need be tried.
pub(crate) fn of_one(source: &str, error: CiError) -> Result<Vec<Tried>, CiError> {
    match error {
        CiError::Refused { tried } => Ok(tried),
        CiError::Seal(_) | CiError::Account(_) | CiError::Broker(_) | CiError::Busy => Ok(vec![Tried {
            source: source.to_owned(),
            diagnosis: Diagnosis {
                code: error.code(),
                cause: error.to_string(),
                remedy: error.remedy().unwrap_or_default(),
                url: error.url().map(str::to_owned),
                retry_at: None,
            },
            evidence: Vec::new(),
        }]),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::{Blame, Code, Coded as _, Diagnosis};

    use super::refused;
    use crate::{CiError, Tried};

    fn tried(source: &str, code: Code) -> Tried {
        Tried {
            source: source.to_owned(),
            diagnosis: Diagnosis {
                code,
                cause: "it said no".to_owned(),
                remedy: "Do something.".to_owned(),
                url: None,
                retry_at: None,
            },
            evidence: Vec::new(),
        }
    }

    fn order(codes: &[Code]) -> Vec<Code> {
        let all = codes.iter().map(|code| tried("account:a", *code)).collect();
        refused(all).tried().iter().map(|one| one.diagnosis.code).collect()
    }

    #[test]
    fn what_an_owner_can_change_says_most() {
        let found = order(&[Code::RunnerUnsupported, Code::RunnerWorkflowToken]);
        assert_eq!(found, [Code::RunnerWorkflowToken, Code::RunnerUnsupported]);
        let found = order(&[Code::AppNotInstalled, Code::ForgeUnavailable, Code::RunnerNameTaken]);
        assert_eq!(
            found,
            [Code::RunnerNameTaken, Code::ForgeUnavailable, Code::AppNotInstalled]
        );
        let found = order(&[
            Code::AppNotInstalled,
            Code::PermissionNotGranted,
            Code::SecretEnvironment,
        ]);
        let best = [
            Code::SecretEnvironment,
            Code::PermissionNotGranted,
            Code::AppNotInstalled,
        ];
        assert_eq!(found, best);
    }

    #[test]
    fn nobody_is_blamed_while_waiting_may_help() {
        let error = refused(vec![
            tried("app:ci", Code::RunnerScopeNotFound),
            tried("account:a", Code::ForgeUnavailable),
        ]);
        assert_eq!(error.code(), Code::ForgeUnavailable);
        assert_eq!(error.code().blame(), Blame::Forge);
        assert!(error.is_transient() && error.to_string().ends_with("(one other source was tried)"));
    }

    #[test]
    fn equals_stay_in_their_order() {
        let all = vec![
            tried("app:ci", Code::RunnerScopeNotFound),
            tried("account:a", Code::RunnerScopeNotFound),
        ];
        let CiError::Refused { tried } = refused(all) else {
            panic!("not refused")
        };
        assert_eq!(tried[0].source, "app:ci");
    }
}
