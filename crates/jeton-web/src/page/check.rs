//! What a test of a token against its forge found, for a page: `templates/check_report.html` shows it.

use jeton_domain::{CheckReport, Diagnosis, Evidence, Fitness, Purpose, PurposeFinding, Quota, TokenEnd, Validity};
use jiff::Timestamp;

use super::{
    badge::{Badge, Tone},
    number::count,
    problem::{is_web, sentence},
    time::Time,
    told::in_page_words,
    viewer::Viewer,
};

/// A report as `{% call check::report(view) %}{% endcall %}` shows it, below a heading of the second level. It has names that
/// a forge gave, and nothing of the token.
#[derive(Debug, Clone)]
pub(super) struct CheckView {
    pub(super) verdict: Badge,
    /// What the verdict means, in a sentence.
    pub(super) words: &'static str,
    /// When the forge was asked.
    pub(super) at: Time,
    /// Whose token it is.
    pub(super) identity: Option<String>,
    /// What kind it is, with an article.
    pub(super) kind: &'static str,
    /// `None` when the forge does not tell.
    pub(super) scopes: Option<Vec<String>>,
    pub(super) end: EndView,
    pub(super) quota: Option<QuotaView>,
    pub(super) reach: Vec<ReachView>,
    pub(super) reaches_more: bool,
    pub(super) purposes: Vec<PurposeView>,
    /// Whether the page has a field `repository`.
    pub(super) can_name_repository: bool,
    pub(super) diagnoses: Vec<DiagnosisView>,
    pub(super) evidence: Vec<EvidenceView>,
    /// When it is worth asking again.
    pub(super) retry_at: Option<Time>,
}

/// When a token ends, in words and, where it is known, as a time after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EndView {
    pub(super) words: &'static str,
    pub(super) at: Option<Time>,
}

/// What is left of a limit.
#[derive(Debug, Clone)]
pub(super) struct QuotaView {
    pub(super) limit: String,
    pub(super) remaining: String,
    pub(super) resets: Option<Time>,
}

/// An owner or a repository.
#[derive(Debug, Clone)]
pub(super) struct ReachView {
    pub(super) name: String,
    pub(super) is_owner: bool,
    pub(super) access: Option<String>,
}

/// Whether it will do for something.
#[derive(Debug, Clone)]
pub(super) struct PurposeView {
    pub(super) words: &'static str,
    pub(super) fit: Badge,
    /// Empty where it is not known whether it will do.
    pub(super) missing: Vec<String>,
    /// HTML.
    pub(super) why: String,
    /// Whether a repository to try it on would tell.
    pub(super) wants_repository: bool,
}

/// What is wrong and what to do; `cause` and `remedy` are HTML.
#[derive(Debug, Clone)]
pub(super) struct DiagnosisView {
    pub(super) cause: String,
    pub(super) remedy: String,
    /// Fit to stand in a link.
    pub(super) url: Option<String>,
    pub(super) retry_at: Option<Time>,
    pub(super) code: &'static str,
    /// How grave it is, as the stylesheet names it: what stands in the way of a token that the forge takes is no failure.
    pub(super) tone: &'static str,
}

/// One look at the forge.
#[derive(Debug, Clone)]
pub(super) struct EvidenceView {
    pub(super) probe: String,
    pub(super) status: Option<u16>,
    pub(super) said: Option<String>,
    pub(super) request_id: Option<String>,
}

impl CheckView {
    pub(super) fn of(report: &CheckReport, viewer: &Viewer) -> Self {
        Self::at(report, viewer.now)
    }

    /// For a page with a field `repository`.
    pub(super) fn with_repository(self) -> Self {
        Self {
            can_name_repository: true,
            ..self
        }
    }

    /// Whether a repository to try the token on would tell more.
    pub(super) fn wants_repository(&self) -> bool {
        self.purposes.iter().any(|purpose| purpose.wants_repository)
    }

    fn at(report: &CheckReport, now: Timestamp) -> Self {
        let time = |at| Time::new(at, now);
        let (tone, verdict, words) = verdict(report.validity);
        // Said once.
        let is_said = report.diagnoses.iter().any(|one| one.retry_at.is_some());
        Self {
            verdict: Badge::new(tone, verdict),
            words,
            at: time(report.checked_at),
            identity: report.identity.as_ref().map(|identity| identity.name.clone()),
            kind: report.kind.words(),
            scopes: report.scopes.clone(),
            end: EndView::of(report.end, now),
            quota: report.quota.map(|quota| QuotaView::of(quota, now)),
            reach: report
                .reach
                .iter()
                .map(|one| ReachView {
                    name: one.name.clone(),
                    is_owner: one.what == "owner",
                    access: one.access.clone(),
                })
                .collect(),
            reaches_more: report.reaches_more,
            purposes: report.purposes.iter().map(PurposeView::of).collect(),
            can_name_repository: false,
            diagnoses: report
                .diagnoses
                .iter()
                .map(|one| DiagnosisView::of(one, report.validity, now))
                .collect(),
            evidence: report.evidence.iter().map(EvidenceView::of).collect(),
            retry_at: report.retry_at.filter(|_| !is_said).map(time),
        }
    }
}

