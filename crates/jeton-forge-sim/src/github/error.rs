//! Refusals in GitHub's shape.

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::reply::Reply;

/// An error body: `message`, `documentation_url`, and `status` as a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    documentation_url: &'static str,
    retry_after: Option<u32>,
    sso: Option<String>,
    errors: Option<Value>,
}

#[derive(Serialize)]
struct Wire<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a Value>,
    documentation_url: &'a str,
    status: &'a str,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            documentation_url: "https://docs.github.com/rest",
            retry_after: None,
            sso: None,
            errors: None,
        }
    }

    /// Adds the `X-GitHub-SSO` header.
    pub(crate) fn sso(mut self, value: &str) -> Self {
        self.sso = Some(value.to_owned());
        self.documentation_url =
            "https://docs.github.com/articles/authenticating-to-a-github-organization-with-saml-single-sign-on/";
        self
    }

    /// Adds what is wrong in particular.
    pub(crate) fn errors(mut self, errors: Value) -> Self {
        self.errors = Some(errors);
        self
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(crate) fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    pub(crate) fn bad_credentials() -> Self {
        Self::unauthorized("Bad credentials")
    }

    pub(crate) fn no_credentials() -> Self {
        Self::unauthorized("Requires authentication")
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    pub(crate) fn suspended() -> Self {
        Self::forbidden("This installation has been suspended")
    }

    pub(crate) fn not_accessible() -> Self {
        Self::forbidden("Resource not accessible by integration")
    }

    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// What is said of a body that does not have the form that was described.
    pub(crate) fn invalid(detail: &str) -> Self {
        Self::unprocessable(format!("Invalid request.\n\n{detail}"))
    }

    /// GitHub documents 403 and 429 for it.
    pub(crate) fn primary_limit(status: StatusCode, who: &str) -> Self {
        let mut error = Self::new(status, format!("API rate limit exceeded for {who}."));
        error.documentation_url = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api";
        error
    }

    pub(crate) fn secondary_limit(status: StatusCode, retry_after: u32) -> Self {
        Self {
            status,
            message: "You have exceeded a secondary rate limit. Please wait a few minutes before \
                      you try again."
                .to_owned(),
            documentation_url: "https://docs.github.com/rest/overview/\
                                rate-limits-for-the-rest-api#about-secondary-rate-limits",
            retry_after: Some(retry_after),
            sso: None,
            errors: None,
        }
    }

    pub(crate) fn into_reply(self) -> Reply {
        let wire = Wire {
            message: &self.message,
            errors: self.errors.as_ref(),
            documentation_url: self.documentation_url,
            status: self.status.as_str(),
        };
        let mut reply = Reply::json(self.status, &wire);
        if let Some(seconds) = self.retry_after {
            reply.set("retry-after", &seconds.to_string());
        }
        if let Some(value) = &self.sso {
            reply.set("x-github-sso", value);
        }
        reply
    }
}
