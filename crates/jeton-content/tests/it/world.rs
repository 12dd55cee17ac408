use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jeton_content::{AloneContent, AloneParts, Blob, ContentSettings};
use jeton_domain::{Clock, Credential, CredentialKind, Entropy, ForgeEndpoint, Pause, Secret};
use jeton_forge_sim::{ForgeSim, GitHubSim, PersonalTokenSpec, SimConfig};
use jeton_outbound::{AddressRules, HttpOptions, Outbound};
use jiff::{SignedDuration, Timestamp};

/// A clock that goes when it is told to.
#[derive(Debug)]
pub(crate) struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap()
    }

    fn sleep(&self, _: Duration) -> Pause<'_> {
        Box::pin(std::future::ready(()))
    }
}

impl Hand {
    pub(crate) fn pass(&self, time: SignedDuration) {
        self.0
            .fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

/// Good enough for the key of a cache that nobody looks into.
#[derive(Debug)]
struct Counted;

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for (byte, at) in bytes.iter_mut().zip(1..) {
            *byte = at;
        }
    }
}

/// `acme/site`, public, on a simulated GitHub.
pub(crate) struct World {
    pub(crate) sim: ForgeSim,
    pub(crate) clock: Arc<Hand>,
    pub(crate) content: AloneContent,
}

pub(crate) const REPOSITORY: &str = "acme/site";

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut ContentSettings)) -> Self {
        let sim = ForgeSim::start(SimConfig::default()).await.unwrap();
        sim.github().add_repository("acme", "site", false).unwrap();
        let github = sim.github();
        github.add_user("mona");
        // Nobody's limit of 60 an hour is another test's matter.
        let token = github
            .add_personal_token("mona", PersonalTokenSpec::classic(["repo"]))
            .token;
        let forge = ForgeEndpoint::github(&sim.api_url()).unwrap();
        let credential = Credential {
            kind: CredentialKind::GitHubClassic,
            forge: forge.clone(),
            token: Secret::new(token),
            username: None,
            email: None,
        };
        let clock = Arc::new(Hand(AtomicI64::new(1_780_000_000_000)));
        let rules = AddressRules {
            allow_loopback: true,
            ..AddressRules::default()
        };
        let mut settings = ContentSettings::new(None);
        change(&mut settings);
        let content = AloneContent::new(AloneParts {
            outbound: Outbound::new(HttpOptions::default(), rules).unwrap(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::new(Counted),
            settings,
            forge,
            credential: Some(credential),
        });
        Self { sim, clock, content }
    }

    pub(crate) fn github(&self) -> &GitHubSim {
        self.sim.github()
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) -> String {
        self.github().commit_file("acme", "site", path, bytes).unwrap()
    }

    pub(crate) async fn bytes(&self, path: &str) -> Vec<u8> {
        let read = self.content.file(REPOSITORY, None, path).await.unwrap();
        whole(&read.value.blob).await
    }

    /// Calls that the forge saw while `work` ran.
    pub(crate) async fn calls<T>(&self, work: impl Future<Output = T>) -> (T, u64) {
        let before = self.sim.calls().total();
        let done = work.await;
        (done, self.sim.calls().total() - before)
    }
}

pub(crate) async fn whole(blob: &Blob) -> Vec<u8> {
    blob.read(0..blob.size()).await.unwrap().to_vec()
}
