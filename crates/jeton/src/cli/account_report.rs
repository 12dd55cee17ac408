//! What a forge said about a token, for people.

use std::fmt::Write as _;

use jeton_api::{CheckReport, Diagnosis, PurposeFit};
use jiff::Timestamp;

use super::{
    output::{clean, table},
    token_output::some_of,
};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The facts of a report: how the token stands, what it is, whose, with which scopes, until when.
pub(super) fn facts(check: &CheckReport, now: Timestamp) -> Vec<(&'static str, String)> {
    let whose = check.identity.as_ref();
    vec![
        ("standing", check.validity.clone()),
        ("kind", check.kind_words.clone()),
        (
            "whose",
            whose.map_or_else(|| "not known".to_owned(), |who| who.name.clone()),
        ),
        ("scopes", scopes(check.scopes.as_deref())),
        ("ends", ends(check.expires_at.as_deref(), &check.expiry, now)),
    ]
}

/// All of a report.
pub(super) fn whole(check: &CheckReport, now: Timestamp) -> String {
    let rows = facts(check, now).into_iter();
    let facts = table(["", ""], rows.map(|(name, value)| [name.to_owned(), value]));
    format!("{}{}", facts.trim_start(), sections(check))
}

/// The scopes of a token; none is not the same as not told.
pub(super) fn scopes(scopes: Option<&[String]>) -> String {
    match scopes {
        None => "the forge does not tell".to_owned(),
        Some([]) => "none".to_owned(),
        Some(scopes) => scopes.join(", "),
    }
}

/// The rest of a report: what the token reaches and will do for, what is wrong, and on what that rests.
pub(super) fn sections(check: &CheckReport) -> String {
    let mut out = String::new();
    if !check.reach.is_empty() {
        let rows = check.reach.iter().map(|place| {
            let access = place.access.clone().unwrap_or_else(|| "-".to_owned());
            [place.name.clone(), place.what.clone(), access]
        });
        let _ = write!(out, "\n{}", table(["REACHES", "WHAT", "ACCESS"], rows));
        if check.reaches_more {
            out.push_str("… and more\n");
        }
    }
    if !check.purposes.is_empty() {
        let rows = check.purposes.iter().map(|purpose| {
            let lacks = if purpose.missing.is_empty() {
                "-".to_owned()
            } else {
                purpose.missing.join(", ")
            };
            [purpose_word(purpose), purpose.fit.clone(), lacks, purpose.why.clone()]
        });
        let _ = write!(out, "\n{}", table(["GOOD FOR", "ANSWER", "LACKS", "WHY"], rows));
    }
    for diagnosis in &check.diagnoses {
        let _ = write!(out, "\n{}", problem(diagnosis, word_of(check)));
    }
    if !check.evidence.is_empty() {
        let rows = check.evidence.iter().map(|look| {
            let status = look
                .status
                .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            let said = look.said.clone().unwrap_or_else(|| "-".to_owned());
            [look.probe.clone(), status, said, moment(&look.at)]
        });
        let _ = write!(out, "\n{}", table(["ASKED", "STATUS", "SAID", "AT"], rows));
    }
    if let Some(quota) = &check.quota {
        let until = quota
            .resets_at
            .as_ref()
            .map(|at| format!(" until {}", moment(at)))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "\n{} of {} requests are left{}",
            quota.remaining,
            quota.limit,
            clean(&until)
        );
    }
    if let Some(at) = &check.retry_at {
        let _ = writeln!(out, "\nthe forge may be asked again at {}", clean(&moment(at)));
    }
    out
}

