use std::fmt;

use serde_json::{Value, json};

use crate::Page;

/// What a control is to a screen reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What is pressed.
    Button,
    /// What leads elsewhere.
    Link,
    /// What is written into: one line, several, or a search.
    Field,
    /// A box to tick.
    Box,
    /// One of several.
    Radio,
    /// A list to choose from.
    List,
    /// A heading.
    Heading,
    /// What opens and closes the rest of it.
    Disclosure,
}

impl Role {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Button => &["button"],
            Self::Link => &["link"],
            Self::Field => &["textbox", "searchbox", "spinbutton", "Date", "DateTime"],
            Self::Box => &["checkbox", "switch"],
            Self::Radio => &["radio"],
            Self::List => &["combobox", "listbox"],
            Self::Heading => &["heading"],
            Self::Disclosure => &["DisclosureTriangle", "button"],
        }
    }
}

/// A control, by its number in the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found(pub(crate) i64);

/// A control as the browser's accessibility tree has it.
#[derive(Debug, Clone)]
struct Entry {
    role: String,
    name: String,
    node: i64,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.role, self.name)
    }
}

fn entries(tree: &Value) -> Vec<Entry> {
    let all = tree["nodes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let seen = all.iter().filter(|node| node["ignored"] != true);
    seen.filter_map(|node| {
        Some(Entry {
            role: node["role"]["value"].as_str()?.to_owned(),
            name: node["name"]["value"].as_str()?.trim().to_owned(),
            node: node["backendDOMNodeId"].as_i64()?,
        })
    })
    .collect()
}

/// The one of this name; else the first whose name begins so.
fn pick(entries: &[Entry], role: Role, name: &str) -> Option<Found> {
    let of_role = || {
        entries
            .iter()
            .filter(|entry| role.names().contains(&entry.role.as_str()))
    };
    let exact = of_role().find(|entry| entry.name == name);
    let found = exact.or_else(|| of_role().find(|entry| entry.name.starts_with(name)))?;
    Some(Found(found.node))
}

impl Page {
    async fn entries(&self) -> Vec<Entry> {
        // While a page goes away there is none.
        let tree = self.command("Accessibility.getFullAXTree", json!({})).await;
        tree.map(|tree| entries(&tree)).unwrap_or_default()
    }

    /// Whether there is such a control now.
    pub async fn has(&self, role: Role, name: &str) -> bool {
        pick(&self.entries().await, role, name).is_some()
    }

    /// The names of all controls of a role, in the page's order.
    pub async fn names(&self, role: Role) -> Vec<String> {
        let all = self.entries().await;
        let of_role = all
            .into_iter()
            .filter(|entry| role.names().contains(&entry.role.as_str()));
        of_role.map(|entry| entry.name).collect()
    }

    /// Waits for a control.
    pub(crate) async fn find(&mut self, role: Role, name: &str) -> Found {
        let found = self.until(async |page| pick(&page.entries().await, role, name)).await;
        if let Some(found) = found {
            return found;
        }
        let all = self.entries().await;
        let all: Vec<String> = all
            .iter()
            .filter(|entry| !entry.name.is_empty())
            .map(ToString::to_string)
            .collect();
        panic!("no {role:?} {name:?} on {}; there are: {all:#?}", self.path().await)
    }

    /// Calls a function with a control as `this`; null when the control has gone.
    pub(crate) async fn call(&self, found: Found, function: &str) -> Value {
        let Ok(object) = self.command("DOM.resolveNode", json!({"backendNodeId": found.0})).await else {
            return Value::Null;
        };
        let parameters = json!({
            "objectId": object["object"]["objectId"], "functionDeclaration": function, "returnByValue": true,
        });
        let mut answer = self.tell("Runtime.callFunctionOn", parameters).await;
        assert!(answer["exceptionDetails"].is_null(), "{function}: {answer}");
        answer["result"]["value"].take()
    }

    /// Waits for a control and clicks in its middle, as with a mouse.
    async fn click_on(&mut self, role: Role, name: &str) {
        for _ in 0..5 {
            let found = self.find(role, name).await;
            if self.click(found).await {
                return;
            }
        }
        panic!("{role:?} {name:?} does not stay on {}", self.path().await)
    }

    /// Clicks; `false` when the control has gone meanwhile, since the page was renewed.
    async fn click(&mut self, found: Found) -> bool {
        // Boxes and radio buttons may be drawn by their labels.
        let seen = "function() { const label = this.labels && this.matches('[type=checkbox],[type=radio]') && this.labels[0]; \
                    const seen = label || this; seen.scrollIntoView({block: 'center', inline: 'nearest', behavior: 'instant'}); \
                    const boxes = seen.getClientRects(); if (!boxes.length) return null; const b = boxes[0]; \
                    const x = b.x + Math.min(b.width / 2, 200), y = b.y + b.height / 2; \
                    const top = document.elementFromPoint(x, y); \
                    return {x, y, hit: !!top && (seen.contains(top) || top.contains(this)), over: top && top.outerHTML.slice(0, 200)}; }";
        let at = self.call(found, seen).await;
        if at.is_null() {
            return false;
        }
        assert_eq!(at["hit"], true, "something lies over what is to be clicked: {at}");
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let parameters = json!({"type": kind, "x": at["x"], "y": at["y"], "button": "left", "clickCount": 1});
            self.tell("Input.dispatchMouseEvent", parameters).await;
        }
        true
    }

    /// Clicks a control that stays on the page.
    pub async fn tap(&mut self, role: Role, name: &str) {
        self.click_on(role, name).await;
        self.check().await;
    }

    /// Presses a button that sends a form, and waits for the page that comes.
    pub async fn press(&mut self, name: &str) {
        self.loading(async |page| page.click_on(Role::Button, name).await).await;
    }

    /// Presses a button that renews a part of the page where scripts run, and loads a page where they do not.
    pub async fn act(&mut self, name: &str) {
        if self.has_script() {
            self.tap(Role::Button, name).await;
        } else {
            self.press(name).await;
        }
    }

    /// Follows a link to its page.
    pub async fn follow(&mut self, name: &str) {
        self.loading(async |page| page.click_on(Role::Link, name).await).await;
    }

    /// Chooses one of several.
    pub async fn choose(&mut self, name: &str) {
        self.set(Role::Radio, name, true).await;
    }

    /// Ticks a box, or takes the tick away.
    pub async fn tick(&mut self, name: &str, on: bool) {
        self.set(Role::Box, name, on).await;
    }

    /// Clicks until it is so: what a page renews above may move a control away under the mouse, for people as for tests.
    async fn set(&mut self, role: Role, name: &str, on: bool) {
        for _ in 0..3 {
            let found = self.find(role, name).await;
            if self.call(found, "function() { return this.checked; }").await == on {
                break;
            }
            self.click(found).await;
        }
        assert_eq!(self.is_on(role, name).await, on, "{name}");
        self.check().await;
    }

    /// Writes into a field, instead of what stood there.
    pub async fn fill(&mut self, name: &str, text: &str) {
        let found = self.find(Role::Field, name).await;
        self.call(
            found,
            "function() { this.scrollIntoView({block: 'center', behavior: 'instant'}); this.focus(); this.select(); }",
        )
        .await;
        if text.is_empty() {
            self.key(crate::Key::Backspace).await;
        } else {
            self.tell("Input.insertText", json!({"text": text})).await;
        }
        self.check().await;
    }

    /// What stands in a field.
    pub async fn value(&mut self, name: &str) -> String {
        let found = self.find(Role::Field, name).await;
        let value = self.call(found, "function() { return this.value; }").await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Whether a box is ticked or a radio button chosen.
    pub async fn is_on(&mut self, role: Role, name: &str) -> bool {
        let found = self.find(role, name).await;
        self.call(found, "function() { return this.checked; }").await == true
    }

    /// Chooses from a list, by what a person reads or by what is sent.
    pub async fn select(&mut self, name: &str, option: &str) {
        let found = self.find(Role::List, name).await;
        let option = serde_json::to_string(option).expect("a text");
        let choose = format!(
            "function() {{ const all = [...this.options]; const one = all.find(o => o.label.trim() === {option} || o.value === {option}); \
             if (!one) return all.map(o => o.label); this.value = one.value; \
             this.dispatchEvent(new Event('input', {{bubbles: true}})); this.dispatchEvent(new Event('change', {{bubbles: true}})); return true; }}"
        );
        assert_eq!(self.call(found, &choose).await, true, "{name}: {option}");
        self.check().await;
    }
}
