use jeton_domain::Secret;
use serde_json::json;

use super::{
    Stage,
    client::{Client, Failure, text},
    story::Story,
};

/// A program comes, gets nothing, gets what a policy says, and all of it is on record.
pub(crate) async fn play(story: &Story, stage: &Stage, operator: &Client) -> Result<(), Failure> {
    story.step("A program asks with a key of its own");
    let added = operator
        .post("/v1/clients", &json!({"name": "ci"}))
        .await?
        .expect(201)?;
    let program = Client::new(stage.url(), Secret::new(text(&added, "key")?))?;
    let read = json!({"repositories": ["acme/tools"]});
    let refused = program.post("/v1/tokens", &read).await?;
    story.check(refused.status == 403, &text(&refused.body, "detail")?);
    let policy = json!({
        "name": "ci-reads", "callers": {"client": "ci"}, "actions": ["token.mint"],
        "repositories": ["acme/*"], "permissions": {"contents": "read"},
    });
    operator.post("/v1/policies", &policy).await?.expect(201)?;
    let granted = program.post("/v1/tokens", &read).await?;
    story.check(
        granted.status == 201 && granted.body["permissions"] == json!({"contents": "read", "metadata": "read"}),
        "with a policy for acme/*, it gets what the policy says",
    );
    let write = json!({"repositories": ["acme/tools"], "permissions": {"contents": "write"}});
    let refused = program.post("/v1/tokens", &write).await?;
    story.check(
        refused.status == 403,
        &format!("and not more: {}", text(&refused.body, "detail")?),
    );
    story.step("The record says who got what, and that nobody changed it");
    let verdict = operator.post("/v1/record/verify", &json!({})).await?.expect(200)?;
    story.check(
        verdict["ok"] == true,
        &format!("{} entries, each chained to the one before", verdict["entries"]),
    );
    Ok(())
}
