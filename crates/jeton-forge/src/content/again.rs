//! Reads whose connection ended under them.
//!
//! A server closes the connections that it has kept for a while, and may do so just when a question is on its way. That says nothing of the
//! forge, and a read changes nothing: so it is asked once more, at once, on another connection. Whatever else goes wrong stays as it is.

use jeton_outbound::{Answer, Opening, Outbound, OutboundError, Request};

/// As [`Outbound::send`]. `request` has to be a read.
pub(crate) async fn send(outbound: &Outbound, request: Request) -> Result<Answer, OutboundError> {
    match outbound.send(request.clone()).await {
        Err(OutboundError::Cut(_)) => outbound.send(request).await,
        answer => answer,
    }
}

/// As [`Outbound::open`]. `request` has to be a read; a body that is on its way already is not asked for again.
pub(crate) async fn open(outbound: &Outbound, request: Request) -> Result<Opening, OutboundError> {
    match outbound.open(request.clone()).await {
        Err(OutboundError::Cut(_)) => outbound.open(request).await,
        opening => opening,
    }
}
