use std::{path::Path, sync::OnceLock};

use serde_json::{Value, json};

use crate::Page;

/// Where `npm ci` puts it.
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/node_modules/axe-core/axe.min.js");

/// WCAG 2.0 to 2.2, A and AA, and what is good practice besides.
const TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

fn source() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        std::fs::read_to_string(Path::new(PATH))
            .unwrap_or_else(|error| panic!("{PATH}: {error}. Please run: npm ci --prefix crates/jeton-browser"))
    })
}

impl Page {
    /// What axe-core finds on the page, one line for each element.
    pub async fn stumbling_blocks(&mut self) -> Vec<String> {
        // In a world of its own: the same page, but none of the page's variables, and no look at its security policy.
        let frames = self.tell("Page.getFrameTree", json!({})).await;
        let frame = &frames["frameTree"]["frame"]["id"];
        let world = self
            .tell(
                "Page.createIsolatedWorld",
                json!({"frameId": frame, "worldName": "axe"}),
            )
            .await;
        let world = &world["executionContextId"];
        self.run_in(world, source()).await;
        let run = format!(
            "axe.run(document, {{runOnly: {}, resultTypes: ['violations']}}).then(r => r.violations.flatMap(v => \
             v.nodes.map(n => `${{v.id}} (${{v.impact}}): ${{n.target.join(' ')}}: ${{n.html.slice(0, 200)}}: ${{n.failureSummary.replace(/\\s+/g, ' ')}}`)))",
            json!(TAGS)
        );
        let found = self.run_in(world, &run).await;
        let found = found
            .as_array()
            .cloned()
            .unwrap_or_else(|| panic!("axe-core answered {found}"));
        found.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    }

    async fn run_in(&self, world: &Value, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "contextId": world, "awaitPromise": true, "returnByValue": true,
        });
        let mut answer = self.tell("Runtime.evaluate", parameters).await;
        assert!(answer["exceptionDetails"].is_null(), "{}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }
}
