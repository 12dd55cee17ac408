use std::fmt;

use askama::filters::HtmlSafe;

use super::{
    html::escape,
    link::under,
    problem::{is_web, sentence},
};

/// Commands that errors and findings name, what does the same on the pages, and where. `{}` is what the command is about; where it is
/// not said, the list is linked to.
const PLACES: [(&str, &str, &str); 27] = [
    ("account add", "“Add account”", "/settings/accounts/new"),
    ("account import-env", "“Import from the server's environment”", ACCOUNTS),
    ("account list", "the list of accounts", ACCOUNTS),
    (
        "account remove",
        "“Remove” on the account's page",
        "/settings/accounts/{}/remove",
    ),
    (
        "account replace",
        "“Replace token” on the account's page",
        "/settings/accounts/{}/replace",
    ),
    ("account show", "the account's page", "/settings/accounts/{}"),
    (
        "account target",
        "“Targets” on the account's page",
        "/settings/accounts",
    ),
    (
        "account test",
        "“Test connection” on the account's page",
        "/settings/accounts/{}",
    ),
    (
        "account update",
        "“Edit” on the account's page",
        "/settings/accounts/{}/edit",
    ),
    ("app add", "“Add App”", "/apps/new"),
    ("app list", "the list of Apps", "/apps"),
    ("app remove", "“Remove” on the App's page", "/apps/{}/remove"),
    ("audit verify", "“Verify” on the record's page", "/record/verify"),
    ("client add", "“Add a client”", "/settings/add-client"),
    ("client list", "the list of clients", "/settings/clients"),
    (
        "client revoke",
        "“Revoke this client” on the client's page",
        "/settings/clients/{}/revoke",
    ),
    (
        "client rotate",
        "“Make a new key” on the client's page",
        "/settings/clients/{}",
    ),
    ("doctor runner", "“Check a repository”", "/runners"),
    ("key status", "the doctor's page", "/doctor"),
    ("policy explain", "“Explain a request”", "/settings/policies/explain"),
    ("policy list", "the list of policies", "/settings/policies"),
    ("runner list", "the list of runners", "/runners"),
    ("runner remove", "“Remove” in the list of runners", "/runners"),
    ("token list", "the list of grants", "/grants"),
    ("user add", "“Add somebody”", "/settings/add-user"),
    (
        "user invite",
        "“Make a new link” on the user's page",
        "/settings/users/{}",
    ),
    ("user list", "the list of users", "/settings/users"),
];

const ACCOUNTS: &str = "/settings/accounts";

/// What an error or a finding says, as HTML: what stands in backticks is shown as code, but for a command where a page does the same:
/// that is named by the page's words, with a link. All else is escaped.
pub(super) fn in_page_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut before = "";
    for (index, part) in text.split('`').enumerate() {
        let is_code = index % 2 == 1;
        match place_of(part).filter(|_| is_code) {
            Some((words, path)) => {
                let is_first = before.is_empty() || before.trim_end().ends_with(['.', '!', '?']);
                let words = match words.strip_prefix("the ").filter(|_| is_first) {
                    Some(rest) => format!("The {rest}"),
                    None => words.to_owned(),
                };
                for part in ["<a href=\"", &escape(&path), "\">", &escape(&words), "</a>"] {
                    out.push_str(part);
                }
            }
            None if is_code => {
                for part in ["<code>", &escape(part), "</code>"] {
                    out.push_str(part);
                }
            }
            None => out.push_str(&escape(part)),
        }
        before = part;
    }
    out
}

/// The words and the address for a command.
fn place_of(code: &str) -> Option<(&'static str, String)> {
    let command = code.strip_prefix("jeton ")?;
    // What is made for programs is on no page.
    if command.contains("--format") {
        return None;
    }
    let (name, words, path) = PLACES.into_iter().find(|(name, _, _)| {
        let rest = command.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })?;
    let words = if command.contains(" --active true") {
        "“Switch on” on the account's page"
    } else {
        words
    };
    // In capitals stands what people are to put there.
    let about = command[name.len()..].split_whitespace().next();
    let about = about.filter(|word| !word.starts_with('-') && word.chars().any(|c| !c.is_ascii_uppercase()));
    let path = match (path.split_once("/{}"), about) {
        (None, _) => path.to_owned(),
        (Some((list, _)), None) => list.to_owned(),
        // The switch is on the account's own page.
        (Some((list, "/edit")), Some(about)) if command.contains(" --active ") => under(list, about),
        (Some((list, page)), Some(about)) => under(list, about) + page,
    };
    Some((words, path))
}

