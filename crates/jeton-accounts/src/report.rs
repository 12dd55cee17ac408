//! A report of a look at a forge, as a row keeps it.

use jeton_domain::CheckReport;
use serde_json::Value;

/// The most that a row keeps of a report, in bytes.
const LARGEST: usize = 32 * 1024;

/// A report as JSON of at most 32 KiB. What a token reaches is cut first, then what the forge said, then what does not
/// fit at all.
pub(crate) fn to_value(report: &CheckReport) -> Value {
    let mut kept = report.clone();
    loop {
        let value = serde_json::to_value(&kept).unwrap_or_default();
        if value.to_string().len() <= LARGEST {
            return value;
        }
        if !kept.reach.is_empty() {
            kept.reaches_more = true;
            kept.reach.truncate(kept.reach.len() / 2);
        } else if !kept.evidence.is_empty() {
            kept.evidence.truncate(kept.evidence.len() / 2);
        } else if kept.scopes.as_ref().is_some_and(|scopes| !scopes.is_empty()) {
            // The row has them in a column of their own.
            kept.scopes = Some(Vec::new());
        } else if !kept.purposes.is_empty() {
            kept.purposes.truncate(kept.purposes.len() / 2);
        } else if kept.diagnoses.len() > 1 {
            kept.diagnoses.truncate(kept.diagnoses.len() / 2);
        } else {
            // One diagnosis of 30 KiB: no module of ours writes such.
            kept.diagnoses.clear();
            kept.identity = None;
        }
    }
}

/// Reads a row's report; `None` for what an older or newer jeton wrote otherwise.
pub(crate) fn read(value: &Value) -> Option<CheckReport> {
    serde_json::from_value(value.clone()).ok()
}

#[cfg(test)]
mod tests {
    use jeton_domain::{CheckReport, CredentialKind, Evidence, Reached, TokenEnd, Validity};
    use jiff::Timestamp;

    use super::{LARGEST, read, to_value};

    fn report(reach: usize, evidence: usize) -> CheckReport {
        let at = Timestamp::UNIX_EPOCH;
        CheckReport {
            validity: Validity::Valid,
            kind: CredentialKind::GitHubClassic,
            identity: None,
            scopes: Some(vec!["repo".to_owned()]),
            end: TokenEnd::Never,
            reach: vec![
                Reached {
                    name: "acme/a-repository-with-a-name".to_owned(),
                    what: "repository".to_owned(),
                    access: None
                };
                reach
            ],
            reaches_more: false,
            purposes: Vec::new(),
            diagnoses: Vec::new(),
            evidence: vec![
                Evidence {
                    probe: "GET /user".to_owned(),
                    status: Some(200),
                    said: Some("w".repeat(300)),
                    request_id: None,
                    at
                };
                evidence
            ],
            quota: None,
            retry_at: None,
            checked_at: at,
        }
    }

    #[test]
    fn a_report_comes_back_as_it_was() {
        let whole = report(5, 3);
        assert_eq!(read(&to_value(&whole)), Some(whole));
    }

    #[test]
    fn a_large_report_loses_its_reach_and_then_its_evidence() {
        for (reach, evidence) in [(5_000, 3), (0, 500), (5_000, 500)] {
            let value = to_value(&report(reach, evidence));
            let kept = read(&value).unwrap();
            assert!(value.to_string().len() <= LARGEST);
            assert_eq!(kept.reaches_more, reach > 0);
            assert_eq!(kept.validity, Validity::Valid);
            assert!(kept.evidence.len() >= evidence.min(3), "the evidence goes last");
        }
        let mut scopes = report(0, 0);
        scopes.scopes = Some(vec!["s".repeat(100); 1_000]);
        assert!(to_value(&scopes).to_string().len() <= LARGEST);
    }
}
