//! What a pasted text is, over HTTP: told without asking any forge, and without a part of it in the answer.

use jeton_forge_sim::PersonalTokenSpec;
use jeton_testkit::{DatabaseKind, TestJeton};
use serde_json::{Value, json};

use crate::{
    account_world::{Forge, World, text, with},
    record_over_http::entries,
};

/// Kind, whether it is whole by a documented checksum, and the token in parts, so that no scanner takes this file for a leak. `*` stands
/// for 144 zeros.
const VECTORS: [(&str, &str, &[&str]); 19] = [
    (
        "github_classic",
        "whole",
        &["ghp_EXAMPLEsynthe", "ticTokenNumber0011Hpc2q"],
    ),
    (
        "github_classic",
        "whole",
        &["ghp_EXAMPLEsynthe", "ticTokenNumber00245VhIw"],
    ),
    (
        "github_classic",
        "whole",
        &["ghp_EXAMPLEpaddin", "gVector000000001900llqG"],
    ),
    (
        "github_oauth",
        "whole",
        &["gho_EXAMPLEsynthe", "ticTokenNumber0011Hpc2q"],
    ),
    (
        "github_classic",
        "damaged",
        &["ghp_EXAMPLEsynthe", "ticTokenNumber0011Hpc2r"],
    ),
    (
        "github_classic",
        "damaged",
        &["ghp_EXAMPLEsynthe", "ticTokenNumber00345VhIw"],
    ),
    (
        "github_classic",
        "damaged",
        &["ghp_EXAMPLEpaddin", "gVector0000000019llqG"],
    ),
    (
        "github_fine_grained",
        "",
        &["github_pat_11EXAMPLE00", FINE, "5VAAAAAAAA"],
    ),
    // Its check characters are not documented: a wrong one is no proof.
    (
        "github_fine_grained",
        "",
        &["github_pat_11EXAMPLE00", FINE, "5WAAAAAAAA"],
    ),
    (
        "gitlab_personal",
        "whole",
        &["glpat-EBESExQVFh", "cYGRobHB0eH2M6MQpvOjEKdToycww.01.131q2vzxe"],
    ),
    (
        "gitlab_personal",
        "whole",
        &["glpat-oKGio6Slpq", "eoqaqrrK2ur286MQp1Ojdwcwk.01.0z03q190z"],
    ),
    (
        "gitlab_runner",
        "whole",
        &[
            "glrt-t3_ICEiIyQl",
            "JicoKSorLC0uL2M6MQpvOjEKcDoybjljCnQ6Mwp1OjJzFw.01.1i0ltyi4d",
        ],
    ),
    (
        "gitlab_personal",
        "whole",
        &["glpat-bzoxCnU6Mn", "MQERITFBUWFxgZGhscHR4fEA.0y04yulu5"],
    ),
    (
        "gitlab_personal",
        "damaged",
        &["glpat-EBESExQVFh", "cYGRobHB0eH2M6MQpvOjEKdToycww.01.131q2vzxf"],
    ),
    (
        "gitlab_personal",
        "damaged",
        &["glpat-EBESExQVFh", "cYGRobHB0eH2M6MQpvOjEKdToyczw.01.131q2vzxe"],
    ),
    (
        "bitbucket_app_password",
        "",
        &["ATB", "BEXAMPLEsyntheticBody0001", "46B57D7F"],
    ),
    (
        "bitbucket_app_password",
        "",
        &["ATB", "BEXAMPLEsyntheticBody0001", "46B57D7E"],
    ),
    (
        "bitbucket_access",
        "",
        &["ATCTT3x", "FfGN0EXAMPLEsyntheticAccessToken", "*", "=", "67779075"],
    ),
    (
        "bitbucket_api_token",
        "",
        &["ATATT3x", "FfGF0EXAMPLEsyntheticApiTokenXYZ", "*", "=", "8718DFE0"],
    ),
];

const FINE: &str = "00000000000_syntheticExampleFineGrainedTokenBody0000001HNJC53";

fn vectors() -> impl Iterator<Item = (&'static str, &'static str, String)> {
    VECTORS
        .into_iter()
        .map(|(kind, whole, parts)| (kind, whole, parts.concat().replace('*', &"0".repeat(144))))
}

async fn start() -> World {
    World::around(TestJeton::start(DatabaseKind::Sqlite).await).await
}