/// What may stand behind an address in a sentence.
const ENDS: [char; 7] = ['.', ',', ';', ':', ')', '!', '?'];

/// Words of a finding, [in those of a page](in_page_words), in which an address of the web can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told(String);

impl Told {
    /// A remedy, or other whole sentences.
    pub(super) fn new(text: &str) -> Self {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut out = String::with_capacity(text.len() + 32);
        let (mut at, mut written) = (0, 0);
        // An address within backticks is something to type.
        let mut is_code = false;
        for word in text.split_inclusive([' ', '`']) {
            let address = word.trim_end_matches([' ', '`']).trim_end_matches(ENDS);
            if !is_code && is_web(address) {
                out.push_str(&in_page_words(&text[written..at]));
                let link = escape(address);
                for part in ["<a href=\"", &link, "\" rel=\"noreferrer\">", &link, "</a>"] {
                    out.push_str(part);
                }
                written = at + address.len();
            }
            is_code ^= word.ends_with('`');
            at += word.len();
        }
        out.push_str(&in_page_words(&text[written..]));
        Self(out)
    }

    /// What an error says: that begins with a small letter and ends without a full stop.
    pub(super) fn error(text: &str) -> Self {
        Self::new(&sentence(text))
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Told {}

#[cfg(test)]
mod tests {
    use super::{PLACES, Told, in_page_words};

    #[test]
    fn addresses_can_be_followed_and_nothing_becomes_markup() {
        let told = Told::error(
            "run `jeton key <rotate>`, see https://a.example/x?y=1&z=2. `https://typed` (http://b.example)",
        );
        assert_eq!(
            told.to_string(),
            "Run <code>jeton key &lt;rotate&gt;</code>, see <a href=\"https://a.example/x?y=1&amp;z=2\" rel=\"noreferrer\">\
             https://a.example/x?y=1&amp;z=2</a>. <code>https://typed</code> (http://b.example)."
        );
    }

    #[test]
    fn a_page_names_its_own_buttons_and_not_the_command_line() {
        for (text, expected) in [
            (
                "Put it in with `jeton account replace my-hub`.",
                "Put it in with <a href=\"/settings/accounts/my-hub/replace\">“Replace token” on the account&#39;s page</a>.",
            ),
            (
                "No. `jeton user list` shows the names.",
                "No. <a href=\"/settings/users\">The list of users</a> shows the names.",
            ),
            (
                "See `jeton account show LABEL`",
                "See <a href=\"/settings/accounts\">the account&#39;s page</a>",
            ),
            (
                "`jeton account update a/../b --active true`",
                "<a href=\"/settings/accounts/a%2F..%2Fb\">“Switch on” on the account&#39;s page</a>",
            ),
            (
                "`jeton app add NAME --app-id ID`",
                "<a href=\"/apps/new\">“Add App”</a>",
            ),
            ("`jeton key rotate`", "<code>jeton key rotate</code>"),
            ("`jeton account shower`", "<code>jeton account shower</code>"),
            ("jeton user list", "jeton user list"),
            (
                "`jeton token list --format json`",
                "<code>jeton token list --format json</code>",
            ),
            ("`<b>", "<code>&lt;b&gt;</code>"),
        ] {
            assert_eq!(in_page_words(text), expected);
        }
        assert!(PLACES.is_sorted());
    }

    #[test]
    fn odd_texts_lose_nothing() {
        for (text, expected) in [
            ("", "."),
            ("`", "<code>.</code>"),
            ("https://", "Https://."),
            (
                "at https://x/\"><script>",
                "At <a href=\"https://x/&quot;&gt;&lt;script&gt;\" rel=\"noreferrer\">https://x/&quot;&gt;&lt;script&gt;</a>.",
            ),
            ("javascript:alert(1)", "Javascript:alert(1)."),
            ("a\u{0}b\u{202e}c", "A b\u{202e}c."),
        ] {
            assert_eq!(Told::error(text).to_string(), expected, "{text:?}");
        }
    }
}
