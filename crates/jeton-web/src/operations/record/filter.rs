use jeton_domain::{Code, Fingerprint};
use jeton_ledger::LedgerFilter;
use serde::Deserialize;

use super::arguments;
use crate::failure::Failure;

/// Which entries are meant. What is left out does not limit.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordFilter {
    /// Only this event, such as `token.granted`; with a `.` at the end, all of a family: `token.`
    #[param(nullable = false, required = false)]
    pub(super) event: Option<String>,
    /// Only by this actor, as an entry has it in `actor` or in `actor_key`.
    #[param(nullable = false, required = false)]
    pub(super) actor: Option<String>,
    /// Only about the secret of this fingerprint, 12 hex digits.
    #[param(nullable = false, required = false)]
    pub(super) fingerprint: Option<String>,
    /// Only of this request.
    #[param(nullable = false, required = false)]
    pub(super) request_id: Option<String>,
    /// Not before this time, RFC 3339.
    #[param(nullable = false, required = false)]
    pub(super) since: Option<String>,
    /// Before this time, RFC 3339.
    #[param(nullable = false, required = false)]
    pub(super) until: Option<String>,
}

impl RecordFilter {
    pub(super) fn read(self) -> Result<LedgerFilter, Failure> {
        let fingerprint = self.fingerprint.map(|text| {
            let parsed = Fingerprint::parse(&text).map(|fingerprint| fingerprint.to_string());
            parsed.ok_or_else(|| Failure::new(Code::RequestInvalid, "fingerprint is not 12 hex digits"))
        });
        Ok(LedgerFilter {
            events: self.event.into_iter().collect(),
            actor: self.actor,
            fingerprint: fingerprint.transpose()?,
            request_id: self.request_id,
            since: arguments::maybe_time("since", self.since.as_deref())?,
            until: arguments::maybe_time("until", self.until.as_deref())?,
        })
    }
}
