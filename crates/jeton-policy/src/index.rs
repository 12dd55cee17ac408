use std::collections::{HashMap, hash_map::Entry};

use jeton_domain::{Identity, IssuerName, Role};

use crate::{
    Ask,
    callers::CallerMatcher,
    claim::{ClaimMatcher, each_text},
    glob::Glob,
    rule::Rule,
};

/// Finds the few rules that can cover a request, so that thousands of others cost nothing. It may name too many, never
/// too few: each is checked whole afterwards. First by the caller, then by the first repository.
#[derive(Debug, Default)]
pub(crate) struct Index {
    clients: ByText<Bucket>,
    users: ByText<Bucket>,
    roles: HashMap<Role, Bucket>,
    uids: HashMap<u32, Bucket>,
    gids: HashMap<u32, Bucket>,
    issuers: HashMap<IssuerName, OfIssuer>,
    anonymous: Bucket,
    anyone: Bucket,
}

/// The rules for one issuer, each under the claim that the fewest others have in common with it.
#[derive(Debug, Default)]
struct OfIssuer {
    whatever: Bucket,
    claims: Vec<(Box<str>, ByText<Bucket>)>,
}

/// Positions of rules.
#[derive(Debug, Default)]
struct Bucket {
    /// For actions that are about no repository.
    plain: Vec<u32>,
    repositories: ByText<Vec<u32>>,
}

/// By whole texts and by beginnings of texts.
#[derive(Debug)]
struct ByText<T> {
    whole: HashMap<Box<[u8]>, T>,
    beginnings: HashMap<Box<[u8]>, T>,
    /// The lengths that beginnings have, each once, ascending.
    lengths: Vec<usize>,
}

impl<T> Default for ByText<T> {
    fn default() -> Self {
        Self {
            whole: HashMap::new(),
            beginnings: HashMap::new(),
            lengths: Vec::new(),
        }
    }
}

impl<T: Default> ByText<T> {
    fn entry(&mut self, glob: &Glob) -> &mut T {
        let key: Box<[u8]> = glob.prefix().as_bytes().into();
        if glob.is_exact() {
            return self.whole.entry(key).or_default();
        }
        if let Err(place) = self.lengths.binary_search(&key.len()) {
            self.lengths.insert(place, key.len());
        }
        self.beginnings.entry(key).or_default()
    }

    /// Everything that can match `text`, which is in lower case where case does not count.
    fn each(&self, text: &[u8], mut found: impl FnMut(&T)) {
        if let Some(value) = self.whole.get(text) {
            found(value);
        }
        for length in self.lengths.iter().take_while(|length| **length <= text.len()) {
            if let Some(value) = self.beginnings.get(&text[..*length]) {
                found(value);
            }
        }
    }
}

impl Bucket {
    fn add(&mut self, position: u32, rule: &Rule) {
        if rule.actions.iter().any(|action| !action.is_about_repositories()) {
            push(&mut self.plain, position);
        }
        if rule.actions.iter().any(|action| action.is_about_repositories()) {
            for glob in &rule.repositories {
                push(self.repositories.entry(glob), position);
            }
        }
    }

    fn gather(&self, first_repository: Option<&[u8]>, out: &mut Vec<u32>) {
        match first_repository {
            None => out.extend_from_slice(&self.plain),
            Some(repo) => self.repositories.each(repo, |rules| out.extend_from_slice(rules)),
        }
    }
}

/// Rules come in ascending order, so a twin is always the last.
fn push(rules: &mut Vec<u32>, position: u32) {
    if rules.last() != Some(&position) {
        rules.push(position);
    }
}

