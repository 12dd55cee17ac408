//! The vectors of the forges' formats: joined from halves.

use jeton_domain::{Code, CredentialKind, ForgeKind};
use jeton_inspect::{Certainty, Severity, Wholeness};

use crate::{codes, look, look_for, samples};

#[test]
fn classic_github_tokens_are_told_by_their_checksum() {
    for (halves, kind) in [
        (
            ["ghp_EXAMPLEsynthe", "ticTokenNumber0011Hpc2q"],
            CredentialKind::GitHubClassic,
        ),
        (
            ["ghp_EXAMPLEsynthe", "ticTokenNumber00245VhIw"],
            CredentialKind::GitHubClassic,
        ),
        (
            ["ghp_EXAMPLEpaddin", "gVector000000001900llqG"],
            CredentialKind::GitHubClassic,
        ),
        (
            ["gho_EXAMPLEsynthe", "ticTokenNumber0011Hpc2q"],
            CredentialKind::GitHubOAuth,
        ),
    ] {
        let token = halves.concat();
        let found = look(&token);
        assert_eq!(
            (found.kind, found.wholeness, found.certainty),
            (Some(kind), Wholeness::Whole, Certainty::Sure)
        );
        assert_eq!(found.forge, Some(ForgeKind::GitHub));
        assert!(found.findings.is_empty() && found.token.expose() == token);
    }
    for halves in [
        ["ghp_EXAMPLEsynthe", "ticTokenNumber0011Hpc2r"],
        ["ghp_EXAMPLEsynthe", "ticTokenNumber00345VhIw"],
        ["ghp_EXAMPLEpaddin", "gVector0000000019llqG"],
    ] {
        let found = look(&halves.concat());
        assert_eq!(
            (found.kind, found.wholeness),
            (Some(CredentialKind::GitHubClassic), Wholeness::Damaged)
        );
        assert_eq!(codes(&found), [Code::CredentialDamaged]);
        assert!(!found.usable());
    }
}

#[test]
fn a_fine_grained_token_is_never_refused_for_its_undocumented_check() {
    let start = [
        "github_pat_11EXAMPLE00",
        "00000000000_syntheticExampleFineGrainedTokenBody0000001",
    ]
    .concat();
    let right = look(&format!("{start}HNJC535VAAAAAAAA"));
    assert_eq!(
        (right.kind, right.wholeness),
        (Some(CredentialKind::GitHubFineGrained), Wholeness::Likely)
    );
    assert!(right.findings.is_empty());
    let wrong = look(&format!("{start}HNJC535WAAAAAAAA"));
    assert_eq!(
        (wrong.kind, wrong.wholeness),
        (Some(CredentialKind::GitHubFineGrained), Wholeness::Unknown)
    );
    assert!(wrong.usable() && wrong.findings[0].severity == Severity::Note);
    let cut = look(&start);
    assert_eq!((cut.wholeness, cut.usable()), (Wholeness::Damaged, false));
}

#[test]
fn routable_gitlab_tokens_are_told_by_their_checksum() {
    for (halves, kind) in [
        (
            ["glpat-EBESExQVFh", "cYGRobHB0eH2M6MQpvOjEKdToycww.01.131q2vzxe"],
            CredentialKind::GitLabPersonal,
        ),
        (
            ["glpat-oKGio6Slpq", "eoqaqrrK2ur286MQp1Ojdwcwk.01.0z03q190z"],
            CredentialKind::GitLabPersonal,
        ),
        (
            [
                "glrt-t3_ICEiIyQl",
                "JicoKSorLC0uL2M6MQpvOjEKcDoybjljCnQ6Mwp1OjJzFw.01.1i0ltyi4d",
            ],
            CredentialKind::GitLabRunner,
        ),
        (
            ["glpat-bzoxCnU6Mn", "MQERITFBUWFxgZGhscHR4fEA.0y04yulu5"],
            CredentialKind::GitLabPersonal,
        ),
    ] {
        let found = look(&halves.concat());
        assert_eq!(
            (found.kind, found.wholeness),
            (Some(kind), Wholeness::Whole),
            "{}",
            halves[1]
        );
        assert_eq!(found.usable(), kind == CredentialKind::GitLabPersonal);
    }
    for halves in [
        ["glpat-EBESExQVFh", "cYGRobHB0eH2M6MQpvOjEKdToycww.01.131q2vzxf"],
        ["glpat-EBESExQVFh", "cYGRobHB0eH2M6MQpvOjEKdToyczw.01.131q2vzxe"],
        // cut: at the end, at each dot, in the middle
        ["glpat-EBESExQVFh", "cYGRobHB0eH2M6MQpvOjEKdToycww.01.131q2vzx"],
        ["glpat-EBESExQVFh", "cYGRobHB0eH2M6MQpvOjEKdToycww.01"],
        ["glpat-EBESExQVFh", "cYGRobHB0eH2M6MQpvOjEKdToycww"],
        ["glpat-EBESExQVFh", ".01.131q2vzxe"],
    ] {
        let found = look(&halves.concat());
        assert_eq!(
            (found.kind, found.wholeness),
            (Some(CredentialKind::GitLabPersonal), Wholeness::Damaged)
        );
        assert_eq!(codes(&found), [Code::CredentialDamaged], "{}", halves[1]);
    }
}

