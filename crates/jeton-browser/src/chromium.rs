use std::{path::Path, time::Duration};

use chromiumoxide::{
    Browser, BrowserConfig,
    cdp::browser_protocol::target::{CreateBrowserContextParams, CreateTargetParams},
};
use futures_util::StreamExt as _;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::Page;

/// Where Debian puts it.
const PROGRAM: &str = "/usr/bin/chromium";

/// A browser process with nothing of anybody's in it. It ends with the test.
#[derive(Debug)]
pub struct Chromium {
    browser: Browser,
    handler: JoinHandle<()>,
    profile: TempDir,
}

impl Chromium {
    /// Starts one.
    pub async fn start() -> Self {
        assert!(
            Path::new(PROGRAM).exists(),
            "{PROGRAM} is missing. Please run: sudo apt-get install chromium fonts-dejavu-core"
        );
        let profile = tempfile::tempdir().expect("a temporary directory");
        let mut config = BrowserConfig::builder()
            .chrome_executable(PROGRAM)
            .user_data_dir(profile.path())
            .launch_timeout(Duration::from_mins(1))
            .request_timeout(Duration::from_secs(30))
            // Pages set their own.
            .viewport(None)
            .args(["disable-gpu", "disable-dev-shm-usage", "hide-scrollbars", "mute-audio"])
            .args([
                "disable-extensions",
                "no-default-browser-check",
                "disable-component-update",
            ])
            // Letters drawn the same everywhere, for pictures that do not change by themselves.
            .args([("font-render-hinting", "none"), ("force-device-scale-factor", "1")]);
        if rustix::process::geteuid().is_root() {
            // Chromium's sandbox refuses to work for root, as whom containers of CI jobs usually run.
            config = config.no_sandbox();
        }
        let config = config.build().expect("a configuration");
        let (browser, mut events) = Browser::launch(config).await.expect("a browser");
        // The connection moves on only while it is asked for what has come.
        let handler = tokio::spawn(async move { while events.next().await.is_some() {} });
        Self {
            browser,
            handler,
            profile,
        }
    }

    /// A window of somebody who shares no cookie with any other window, on the site at `url`.
    pub async fn page(&self, url: &str) -> Page {
        let context = CreateBrowserContextParams::builder().build();
        let context = self.browser.create_browser_context(context).await.expect("a context");
        let target = CreateTargetParams::builder()
            .url("about:blank")
            .browser_context_id(context)
            .build()
            .expect("parameters");
        let page = self.browser.new_page(target).await.expect("a window");
        Page::new(page, url).await
    }

    /// Ends it, and takes away what it wrote.
    pub async fn close(mut self) {
        self.browser.close().await.ok();
        self.browser.wait().await.ok();
        self.handler.abort();
        self.profile.close().ok();
    }
}
