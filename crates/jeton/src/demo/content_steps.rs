use jeton_domain::Secret;
use jeton_forge_sim::CommitSpec;
use serde_json::{Value, json};

use super::{
    Stage,
    account_steps::{OtherForges, REPOSITORY},
    client::{Client, Failure, text},
    story::Story,
};

/// A name that breaks whatever builds addresses by hand.
const GUIDE: &str = "docs/What? 100% größer.md";
/// The same, as a part of a query.
const GUIDE_IN_QUERY: &str = "docs/What%3F%20100%25%20gr%C3%B6%C3%9Fer.md";
/// LF and CRLF, and a last line that nothing ends.
const GUIDE_TEXT: &str = "# Guide\none\r\nzwei €\n\u{65e5}\u{672c}\u{8a9e}\nthe end";
/// Where the submodule stands, in a repository that nobody has.
const SUBMODULE: &str = "1111111111111111111111111111111111111111";

/// What is put into `acme/tools` on each forge.
pub(super) fn files() -> CommitSpec {
    CommitSpec::new("Add a guide")
        .file(GUIDE, GUIDE_TEXT)
        .file("docs/latin1.txt", b"caf\xe9\n")
        .file("src/main.rs", "fn main() {\n    println!(\"hello\");\n}\n")
        .executable("build.sh", "#!/bin/sh\ncargo build\n")
        .symlink("guide", GUIDE)
        .submodule("vendor/lib", SUBMODULE)
}

/// An agent reads repositories on three forges without a token of any.
pub(crate) async fn play(story: &Story, stage: &Stage, operator: &Client) -> Result<(), Failure> {
    let forges = stage.others.as_ref().ok_or("the other forges did not start")?;
    let github = stage.sim.github();
    github
        .commit("acme", "tools", &files())
        .map_err(|error| error.to_string())?;
    let agent = admit(story, stage, operator).await?;
    let places = [
        Place::new("GitHub", &stage.sim.web_url(), "app:demo"),
        Place::new("GitLab", &forges.gitlab.web_url(), "account:lab"),
        Place::new("Bitbucket", &forges.bitbucket.web_url(), "account:bucket"),
    ];
    story.step(&format!(
        "It reads {REPOSITORY} on all three, in one way, through whatever may read it"
    ));
    let before = calls(stage, forges);
    let mut pinned = Vec::new();
    for place in &places {
        pinned.extend(place.read(story, &agent).await?);
    }
    let cold = calls(stage, forges) - before;
    again(story, stage, forges, &agent, &pinned, cold).await?;
    hints(story, &places[0], &agent).await?;
    todays_client(story, &agent).await?;
    model(story, &places[0], &agent).await?;
    on_record(story, operator).await
}

/// A client that may read and do nothing else.
async fn admit(story: &Story, stage: &Stage, operator: &Client) -> Result<Client, Failure> {
    story.step("An agent gets a key with which it may read repositories, and nothing else");
    let added = operator.post("/v1/clients", &json!({"name": "agent"})).await?;
    let agent = Client::new(stage.url(), Secret::new(text(&added.expect(201)?, "key")?))?;
    let policy = json!({
        "name": "agents-read", "callers": {"client": "agent"}, "actions": ["content.read"], "repositories": ["acme/*"],
        "sources": ["app:demo", "account:lab", "account:bucket"],
    });
    operator.post("/v1/policies", &policy).await?.expect(201)?;
    let refused = agent.post("/v1/tokens", &json!({"repositories": [REPOSITORY]})).await?;
    story.check(
        refused.status == 403,
        &format!("a token: {}", text(&refused.body, "detail")?),
    );
    Ok(agent)
}

/// One repository on one forge.
struct Place {
    forge: &'static str,
    /// With the port.
    host: String,
    /// `/v1/content/{forge}/{owner}/{repo}`
    route: String,
    source: &'static str,
}

impl Place {
    fn new(forge: &'static str, web_url: &str, source: &'static str) -> Self {
        let host = web_url.trim_start_matches("http://").to_owned();
        Self {
            forge,
            route: format!("/v1/content/{host}/{REPOSITORY}"),
            host,
            source,
        }
    }

    async fn get(&self, agent: &Client, operation: &str) -> Result<Value, Failure> {
        let answer = agent.read(&format!("{}/{operation}", self.route)).await?;
        answer
            .expect(200)
            .map_err(|error| format!("{}: {operation}: {error}", self.forge))
    }

