use std::{collections::BTreeSet, sync::Arc};

use dashmap::DashMap;
use jeton_broker::{AppReport, AppSummary};
use jeton_domain::{AppName, Fingerprint};
use jiff::Timestamp;

/// What the forges said of the Apps when somebody last asked for it on a page: so that pages can tell it without asking
/// again. It is this server's alone, and gone when it stops.
#[derive(Debug, Default)]
pub(crate) struct AppChecks(DashMap<AppName, Arc<Checked>>);

/// One look at an App.
#[derive(Debug)]
pub(super) struct Checked {
    /// The key with which the forge was asked.
    key: Fingerprint,
    pub(super) at: Timestamp,
    pub(super) report: AppReport,
}

impl AppChecks {
    /// Remembers one. Those of Apps that are not there any more are forgotten.
    pub(super) fn keep(&self, app: &AppSummary, at: Timestamp, report: AppReport, all: &[AppSummary]) {
        let names: BTreeSet<&AppName> = all.iter().map(|app| &app.name).collect();
        self.0.retain(|name, _| names.contains(name));
        let key = app.key_fingerprint.clone();
        self.0.insert(app.name.clone(), Arc::new(Checked { key, at, report }));
    }

    /// The last look at this App; not one at another that had the name before.
    pub(super) fn last(&self, app: &AppSummary) -> Option<Arc<Checked>> {
        let found = self.0.get(&app.name)?;
        (found.key == app.key_fingerprint).then(|| Arc::clone(&found))
    }
}

#[cfg(test)]
mod tests {
    use jeton_broker::{AppReport, AppSummary};
    use jeton_domain::{AppIssuer, AppName, AppOrigin, Fingerprint, ForgeEndpoint};
    use jiff::Timestamp;

    use super::AppChecks;

    fn app(name: &str, key: &str) -> AppSummary {
        AppSummary {
            name: AppName::parse(name).unwrap(),
            issuer: AppIssuer::parse("1").unwrap(),
            forge: ForgeEndpoint::github_com(),
            key_fingerprint: Fingerprint::of_bytes(key.as_bytes()),
            origin: AppOrigin::Added,
            created_at: None,
            broken: None,
        }
    }

    fn report(name: &str) -> AppReport {
        AppReport {
            name: name.to_owned(),
            app: None,
            installations: Vec::new(),
            more_installations: false,
            findings: Vec::new(),
        }
    }

    #[test]
    fn what_was_said_of_one_app_is_not_told_of_another_of_its_name() {
        let (checks, now) = (AppChecks::default(), Timestamp::UNIX_EPOCH);
        let (first, second) = (app("ci", "first"), app("ci", "second"));
        checks.keep(&first, now, report("ci"), std::slice::from_ref(&first));
        assert_eq!(checks.last(&first).unwrap().report.name, "ci");
        assert!(checks.last(&second).is_none());
        let other = app("other", "o");
        checks.keep(&other, now, report("other"), std::slice::from_ref(&other));
        assert!(
            checks.last(&first).is_none() && checks.last(&other).is_some(),
            "one that is gone is forgotten"
        );
    }
}
