use jeton_broker::AppReport;
use jeton_domain::Code;

use crate::page::badge::{Badge, Tone};

/// What a look at an App comes to, in a word.
pub(super) fn verdict(report: &AppReport) -> Badge {
    let Some(first) = report.findings.first() else {
        return Badge::new(Tone::Good, "Works");
    };
    // These say nothing about the App.
    let unclear = [
        Code::ForgeUnavailable,
        Code::ForgeTimeout,
        Code::ForgeRateLimited,
        Code::ForgeGarbled,
    ];
    if unclear.iter().any(|code| code.as_str() == first.code) {
        return Badge::new(Tone::Dim, "No clear word");
    }
    if report.app.is_some() {
        Badge::new(Tone::Warn, "Something is missing")
    } else {
        Badge::new(Tone::Bad, "Does not work")
    }
}
