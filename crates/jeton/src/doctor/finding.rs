use std::process::ExitCode;

use jeton_domain::{Code, Coded};
use serde::Serialize;

use crate::cli::clean;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// Nothing is wrong.
    Ok,
    /// It works, but something should be looked at.
    Warn,
    /// It does not work.
    Fail,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What was checked, in a word.
    pub(crate) check: &'static str,
    /// How bad it is.
    pub(crate) level: Level,
    /// The code of what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// What was found.
    pub(crate) what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remedy: Option<String>,
}

impl Finding {
    /// Nothing is wrong.
    pub(crate) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Ok,
            code: None,
            what: what.into(),
            remedy: None,
        }
    }

    /// Something should be looked at.
    pub(crate) fn warn(check: &'static str, code: Code, what: impl Into<String>, remedy: &str) -> Self {
        let code = Some(code.to_string());
        Self {
            check,
            level: Level::Warn,
            code,
            what: what.into(),
            remedy: Some(remedy.to_owned()),
        }
    }

    /// Something does not work.
    pub(crate) fn fail(check: &'static str, code: Code, what: impl Into<String>, remedy: &str) -> Self {
        Self {
            level: Level::Fail,
            ..Self::warn(check, code, what, remedy)
        }
    }

    /// Something does not work, as an error tells it.
    pub(crate) fn of(check: &'static str, error: &dyn Coded) -> Self {
        let code = Some(error.code().to_string());
        Self {
            check,
            level: Level::Fail,
            code,
            what: error.to_string(),
            remedy: error.remedy(),
        }
    }

    /// The same, but not so bad.
    #[must_use]
    pub(crate) fn at_most(self, level: Level) -> Self {
        Self {
            level: self.level.min(level),
            ..self
        }
    }
}

/// Everything that was found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Whether nothing fails.
    pub(crate) ok: bool,
    /// In the order of the checks.
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    /// Sums up.
    pub(crate) fn new(findings: Vec<Finding>) -> Self {
        Self {
            ok: findings.iter().all(|finding| finding.level != Level::Fail),
            findings,
        }
    }

    /// The status to end with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        if self.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// For people.
    pub(crate) fn render(&self) -> String {
        let mut lines = Vec::new();
        for finding in &self.findings {
            let level = match finding.level {
                Level::Ok => "ok  ",
                Level::Warn => "warn",
                Level::Fail => "FAIL",
            };
            let code = finding
                .code
                .as_ref()
                .map(|code| format!(" [{code}]"))
                .unwrap_or_default();
            lines.push(format!("{level}  {:<13} {}{code}", finding.check, clean(&finding.what)));
            if let Some(remedy) = &finding.remedy {
                lines.push(format!("      help: {}", clean(remedy)));
            }
        }
        let count = |level| self.findings.iter().filter(|finding| finding.level == level).count();
        let (fail, warn) = (count(Level::Fail), count(Level::Warn));
        lines.push(format!(
            "\n{} checks: {fail} failed, {warn} to look at",
            self.findings.len()
        ));
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::Code;

    use super::{Finding, Level, Report};

    #[test]
    fn one_failure_is_enough() {
        let warn = || Finding::warn("clock", Code::ClockSkew, "odd", "look");
        assert!(Report::new(vec![Finding::ok("database", "fine"), warn()]).ok);
        let report = Report::new(vec![
            warn(),
            Finding::fail("database", Code::VaultFull, "full", "free space"),
        ]);
        assert!(!report.ok);
        let text = report.render();
        assert!(text.contains("FAIL  database") && text.contains("[vault.full]") && text.contains("help: free space"));
        assert_eq!(warn().at_most(Level::Ok).level, Level::Ok);
    }
}