#[test]
fn a_prefix_of_ones_own_does_not_hide_a_gitlab_token() {
    let instance = look(&samples::routable("acme-glpat-"));
    assert_eq!(
        (instance.kind, instance.certainty),
        (Some(CredentialKind::GitLabPersonal), Certainty::Sure)
    );
    for prefix in ["acme_", "tok-", "X", ""] {
        let found = look(&samples::routable(prefix));
        assert_eq!(
            (found.kind, found.wholeness),
            (Some(CredentialKind::GitLabPersonal), Wholeness::Whole),
            "{prefix}"
        );
        assert!(found.usable() && found.certainty == Certainty::Hint);
    }
    // one that is not routable is let through for GitLab alone, and told
    let unknown = ["acme_x7Kq", "2mNpZt9RwBv4Yc"].concat();
    assert!(!look(&unknown).usable());
    let found = look_for(&unknown, ForgeKind::GitLab);
    assert!(found.usable() && found.certainty == Certainty::Hint && found.findings[0].severity == Severity::Warning);
    assert!(!look_for(&unknown, ForgeKind::GitHub).usable());
}

#[test]
fn atlassian_tokens_are_hinted_at_and_a_missing_end_is_told() {
    for (parts, kind) in [
        (
            ["ATCTT3x", "FfGN0EXAMPLEsyntheticAccessToken", "67779075"],
            CredentialKind::BitbucketAccess,
        ),
        (
            ["ATATT3x", "FfGF0EXAMPLEsyntheticApiTokenXYZ", "8718DFE0"],
            CredentialKind::BitbucketApiToken,
        ),
    ] {
        let zeros = "0".repeat(144);
        let whole = format!("{}{}{zeros}={}", parts[0], parts[1], parts[2]);
        let found = look(&whole);
        assert_eq!((found.kind, found.wholeness), (Some(kind), Wholeness::Likely));
        assert!(found.findings.is_empty());
        let changed = look(&whole.replace(parts[2], "00000000"));
        assert!(changed.usable() && changed.wholeness == Wholeness::Unknown);
        for less in [1, 8, 9, 60] {
            let cut = look(&whole[..whole.len() - less]);
            assert_eq!((cut.kind, cut.wholeness), (Some(kind), Wholeness::Unknown));
            // Atlassian documents no form, so that this is told and decides nothing
            assert!(cut.usable() && cut.findings[0].severity == Severity::Warning);
            assert!(cut.findings[0].words.contains("end is missing"), "{:?}", cut.findings);
        }
        let escaped = look(&whole.replace('=', "%3D"));
        assert!(escaped.usable() && escaped.token.expose() == whole);
    }
    for (last, wholeness) in [("46B57D7F", Wholeness::Likely), ("46B57D7E", Wholeness::Likely)] {
        let found = look(&["ATB", "BEXAMPLEsyntheticBody0001", last].concat());
        assert_eq!(
            (found.kind, found.wholeness),
            (Some(CredentialKind::BitbucketAppPassword), wholeness)
        );
        assert_eq!(codes(&found), [Code::CredentialAppPassword]);
    }
}

#[test]
fn a_stateless_installation_token_is_known_whole_and_cut() {
    let token = samples::stateless();
    let found = look(&token);
    assert_eq!(
        (found.kind, found.wholeness),
        (Some(CredentialKind::GitHubInstallation), Wholeness::Likely)
    );
    assert_eq!(codes(&found), [Code::CredentialWrongKind]);
    let cut = look(token.rsplit_once('.').unwrap().0);
    assert_eq!(cut.wholeness, Wholeness::Damaged);
    let old = look(&samples::classic("ghs", &"Ab3".repeat(10)));
    assert_eq!(
        (old.kind, old.wholeness),
        (Some(CredentialKind::GitHubInstallation), Wholeness::Whole)
    );
    let jwt = token.split_once('_').unwrap().1.split_once('_').unwrap().1;
    assert_eq!(look(jwt).kind, None);
}

#[test]
fn a_missing_beginning_is_told() {
    let token = samples::classic("ghp", &"Ab3".repeat(10));
    for missing in 1..=4 {
        let found = look(&token[missing..]);
        assert_eq!(
            (found.kind, found.wholeness),
            (Some(CredentialKind::GitHubClassic), Wholeness::Damaged)
        );
        assert!(
            found.findings[0].words.contains("beginning is missing"),
            "{missing}: {:?}",
            found.findings
        );
    }
    assert_eq!(look(&token[5..]).kind, None);
}

