use std::{collections::BTreeSet, path::Path, sync::Arc};

use jeton_domain::{Action, AppName, Caller, Coded, Permissions, PolicyName, Role};
use jeton_ledger::{Event, events};
use jeton_policy::{
    Allowed, Ask, CallerSpec, CeilingSpec, CouldUse, Decision, Denied, DocumentSpec, Explanation, Origin, PolicySet,
    PolicySpec, parse_document,
};
use jeton_vault::PolicyRecord;
use jiff::Timestamp;
use serde_json::json;

use crate::{Access, AccessError};

/// A policy file of more bytes than this is refused: ten thousand policies have about three million.
const LARGEST_FILE: u64 = 16 * 1024 * 1024;
/// Names of routes beside `/v1/policies/{name}`.
const RESERVED: [&str; 3] = ["check", "explain", "replay"];
/// Policies that can be added over the API.
const MOST_STORED: usize = 10_000;

/// The policies in force.
pub(crate) struct Compiled {
    pub(crate) set: PolicySet,
    /// Another number for every set: what was decided by an older one must be decided anew.
    pub(crate) generation: u64,
    ceiling: Option<CeilingSpec>,
    views: Vec<PolicyView>,
}

/// What the set in force was made of.
#[derive(Debug, Default)]
pub(crate) struct StoredPolicies {
    file: FileState,
    rows: Vec<PolicyRecord>,
}

#[derive(Debug, Default)]
struct FileState {
    /// The text as it was last read, to know whether it changed.
    text: Option<String>,
    document: DocumentSpec,
    loaded_at: Option<Timestamp>,
    error: Option<String>,
}

/// The policy file and how it stands.
#[derive(Debug, Clone, Default)]
pub struct PolicyFile {
    /// Where it is.
    pub path: Option<String>,
    /// When the file in force was read.
    pub loaded_at: Option<Timestamp>,
    /// Why the file as it stands now is not in force; the older one still is.
    pub error: Option<String>,
}

/// One policy, and whether it counts.
#[derive(Debug, Clone)]
pub struct PolicyView {
    /// What it says.
    pub spec: PolicySpec,
    /// Where it comes from.
    pub origin: Origin,
    /// One of the same name in the file wins over it.
    pub shadowed: bool,
    /// When a stored one was added and last changed.
    pub stored: Option<(Timestamp, Timestamp)>,
    /// Why it has no effect; a stored policy of an older jeton may say what this one does not know.
    pub error: Option<String>,
}

/// All policies.
#[derive(Debug, Clone)]
pub struct PolicyViews {
    /// What nothing exceeds.
    pub ceiling: Option<CeilingSpec>,
    /// In the order in which they are asked.
    pub policies: Vec<PolicyView>,
    /// The file.
    pub file: PolicyFile,
    /// The number of the set in force.
    pub generation: u64,
}

/// What becomes of a policy that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyChange {
    /// It must not be there yet.
    Add,
    /// It is changed, or added.
    Put,
}

impl Compiled {
    pub(crate) fn nothing() -> Result<Self, AccessError> {
        compile(&DocumentSpec::default(), &[], None, 0)
    }
}

