use jeton_domain::{Clock as _, Code};
use jeton_forge::{AccountForge as _, RepositoryPage};
use jeton_forge_sim::{AccessLevel, FaultKind, FaultRule, GitLabTokenSpec, Visibility};

use super::World;

async fn all(t: &World, token: &str, limit: u32) -> Vec<RepositoryPage> {
    let mut pages = Vec::new();
    let mut next = None;
    loop {
        let page = t
            .accounts
            .list_repositories(&t.credential(token), next.as_deref(), limit, t.clock.now())
            .await
            .unwrap();
        next.clone_from(&page.next);
        pages.push(page);
        if next.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn pages_hold_every_project_once() {
    let t = World::new().await;
    for n in 0..4 {
        let id = t
            .sim
            .add_project(&format!("acme/deep/p{n}"), Visibility::Internal)
            .unwrap();
        t.sim.add_member(id, t.alice, AccessLevel::Maintainer).unwrap();
    }
    t.sim.add_project("other/strange", Visibility::Public).unwrap();
    let token = t.personal(&["read_api"]);
    let pages = all(&t, &token.token, 2).await;
    assert_eq!(pages.len(), 3);
    let mut paths: Vec<_> = pages
        .iter()
        .flat_map(|page| &page.repositories)
        .map(|one| one.path.as_str())
        .collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "acme/deep/p0",
            "acme/deep/p1",
            "acme/deep/p2",
            "acme/deep/p3",
            "acme/tools"
        ]
    );
    let tools = pages
        .iter()
        .flat_map(|page| &page.repositories)
        .find(|one| one.path == "acme/tools")
        .unwrap();
    assert!(
        tools.private && tools.access.as_deref() == Some("write") && tools.default_branch.as_deref() == Some("main")
    );
    assert_eq!(tools.web_url, Some(format!("{}/acme/tools", t.sim.web_url())));
}

#[tokio::test]
async fn a_projects_token_lists_its_project() {
    let t = World::new().await;
    let token = t
        .sim
        .add_token(&GitLabTokenSpec::project(t.project, AccessLevel::Reporter))
        .unwrap();
    let pages = all(&t, &token.token, 100).await;
    let paths: Vec<_> = pages[0].repositories.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["acme/tools"]);
}

#[tokio::test]
async fn refusals_and_trouble_are_diagnoses() {
    let t = World::new().await;
    let code = async |token: &str, page: Option<&str>| {
        let found = t
            .accounts
            .list_repositories(&t.credential(token), page, 10, t.clock.now())
            .await;
        found.unwrap_err().code
    };
    let narrow = t.personal(&["read_repository"]);
    assert_eq!(code(&narrow.token, None).await, Code::CredentialScope);
    let wide = t.personal(&["api"]);
    assert_eq!(code(&wide.token, Some("private_token=x")).await, Code::RequestInvalid);
    t.sim.faults().add(FaultRule::new(FaultKind::BadGateway).times(1));
    assert_eq!(code(&wide.token, None).await, Code::ForgeUnavailable);
    t.sim.revoke_token(wide.id).unwrap();
    assert_eq!(code(&wide.token, None).await, Code::CredentialRevoked);
}
