use jeton_domain::Code;
use jeton_forge::AccountForge as _;
use jeton_forge_sim::{FaultKind, FaultRule, PersonalTokenSpec, SamlSso};

use super::People;

#[tokio::test]
async fn repositories_come_page_by_page_without_gap_or_repeat() {
    let p = People::new().await;
    for n in 0..25 {
        p.sim
            .github()
            .add_repository("octocat", &format!("r{n:02}"), n % 2 == 0)
            .unwrap();
    }
    let token = p.token(PersonalTokenSpec::classic(["repo"]));
    let credential = p.credential(&token.token);
    let mut seen = Vec::new();
    let mut page = None;
    loop {
        let got = p
            .accounts
            .list_repositories(&credential, page.as_deref(), 10, p.now())
            .await
            .unwrap();
        assert!(got.repositories.len() <= 10 && got.remark.is_none());
        seen.extend(got.repositories);
        page = got.next;
        if page.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 28);
    assert!(seen.is_sorted_by(|a, b| a.path < b.path), "{seen:?}");
    let tools = seen.iter().find(|one| one.path == "acme/tools").unwrap();
    assert_eq!((tools.private, tools.access.as_deref()), (true, Some("write")));
    assert!(tools.web_url.as_deref().unwrap().ends_with("/acme/tools") && tools.default_branch.is_some());
}

#[tokio::test]
async fn a_list_says_what_it_leaves_out() {
    let p = People::new().await;
    p.sim
        .github()
        .change_org_policy("acme", |policy| policy.saml_sso = SamlSso::Required);
    let token = p.token(PersonalTokenSpec::classic(["repo"]));
    let page = p
        .accounts
        .list_repositories(&p.credential(&token.token), None, 100, p.now())
        .await
        .unwrap();
    assert_eq!(page.repositories.len(), 1);
    assert!(page.remark.unwrap().contains("Configure SSO"));
}

#[tokio::test]
async fn a_list_fails_with_the_finding() {
    let p = People::new().await;
    let token = p.token(PersonalTokenSpec::classic(["repo"]));
    let credential = p.credential(&token.token);
    let list = async |page: Option<&str>| p.accounts.list_repositories(&credential, page, 10, p.now()).await;
    for page in ["", "x", "-1", "https://evil.example"] {
        assert_eq!(list(Some(page)).await.unwrap_err().code, Code::RequestInvalid, "{page}");
    }
    p.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    assert_eq!(list(None).await.unwrap_err().code, Code::ForgeUnavailable);
    p.sim.faults().clear();
    p.sim.github().revoke_personal_token(token.id);
    assert_eq!(list(None).await.unwrap_err().code, Code::CredentialInvalid);
}