/// Compiles the file's policies, then those of the vault that no policy of the file shadows.
fn compile(
    document: &DocumentSpec,
    rows: &[PolicyRecord],
    anonymous: Option<&PolicySpec>,
    generation: u64,
) -> Result<Compiled, AccessError> {
    let in_file: BTreeSet<&str> = document.policy.iter().map(|spec| spec.name.as_str()).collect();
    let mut all: Vec<(Origin, PolicySpec)> = document
        .policy
        .iter()
        .map(|spec| (Origin::File, spec.clone()))
        .collect();
    let view = |origin, spec: &PolicySpec| PolicyView {
        spec: spec.clone(),
        origin,
        shadowed: false,
        stored: None,
        error: None,
    };
    let mut views: Vec<PolicyView> = document.policy.iter().map(|spec| view(Origin::File, spec)).collect();
    for row in rows {
        let parsed = serde_json::from_str::<PolicySpec>(&row.spec).map_err(|error| error.to_string());
        let checked = parsed.and_then(|spec| {
            // Alone: one that this version does not understand must not take the others along.
            let alone = PolicySet::compile(None, vec![(Origin::Stored, spec.clone())]);
            alone.map(|_| spec).map_err(|errors| words(&errors))
        });
        match checked {
            Ok(spec) => {
                let shadowed = in_file.contains(spec.name.as_str());
                let mut view = view(Origin::Stored, &spec);
                view.shadowed = shadowed;
                view.stored = Some((row.created_at, row.updated_at));
                views.push(view);
                if !shadowed {
                    all.push((Origin::Stored, spec));
                }
            }
            Err(error) => {
                tracing::error!(policy = %row.name, error, "a stored policy cannot be used and has no effect");
                let spec = PolicySpec {
                    name: row.name.to_string(),
                    ..PolicySpec::default()
                };
                let mut view = view(Origin::Stored, &spec);
                view.error = Some(error);
                view.stored = Some((row.created_at, row.updated_at));
                views.push(view);
            }
        }
    }
    if let Some(spec) = anonymous {
        views.push(view(Origin::BuiltIn, spec));
        all.push((Origin::BuiltIn, spec.clone()));
    }
    let set = PolicySet::compile(document.ceiling.clone(), all)
        .map_err(|errors| AccessError::PolicyInvalid(words(&errors)))?;
    views.extend(always_there().iter().map(|spec| view(Origin::BuiltIn, spec)));
    Ok(Compiled {
        set,
        generation,
        ceiling: document.ceiling.clone(),
        views,
    })
}

/// The first of several mistakes, in one line.
pub(crate) fn words<E: ToString>(errors: &[E]) -> String {
    let texts: Vec<String> = errors.iter().take(20).map(ToString::to_string).collect();
    texts.join("; ")
}

impl Access {
    /// Whether a caller may do what they ask, by the policies in force. Reads no database.
    pub fn decide(&self, caller: &Caller, ask: &Ask<'_>) -> Decision {
        self.0.policies.load().set.decide(caller, ask)
    }

    /// As [`Access::decide`], for something that takes these permissions of a forge: they have to be below the ceiling as well.
    pub fn decide_taking(&self, caller: &Caller, ask: &Ask<'_>, takes: &Permissions) -> Decision {
        self.0.policies.load().set.decide_taking(caller, ask, takes)
    }

    /// Whether there could be a source from which a caller may have what they ask, whatever the request says of one.
    ///
    /// # Errors
    /// That there could be none.
    pub fn could_cover(&self, caller: &Caller, ask: &Ask<'_>) -> Result<(), Denied> {
        self.0.policies.load().set.could_cover(caller, ask)
    }

    /// Whether a caller may do now what is not about repositories. To be told so is no refusal, and nothing goes on record:
    /// this is for what is shown to those who may see it. [`Access::permit`] is for what somebody asked for.
    pub fn is_allowed(&self, caller: &Caller, action: Action) -> bool {
        self.decide(caller, &self.look_at(action)).allowed().is_some()
    }

    /// What a caller could be allowed for something or other; each request is still decided by itself.
    pub fn could_allow(&self, caller: &Caller) -> Vec<Action> {
        self.0.policies.load().set.could_allow(caller)
    }

    /// Which sources a caller could be allowed to use for some repository or other.
    pub fn could_use(&self, caller: &Caller, action: Action) -> CouldUse {
        self.0.policies.load().set.could_use(caller, action)
    }

    /// The number of the policies in force: it changes with every change of them.
    pub fn policy_generation(&self) -> u64 {
        self.0.policies.load().generation
    }

    /// Cuts permissions to the ceiling, for a caller whom no policy gives any by name.
    pub fn within_ceiling(&self, permissions: &Permissions) -> Option<Permissions> {
        self.0.policies.load().set.within_ceiling(permissions)
    }

