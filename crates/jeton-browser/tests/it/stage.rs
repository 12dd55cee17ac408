use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use jeton_browser::{Chromium, Page, Person, World};

/// A server, three forges and a browser.
pub(crate) struct Stage {
    pub(crate) w: World,
    pub(crate) chromium: Chromium,
}

impl Stage {
    /// Runs a test on one; the browser ends whatever happens.
    pub(crate) async fn run(test: impl AsyncFnOnce(&Self)) {
        let (w, chromium) = tokio::join!(World::start(), Chromium::start());
        let stage = Self { w, chromium };
        let end = AssertUnwindSafe(test(&stage)).catch_unwind().await;
        stage.chromium.close().await;
        if let Err(panic) = end {
            std::panic::resume_unwind(panic);
        }
    }

    /// A window of somebody unknown.
    pub(crate) async fn stranger(&self) -> Page {
        self.chromium.page(&self.w.t.url).await
    }

    /// The window of an operator who has signed in.
    pub(crate) async fn operator(&self) -> Page {
        Person::signed_in(&self.w.t, &self.chromium, "root", "operator")
            .await
            .page
    }
}

/// Runs each test with a server, three forges and a browser of its own.
macro_rules! in_a_browser {
    ($($(#[$meta:meta])* async fn $name:ident($stage:ident) $body:block)*) => {
        $(
            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::stage::Stage::run(async |$stage: &$crate::stage::Stage| $body).await;
            }
        )*
    };
}

pub(crate) use in_a_browser;
