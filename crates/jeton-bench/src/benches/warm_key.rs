use std::{fmt::Write as _, fs, path::Path, time::Instant};

use anyhow::Context as _;

use super::{
    Setting, ask, fetch,
    operator::Operator,
    pairs,
    warm::{CONNECTIONS, rounds},
};
use crate::{
    args::Bench,
    client::{Load, request_for, request_with_key},
    forge::Forge,
    jeton::Server,
    report::Line,
};

const PATH: &str = "/api/acme/tools";
const CLIENT: &str = "bench";
const POLICIES: usize = 10_000;
/// At least this much of the throughput without a key.
const LEAST_THROUGHPUT: f64 = 0.85;

/// Warm hand-out to a client that a policy allows it, against the same to callers without a key.
pub(super) async fn run(setting: &Setting) -> anyhow::Result<Vec<Line>> {
    let bench = Bench::WarmKey.as_str();
    let forge = Forge::start()?;
    forge.install("acme", &["tools".to_owned()])?;
    let policies = forge.directory().join("policies.toml");
    write_policies(&policies)?;
    let file = policies.to_str().context("the temporary directory is not UTF-8")?;
    let more = [("JETON_POLICIES__FILE", file)];
    let jeton = Server::jeton_with(&setting.jeton, &forge, "state", &forge.sim.api_url(), &more).await?;
    let operator = Operator::of(&jeton, &forge, "state")?;
    let key = operator.add_client(CLIENT).await?;
    let begun = Instant::now();
    operator.let_read(CLIENT, "acme/tools").await?;
    let added_after = begun.elapsed();

    let with_key = request_with_key(PATH, &key);
    let lengths = (
        ask(jeton.address, &with_key, 200).await?.body_length,
        fetch(jeton.address, PATH).await?.body_length,
    );
    let (rounds, duration) = rounds(setting);
    let mut lines = vec![
        Line::info(
            bench,
            format!("start to ready with {POLICIES} policies in the file"),
            format!("{} ms", jeton.ready_after.as_millis()),
        ),
        Line::info(
            bench,
            "one more, over the API, until it is in force",
            format!("{} ms", added_after.as_millis()),
        ),
    ];
    for connections in CONNECTIONS {
        let side = |request: &[u8], body_length| pairs::Side {
            pid: jeton.pid(),
            load: Load {
                address: jeton.address,
                request: request.into(),
                status: 200,
                connections,
                duration,
                body_length,
                slack: 0,
            },
        };
        let (keyed, anonymous) = (side(&with_key, lengths.0), side(&request_for(PATH), lengths.1));
        let pairs = pairs::measure(&keyed, &anonymous, rounds, duration).await?;
        let (throughput, per_second) = pairs.throughput();
        let what = |name: &str| format!("{connections} connections: {name}");
        lines.extend([
            Line::judged(
                bench,
                what("throughput with a key"),
                per_second,
                format!("≥ {LEAST_THROUGHPUT} of without"),
                throughput >= LEAST_THROUGHPUT,
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

/// Half of them for the measured client, about other repositories, and half for other clients, about the same ones.
fn write_policies(path: &Path) -> anyhow::Result<()> {
    let mut text = String::new();
    for number in 0..POLICIES {
        let (client, repository) = if number % 2 == 0 {
            (CLIENT.to_owned(), format!("acme/team-{number}-*"))
        } else {
            (format!("other-{number}"), "acme/*".to_owned())
        };
        write!(
            text,
            "[[policy]]\nname = \"p{number}\"\ncallers = {{ client = \"{client}\" }}\nactions = \"token.mint\"\n\
             repositories = \"{repository}\"\npermissions = {{ contents = \"read\" }}\n\n"
        )?;
    }
    fs::write(path, text)?;
    Ok(())
}
