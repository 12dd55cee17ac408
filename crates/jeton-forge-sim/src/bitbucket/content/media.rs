//! Files of Git LFS. They lie with another service; the way there is signed, and needs no credential.

use http::StatusCode;

use super::Place;
use crate::bitbucket::Bitbucket;
use crate::bitbucket::answer::Answer;
use crate::bitbucket::error;
use crate::bitbucket::routes::Action;
use crate::reply::{Content, Reply};
use crate::site::Call;

impl Bitbucket {
    pub(super) fn media_address(&self, place: &Place, object: &str) -> String {
        let (workspace, slug) = (&place.workspace, &place.slug);
        let signature = signature(place.id, object);
        format!(
            "{}/media/{workspace}/{slug}/{object}?signature={signature}",
            self.ground.url()
        )
    }

    /// As for that service, whatever fits not is not there.
    pub(in crate::bitbucket) fn show_media(&self, call: &Call<Action>) -> Answer {
        let found = self
            .state()
            .find_repository(call.caught(0), call.caught(1))
            .map(|repository| repository.id);
        let id = found.ok_or_else(|| error::not_found("Object"))?;
        let object = call.caught(2);
        let signed = call
            .query("signature")
            .is_some_and(|sent| sent == signature(id, object));
        let content = self.ground.lfs.find(id, object).filter(|_| signed);
        let content = content.ok_or_else(|| error::not_found("Object"))?;
        let mut reply = Reply::bytes(StatusCode::OK, "application/octet-stream", Vec::new());
        reply.body = Content::Whole(content);
        Ok(reply)
    }
}

/// Nothing that keeps anybody out: it shows whether a client follows the address as it is.
fn signature(repository: u64, object: &str) -> String {
    format!("{:08x}", crc32fast::hash(format!("{repository}/{object}").as_bytes()))
}