impl EndView {
    fn of(end: TokenEnd, now: Timestamp) -> Self {
        let words = match end {
            TokenEnd::At(at) if at <= now => "ended",
            TokenEnd::At(_) => "",
            TokenEnd::Never => "never by itself",
            TokenEnd::Unknown => "the forge does not tell",
        };
        Self {
            words,
            at: end.time().map(|at| Time::new(at, now)),
        }
    }
}

impl QuotaView {
    fn of(quota: Quota, now: Timestamp) -> Self {
        Self {
            limit: count(quota.limit),
            remaining: count(quota.remaining),
            resets: quota.resets_at.map(|at| Time::new(at, now)),
        }
    }
}

impl PurposeView {
    fn of(finding: &PurposeFinding) -> Self {
        Self {
            words: purpose_words(finding.purpose),
            fit: match finding.fit {
                Fitness::Yes => Badge::new(Tone::Good, "Will do"),
                Fitness::No => Badge::new(Tone::Bad, "Will not do"),
                Fitness::Unknown => Badge::new(Tone::Dim, "Not known"),
            },
            missing: match finding.fit {
                Fitness::Unknown => Vec::new(),
                Fitness::Yes | Fitness::No => finding.missing.clone(),
            },
            why: in_page_words(&sentence(&finding.why)),
            // The forges' own tests hold on to these words.
            wants_repository: finding.fit == Fitness::Unknown && finding.why.contains("name one"),
        }
    }
}

impl DiagnosisView {
    pub(super) fn of(diagnosis: &Diagnosis, validity: Validity, now: Timestamp) -> Self {
        Self {
            cause: in_page_words(&sentence(&diagnosis.cause)),
            remedy: in_page_words(&diagnosis.remedy),
            url: diagnosis.url.clone().filter(|url| is_web(url)),
            retry_at: diagnosis.retry_at.map(|at| Time::new(at, now)),
            code: diagnosis.code.as_str(),
            tone: match validity {
                Validity::Invalid => Tone::Bad.class(),
                Validity::Valid | Validity::Unknown => Tone::Warn.class(),
            },
        }
    }
}

impl EvidenceView {
    pub(super) fn of(evidence: &Evidence) -> Self {
        Self {
            probe: evidence.probe.clone(),
            status: evidence.status,
            said: evidence.said.clone(),
            request_id: evidence.request_id.clone(),
        }
    }
}

/// Whether a forge takes a token, in few words and in a sentence.
fn verdict(validity: Validity) -> (Tone, &'static str, &'static str) {
    match validity {
        Validity::Valid => (Tone::Good, "Works", "The forge takes this token."),
        Validity::Invalid => (Tone::Bad, "Refused by the forge", "The forge does not take this token."),
        Validity::Unknown => (
            Tone::Warn,
            "No clear word",
            "The forge did not say whether it takes this token.",
        ),
    }
}

/// What a token is wanted for, as people tick it.
pub(super) fn purpose_words(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::ReadContent => "Read files, branches and commits",
        Purpose::ManagePullRequests => "Open and change pull requests (merge requests)",
        Purpose::Push => "Push commits",
        Purpose::RegisterRunners => "Register runners",
        Purpose::ManageSecrets => "Write secrets and variables of CI",
    }
}

#[cfg(test)]
mod tests {
    use askama::Template;
    use jeton_domain::{
        CheckReport, Code, CredentialKind, Diagnosis, Evidence, Fitness, ForgeIdentity, Purpose, PurposeFinding, Quota,
        Reached, TokenEnd, Validity,
    };
    use jiff::{SignedDuration, Timestamp};

    use super::CheckView;

