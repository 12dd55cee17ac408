use jeton_accounts::{NewAccount, TestAsk};
use jeton_domain::{CredentialKind, ForgeKind, Purpose, Secret};

use crate::page::{
    accounts::dates::day_begins,
    fields::{Cleared, Fields, clear_tokens},
    viewer::Viewer,
};

/// The forges, in the order of the pages.
pub(in crate::page) const FORGES: [ForgeKind; 3] = [ForgeKind::GitHub, ForgeKind::GitLab, ForgeKind::Bitbucket];

/// What stands in the form, but for the token.
#[expect(clippy::struct_excessive_bools, reason = "each is a box of the form")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) forge: Option<ForgeKind>,
    pub(super) self_hosted: bool,
    pub(super) base_url: String,
    pub(super) purposes: Vec<Purpose>,
    /// The kind that was chosen for a forge; every forge has a choice of its own.
    pub(super) kinds: Vec<CredentialKind>,
    pub(super) username: String,
    pub(super) email: String,
    pub(super) label: String,
    pub(super) note: String,
    pub(super) shared: bool,
    pub(super) default: bool,
    /// As it was typed; [`Typed::served`] reads it.
    pub(super) serves: String,
    served: Vec<String>,
    pub(super) auto_renew: bool,
    /// A day.
    pub(super) end: String,
    pub(super) repository: String,
}

impl Typed {
    /// Of a link to the page. Only what does no harm can stand there: an address of a forge could be somebody's who waits for
    /// tokens.
    pub(super) fn linked(viewer: &Viewer) -> Self {
        let mut purposes = purposes(&viewer.parameters("purpose"));
        if purposes.is_empty() {
            purposes.push(Purpose::ReadContent);
        }
        let kind = kind(&viewer.parameter("kind"));
        let forge = ForgeKind::parse(&viewer.parameter("forge")).or(kind.map(CredentialKind::forge));
        Self {
            forge,
            self_hosted: false,
            base_url: String::new(),
            purposes,
            kinds: kind.into_iter().collect(),
            username: String::new(),
            email: String::new(),
            label: viewer.parameter("label"),
            note: String::new(),
            shared: false,
            default: false,
            serves: String::new(),
            served: Vec::new(),
            auto_renew: true,
            end: String::new(),
            repository: viewer.parameter("repository"),
        }
    }

    /// Of the form.
    pub(super) fn sent(fields: &Fields) -> Self {
        let text = |name: &str| fields.text(name).to_owned();
        Self {
            forge: ForgeKind::parse(fields.text("forge")),
            self_hosted: fields.is_on("self_hosted"),
            base_url: text("base_url"),
            purposes: purposes(&fields.all("purpose")),
            kinds: FORGES
                .into_iter()
                .filter_map(|forge| kind(fields.text(&kind_field(forge))))
                .collect(),
            username: text("username"),
            email: text("email"),
            label: text("label"),
            note: text("note"),
            shared: fields.text("scope") == "shared",
            default: fields.is_on("default"),
            serves: text("serves"),
            served: fields.list("serves"),
            auto_renew: fields.is_on("auto_renew"),
            end: text("end"),
            repository: text("repository"),
        }
    }

    /// The kind that was chosen for the forge that was chosen.
    pub(super) fn kind(&self) -> Option<CredentialKind> {
        self.kind_for(self.forge?)
    }

    pub(super) fn kind_for(&self, forge: ForgeKind) -> Option<CredentialKind> {
        self.kinds.iter().copied().find(|kind| kind.forge() == forge)
    }

    /// Owners and repositories.
    pub(super) fn served(&self) -> &[String] {
        &self.served
    }

    pub(super) fn base_url(&self) -> Option<String> {
        some(&self.base_url).filter(|_| self.self_hosted)
    }

    /// Whether a field that only Bitbucket has counts: one that is out of sight does not.
    fn at_bitbucket(&self) -> bool {
        matches!(self.forge, None | Some(ForgeKind::Bitbucket))
    }

    fn forge_word(&self) -> Option<String> {
        self.forge.map(|forge| forge.as_str().to_owned())
    }

    /// What to test.
    pub(super) fn to_test(&self, token: Secret) -> TestAsk {
        TestAsk {
            forge: self.forge_word(),
            base_url: self.base_url(),
            token,
            username: some(&self.username).filter(|_| self.at_bitbucket()),
            email: some(&self.email).filter(|_| self.at_bitbucket()),
            purposes: self.purposes.clone(),
            repository: some(&self.repository),
        }
    }

