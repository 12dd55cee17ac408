use jeton_broker::{AppSummary, InstallationReport};
use jeton_domain::{AppOrigin, Permissions};

use super::{memory::Checked, path_of, verdict::verdict};
use crate::page::{
    badge::{Badge, Tone},
    problem::is_web,
    time::Time,
    told::Told,
    viewer::Viewer,
};

/// Its key cannot be used.
pub(in crate::page) const BROKEN: Badge = Badge::new(Tone::Bad, "Its key cannot be used");
/// The forge was not asked since this server started.
pub(in crate::page) const UNASKED: Badge = Badge::new(Tone::Dim, "Not checked yet");

/// An App as pages show it. Never its key.
pub(super) struct AppView {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) issuer: String,
    pub(super) host: String,
    pub(super) api_url: String,
    pub(super) key: String,
    pub(super) is_configured: bool,
    pub(super) added: Option<Time>,
    /// Why its key cannot be used.
    pub(super) broken: Option<Told>,
}

/// What the forge said of an App.
pub(super) struct CheckView {
    pub(super) verdict: Badge,
    pub(super) at: Time,
    pub(super) known: Option<Known>,
    pub(super) installations: Vec<InstallationView>,
    pub(super) more_installations: bool,
    pub(super) findings: Vec<FindingView>,
}

/// What the forge knows of an App.
pub(super) struct Known {
    pub(super) id: u64,
    pub(super) client_id: Option<String>,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) owner: String,
    pub(super) permissions: Vec<String>,
    /// Its public page, fit to stand in a link.
    pub(super) page: Option<String>,
    /// Where an owner can install it.
    pub(super) install: Option<String>,
    pub(super) installations: Option<u64>,
}

/// An installation.
pub(super) struct InstallationView {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) all_repositories: bool,
    pub(super) suspended: bool,
    pub(super) missing: Vec<String>,
}

/// Something that is wrong.
pub(super) struct FindingView {
    pub(super) code: String,
    pub(super) what: Told,
    pub(super) remedy: Option<Told>,
}

impl AppView {
    pub(super) fn of(app: &AppSummary, viewer: &Viewer) -> Self {
        Self {
            name: app.name.to_string(),
            path: path_of(&app.name),
            issuer: app.issuer.to_string(),
            host: app.forge.host().to_owned(),
            api_url: app.forge.api_url().to_owned(),
            key: app.key_fingerprint.to_string(),
            is_configured: app.origin == AppOrigin::Configured,
            added: app.created_at.map(|at| viewer.time(at)),
            broken: app.broken.as_deref().map(Told::error),
        }
    }
}

impl CheckView {
    pub(super) fn of(checked: &Checked, viewer: &Viewer) -> Self {
        let report = &checked.report;
        let page = report.app.as_ref().and_then(|app| app.html_url.clone());
        let page = page.filter(|url| is_web(url));
        Self {
            verdict: verdict(report),
            at: viewer.time(checked.at),
            known: report.app.as_ref().map(|app| Known {
                id: app.id,
                client_id: app.client_id.clone(),
                name: app.name.clone(),
                slug: app.slug.clone(),
                owner: app.owner.clone(),
                permissions: words(&app.permissions),
                install: page.as_ref().map(|url| format!("{url}/installations/new")),
                page: page.clone(),
                installations: app.installations,
            }),
            installations: report.installations.iter().map(installation).collect(),
            more_installations: report.more_installations,
            findings: report
                .findings
                .iter()
                .map(|finding| FindingView {
                    code: finding.code.clone(),
                    what: Told::error(&finding.detail),
                    remedy: finding.remedy.as_deref().map(Told::error),
                })
                .collect(),
        }
    }
}

impl InstallationView {
    pub(super) fn state(&self) -> Badge {
        match (self.suspended, self.missing.is_empty()) {
            (true, _) => Badge::new(Tone::Bad, "Suspended"),
            (false, false) => Badge::new(Tone::Warn, "Something is missing"),
            (false, true) => Badge::new(Tone::Good, "Works"),
        }
    }
}

fn installation(found: &InstallationReport) -> InstallationView {
    InstallationView {
        id: found.id.0,
        owner: found.owner.clone(),
        all_repositories: found.all_repositories,
        suspended: found.suspended,
        missing: words(&found.missing),
    }
}

/// `contents: read`, each.
pub(super) fn words(permissions: &Permissions) -> Vec<String> {
    let each = permissions.iter();
    each.map(|(name, access)| format!("{name}: {}", access.as_str()))
        .collect()
}