impl Index {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let shared = count_claims(rules);
        let mut index = Self::default();
        for (position, rule) in (0_u32..).zip(rules) {
            index.add(position, rule, &shared);
        }
        index
    }

    fn add(&mut self, position: u32, rule: &Rule, shared: &Shared<'_>) {
        match &rule.callers {
            CallerMatcher::Client(names) => names
                .iter()
                .for_each(|name| self.clients.entry(name).add(position, rule)),
            CallerMatcher::User { names: Some(names), .. } => {
                for name in names {
                    self.users.entry(name).add(position, rule);
                }
            }
            CallerMatcher::User { names: None, roles } => {
                for role in roles.iter().flatten() {
                    self.roles.entry(*role).or_default().add(position, rule);
                }
            }
            CallerMatcher::Unix { uids: Some(uids), .. } => {
                for uid in uids {
                    self.uids.entry(*uid).or_default().add(position, rule);
                }
            }
            CallerMatcher::Unix { uids: None, gids } => {
                for gid in gids.iter().flatten() {
                    self.gids.entry(*gid).or_default().add(position, rule);
                }
            }
            CallerMatcher::Jwt { issuer, claims } => {
                let of_issuer = self.issuers.entry(issuer.clone()).or_default();
                of_issuer.add(position, rule, issuer, claims, shared);
            }
            CallerMatcher::Anonymous => self.anonymous.add(position, rule),
            CallerMatcher::Anyone => self.anyone.add(position, rule),
        }
    }

    /// The positions of every rule that can cover the request, ascending.
    pub(crate) fn candidates(&self, identity: &Identity, ask: &Ask<'_>) -> Vec<u32> {
        let mut out = Vec::new();
        let folded;
        let first = if ask.action.is_about_repositories() {
            let Some(repo) = ask.repositories.first() else {
                return out;
            };
            folded = repo.to_ascii_lowercase();
            Some(folded.as_bytes())
        } else {
            None
        };
        let mut gather = |bucket: &Bucket| bucket.gather(first, &mut out);
        match identity {
            Identity::Operator => {}
            Identity::Client { name, .. } => self.clients.each(name.as_str().as_bytes(), &mut gather),
            Identity::User { name, role, .. } => {
                self.users.each(name.as_str().as_bytes(), &mut gather);
                self.roles.get(role).into_iter().for_each(&mut gather);
            }
            Identity::Unix { uid, gid } => {
                self.uids.get(uid).into_iter().for_each(&mut gather);
                self.gids.get(gid).into_iter().for_each(&mut gather);
            }
            Identity::Jwt(jwt) => {
                if let Some(of_issuer) = self.issuers.get(&jwt.issuer) {
                    gather(&of_issuer.whatever);
                    for (path, values) in &of_issuer.claims {
                        each_text(&jwt.claims, path, |text| values.each(text.as_bytes(), &mut gather));
                    }
                }
            }
            Identity::Anonymous => gather(&self.anonymous),
        }
        if !matches!(identity, Identity::Anonymous) {
            gather(&self.anyone);
        }
        out.sort_unstable();
        out.dedup();
        out
    }
}

impl OfIssuer {
    fn add(&mut self, position: u32, rule: &Rule, issuer: &IssuerName, claims: &[ClaimMatcher], shared: &Shared<'_>) {
        let crowd = |claim: &&ClaimMatcher| -> usize {
            let key = |value| shared.get(&(issuer.as_str(), &*claim.path, value));
            claim
                .values
                .iter()
                .map(|value| key(literal(value)).copied().unwrap_or(0))
                .sum()
        };
        let selective = |claim: &&ClaimMatcher| {
            claim
                .values
                .iter()
                .all(|value| !value.prefix().is_empty() || value.is_exact())
        };
        let Some(rarest) = claims.iter().filter(selective).min_by_key(crowd) else {
            return self.whatever.add(position, rule);
        };
        let known = self.claims.iter().position(|(path, _)| *path == rarest.path);
        let place = known.unwrap_or_else(|| {
            self.claims.push((rarest.path.clone(), ByText::default()));
            self.claims.len() - 1
        });
        for value in &rarest.values {
            self.claims[place].1.entry(value).add(position, rule);
        }
    }
}

/// How many rules have a literal in common: by issuer, claim, and the literal with whether it is all.
type Shared<'a> = HashMap<(&'a str, &'a str, (&'a str, bool)), usize>;

fn literal(glob: &Glob) -> (&str, bool) {
    (glob.prefix(), glob.is_exact())
}

fn count_claims(rules: &[Rule]) -> Shared<'_> {
    let mut shared = Shared::new();
    for rule in rules {
        if let CallerMatcher::Jwt { issuer, claims } = &rule.callers {
            for claim in claims {
                for value in &claim.values {
                    match shared.entry((issuer.as_str(), &*claim.path, literal(value))) {
                        Entry::Occupied(mut count) => *count.get_mut() += 1,
                        Entry::Vacant(free) => {
                            free.insert(1);
                        }
                    }
                }
            }
        }
    }
    shared
}
