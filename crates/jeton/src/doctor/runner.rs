//! `jeton doctor runner`: whether runners could be registered, and if not, what is missing and where to set it. Nothing is made.

use std::{fmt::Write as _, process::ExitCode};

use jeton_api::{ExaminedSource, RunnerExamination};

use crate::cli::{CliError, Context, DoctorRunnerArgs, Format, clean, examine, print, print_json, problem, table};

/// Looks, and prints what was found.
///
/// # Errors
/// When it cannot be found out at all: there is no such forge, no policy allows it, or nobody answers.
pub(super) async fn run(args: &DoctorRunnerArgs, context: &Context) -> Result<ExitCode, CliError> {
    let found = examine(&args.way, &args.place, context).await?;
    match args.format {
        Format::Json => print_json(&found)?,
        Format::Table => print(&render(&found, args.verbose))?,
    }
    Ok(ExitCode::from(status(&found.fit)))
}

/// 0 when something will do, 1 when nothing will, 2 when that could not be found out.
fn status(fit: &str) -> u8 {
    match fit {
        "yes" => 0,
        "no" => 1,
        _ => 2,
    }
}

fn render(found: &RunnerExamination, verbose: bool) -> String {
    let mut out = format!(
        "{} at {}: {}\n",
        clean(&found.scope),
        clean(&found.forge),
        verdict(found)
    );
    for source in &found.sources {
        let _ = write!(out, "\n{}", one(source, verbose));
    }
    out
}

fn verdict(found: &RunnerExamination) -> String {
    let good = found.sources.iter().find(|source| source.fit == "yes");
    match (found.fit.as_str(), good) {
        ("yes", Some(source)) => format!("runners can be registered, by {}", clean(&source.source)),
        ("yes", None) => "runners can be registered".to_owned(),
        ("no", _) if found.sources.is_empty() => {
            "there is no App and no account that could register runners".to_owned()
        }
        ("no", _) => "nothing that is there can register runners".to_owned(),
        _ => "whether runners can be registered cannot be found out without registering one".to_owned(),
    }
}

fn one(source: &ExaminedSource, verbose: bool) -> String {
    let answer = match source.fit.as_str() {
        "yes" => "will do",
        "no" => "will not do",
        _ => "not known",
    };
    let mut out = format!("{}: {answer}\n", clean(&source.source));
    for (name, words) in [("needs", &source.needs), ("why", &source.why)] {
        if !words.is_empty() {
            let _ = writeln!(out, "  {name}: {}", clean(words));
        }
    }
    let word = if source.fit == "no" { "error" } else { "warning" };
    for diagnosis in &source.diagnoses {
        for line in problem(diagnosis, word).lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
    if verbose && !source.evidence.is_empty() {
        let rows = source.evidence.iter().map(|look| {
            let status = look
                .status
                .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            [
                look.probe.clone(),
                status,
                or_dash(&look.said),
                or_dash(&look.request_id),
            ]
        });
        for line in table(["ASKED", "STATUS", "SAID", "REQUEST"], rows).lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use jeton_api::{CheckEvidence, Diagnosis, ExaminedSource, RunnerExamination};

    use super::{render, status};

    fn source(fit: &str) -> ExaminedSource {
        ExaminedSource {
            source: "account:env/github-token".to_owned(),
            fit: fit.to_owned(),
            needs: "administration: write".to_owned(),
            why: "The token says so.".to_owned(),
            diagnoses: vec![Diagnosis {
                code: "runner.workflow_token".to_owned(),
                cause: "It is the job's own token\u{1b}[2J.".to_owned(),
                remedy: "Ask jeton.".to_owned(),
                url: Some("https://github.com/acme".to_owned()),
                retry_at: None,
            }],
            evidence: vec![CheckEvidence {
                probe: "GET /repos/acme/tools".to_owned(),
                status: Some(403),
                said: Some("Resource not accessible by integration".to_owned()),
                request_id: Some("F:1".to_owned()),
                at: "2026-11-22T08:00:00Z".to_owned(),
            }],
        }
    }

    fn found(fit: &str, sources: Vec<ExaminedSource>) -> RunnerExamination {
        RunnerExamination {
            forge: "github.com".to_owned(),
            scope: "the repository acme/tools".to_owned(),
            fit: fit.to_owned(),
            sources,
        }
    }

    #[test]
    fn cause_remedy_and_page_stand_together() {
        let text = render(&found("no", vec![source("no")]), false);
        let want = "the repository acme/tools at github.com: nothing that is there can register runners\n\n\
            account:env/github-token: will not do\n  needs: administration: write\n  why: The token says so.\n  \
            error: It is the job's own token [2J.\n    help: Ask jeton.\n    page: https://github.com/acme\n    \
            code: runner.workflow_token\n";
        assert_eq!(text, want);
        let text = render(&found("no", vec![source("no")]), true);
        assert!(text.contains("GET /repos/acme/tools") && text.contains("F:1"), "{text}");
    }

    #[test]
    fn the_verdict_is_the_status() {
        assert_eq!(["yes", "no", "unknown", "?"].map(status), [0, 1, 2, 2]);
        let text = render(&found("yes", vec![source("no"), source("yes")]), false);
        assert!(
            text.contains("can be registered, by account:env/github-token"),
            "{text}"
        );
        assert!(render(&found("unknown", Vec::new()), false).contains("cannot be found out"));
        assert!(render(&found("no", Vec::new()), false).contains("there is no App"));
    }
}
