use std::time::Duration;

use jeton_forge_sim::PersonalTokenSpec;
use serde_json::{Value, json};

use super::TIMES;
use crate::{
    args::Bench,
    benches::{Setting, ask, operator::Operator, pairs},
    client::{Load, post_with_key},
    forge::Forge,
    jeton::Server,
    report::Line,
};

const CLIENT: &str = "bench";
const CONNECTIONS: [usize; 2] = [1, 64];

/// Hand-outs of an account's token, against those of an App's: both write a grant and an entry of the record.
pub(in super::super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::AccountTokens.as_str();
    let forge = Forge::start()?;
    forge.install("acme", &["tools".to_owned()])?;
    let more = [("JETON_FORGES__ALLOW_LOOPBACK", "true")];
    let jeton = Server::jeton_with(&setting.jeton, &forge, "state", &forge.sim.api_url(), &more).await?;
    let operator = Operator::of(&jeton, &forge, "state")?;
    forge.sim.github().add_user("ada");
    let token = forge
        .sim
        .github()
        .add_personal_token("ada", PersonalTokenSpec::classic(["repo"]));
    let account = json!({
        "label": "work", "forge": "github", "base_url": forge.sim.web_url(), "token": token.token, "serves": ["acme"],
    });
    operator.post("/v1/accounts", &account, 201).await?;
    let key = operator.add_client(CLIENT).await?;
    operator.let_read(CLIENT, "acme/tools").await?;
    operator.allow(CLIENT, "account.use", &["acme/tools"]).await?;

    let of_app = json!({ "repositories": ["acme/tools"] });
    let of_account = json!({ "account": "work", "repositories": ["acme/tools"] });
    let (rounds, length) = if setting.quick { (3, 500) } else { (15, 700) };
    let duration = Duration::from_millis(length);
    let mut lines = Vec::new();
    for connections in CONNECTIONS {
        let (account, app) = (
            side(&jeton, &key, &of_account, connections).await?,
            side(&jeton, &key, &of_app, connections).await?,
        );
        let pairs = pairs::measure(&account, &app, rounds, duration).await?;
        let what = |name: &str| format!("{connections} connections: {name}");
        lines.extend([
            Line::info(
                bench,
                what("an account's token, against an App's"),
                pairs.throughput().1,
            ),
            Line::info(bench, what("p99"), pairs.within(990).1),
            Line::info(
                bench,
                what("server's processor time per answer"),
                pairs.processor_time(),
            ),
        ]);
    }
    Ok(lines)
}

/// The first ask makes an App's token warm.
async fn side(jeton: &Server, key: &str, body: &Value, connections: usize) -> anyhow::Result<pairs::Side> {
    let request = post_with_key("/v1/tokens", key, body);
    let body_length = ask(jeton.address, &request, 201).await?.body_length;
    Ok(pairs::Side {
        pid: jeton.pid(),
        load: Load {
            address: jeton.address,
            request: request.into(),
            status: 201,
            connections,
            duration: Duration::ZERO,
            body_length,
            slack: TIMES,
        },
    })
}
