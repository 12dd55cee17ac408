//! What to do about a refusal, as it is done on the command line: the routes' own words are about their parameters.

use jeton_domain::{Code, Coded as _};

use super::CliError;
use crate::cli::error::Told;

/// The same error with a remedy that can be typed.
pub(super) fn to_type(error: CliError) -> CliError {
    let remedy = match error.code() {
        Code::RequestInvalid => "`jeton content COMMAND --help` shows what can be asked for.",
        Code::ContentRefNotFound => {
            "Leave --ref out for the default branch, or name a branch, a tag or a commit; what was never pushed is not there."
        }
        Code::ContentIsDirectory => "`jeton content tree` lists what is in it.",
        Code::ContentIsFile => "`jeton content cat` and `lines` show it.",
        Code::ContentNotText => "`jeton content cat` writes it byte for byte; with --json, as base64.",
        Code::ContentRange => "Ask for lines that it has; 100- goes on to the last one.",
        Code::ContentCursor => {
            "Leave --cursor out to begin anew; a cursor goes with the arguments that it was given out for."
        }
        Code::AccountNone => {
            "Name github.com, gitlab.com or bitbucket.org, or the host of a forge that the server knows; with --alone any \
             forge is asked directly."
        }
        _ => return error,
    };
    match error {
        CliError::Problem(mut problem) => {
            problem.remedy = Some(remedy.to_owned());
            CliError::Problem(problem)
        }
        CliError::Failed(error) => CliError::of(Told {
            what: error.to_string(),
            code: error.code(),
            remedy: Some(remedy.to_owned()),
        }),
        // These speak of the command line already.
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use jeton_content::ContentError;
    use jeton_domain::{Code, Coded as _};

    use super::{CliError, to_type};

    #[test]
    fn a_remedy_names_what_can_be_typed_here() {
        let invalid = to_type(CliError::of(ContentError::Invalid("`x` is no path".to_owned())));
        assert_eq!(
            (invalid.code(), invalid.to_string().as_str()),
            (Code::RequestInvalid, "`x` is no path")
        );
        assert!(invalid.remedy().unwrap().contains("--help"));
        let usage = CliError::Usage {
            what: "a".to_owned(),
            remedy: "Do b.".to_owned(),
        };
        assert_eq!(to_type(usage).remedy().unwrap(), "Do b.");
    }
}