    /// Lets a caller do what is not about repositories, or refuses and puts the refusal on record.
    ///
    /// # Errors
    /// [`AccessError::Denied`].
    pub fn permit(&self, caller: &Caller, action: Action, request_id: Option<&str>) -> Result<Allowed, AccessError> {
        match self.decide(caller, &self.look_at(action)) {
            Decision::Allowed(allowed) => Ok(allowed),
            Decision::Denied(denied) => {
                let error = AccessError::Denied {
                    words: format!("{} may not do `{action}`", caller.identity),
                    by_ceiling: denied.by_ceiling,
                };
                let event = Event::new(events::ACCESS_REFUSED, caller)
                    .with("action", action.as_str())
                    .with("code", error.code().as_str())
                    .in_request(request_id);
                self.ledger().note_repeated(event);
                Err(error)
            }
        }
    }

    fn look_at(&self, action: Action) -> Ask<'static> {
        Ask {
            action,
            forge: None,
            repositories: &[],
            permissions: None,
            source: None,
            lifetime_seconds: None,
            now: self.now(),
        }
    }

    /// How a decision comes about.
    pub fn explain(&self, caller: &Caller, ask: &Ask<'_>) -> Explanation {
        self.0.policies.load().set.explain(caller, ask)
    }

    /// All policies, and how they stand.
    pub async fn list_policies(&self) -> PolicyViews {
        let stored = self.0.stored_policies.lock().await;
        let compiled = self.0.policies.load();
        PolicyViews {
            ceiling: compiled.ceiling.clone(),
            policies: compiled.views.clone(),
            file: PolicyFile {
                path: self
                    .0
                    .settings
                    .policy_file
                    .as_ref()
                    .map(|path| path.display().to_string()),
                loaded_at: stored.file.loaded_at,
                error: stored.file.error.clone(),
            },
            generation: compiled.generation,
        }
    }

    /// Adds or changes a policy.
    ///
    /// # Errors
    /// When it is not well-formed, stands in the file, or is there already and should not be.
    pub async fn put_policy(
        &self,
        by: &Caller,
        request_id: Option<&str>,
        spec: PolicySpec,
        change: PolicyChange,
    ) -> Result<bool, AccessError> {
        let name = PolicyName::parse(&spec.name).map_err(|error| AccessError::PolicyInvalid(error.to_string()))?;
        if RESERVED.contains(&name.as_str()) {
            // A route of this name stands where the policy's own would: it could not be removed any more.
            return Err(AccessError::PolicyInvalid(format!("no policy can be named `{name}`")));
        }
        PolicySet::compile(None, vec![(Origin::Stored, spec.clone())])
            .map_err(|errors| AccessError::PolicyInvalid(words(&errors)))?;
        self.not_in_file(&name).await?;
        let text = serde_json::to_string(&spec).map_err(|_| AccessError::Internal("a policy could not be written"))?;
        let now = self.now();
        let mut tx = self.0.vault.begin().await?;
        let before = tx.policies().find(&name).await?;
        if change == PolicyChange::Add && before.is_some() {
            return Err(AccessError::PolicyNameTaken(name.to_string()));
        }
        if before.is_none() && tx.policies().list().await?.len() >= MOST_STORED {
            let what = format!("{MOST_STORED} policies are stored already; put further ones into the policy file");
            return Err(AccessError::PolicyInvalid(what));
        }
        let record = PolicyRecord {
            name: name.clone(),
            spec: text,
            created_at: now,
            updated_at: now,
        };
        let is_new = tx.policies().put(&record).await?;
        let before = before.and_then(|before| serde_json::from_str::<serde_json::Value>(&before.spec).ok());
        let event = Event::new(events::POLICY_PUT, by)
            .with("new", is_new)
            .with("policy", name.as_str())
            .with("before", json!(before))
            .with("after", json!(spec))
            .in_request(request_id);
        self.changes(&mut *tx).await?;
        self.0.ledger.append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        self.follow_own_change().await;
        Ok(is_new)
    }

    /// Removes a policy that was added over the API.
    ///
    /// # Errors
    /// When it stands in the file, or is not there.
    pub async fn remove_policy(&self, by: &Caller, request_id: Option<&str>, name: &str) -> Result<(), AccessError> {
        let not_found = || AccessError::PolicyNotFound(name.chars().filter(|c| !c.is_control()).take(100).collect());
        let name = PolicyName::parse(name).map_err(|_| not_found())?;
        let mut tx = self.0.vault.begin().await?;
        let Some(before) = tx.policies().find(&name).await? else {
            drop(tx);
            self.not_in_file(&name).await?;
            return Err(not_found());
        };
        tx.policies().remove(&name).await?;
        let before = serde_json::from_str::<serde_json::Value>(&before.spec).ok();
        let event = Event::new(events::POLICY_REMOVED, by)
            .with("policy", name.as_str())
            .with("before", json!(before))
            .in_request(request_id);
        self.changes(&mut *tx).await?;
        self.0.ledger.append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        self.follow_own_change().await;
        Ok(())
    }

    async fn not_in_file(&self, name: &PolicyName) -> Result<(), AccessError> {
        let stored = self.0.stored_policies.lock().await;
        if stored
            .file
            .document
            .policy
            .iter()
            .any(|spec| spec.name == name.as_str())
        {
            return Err(AccessError::PolicyConfigured(name.to_string()));
        }
        Ok(())
    }

    /// Takes the rows of the vault into force.
    pub(crate) async fn take_stored_policies(&self, rows: Vec<PolicyRecord>) -> Result<(), AccessError> {
        let mut stored = self.0.stored_policies.lock().await;
        let in_force = self.0.policies.load().generation;
        if in_force != 0 && stored.rows == rows {
            // It was a client that changed. What the policies said before still holds.
            return Ok(());
        }
        let compiled = self.compiled(&stored.file.document, &rows).await?;
        stored.rows = rows;
        self.0.policies.store(Arc::new(compiled));
        Ok(())
    }

    /// Compiles away from the threads that answer requests.
    async fn compiled(&self, document: &DocumentSpec, rows: &[PolicyRecord]) -> Result<Compiled, AccessError> {
        use std::sync::atomic::Ordering;
        let generation = self.0.generation.fetch_add(1, Ordering::Relaxed);
        let (document, rows) = (document.clone(), rows.to_vec());
        let anonymous = self.0.settings.anonymous.clone();
        let task = tokio::task::spawn_blocking(move || compile(&document, &rows, anonymous.as_ref(), generation));
        task.await
            .unwrap_or(Err(AccessError::Internal("the policies could not be compiled")))
    }

    pub(crate) async fn read_policy_file_at_start(&self) -> Result<(), AccessError> {
        let Some(path) = self.0.settings.policy_file.clone() else {
            return Ok(());
        };
        let text = read(&path).await.map_err(AccessError::PolicyInvalid)?;
        let document = self.document(&path, &text).await.map_err(AccessError::PolicyInvalid)?;
        let mut stored = self.0.stored_policies.lock().await;
        tracing::info!(file = %path.display(), policies = document.policy.len(), "the policy file was read");
        stored.file = FileState {
            text: Some(text),
            document,
            loaded_at: Some(self.now()),
            error: None,
        };
        Ok(())
    }

    /// Reads the policy file again; takes it into force when it changed and is whole, keeps the old one and says so
    /// when it is not. To be called every few seconds, and at SIGHUP.
    ///
    /// # Errors
    /// When the record cannot be written; the file is in force all the same.
    pub async fn follow_policy_file(&self) -> Result<(), AccessError> {
        let Some(path) = self.0.settings.policy_file.clone() else {
            return Ok(());
        };
        let found = read(&path).await;
        let mut stored = self.0.stored_policies.lock().await;
        let outcome = match found {
            Ok(text) if stored.file.text.as_ref() == Some(&text) => {
                stored.file.error = None;
                return Ok(());
            }
            Ok(text) => match self.document(&path, &text).await {
                Ok(document) => self
                    .compiled(&document, &stored.rows)
                    .await
                    .map(|compiled| (text, document, compiled))
                    .map_err(|e| e.to_string()),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        let event = match outcome {
            Ok((text, document, compiled)) => {
                tracing::info!(file = %path.display(), policies = document.policy.len(), "the policy file was read anew");
                self.0.policies.store(Arc::new(compiled));
                let event = Event::by_system(events::POLICY_FILE_LOADED).with("policies", document.policy.len());
                stored.file = FileState {
                    text: Some(text),
                    document,
                    loaded_at: Some(self.now()),
                    error: None,
                };
                event
            }
            Err(error) => {
                tracing::error!(
                    file = %path.display(), code = %jeton_domain::Code::PolicyInvalid, %error,
                    "THE POLICY FILE IS NOT VALID; the policies read before stay in force until it is corrected"
                );
                if stored.file.error.as_ref() == Some(&error) {
                    return Ok(());
                }
                let event = Event::by_system(events::POLICY_FILE_REFUSED).with("error", error.as_str());
                stored.file.error = Some(error);
                event
            }
        };
        drop(stored);
        self.ledger().note(event.with("file", path.display().to_string()));
        Ok(())
    }

    async fn document(&self, path: &Path, text: &str) -> Result<DocumentSpec, String> {
        let text = text.to_owned();
        let shown = path.display().to_string();
        let work = move || {
            let document = parse_document(&text).map_err(|error| format!("{shown}: {error}"))?;
            let policies = document
                .policy
                .iter()
                .map(|spec| (Origin::File, spec.clone()))
                .collect();
            PolicySet::compile(document.ceiling.clone(), policies)
                .map_err(|errors| format!("{shown}: {}", words(&errors)))?;
            Ok(document)
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| Err("the file could not be compiled".to_owned()))
    }
}

async fn read(path: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("the policy file {} cannot be read: {error}", path.display());
    let size = tokio::fs::metadata(path).await.map_err(failed)?.len();
    if size > LARGEST_FILE {
        return Err(format!(
            "the policy file {} is larger than {LARGEST_FILE} bytes",
            path.display()
        ));
    }
    tokio::fs::read_to_string(path).await.map_err(failed)
}

/// The rules that every set has, for people to see.
fn always_there() -> [PolicySpec; 2] {
    let rule = |role: Role, words: &str, actions: Vec<String>| PolicySpec {
        name: format!("builtin:{role}"),
        description: Some(words.to_owned()),
        callers: CallerSpec {
            role: Some(role.as_str().into()),
            ..CallerSpec::default()
        },
        actions,
        ..PolicySpec::default()
    };
    let names = |keep: fn(&Action) -> bool| {
        let kept = Action::ALL.iter().filter(|action| keep(action));
        kept.map(|action| action.as_str().to_owned()).collect()
    };
    [
        rule(
            Role::Operator,
            "the operator's key, the server's own user, and operators: everything up to the ceiling",
            names(|_| true),
        ),
        rule(
            Role::Auditor,
            "auditors: look at everything, change and open nothing",
            names(|action| action.only_looks()),
        ),
    ]
}

/// The built-in rule for anonymous callers of the compatible route.
pub fn anonymous_policy(permissions: &Permissions, app: Option<&AppName>) -> PolicySpec {
    let pair = |(name, access): (&str, jeton_domain::Access)| (name.to_owned(), access.as_str().to_owned());
    PolicySpec {
        name: "builtin:anonymous".to_owned(),
        description: Some("callers of the compatible route who do not say who they are".to_owned()),
        callers: CallerSpec {
            anonymous: true,
            ..CallerSpec::default()
        },
        // Whoever may have a token of the repository may read it.
        actions: vec![
            Action::TokenMint.as_str().to_owned(),
            Action::ContentRead.as_str().to_owned(),
        ],
        repositories: vec!["*/*".to_owned()],
        permissions: Some(permissions.iter().map(pair).collect()),
        sources: app.map(|app| format!("app:{app}")).into_iter().collect(),
        ..PolicySpec::default()
    }
}