/// A time without parts of seconds, which tell people nothing.
pub(super) fn moment(text: &str) -> String {
    let at = text.parse::<Timestamp>();
    at.map_or_else(|_| text.to_owned(), |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// What a finding is in a report of this standing: a token that works has no errors.
fn word_of(check: &CheckReport) -> &'static str {
    if check.validity == "invalid" {
        "error"
    } else {
        "warning"
    }
}

/// A diagnosis as an error is shown: what is wrong, what to do, where.
pub(crate) fn problem(diagnosis: &Diagnosis, word: &str) -> String {
    let mut out = format!("{word}: {}\n", clean(&diagnosis.cause));
    if !diagnosis.remedy.is_empty() {
        let _ = writeln!(out, "  help: {}", clean(&diagnosis.remedy));
    }
    if let Some(url) = &diagnosis.url {
        let _ = writeln!(out, "  page: {}", clean(url));
    }
    if let Some(at) = &diagnosis.retry_at {
        let _ = writeln!(out, "  again: {}", clean(&moment(at)));
    }
    let _ = writeln!(out, "  code: {}", clean(&diagnosis.code));
    out
}

/// A test in one line: whose, how it stands, until when, what it lacks or what is wrong.
pub(super) fn in_a_line(check: &CheckReport, now: Timestamp) -> String {
    let mut parts = vec![check.validity.clone()];
    parts.extend(check.identity.as_ref().map(|who| who.name.clone()));
    if check.expiry == "known" {
        parts.push(ends(check.expires_at.as_deref(), &check.expiry, now));
    }
    for purpose in check.purposes.iter().filter(|purpose| purpose.fit != "yes") {
        parts.push(unfit(purpose));
    }
    if let Some(worst) = check.diagnoses.first() {
        parts.push(format!("{} ({})", worst.cause, worst.code));
    }
    clean(&parts.join("; "))
}

fn unfit(purpose: &PurposeFit) -> String {
    let word = purpose_word(purpose);
    match (purpose.fit.as_str(), purpose.missing.as_slice()) {
        ("no", []) => format!("no good for {word}"),
        ("no", missing) => format!("no good for {word}: lacks {}", some_of(missing)),
        _ => format!("may be good for {word}"),
    }
}

fn purpose_word(purpose: &PurposeFit) -> String {
    purpose.purpose.replace('_', "-")
}

/// When a token ends: `12 days (2026-12-04)`.
pub(super) fn ends(at: Option<&str>, expiry: &str, now: Timestamp) -> String {
    let Some(text) = at else {
        let word = if expiry == "never" { "never" } else { "not known" };
        return word.to_owned();
    };
    let Ok(end) = text.parse::<Timestamp>() else {
        return clean(text);
    };
    let left = end.as_second().saturating_sub(now.as_second());
    let day = end.strftime("%Y-%m-%d");
    let minute = end.strftime("%Y-%m-%d %H:%M UTC");
    match left {
        ..=0 => format!("ended {} ago ({day})", length(left.saturating_neg())),
        left if left < DAY => format!("{} ({minute})", length(left)),
        left => format!("{} ({day})", length(left)),
    }
}

/// A length of time in its greatest whole unit.
fn length(seconds: i64) -> String {
    let (count, unit) = match seconds {
        DAY.. => (seconds / DAY, "day"),
        3_600.. => (seconds / 3_600, "hour"),
        60.. => (seconds / 60, "minute"),
        _ => return "less than a minute".to_owned(),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// The status with which a test ends: 0 valid and good for all that was asked about, 1 not, 3 no clear word.
pub(super) fn exit_status(check: &CheckReport) -> u8 {
    let fits = |word: &str| check.purposes.iter().any(|purpose| purpose.fit == word);
    match check.validity.as_str() {
        "invalid" => 1,
        "valid" if fits("no") => 1,
        "valid" if !fits("unknown") => 0,
        _ => 3,
    }
}

/// The status for several tests: what is wrong for certain outweighs what is not known.
pub(super) fn worst(one: u8, other: u8) -> u8 {
    match (one, other) {
        (1, _) | (_, 1) => 1,
        _ => one.max(other),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use jeton_api::{CheckEvidence, CheckReport, Diagnosis, PurposeFit, TokenIdentity};
    use jiff::Timestamp;

    use super::{ends, exit_status, in_a_line, sections, worst};

    pub(in super::super) fn now() -> Timestamp {
        "2026-11-22T09:00:00Z".parse().unwrap()
    }

    pub(in super::super) fn check(validity: &str) -> CheckReport {
        CheckReport {
            validity: validity.to_owned(),
            kind: "github_classic".to_owned(),
            kind_words: "a GitHub personal access token (classic)".to_owned(),
            identity: Some(TokenIdentity {
                id: "7".to_owned(),
                name: "octocat".to_owned(),
            }),
            scopes: Some(vec!["repo".to_owned()]),
            expires_at: Some("2026-12-04T10:00:00Z".to_owned()),
            expiry: "known".to_owned(),
            reach: Vec::new(),
            reaches_more: false,
            purposes: Vec::new(),
            diagnoses: Vec::new(),
            evidence: vec![CheckEvidence {
                probe: "GET /user".to_owned(),
                status: None,
                said: Some("timed out\u{1b}[2J".to_owned()),
                request_id: None,
                at: "2026-11-22T09:00:00.123456789Z".to_owned(),
            }],
            quota: None,
            retry_at: None,
            checked_at: "2026-11-22T09:00:00Z".to_owned(),
        }
    }

    fn purpose(fit: &str) -> PurposeFit {
        PurposeFit {
            purpose: "manage_secrets".to_owned(),
            fit: fit.to_owned(),
            missing: if fit == "no" {
                vec!["admin:org".to_owned()]
            } else {
                Vec::new()
            },
            why: "The forge says so.".to_owned(),
        }
    }

    #[test]
    fn an_end_says_how_long_and_when() {
        for (at, want) in [
            ("2026-12-04T10:00:00Z", "12 days (2026-12-04)"),
            ("2026-11-23T09:00:00Z", "1 day (2026-11-23)"),
            ("2026-11-23T08:59:59Z", "23 hours (2026-11-23 08:59 UTC)"),
            ("2026-11-22T09:59:00Z", "59 minutes (2026-11-22 09:59 UTC)"),
            ("2026-11-22T09:00:01Z", "less than a minute (2026-11-22 09:00 UTC)"),
            ("2026-11-22T09:00:00Z", "ended less than a minute ago (2026-11-22)"),
            ("2026-11-19T09:00:00Z", "ended 3 days ago (2026-11-19)"),
            ("no time", "no time"),
        ] {
            assert_eq!(ends(Some(at), "known", now()), want);
        }
        assert_eq!(ends(None, "never", now()), "never");
        assert_eq!(ends(None, "unknown", now()), "not known");
    }

    #[test]
    fn three_states_are_three_statuses() {
        for (validity, fits, want) in [
            ("valid", &[][..], 0),
            ("valid", &["yes"], 0),
            ("valid", &["yes", "unknown"], 3),
            ("valid", &["unknown", "no"], 1),
            ("invalid", &["unknown"], 1),
            ("unknown", &["no"], 3),
            ("a word of later times", &[], 3),
        ] {
            let mut check = check(validity);
            check.purposes = fits.iter().map(|fit| purpose(fit)).collect();
            assert_eq!(exit_status(&check), want, "{validity} {fits:?}");
        }
        assert_eq!((worst(0, 3), worst(3, 1), worst(1, 3), worst(0, 0)), (3, 1, 1, 0));
    }

    #[test]
    fn a_report_shows_what_is_wrong_what_to_do_and_the_evidence() {
        let mut check = check("invalid");
        check.purposes.push(purpose("no"));
        check.diagnoses.push(Diagnosis {
            code: "credential.expired".to_owned(),
            cause: "The token has ended.".to_owned(),
            remedy: "Make a new one.".to_owned(),
            url: Some("https://github.com/settings/tokens".to_owned()),
            retry_at: None,
        });
        let text = sections(&check);
        for shown in [
            "\nerror: The token has ended.\n  help: Make a new one.\n  page: https://github.com/settings/tokens\n",
            "  code: credential.expired\n",
            "manage-secrets",
            "admin:org",
            "GET /user",
            "no answer",
            "2026-11-22T09:00:00Z",
        ] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
        assert!(!text.contains('\u{1b}') && !text.contains(".123"), "{text:?}");
        assert_eq!(
            in_a_line(&check, now()),
            "invalid; octocat; 12 days (2026-12-04); no good for manage-secrets: lacks admin:org; The token has ended. \
             (credential.expired)"
        );
        check.validity = "valid".to_owned();
        assert!(sections(&check).contains("\nwarning: The token has ended."));
    }
}
