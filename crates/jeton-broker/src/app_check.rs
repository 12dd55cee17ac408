use jeton_domain::{Coded, InstallationId, Permissions};
use jeton_forge::AppInfo;

use crate::{Broker, BrokerError};

/// At most this many pages of 100 installations are listed.
const PAGES: u32 = 5;

/// What a check of an App found.
#[derive(Debug)]
pub struct AppReport {
    /// The operator's name for it.
    pub name: String,
    /// What the forge knows of it, when it answered.
    pub app: Option<AppInfo>,
    /// Where it is installed.
    pub installations: Vec<InstallationReport>,
    /// Whether there are more.
    pub more_installations: bool,
    /// What is wrong.
    pub findings: Vec<ReportFinding>,
}

/// One installation.
#[derive(Debug)]
pub struct InstallationReport {
    /// The forge's number.
    pub id: InstallationId,
    /// The owner.
    pub owner: String,
    /// Whether it covers all repositories.
    pub all_repositories: bool,
    /// Whether it is suspended.
    pub suspended: bool,
    /// What it lacks of the permissions that jeton asks for by default.
    pub missing: Permissions,
}

/// One thing that is wrong.
#[derive(Debug)]
pub struct ReportFinding {
    /// A stable name.
    pub code: String,
    /// What is wrong.
    pub detail: String,
    /// What to do.
    pub remedy: Option<String>,
}

impl ReportFinding {
    fn of(error: &BrokerError) -> Self {
        Self {
            code: error.code().to_string(),
            detail: error.to_string(),
            remedy: error.remedy(),
        }
    }

    fn new(code: &str, detail: String, remedy: String) -> Self {
        Self {
            code: code.to_owned(),
            detail,
            remedy: Some(remedy),
        }
    }
}

impl Broker {
    /// Proves an App's key, lists where it is installed, and names the permissions that are missing, measured against
    /// what jeton asks for by default.
    ///
    /// # Errors
    /// [`BrokerError::AppNotFound`]. What the forge says against the App is in the report.
    pub async fn check_app(&self, name: &str) -> Result<AppReport, BrokerError> {
        let inner = &self.0;
        let entry = self.find_app(name).await?;
        let wanted = &inner.settings.default_permissions;
        let mut report = AppReport {
            name: entry.name.to_string(),
            app: None,
            installations: Vec::new(),
            more_installations: false,
            findings: Vec::new(),
        };
        match entry.call(inner, |client| async move { client.get_app().await }).await {
            Ok(app) => {
                let missing = wanted.clone().with_implied_metadata().missing_from(&app.permissions);
                if !missing.is_empty() {
                    let page = settings_page(entry.forge.web_url(), &app);
                    report.findings.push(ReportFinding::new(
                        "forge.permission_not_granted",
                        format!("the App does not ask its owners for {missing}"),
                        format!(
                            "Add {missing} to the App's permissions ({page}), then accept them on each installation; \
                             or name fewer in broker.default_permissions."
                        ),
                    ));
                }
                report.app = Some(app);
            }
            Err(error) => {
                report.findings.push(ReportFinding::of(&error));
                return Ok(report);
            }
        }
        match entry
            .call(inner, |client| async move { client.list_installations(PAGES).await })
            .await
        {
            Ok(page) => {
                report.more_installations = !page.complete;
                if page.installations.is_empty() {
                    let url = entry.install_url(inner).await.unwrap_or_default();
                    report.findings.push(ReportFinding::new(
                        "forge.app_not_installed",
                        "the App is installed nowhere".to_owned(),
                        format!("An owner can install it at {url}"),
                    ));
                }
                for found in page.installations {
                    let missing = wanted.missing_from(&found.permissions);
                    let place = found.html_url.clone().unwrap_or_else(|| found.owner.clone());
                    if found.suspended {
                        report.findings.push(ReportFinding::new(
                            "forge.installation_suspended",
                            format!("the installation on {} is suspended", found.owner),
                            format!("An owner of {} can unsuspend it: {place}", found.owner),
                        ));
                    }
                    if !missing.is_empty() {
                        report.findings.push(ReportFinding::new(
                            "forge.permission_not_granted",
                            format!("the installation on {} does not grant {missing}", found.owner),
                            format!(
                                "An owner of {} has to accept the App's new permissions: {place}",
                                found.owner
                            ),
                        ));
                    }
                    report.installations.push(InstallationReport {
                        id: found.id,
                        owner: found.owner,
                        all_repositories: found.all_repositories,
                        suspended: found.suspended,
                        missing,
                    });
                }
            }
            Err(error) => report.findings.push(ReportFinding::of(&error)),
        }
        Ok(report)
    }
}

/// Where the App's permissions are set. Whether its owner is a person or an organisation is not told: the page of a
/// person redirects to neither, so both are named by the App's own page.
fn settings_page(web_url: &str, app: &AppInfo) -> String {
    format!(
        "{web_url}/settings/apps/{slug} or {web_url}/organizations/{owner}/settings/apps/{slug}",
        slug = app.slug,
        owner = app.owner
    )
}
