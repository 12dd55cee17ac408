use std::{
    cell::Cell,
    io::{Stdout, Write as _, stdout},
};

use jeton_domain::Secret;

use super::Stage;

/// Tells what happens, and counts what went wrong.
#[derive(Debug)]
pub(crate) struct Story {
    out: Stdout,
    step: Cell<usize>,
    failures: Cell<usize>,
}

impl Default for Story {
    fn default() -> Self {
        Self {
            out: stdout(),
            step: Cell::new(0),
            failures: Cell::new(0),
        }
    }
}

impl Story {
    /// A line. That nobody reads any more is no failure of the story.
    fn line(&self, text: &str) {
        writeln!(self.out.lock(), "{text}").ok();
    }

    /// Begins a step.
    pub(crate) fn step(&self, title: &str) {
        self.step.set(self.step.get() + 1);
        self.line(&format!("\n{:2}. {title}", self.step.get()));
    }

    /// Something that is so.
    pub(crate) fn say(&self, text: &str) {
        self.line(&format!("    {text}"));
    }

    /// Something that must be so.
    pub(crate) fn check(&self, holds: bool, text: &str) {
        self.line(&format!("    {} {text}", if holds { "ok  " } else { "FAIL" }));
        if !holds {
            self.failures.set(self.failures.get() + 1);
        }
    }

    /// The story cannot go on.
    pub(crate) fn fail(&self, error: &str) {
        self.check(false, error);
    }

    /// The end; how many things went wrong.
    pub(crate) fn end(&self) -> usize {
        let failures = self.failures.get();
        match failures {
            0 => self.line(&format!("\nAll {} steps worked.", self.step.get())),
            1 => self.line("\nOne thing did not work; see FAIL above."),
            more => self.line(&format!("\n{more} things did not work; see FAIL above.")),
        }
        failures
    }

    /// Where the files are that were to be kept.
    pub(crate) fn kept(&self, place: &std::path::Path) {
        self.line(&format!("The state directory was kept: {}", place.display()));
    }

    /// What to try while the demo stays up.
    pub(crate) fn stay(&self, stage: &Stage, link: Option<&Secret>) {
        let (url, forge) = (stage.url(), stage.sim.web_url());
        let others = stage.others.as_ref();
        let (gitlab, bitbucket) = others
            .map(|others| (others.gitlab.web_url(), others.bitbucket.web_url()))
            .unwrap_or_default();
        // Whoever sees this output has started the server.
        let page = link.map_or(url.to_owned(), |link| format!("{url}/setup?link={}", link.expose()));
        let key = stage.key_file();
        self.line(&format!("\nEverything stays up. The pages, in a browser; the link makes you the first administrator:\n\
             \n    {page}\n\
             \nOn the command line:\n\
             \n    curl {url}/api/acme/tools\
             \n    export JETON_URL={url} JETON_TOKEN_FILE={key}\
             \n    jeton token mint acme/tools --permission contents=write --format plain\
             \n    jeton token list\
             \n    jeton app check demo\
             \n    jeton account list\
             \n    jeton account test lab --for push --repository acme/tools\
             \n    jeton audit list\
             \n    jeton policy explain --client ci --action token.mint --repository acme/tools --permission contents=write\
             \n    jeton content tree {forge}/acme/tools\
             \n    jeton content lines {forge}/acme/tools/blob/main/src/main.rs#L1-L2 --number\
             \n    jeton content cat {gitlab}/acme/tools build.sh\
             \n    jeton content commits {bitbucket}/acme/tools --limit 5\
             \n    jeton runner token {forge}/acme/tools\
             \n    jeton doctor runner {forge}/acme/tools\
             \n    echo hello | jeton secret push GREETING {forge}/acme/tools\
             \n    jeton account target list lab\
             \n    {url}/mcp           the same for language models: an MCP server (streamable HTTP), with a key as bearer token\
             \n    {url}/docs          the HTTP interface, to read\
             \n    {forge}/_sim/      the simulated forge: faults, clock, call counts\
             \n\n`jeton` is this program: target/release/jeton, or `cargo run --release --`. Ctrl-C ends the demo and removes \
             its files.",
            key = key.display()),
        );
    }
}
