use std::fmt;

use futures_util::{FutureExt as _, future::BoxFuture};
use jeton_forge::content::BlobStream;

use crate::ContentError;

/// How a file is brought. It happens once at most.
pub struct Fetch {
    open: Option<BlobStream>,
    ask: Box<dyn FnOnce() -> BoxFuture<'static, Result<BlobStream, ContentError>> + Send>,
}

impl Fetch {
    /// By asking.
    pub fn new<F, Fut>(ask: F) -> Self
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<BlobStream, ContentError>> + Send + 'static,
    {
        Self {
            open: None,
            ask: Box::new(|| ask().boxed()),
        }
    }

    /// From a stream that is open already. When somebody else brings the file, the stream is closed at once, because it holds a turn
    /// at the forge; it is asked again only if they fail.
    #[must_use]
    pub fn with(mut self, stream: BlobStream) -> Self {
        self.open = Some(stream);
        self
    }

    /// Closes what is open.
    pub(super) fn closed(mut self) -> Self {
        self.open = None;
        self
    }

    pub(super) async fn run(self) -> Result<BlobStream, ContentError> {
        match self.open {
            Some(stream) => Ok(stream),
            None => (self.ask)().await,
        }
    }
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch")
            .field("open", &self.open.is_some())
            .finish_non_exhaustive()
    }
}