    #[derive(Template)]
    #[template(
        source = "{% import \"check_report.html\" as check %}{% call check::report(view) %}{% endcall %}",
        ext = "html"
    )]
    struct Page {
        view: CheckView,
    }

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn report(validity: Validity) -> CheckReport {
        CheckReport {
            validity,
            kind: CredentialKind::GitHubFineGrained,
            identity: None,
            scopes: None,
            end: TokenEnd::Unknown,
            reach: Vec::new(),
            reaches_more: false,
            purposes: Vec::new(),
            diagnoses: Vec::new(),
            evidence: Vec::new(),
            quota: None,
            retry_at: None,
            checked_at: now(),
        }
    }

    fn shown(report: &CheckReport) -> String {
        Page {
            view: CheckView::at(report, now()),
        }
        .render()
        .unwrap()
    }

    #[test]
    fn verdicts_are_told_in_words() {
        for (validity, words) in [
            (Validity::Valid, "Works"),
            (Validity::Invalid, "Refused by the forge"),
            (Validity::Unknown, "No clear word"),
        ] {
            let html = shown(&report(validity));
            assert!(html.contains(words), "{html}");
            assert!(html.contains("a GitHub fine-grained personal access token"));
            assert!(html.contains("the forge does not tell"));
        }
    }

    #[test]
    fn ends_are_told_by_where_they_lie() {
        let day = SignedDuration::from_hours(24);
        for (end, words) in [
            (TokenEnd::Never, "never by itself"),
            (TokenEnd::Unknown, "the forge does not tell"),
            (TokenEnd::At(now() + day), "in 1 day"),
            (TokenEnd::At(now() - day), "1 day ago"),
        ] {
            let html = shown(&CheckReport {
                end,
                scopes: Some(Vec::new()),
                ..report(Validity::Valid)
            });
            assert!(html.contains(words), "{html}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_called_missing_and_a_repository_can_be_named() {
        let purpose = |fit, why: &str| PurposeFinding {
            purpose: Purpose::ReadContent,
            fit,
            missing: vec!["repo".to_owned()],
            why: why.to_owned(),
        };
        let of = |fit, why: &str| CheckReport {
            purposes: vec![purpose(fit, why)],
            ..report(Validity::Valid)
        };
        let public = shown(&of(
            Fitness::Unknown,
            "The token reads public repositories; private ones need `repo`.",
        ));
        assert!(!public.contains("It lacks") && public.contains("Not known"), "{public}");
        assert!(shown(&of(Fitness::No, "no")).contains("It lacks"));
        let depends = of(Fitness::Unknown, "whether it will do depends on the project: name one.");
        assert!(!shown(&depends).contains("#repository"), "the page has no such field");
        let view = CheckView::at(&depends, now()).with_repository();
        assert!(view.wants_repository());
        let html = Page { view }.render().unwrap();
        assert!(html.contains("href=\"#repository\""), "{html}");
        assert!(!shown(&of(Fitness::No, "name one")).contains("#repository"));
    }

    #[test]
    fn everything_found_stands_there_and_a_forge_writes_no_markup() {
        let evil = "<script>alert(1)</script>\"'\u{202e}";
        let retry_at = Some(now() + SignedDuration::from_mins(5));
        let html = shown(&CheckReport {
            identity: Some(ForgeIdentity {
                id: "1".to_owned(),
                name: evil.to_owned(),
            }),
            scopes: Some(vec!["repo".to_owned(), evil.to_owned()]),
            reach: vec![Reached {
                name: evil.to_owned(),
                what: "owner".to_owned(),
                access: Some(evil.to_owned()),
            }],
            reaches_more: true,
            purposes: vec![PurposeFinding {
                purpose: Purpose::Push,
                fit: Fitness::No,
                missing: vec!["contents=write".to_owned(), evil.to_owned()],
                why: evil.to_owned(),
            }],
            diagnoses: ["javascript:alert(1)", "https://github.com/settings/tokens"]
                .map(|url| Diagnosis {
                    code: Code::CredentialScope,
                    cause: format!("it lacks `{evil}`"),
                    remedy: format!("Add `{evil}`."),
                    url: Some(url.to_owned()),
                    retry_at,
                })
                .to_vec(),
            evidence: vec![Evidence {
                probe: "GET /user".to_owned(),
                status: None,
                said: Some(evil.to_owned()),
                request_id: Some("A1B2".to_owned()),
                at: now(),
            }],
            quota: Some(Quota {
                limit: 5_000,
                remaining: 4_990,
                resets_at: retry_at,
            }),
            retry_at,
            ..report(Validity::Valid)
        });
        assert!(
            !html.contains("<script") && !html.contains("href=\"javascript"),
            "{html}"
        );
        for part in [
            "4,990 of 5,000",
            "Push commits",
            "Will not do",
            "contents=write",
            "It lacks <code>",
            "href=\"https://github.com/settings/tokens\"",
            "GET /user",
            "got no answer",
            "A1B2",
            "and more",
            "in 5 minutes",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(
            !html.contains("The forge can be asked again"),
            "a diagnosis says it already"
        );
    }
}