    /// What to store; `None` when the end is no day.
    pub(super) fn to_store(&self, token: Secret, untested: bool) -> Option<NewAccount> {
        let expires_at = match some(&self.end).filter(|_| self.at_bitbucket()) {
            Some(day) => Some(day_begins(&day)?),
            None => None,
        };
        let TestAsk {
            forge,
            base_url,
            token,
            username,
            email,
            purposes,
            repository,
        } = self.to_test(token);
        Some(NewAccount {
            label: some(&self.label),
            forge,
            base_url,
            token,
            username,
            email,
            note: some(&self.note),
            serves: self.served.clone(),
            shared: Some(self.shared),
            default: self.default,
            // Left as it is, it is so for the kinds that can.
            auto_rotate: (self.forge == Some(ForgeKind::GitLab) && !self.auto_renew).then_some(false),
            expires_at,
            untested,
            purposes,
            repository,
        })
    }

    /// Whether something stands in the part of the form that is folded away at first.
    pub(super) fn has_more(&self) -> bool {
        let texts = [&self.note, &self.serves, &self.repository];
        texts.iter().any(|text| !text.is_empty())
            || self.default
            || (self.forge == Some(ForgeKind::GitLab) && !self.auto_renew)
    }

    pub(super) fn clear_tokens(&mut self) -> Cleared {
        clear_tokens([
            ("Address of the forge", &mut self.base_url),
            ("E-mail address of the Atlassian account", &mut self.email),
            ("Bitbucket user name", &mut self.username),
            ("When the token ends", &mut self.end),
            ("Label", &mut self.label),
            ("Note", &mut self.note),
            ("Serves", &mut self.serves),
            ("Repository to try it on", &mut self.repository),
        ])
    }
}

/// The name of the field in which the kind is chosen.
pub(super) fn kind_field(forge: ForgeKind) -> String {
    format!("kind_{}", forge.as_str())
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn purposes(words: &[String]) -> Vec<Purpose> {
    // Others come from no page of ours.
    let known = |purpose: &Purpose| words.iter().any(|word| word == purpose.as_str());
    Purpose::ALL.iter().copied().filter(known).collect()
}

fn kind(word: &str) -> Option<CredentialKind> {
    CredentialKind::parse(word).filter(|kind| kind.can_be_account())
}

#[cfg(test)]
mod tests {
    use jeton_domain::{CredentialKind, ForgeKind, Purpose, Secret};

    use super::Typed;
    use crate::page::fields::Fields;

    fn typed(body: &str) -> Typed {
        Typed::sent(&Fields::read(body.as_bytes()))
    }

    #[test]
    fn what_is_out_of_sight_does_not_count() {
        let all = "base_url=https%3A%2F%2Fx.example&username=ada&email=ada%40example.org&end=2027-01-31";
        let new = |body: String| typed(&body).to_store(Secret::new("t"), false).unwrap();
        let gitlab = new(format!("forge=gitlab&{all}"));
        assert_eq!((gitlab.base_url, gitlab.username, gitlab.email), (None, None, None));
        assert_eq!((gitlab.expires_at, gitlab.auto_rotate), (None, Some(false)));
        let gitlab = new(format!("forge=gitlab&self_hosted=1&auto_renew=1&{all}"));
        assert_eq!(gitlab.base_url.as_deref(), Some("https://x.example"));
        assert_eq!(gitlab.auto_rotate, None);
        let bitbucket = new(format!("forge=bitbucket&{all}"));
        assert_eq!(bitbucket.email.as_deref(), Some("ada@example.org"));
        assert_eq!(bitbucket.expires_at.unwrap().to_string(), "2027-01-31T00:00:00Z");
        assert_eq!(bitbucket.auto_rotate, None);
    }

    #[test]
    fn odd_words_of_choices_are_passed_over() {
        let odd = typed("forge=gitea&purpose=push&purpose=fly&purpose=push&kind_github=github_runner&scope=all");
        assert_eq!((odd.forge, odd.purposes.as_slice()), (None, [Purpose::Push].as_slice()));
        assert!(odd.kinds.is_empty() && !odd.shared);
        let chosen = typed("forge=gitlab&kind_github=github_classic&kind_gitlab=gitlab_group&scope=shared");
        assert_eq!(chosen.kind(), Some(CredentialKind::GitLabGroup));
        assert_eq!(chosen.kind_for(ForgeKind::GitHub), Some(CredentialKind::GitHubClassic));
        assert!(chosen.shared);
        assert!(
            typed("forge=bitbucket&end=soon")
                .to_store(Secret::new("t"), false)
                .is_none()
        );
    }

    #[test]
    fn a_token_in_a_wrong_field_is_not_kept() {
        let token = ["ghp_", &"a1B2".repeat(9)].concat();
        let mut kept = typed(&format!(
            "label={token}&note=see+{token}&serves=acme&repository=acme%2Ftools"
        ));
        assert_eq!(kept.clear_tokens(), ["Label", "Note"]);
        assert_eq!((kept.label.as_str(), kept.note.as_str()), ("", ""));
        assert_eq!((kept.serves.as_str(), kept.repository.as_str()), ("acme", "acme/tools"));
        assert!(!format!("{:?}", kept.note).contains(&token));
    }
}
