use chromiumoxide::{
    cdp::browser_protocol::page::{CaptureScreenshotFormat, Viewport},
    page::ScreenshotParams,
};
use serde_json::json;

use crate::Page;

/// What somebody's system is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Light, Self::Dark];

    /// As CSS calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Pictures of the book are so much smaller than the page; all of them together weigh less than 2 MB.
const BOOK_SCALE: f64 = 0.7;
/// Of WebP, of 100.
const BOOK_QUALITY: i64 = 50;

/// The window's height for each width: a phone, a tablet, a desk.
fn height(width: u32) -> u32 {
    match width {
        ..500 => 844,
        500..1000 => 1000,
        1000.. => 900,
    }
}

impl Page {
    /// Makes the window so many pixels wide.
    pub async fn width(&mut self, width: u32) {
        // Not as a mobile device: there, a page that is too wide is shown smaller, and none would seem too wide.
        let size = json!({"width": width, "height": height(width), "deviceScaleFactor": 1, "mobile": false});
        self.tell("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Sets what the system prefers: light or dark, and nothing that moves: colours on their way to others are neither.
    pub async fn theme(&mut self, theme: Theme) {
        let still = ("prefers-reduced-motion", "reduce");
        self.prefer(&[("prefers-color-scheme", theme.word()), still]).await;
    }

    /// Sets what the system prefers, by the names of CSS's media features.
    pub async fn prefer(&mut self, features: &[(&str, &str)]) {
        let features: Vec<_> = features
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        self.tell("Emulation.setEmulatedMedia", json!({"features": features}))
            .await;
    }

    /// By how many pixels the page is wider than the window, and what sticks out.
    pub async fn overflow(&mut self) -> (i64, Vec<String>) {
        let found = self
            .evaluate(
                "(() => { const root = document.documentElement, width = root.clientWidth; \
                 const scrolls = e => { if (getComputedStyle(e).position === 'absolute') return false; \
                 for (let p = e.parentElement; p && p !== root; p = p.parentElement) { const o = getComputedStyle(p).overflowX; if (o !== 'visible') return true; } return false; }; \
                 const wide = [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > width + 0.5 && !scrolls(e)); \
                 return [root.scrollWidth - width, wide.slice(-5).map(e => e.outerHTML.slice(0, 160))]; })()",
            )
            .await;
        let parts = found[1].as_array().cloned().unwrap_or_default();
        let parts = parts.iter().filter_map(|part| part.as_str().map(str::to_owned));
        (found[0].as_i64().expect("a number"), parts.collect())
    }

    /// A picture of the page, at most two windows high: a small WebP for the book, PNG in full size to look at.
    pub async fn picture(&mut self, webp: bool) -> Vec<u8> {
        let size = self
            .evaluate(
                "(() => { document.activeElement && document.activeElement.blur(); scrollTo(0, 0); \
                return [innerWidth, Math.min(document.documentElement.scrollHeight, 2 * innerHeight)]; })()",
            )
            .await;
        let number = |index: usize| size[index].as_f64().expect("a number");
        let mut params = ScreenshotParams::builder()
            .clip(Viewport {
                x: 0.0,
                y: 0.0,
                width: number(0),
                height: number(1),
                scale: if webp { BOOK_SCALE } else { 1.0 },
            })
            .capture_beyond_viewport(true);
        params = if webp {
            params.format(CaptureScreenshotFormat::Webp).quality(BOOK_QUALITY)
        } else {
            params.format(CaptureScreenshotFormat::Png)
        };
        self.inner().screenshot(params.build()).await.expect("a picture")
    }
}