async fn inspect(w: &World, body: Value) -> Value {
    let answer = w.t.post("/v1/inspect", body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let token = text(&body["token"]).trim();
    // Neither the whole nor any eight characters of its secret part; an address is no secret.
    let secret = token
        .get(14..)
        .filter(|_| !token.contains("://"))
        .unwrap_or_default()
        .as_bytes();
    for part in secret.windows(8).filter_map(|part| std::str::from_utf8(part).ok()) {
        assert!(
            part.starts_with("00000000") || !answer.text.contains(part),
            "{part} of the token is in {}",
            answer.text
        );
    }
    answer.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_vector_is_told_for_what_it_is() {
    let w = start().await;
    for (kind, whole, token) in vectors() {
        let found = inspect(&w, json!({"token": token})).await;
        assert_eq!(text(&found["kind"]), kind, "{found:#}");
        if whole.is_empty() {
            let whole = text(&found["whole"]);
            assert!(
                !["whole", "damaged"].contains(&whole),
                "an undocumented check is a hint: {found:#}"
            );
        } else {
            assert_eq!(text(&found["whole"]), whole, "{found:#}");
            assert!(found["usable"] == false || whole == "whole", "{found:#}");
        }
        assert!(found["check"].is_null());
        for finding in found["findings"].as_array().unwrap() {
            assert!(text(&finding["detail"]).len() > 10, "{finding}");
        }
    }
    let asked: u64 = crate::account_world::ALL
        .iter()
        .map(|forge| w.calls(*forge).total())
        .sum();
    assert_eq!(asked, 0, "nobody is asked");
    let record: String = entries(&w.t, "").await.iter().map(Value::to_string).collect();
    for (_, _, token) in vectors() {
        assert!(!record.contains(&token));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_pasted_along_is_told_and_taken_off() {
    let w = start().await;
    let token = w.at_github(PersonalTokenSpec::classic(["repo"])).token;
    for pasted in [
        format!("  {token}\n"),
        format!("Bearer {token}"),
        format!("Authorization: token {token}"),
        format!("\"{token}\""),
        format!("'{token}'"),
        format!("`{token}`"),
        format!("export GITHUB_TOKEN={token}"),
        format!("GITHUB_TOKEN=\"{token}\"\r\n"),
        format!("\u{feff}{token}\u{200b}"),
        format!("{}\n{}", &token[..20], &token[20..]),
    ] {
        let found = inspect(&w, json!({"token": pasted})).await;
        assert_eq!(
            (&found["usable"], text(&found["kind"])),
            (&json!(true), "github_classic"),
            "{pasted:?}: {found:#}"
        );
        assert!(
            pasted.trim() == token || !found["findings"].as_array().unwrap().is_empty(),
            "{pasted:?}: {found:#}"
        );
        // What is stored is the token alone.
        let added =
            w.t.post(
                "/v1/accounts",
                with(w.given(Forge::GitHub, &pasted), &json!({"label": "x"})),
            )
            .await;
        assert_eq!(added.status, 201, "{pasted:?}: {}", added.text);
        let handed =
            w.t.try_issue(json!({"account": "x", "repositories": ["acme/tools"]}))
                .await;
        assert_eq!(text(&handed.json()["token"]), token, "{pasted:?}");
        assert_eq!(w.t.delete("/v1/accounts/x?force=true").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_none_is_told_in_plain_words() {
    let w = start().await;
    let cut = {
        let token = w.at_github(PersonalTokenSpec::classic(["repo"])).token;
        token[..34].to_owned()
    };
    for (pasted, forge, code) in [
        ("octocat".to_owned(), None, "credential.not_a_token"),
        ("ada@example.com".to_owned(), None, "credential.not_a_token"),
        (String::new(), None, "credential.not_a_token"),
        (
            "https://github.com/settings/tokens".to_owned(),
            None,
            "credential.not_a_token",
        ),
        (cut, None, "credential.damaged"),
        (w.token(Forge::GitLab), Some("github"), "credential.wrong_forge"),
        (w.token(Forge::GitHub), Some("bitbucket"), "credential.wrong_forge"),
    ] {
        let found = inspect(&w, json!({"token": pasted, "forge": forge})).await;
        assert_eq!(found["usable"], false, "{found:#}");
        let finding = &found["findings"][0];
        assert_eq!(text(&finding["code"]), code, "{found:#}");
        assert!(text(&finding["remedy"]).len() > 15, "{found:#}");
    }
    let answer = w.t.post("/v1/inspect", json!({"token": "x", "forge": "svn"})).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "request.invalid"));
    let answer = w.t.post("/v1/inspect", json!({"tokem": "x"})).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "request.invalid"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn online_the_forge_is_asked_too_and_nothing_kept() {
    let w = start().await;
    for forge in crate::account_world::ALL {
        let token = w.token(forge);
        let more = json!({"online": true, "purposes": ["read_content"], "repository": "acme/tools"});
        let found = inspect(&w, with(w.given(forge, &token), &more)).await;
        let check = &found["check"];
        assert_eq!(
            (text(&check["validity"]), text(&check["identity"]["name"])),
            ("valid", "ada"),
            "{found:#}"
        );
        assert_eq!(
            (
                text(&check["purposes"][0]["purpose"]),
                text(&check["purposes"][0]["fit"])
            ),
            ("read_content", "yes"),
            "{found:#}"
        );
    }
    assert_eq!(w.t.get("/v1/accounts").await.json()["accounts"], json!([]));
    // Whoever may keep no accounts may not send requests through this server either.
    let stranger = w.t.client("stranger").await;
    let body = with(
        w.given(Forge::GitHub, &w.token(Forge::GitHub)),
        &json!({"online": true}),
    );
    let calls = w.calls(Forge::GitHub).total();
    let answer = w.t.post_as(&stranger, "/v1/inspect", body).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "policy.denied"),
        "{}",
        answer.text
    );
    assert_eq!(w.calls(Forge::GitHub).total(), calls);
}
