use jeton_domain::{Clock as _, Code, CredentialKind};
use jeton_forge::AccountForge as _;
use jeton_forge_sim::{BitbucketRole, BitbucketTokenSpec};

use super::World;

#[tokio::test]
async fn pages_go_through_every_workspace_once() {
    let t = World::new().await;
    t.sim.add_workspace("beta").unwrap();
    t.sim.add_workspace("empty").unwrap();
    for workspace in ["beta", "empty"] {
        t.sim.add_member(workspace, t.alice, false).unwrap();
    }
    for (workspace, slug) in [("acme", "docs"), ("acme", "site"), ("beta", "api")] {
        let id = t.sim.add_repository(workspace, slug, true).unwrap();
        t.sim.set_role(id, t.alice, Some(BitbucketRole::Read)).unwrap();
    }
    t.sim.add_repository("acme", "payroll", true).unwrap();
    let token = t.api_token(&["read:user", "read:workspace", "read:repository"]);
    let credential = t.credential(CredentialKind::BitbucketApiToken, &token.token);
    let (mut names, mut next) = (Vec::new(), None);
    for pages in 1.. {
        let page = t
            .accounts
            .list_repositories(&credential, next.as_deref(), 2, t.clock.now())
            .await
            .unwrap();
        assert!(page.repositories.len() <= 2 && page.repositories.iter().all(|one| one.private));
        names.extend(page.repositories.into_iter().map(|one| one.path));
        next = page.next;
        if next.is_none() {
            assert!(pages < 8);
            break;
        }
    }
    names.sort_unstable();
    assert_eq!(names, ["acme/docs", "acme/site", "acme/tools", "beta/api"]);
}

#[tokio::test]
async fn refusals_are_diagnoses() {
    let t = World::new().await;
    let code = async |kind: CredentialKind, token: &str, page: Option<&str>| {
        let found = t
            .accounts
            .list_repositories(&t.credential(kind, token), page, 10, t.clock.now())
            .await;
        found.unwrap_err().code
    };
    let api = CredentialKind::BitbucketApiToken;
    let narrow = t.api_token(&["read:user"]);
    assert_eq!(code(api, &narrow.token, None).await, Code::CredentialScope);
    assert_eq!(
        code(api, &narrow.token, Some("workspace=../x")).await,
        Code::RequestInvalid
    );
    t.sim.revoke_token(narrow.id).unwrap();
    assert_eq!(code(api, &narrow.token, None).await, Code::CredentialInvalid);
    let access = t.sim.add_token(&BitbucketTokenSpec::workspace_token("acme")).unwrap();
    assert_eq!(
        code(CredentialKind::BitbucketAccess, &access.token, None).await,
        Code::ForgeForbidden
    );
}