    /// Tree, file, lines and history; answers the addresses of the same, pinned to the commit that was read.
    async fn read(&self, story: &Story, agent: &Client) -> Result<Vec<String>, Failure> {
        let tree = self.get(agent, "tree").await?;
        let commit = text(&tree, "commit")?;
        story.say(&format!(
            "{} through {}, at {}:",
            self.forge,
            text(&tree, "source")?,
            commit.get(..12).unwrap_or(&commit)
        ));
        let kind = |path: &str| {
            let entries = tree["entries"].as_array().into_iter().flatten();
            let found = entries.into_iter().find(|entry| entry["path"] == path);
            found.map_or("absent", |entry| entry["kind"].as_str().unwrap_or_default())
        };
        let kinds = [GUIDE, "build.sh", "guide", "vendor/lib"].map(kind);
        story.check(
            tree["source"] == self.source && kinds == ["file", "executable", "symlink", "submodule"],
            &format!(
                "tree: {} entries; a file, a program, a symbolic link, a submodule",
                count(&tree, "entries")
            ),
        );
        let file = format!("file?path={GUIDE_IN_QUERY}");
        let got = self.get(agent, &file).await?;
        story.check(got["content"] == GUIDE_TEXT, &format!("file: `{GUIDE}`, as it is"));
        let latin1 = "file?path=docs/latin1.txt";
        let odd = self.get(agent, latin1).await?;
        story.check(
            odd["charset"] == "8-bit" && odd["encoding"] == "base64",
            "file: `docs/latin1.txt` is no UTF-8: it says so, and comes whole in base64",
        );
        let lines = format!("lines?path={GUIDE_IN_QUERY}&start_line=2&end_line=4");
        let got = self.get(agent, &lines).await?;
        story.check(
            got["lines"] == json!(["one", "zwei €", "日本語"]) && got["max_lines"] == 5,
            &format!("lines 2 to 4 of {}: {}", got["max_lines"], got["lines"]),
        );
        let history = self.get(agent, "commits?limit=1").await?;
        let message = history["commits"][0]["message"].as_str().unwrap_or_default().trim();
        story.check(
            message == "Add a guide",
            &format!("commits: \"{message}\" is the newest"),
        );
        let pinned = ["tree?recursive=true", &file, latin1, &lines, "commits?limit=1"];
        Ok(pinned
            .map(|operation| format!("{}/{operation}&ref={commit}", self.route))
            .to_vec())
    }
}

fn count(value: &Value, field: &str) -> usize {
    value[field].as_array().map_or(0, Vec::len)
}

/// All calls that the three forges have had, by their own books.
fn calls(stage: &Stage, forges: &OtherForges) -> u64 {
    stage.sim.calls().total() + forges.gitlab.calls().total() + forges.bitbucket.calls().total()
}

/// Reads all of it once more.
async fn again(
    story: &Story,
    stage: &Stage,
    forges: &OtherForges,
    agent: &Client,
    pinned: &[String],
    cold: u64,
) -> Result<(), Failure> {
    story.step("It reads all of that once more, at the commits that the answers named");
    let before = calls(stage, forges);
    for address in pinned {
        agent.read(address).await?.expect(200)?;
    }
    let made = calls(stage, forges) - before;
    story.check(
        made == 0,
        &format!(
            "{} reads, {made} calls by the books of the forges, {cold} the first time: what a commit holds never changes",
            pinned.len()
        ),
    );
    Ok(())
}

/// What is refused, and with which help.
async fn hints(story: &Story, place: &Place, agent: &Client) -> Result<(), Failure> {
    story.step("It asks for what is not there");
    let absent = agent.read(&format!("{}/file?path=src/Main.rs", place.route)).await?;
    story.check(
        absent.status == 404 && absent.body["code"] == "content.path_not_found",
        &text(&absent.body, "detail")?,
    );
    story.say(&format!("     help: {}", text(&absent.body, "remedy")?));
    let directory = agent.read(&format!("{}/file?path=src", place.route)).await?;
    story.check(
        directory.body["code"] == "content.is_directory",
        &text(&directory.body, "detail")?,
    );
    story.say(&format!("     help: {}", text(&directory.body, "remedy")?));
    Ok(())
}

/// The routes of today's services, which know GitHub alone and count lines from 0.
async fn todays_client(story: &Story, agent: &Client) -> Result<(), Failure> {
    story.step("A client of today's file service finds its routes, with the same JSON");
    let route = format!("/repo/{REPOSITORY}");
    let tree = agent.read(&format!("{route}/tree")).await?.expect(200)?;
    let paths = tree["file_paths"].as_array().map_or(&[][..], Vec::as_slice);
    story.check(
        paths.contains(&json!(GUIDE)),
        &format!("GET {route}/tree: {} paths", paths.len()),
    );
    let lines = format!("{route}/file/src/main.rs/lines?start_line=0&end_line=1");
    let got = agent.read(&lines).await?.expect(200)?;
    story.check(
        got == json!({"lines": ["fn main() {"], "max_lines": 3}),
        &format!("GET {lines}: {got}"),
    );
    Ok(())
}

/// The same as tools for language models.
async fn model(story: &Story, place: &Place, agent: &Client) -> Result<(), Failure> {
    story.step("A language model has the same as tools, over the Model Context Protocol");
    let arguments = json!({
        "forge": place.host, "repository": REPOSITORY, "path": "src/main.rs", "start_line": 1, "end_line": 2,
    });
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "getFileLinesByRange", "arguments": arguments},
    });
    let answer = agent.post("/mcp", &call).await?.expect(200)?;
    let result = &answer["result"];
    story.check(
        result["isError"] == false && result["structuredContent"]["max_lines"] == 3,
        "it calls getFileLinesByRange and reads:",
    );
    for line in text(&result["content"][0], "text")?.lines() {
        story.say(&format!("     {line}"));
    }
    Ok(())
}

/// Who read what, as whom.
async fn on_record(story: &Story, operator: &Client) -> Result<(), Failure> {
    story.step("The record says what the agent read, and as whom");
    let mut sources = Vec::new();
    // Nobody waits for these entries, so that they come a moment later.
    for _ in 0..100 {
        let page = operator
            .read("/v1/record?event=content.read&actor=client:agent")
            .await?;
        let page = page.expect(200)?;
        let entries = page["entries"].as_array().into_iter().flatten();
        let named = entries.filter_map(|entry| entry["details"]["source"].as_str().map(str::to_owned));
        sources = named.collect();
        if sources.len() >= 3 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    story.check(
        sources.len() == 3,
        &format!("{REPOSITORY}, through {}", sources.join(", ")),
    );
    Ok(())
}
