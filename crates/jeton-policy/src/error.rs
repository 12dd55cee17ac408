use std::fmt;

use jeton_domain::{Code, Coded};

/// Why a policy cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    /// The policy's name as written; `None` when it is about the ceiling.
    pub policy: Option<String>,
    /// The field, such as `callers.claims.sub`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
    /// What to write instead.
    pub remedy: Option<String>,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.policy {
            Some(policy) => write!(f, "policy `{policy}`, {}: {}", self.field, self.message),
            None => write!(f, "{}: {}", self.field, self.message),
        }
    }
}

impl Coded for PolicyError {
    fn code(&self) -> Code {
        Code::PolicyInvalid
    }

    fn remedy(&self) -> Option<String> {
        self.remedy.clone()
    }
}

/// What is wrong with one value, with what to write instead.
#[derive(Debug)]
pub(crate) struct Objection {
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Objection {
    pub(crate) fn new(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}

/// What is wrong with a policy file as a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyFileError {
    /// At least one, in the order of their lines.
    pub problems: Vec<PolicyFileProblem>,
}

/// One thing that is wrong with a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFileProblem {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
    /// The nearest thing that would be right.
    pub remedy: Option<String>,
}

impl fmt::Display for PolicyFileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)?;
        match &self.remedy {
            Some(remedy) => write!(f, " {remedy}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for PolicyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{problem}")?;
        }
        Ok(())
    }
}

impl Coded for PolicyFileError {
    fn code(&self) -> Code {
        Code::PolicyInvalid
    }

    fn remedy(&self) -> Option<String> {
        self.problems.iter().find_map(|problem| problem.remedy.clone())
    }
}
