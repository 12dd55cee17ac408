use async_trait::async_trait;
use jeton_web::{DoctorFinding, DoctorLevel, Examiner};

/// What `jeton doctor` finds on a server like the one of [`World::fill`](crate::World::fill). The checks themselves belong to the
/// server's program, which is not in here; these are their words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoExaminer;

#[async_trait]
impl Examiner for DemoExaminer {
    fn database(&self) -> String {
        "SQLite".to_owned()
    }

    async fn examine(&self, _: &[String]) -> Vec<DoctorFinding> {
        let fine = |check, what: &str| finding(check, DoctorLevel::Ok, None, what, None);
        let odd = |code: Option<&str>, what: &str, remedy: &str| {
            finding("account", DoctorLevel::Warn, code, what, Some(remedy))
        };
        vec![
            odd(
                Some("credential.invalid"),
                "1 account is refused by its forge: left-on-a-laptop",
                "`jeton account show LABEL` tells why, and what to do about it.",
            ),
            odd(
                Some("credential.expired"),
                "1 account has ended: ended-yesterday",
                "Make a new token at the forge and put it in with `jeton account replace LABEL`.",
            ),
            odd(
                None,
                "2 accounts end within 30 days: ending-soon and tools-reader",
                "Make a new token at the forge and put it in with `jeton account replace LABEL`, before it ends.",
            ),
            fine("database", "`/var/lib/jeton/jeton.db` can be read and written"),
            fine("clock", "within 1 s of 127.0.0.2:8443's"),
            fine("forge", "127.0.0.2:8443 answers"),
        ]
    }
}

fn finding(
    check: &'static str,
    level: DoctorLevel,
    code: Option<&str>,
    what: &str,
    remedy: Option<&str>,
) -> DoctorFinding {
    DoctorFinding {
        check,
        level,
        code: code.map(str::to_owned),
        what: what.to_owned(),
        remedy: remedy.map(str::to_owned),
    }
}
