use std::fmt;

use async_trait::async_trait;
use jeton_domain::Action;

/// Looks at the server in which it runs, as `jeton doctor` does from the command line. The checks know of files, databases and
/// clocks, which are none of this crate's business.
#[async_trait]
pub trait Examiner: fmt::Debug + Send + Sync {
    /// The database in words; no password, no secret.
    fn database(&self) -> String;

    /// Looks at everything once; the server listens on these addresses. It may ask forges, and may be dropped before its end:
    /// nothing is changed by it.
    async fn examine(&self, addresses: &[String]) -> Vec<DoctorFinding>;
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DoctorLevel {
    /// Nothing is wrong.
    Ok,
    /// It works, but something should be looked at.
    Warn,
    /// It does not work.
    Fail,
}

/// What a check of the server found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoctorFinding {
    /// What was checked, in a word.
    pub check: &'static str,
    /// How bad it is.
    pub level: DoctorLevel,
    /// The code of what is wrong.
    pub code: Option<String>,
    /// What was found; what stands in backticks is code.
    pub what: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

impl DoctorFinding {
    /// What somebody must be allowed, any of it, to read what was found: it names what is kept from them elsewhere. What is of the
    /// server alone is for whoever may see the server.
    pub fn needs(&self) -> &'static [Action] {
        match self.check {
            "account" => &[Action::AccountRead, Action::AccountManage],
            "app" => &[Action::AppRead],
            "sealing key" | "previous sealing key" => &[Action::KeyRead],
            "policies" => &[Action::PolicyRead],
            _ => &[],
        }
    }
}
