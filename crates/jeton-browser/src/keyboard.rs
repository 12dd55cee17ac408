use serde_json::{Value, json};

use crate::Page;

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// To the next control.
    Tab,
    /// To the control before.
    BackTab,
    /// Presses buttons, follows links, sends forms.
    Enter,
    /// Presses buttons, ticks boxes.
    Space,
    /// To the next of several.
    Down,
    /// Deletes what is selected.
    Backspace,
    /// Closes what is open.
    Escape,
}

impl Key {
    /// Name, code, number and text of a key.
    fn data(self) -> (&'static str, &'static str, u32, &'static str) {
        match self {
            Self::Tab | Self::BackTab => ("Tab", "Tab", 9, ""),
            Self::Enter => ("Enter", "Enter", 13, "\r"),
            Self::Space => (" ", "Space", 32, " "),
            Self::Down => ("ArrowDown", "ArrowDown", 40, ""),
            Self::Backspace => ("Backspace", "Backspace", 8, ""),
            Self::Escape => ("Escape", "Escape", 27, ""),
        }
    }
}

/// What has the focus: its markup's beginning, and whether one can see that it has.
const FOCUSED: &str = "(() => { const e = document.activeElement; if (!e || e === document.body) return null; \
    const s = getComputedStyle(e); const b = e.getBoundingClientRect(); \
    const name = (e.labels && e.labels[0] && e.labels[0].innerText || e.getAttribute('aria-label') || e.innerText || '').trim(); \
    const ring = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1; \
    const drawn = e.labels && e.labels[0] && getComputedStyle(e.labels[0]); \
    const byLabel = !!drawn && drawn.outlineStyle !== 'none' && parseFloat(drawn.outlineWidth) >= 1; \
    const inside = b.bottom > 0 && b.top < innerHeight && b.right > 0 && b.left < innerWidth; \
    const top = document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2); \
    const shown = !top || e.contains(top) || top.contains(e) || [...(e.labels || [])].some(l => l.contains(top)); \
    return {tag: e.localName, type: e.type || '', name, value: e.value || '', checked: !!e.checked, \
            visible: (ring || byLabel) && inside && shown, ring: ring || byLabel, inside, shown, html: e.outerHTML.slice(0, 160)}; })()";

/// The control that has the focus.
#[derive(Debug, Clone)]
pub struct Focus {
    /// Its element's name.
    pub tag: String,
    /// The type of an input.
    pub kind: String,
    /// Its label, or the words on it.
    pub name: String,
    /// What it sends.
    pub value: String,
    /// Whether it is ticked.
    pub checked: bool,
    /// Whether one sees where the focus is: drawn round, on the screen, under nothing.
    pub is_visible: bool,
    /// What the browser knows of it, to say what is wrong.
    pub words: String,
}

impl Page {
    /// Presses a key.
    pub async fn key(&mut self, key: Key) {
        let (name, code, number, text) = key.data();
        let shift = if key == Key::BackTab { 8 } else { 0 };
        let mut down = json!({
            "type": "rawKeyDown", "key": name, "code": code, "windowsVirtualKeyCode": number, "modifiers": shift,
        });
        if !text.is_empty() {
            down["type"] = json!("keyDown");
            down["text"] = json!(text);
        }
        self.tell("Input.dispatchKeyEvent", down).await;
        let up = json!({
            "type": "keyUp", "key": name, "code": code, "windowsVirtualKeyCode": number, "modifiers": shift,
        });
        // The page may be gone by then.
        self.command("Input.dispatchKeyEvent", up).await.ok();
    }

    /// Presses a key that loads another page.
    pub async fn key_to_load(&mut self, key: Key) {
        self.loading(async |page| page.key(key).await).await;
    }

    /// Types where the focus is.
    pub async fn type_text(&mut self, text: &str) {
        self.tell("Input.insertText", json!({"text": text})).await;
    }

    /// What has the focus.
    pub async fn focus(&mut self) -> Option<Focus> {
        let focus = self.evaluate(FOCUSED).await;
        let text = |name: &str| focus[name].as_str().unwrap_or_default().to_owned();
        (focus != Value::Null).then(|| Focus {
            tag: text("tag"),
            kind: text("type"),
            name: text("name"),
            value: text("value"),
            checked: focus["checked"] == true,
            is_visible: focus["visible"] == true,
            words: focus.to_string(),
        })
    }

    /// Goes on with Tab until a control has the focus, and fails where one cannot see who has it on the way.
    pub async fn tab_to(&mut self, wanted: impl Fn(&Focus) -> bool) -> Focus {
        self.go_to(Key::Tab, wanted).await
    }

    /// The same, backwards.
    pub async fn tab_back_to(&mut self, wanted: impl Fn(&Focus) -> bool) -> Focus {
        self.go_to(Key::BackTab, wanted).await
    }

    async fn go_to(&mut self, key: Key, wanted: impl Fn(&Focus) -> bool) -> Focus {
        let mut seen = Vec::new();
        for _ in 0..200 {
            self.key(key).await;
            let Some(focus) = self.focus().await else {
                continue;
            };
            assert!(
                focus.is_visible,
                "one does not see that this has the focus: {}",
                focus.words
            );
            if wanted(&focus) {
                return focus;
            }
            seen.push(format!("{} {:?}", focus.tag, focus.name));
        }
        panic!(
            "Tab does not lead there on {}; it leads to {seen:#?}",
            self.path().await
        )
    }
}
