//! Every finding about variables alone.

use jeton_domain::{Code, Diagnosis};

use super::{
    super::advice::words,
    advice::{About, finding},
};

impl About<'_> {
    /// 400 to a variable.
    pub(super) fn variable_refused(&self, said: &str, masked: bool) -> Diagnosis {
        let lower = said.to_ascii_lowercase();
        let of_value = lower.contains("\"value\"") || lower.starts_with("value");
        if of_value && lower.contains("long") {
            return too_large(self.variables_page());
        }
        if of_value && masked {
            return not_maskable("GitLab says so", self.variables_page());
        }
        let (code, remedy) = if lower.contains("maximum number") || lower.contains("exceeded") {
            (
                Code::SecretLimit,
                "Remove variables there that are not used any more, or have an administrator raise the limit.",
            )
        } else if lower.contains("\"key\"") {
            (
                Code::SecretName,
                "Choose another name: letters, digits and `_`, 255 at most.",
            )
        } else {
            (
                Code::SecretInvalid,
                "Change what GitLab names and push again. Environments of a group's variables need GitLab Premium or Ultimate.",
            )
        };
        finding(
            code,
            format!("GitLab does not take the variable: {}.", words(said)),
            remedy,
            self.variables_page(),
        )
    }

    /// A variable that cannot become what is asked for.
    pub(super) fn variable_differs(&self, key: &str, cause: &str) -> Diagnosis {
        finding(
            Code::SecretDiffers,
            format!("The variable `{key}` is there already, and {cause}."),
            format!(
                "Remove `{key}` under \"Settings\", \"CI/CD\", \"Variables\" and push again; jobs that start in between go without it. Or \
                 leave the option out."
            ),
            self.variables_page(),
        )
    }

    /// No clear answer to a variable.
    pub(super) fn variable_unclear(&self, key: &str, why: &str) -> Diagnosis {
        finding(
            Code::SecretUnclear,
            format!(
                "Whether {} took the variable `{key}` is not known: {}.",
                self.forge().host(),
                words(why)
            ),
            "Push it again: that does no harm, whether it was taken or not.",
            self.variables_page(),
        )
    }

    /// A variable that others make and remove at the same time.
    pub(super) fn variable_restless(&self, key: &str) -> Diagnosis {
        finding(
            Code::SecretUnclear,
            format!(
                "The variable `{key}` was there, gone and there again while it was being written: somebody else writes it too."
            ),
            "Find out who else writes this variable, and push again.",
            self.variables_page(),
        )
    }

    pub(super) fn variables_page(&self) -> String {
        self.target.variables_page(self.forge())
    }
}

pub(super) fn too_large(url: String) -> Diagnosis {
    finding(
        Code::SecretTooLarge,
        "The value has more than the 10,000 characters that GitLab takes.",
        "Keep it elsewhere and push a key to it; or use a secure file of the project (\"Settings\", \"CI/CD\", \"Secure files\").",
        url,
    )
}

/// `why` is what keeps it from being masked.
pub(super) fn not_maskable(why: &str, url: String) -> Diagnosis {
    finding(
        Code::SecretNotMaskable,
        format!("GitLab cannot mask this value in job logs: {why}. Nothing was written."),
        "Push another value; or, if it may stand in job logs, push it unmasked (`--no-mask`, or `\"masked\": false` in the API).",
        url,
    )
}