#[test]
fn what_has_no_prefix_is_a_hint() {
    let hex = |length: usize| "0123456789abcdef".repeat(5)[..length].to_owned();
    let legacy = look(&hex(40));
    assert_eq!(
        (legacy.kind, legacy.certainty),
        (Some(CredentialKind::GitHubClassic), Certainty::Hint)
    );
    assert!(legacy.usable() && legacy.findings[0].severity == Severity::Warning);
    let oauth = look(&hex(64));
    assert_eq!(
        (oauth.kind, oauth.certainty),
        (Some(CredentialKind::GitLabOAuth), Certainty::Hint)
    );
    assert_eq!(codes(&oauth), [Code::CredentialWrongKind]);
    let runner = look(&["ABQWER3T5Y7U9I", "1OPLKJHGFDSAZ2X"].concat());
    assert_eq!(runner.kind, Some(CredentialKind::GitHubRunner));
    let legacy = look(&samples::legacy_gitlab());
    assert_eq!(
        (legacy.kind, legacy.wholeness),
        (Some(CredentialKind::GitLabPersonal), Wholeness::Likely)
    );
    assert!(legacy.findings.is_empty());
}

#[test]
fn a_token_of_another_forge_is_named() {
    let github = samples::classic("ghp", &"Ab3".repeat(10));
    let found = look_for(&github, ForgeKind::GitLab);
    assert_eq!(codes(&found), [Code::CredentialWrongForge]);
    let finding = &found.findings[0];
    assert!(finding.words.contains("a GitHub personal access token (classic)") && finding.words.contains("GitLab"));
    assert!(finding.remedy.contains("Choose GitHub") && finding.remedy.contains("gitlab.com/-/user_settings"));
    assert!(look_for(&github, ForgeKind::GitHub).findings.is_empty());
    let gitlab = look_for(&samples::routable("glpat-"), ForgeKind::Bitbucket);
    assert_eq!(codes(&gitlab), [Code::CredentialWrongForge]);
    let job = look_for(&["glcbt-64_", "x7Kq2mNpZt9RwBv4Yc1z"].concat(), ForgeKind::GitHub);
    assert_eq!(codes(&job), [Code::CredentialWrongForge, Code::CredentialWrongKind]);
}

#[test]
fn longer_than_known_is_no_reason_to_refuse() {
    // forges have made their tokens longer before
    let classic = look(&format!(
        "{}{}",
        samples::classic("ghp", &"Ab3".repeat(10)),
        "Zx9".repeat(40)
    ));
    assert!(classic.usable() && classic.wholeness == Wholeness::Unknown);
    assert_eq!(classic.findings[0].severity, Severity::Warning);
    assert!(look(&format!("{}Zx9", samples::fine_grained())).usable());
    // a few characters more are a slip
    assert!(!look(&format!("{}Z", samples::classic("ghp", &"Ab3".repeat(10)))).usable());
}

#[test]
fn kinds_that_cannot_be_accounts_say_what_to_use() {
    let body = "Ab3".repeat(10);
    for (token, kind, remedy) in [
        (
            samples::classic("ghu", &body),
            CredentialKind::GitHubAppUser,
            "fine-grained",
        ),
        (
            samples::classic("ghs", &body),
            CredentialKind::GitHubInstallation,
            "jeton app add",
        ),
        (
            format!("ghr_{}", "Ab3x".repeat(19)),
            CredentialKind::GitHubRefresh,
            "fine-grained",
        ),
        (
            ["gldt-", "x7Kq2mNpZt9RwBv4Yc1z"].concat(),
            CredentialKind::GitLabDeploy,
            "personal access token",
        ),
        (
            ["glrt-", "x7Kq2mNpZt9RwBv4Yc1z"].concat(),
            CredentialKind::GitLabRunner,
            "create_runner",
        ),
        (
            ["glrtr-", "x7Kq2mNpZt9RwBv4Yc1z"].concat(),
            CredentialKind::GitLabRunner,
            "create_runner",
        ),
        (
            ["glcbt-64_", "x7Kq2mNpZt9RwBv4Yc1z"].concat(),
            CredentialKind::GitLabJob,
            "id_tokens",
        ),
        (
            ["GR1348941", "x7Kq2mNpZt9RwBv4Yc1z"].concat(),
            CredentialKind::GitLabRunnerRegistration,
            "create_runner",
        ),
        (
            ["glptt-", "0123456789abcdef0123"].concat(),
            CredentialKind::GitLabOther,
            "personal access token",
        ),
        (
            ["gloas-", &"a1b2c3d4".repeat(8)].concat(),
            CredentialKind::GitLabOther,
            "personal access token",
        ),
    ] {
        let found = look(&token);
        assert_eq!(found.kind, Some(kind));
        assert_eq!(codes(&found), [Code::CredentialWrongKind], "{kind}");
        assert!(found.findings[0].remedy.contains(remedy), "{:?}", found.findings);
        assert!(found.findings[0].words.contains(kind.words()));
    }
}
