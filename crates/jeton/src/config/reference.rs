//! The reference and the examples, made from the list of settings, so that none can be forgotten in them.

use std::{fmt::Write as _, fs, path::Path};

use super::keys::{self, APP_FIELDS, ISSUER_KEYS, KeySpec, OTHER_NAMES};

const HEAD: &str = "\
# Configuration

`jeton serve` works without any of this. What is set counts in this order, the last one wins:

1. the configuration file: the one named by `--config` or `JETON_CONFIG`, else `./jeton.toml`, else
   `/etc/jeton/jeton.toml`;
2. the file with variables: the one named by `--env-file`, else `./.env`. It never overrides a variable of the
   environment;
3. the environment: `JETON_SECTION__KEY`, with the older names below it;
4. flags of `jeton serve`.

A file that is named and missing is an error. So is a key that does not exist, in the file or among the variables that
begin with `JETON_` (what Kubernetes sets for a service called `jeton` is left alone); the error names the most similar
key. An empty variable counts as not set. A relative path counts from the directory of the file in which it stands, or
from the working directory.

Every secret can also be given as a file, `*_file`, or as a systemd credential: `jeton-seal-key`,
`jeton-seal-previous-key`, `jeton-operator-key` and `jeton-app-key` in `$CREDENTIALS_DIRECTORY`. The files of the sealing
keys and of the operator's key must be readable by their owner alone (`chmod 600`). A secret and its file in the same place are an error; otherwise the later place wins.

`state.dir` is by default `$STATE_DIRECTORY` (which systemd sets), else `$XDG_STATE_HOME/jeton`, else `/var/lib/jeton`
for root, else `~/.local/state/jeton`.

This page, `jeton.example.toml` and `.env.example` are made from the program's own list of settings; a test compares
them, and `JETON_REGENERATE=1 cargo nextest run -p jeton reference` writes them anew.
";

const TABLE_HEAD: &str = "| Key | Type | Default | Environment | Meaning |\n| --- | --- | --- | --- | --- |\n";

fn row(spec: &KeySpec, name: &str) -> String {
    let default = match spec.default {
        "" => "none".to_owned(),
        "see below" => "see above".to_owned(),
        words if words.contains("there") || words.contains(", ") || words.contains('`') => words.to_owned(),
        value => format!("`{value}`"),
    };
    format!(
        "| `{name}` | {} | {default} | `{}`{} | {} |\n",
        spec.kind,
        spec.environment_name(),
        also(spec.legacy),
        spec.meaning
    )
}

/// `docs/configuration.md`
fn page() -> String {
    let mut out = HEAD.to_owned();
    let mut section = "";
    for spec in keys::all() {
        let (this, _) = spec.key.split_once('.').unwrap_or_default();
        if this != section {
            section = this;
            write!(out, "\n## [{section}]\n\n{TABLE_HEAD}").unwrap();
        }
        out.push_str(&row(spec, spec.key));
    }
    out.push_str(
        "\n## [[apps]]\n\nGitHub Apps whose keys stay out of the database; `jeton app add` puts others into it. The \
         environment gives one,\nwhich replaces the one of the same name in the file.\n\n",
    );
    out.push_str("| Field | Default | Environment | Meaning |\n| --- | --- | --- | --- |\n");
    for field in APP_FIELDS {
        let older = also(field.legacy);
        let default = if field.default.is_empty() {
            "none"
        } else {
            field.default
        };
        writeln!(
            out,
            "| `{}` | {default} | `{}`{older} | {} |",
            field.field, field.environment, field.meaning
        )
        .unwrap();
    }
    out.push_str(
        "\n## [[issuers]]\n\nWhose JSON Web Tokens are believed: a CI system's, a cluster's, your own. The environment \
         gives one, which replaces\nthe one of the same name or issuer in the file. Of `discovery`, `jwks_url`, \
         `jwks_file` and `shared_secret` one is given, or none\nfor discovery.\n\n",
    );
    out.push_str(TABLE_HEAD);
    for spec in ISSUER_KEYS {
        out.push_str(&row(spec, spec.key.trim_start_matches("issuers.")));
    }
    out.push_str("\n## Of the commands\n\n| Environment | Meaning |\n| --- | --- |\n");
    for (name, meaning) in OTHER_NAMES {
        writeln!(out, "| `{name}` | {meaning} |").unwrap();
    }
    out
}

/// `jeton.example.toml`; every setting is there, switched off.
fn toml_example() -> String {
    let mut out =
        "# Every setting of jeton's. Take away the `# ` before what you want to change; docs/configuration.md \
                   tells more.\n"
            .to_owned();
    let mut section = "";
    for spec in keys::all().filter(|spec| !spec.example.is_empty()) {
        let (this, name) = spec.key.split_once('.').unwrap_or_default();
        if this != section {
            section = this;
            write!(out, "\n[{section}]\n").unwrap();
        }
        writeln!(out, "# {}", first_sentence(spec.meaning)).unwrap();
        writeln!(out, "# {name} = {}", spec.example).unwrap();
    }
    out.push_str("\n# [[apps]]\n");
    for field in APP_FIELDS.iter().filter(|field| !field.example.is_empty()) {
        writeln!(out, "# {} = {}", field.field, field.example).unwrap();
    }
    out.push_str("\n# [[issuers]]\n");
    for spec in ISSUER_KEYS.iter().filter(|spec| !spec.example.is_empty()) {
        let name = spec.key.trim_start_matches("issuers.");
        writeln!(out, "# {name} = {}", spec.example).unwrap();
    }
    out
}

/// `.env.example`; every variable is there, switched off.
fn env_example() -> String {
    let mut out =
        "# Copy this to .env and take away the `#` before what you need. Secrets are better kept in files of \
                   their own:\n# every one has a variable that ends in _FILE.\n"
            .to_owned();
    for field in APP_FIELDS {
        writeln!(
            out,
            "\n# {}\n#{}={}",
            first_sentence(field.meaning),
            field.environment,
            bare(field.example)
        )
        .unwrap();
    }
    for spec in keys::all()
        .chain(ISSUER_KEYS)
        .filter(|spec| spec.default != "see below")
    {
        let value = if spec.kind == "permissions" {
            "contents=read,metadata=read".to_owned()
        } else {
            bare(spec.example)
        };
        writeln!(
            out,
            "\n# {}\n#{}={value}",
            first_sentence(spec.meaning),
            spec.environment_name()
        )
        .unwrap();
    }
    for (name, meaning) in OTHER_NAMES {
        writeln!(out, "\n# {meaning}\n#{name}=").unwrap();
    }
    out
}

fn also(names: &[&str]) -> String {
    names
        .iter()
        .fold(String::new(), |text, name| text + ", also `" + name + "`")
}

fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or(text).trim()
}

fn bare(example: &str) -> String {
    example.trim_matches(['[', ']']).replace(['"', ' '], "")
}

fn is_current(path: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    #[expect(
        clippy::disallowed_methods,
        reason = "how a developer asks a test to write the file anew"
    )]
    if std::env::var_os("JETON_REGENERATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "{} is out of date: run this test with JETON_REGENERATE=1",
        path.display()
    );
}

#[test]
fn the_page_is_current() {
    is_current("docs/configuration.md", &page());
}

#[test]
fn the_examples_are_current() {
    is_current("jeton.example.toml", &toml_example());
    is_current(".env.example", &env_example());
}

#[test]
fn every_setting_of_the_examples_can_be_switched_on() {
    use super::{Config, ConfigSources};

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("jeton.toml");
    let text = toml_example();
    let switched_on: String = text.lines().map(uncommented).collect();
    // one secret and its file are alternatives
    let switched_on = switched_on
        .replace("url_file =", "#")
        .replace("jwks_url =", "#")
        .replace("jwks_file =", "#")
        .replace("shared_secret_file =", "#")
        .replace("anonymous_remote = false", "");
    fs::write(&file, &switched_on).unwrap();
    let config = Config::load(ConfigSources {
        config_file: Some(file),
        ..ConfigSources::default()
    });
    let config = config.unwrap_or_else(|error| panic!("{error}\n{switched_on}"));
    assert_eq!((config.apps.len(), config.access.issuers.len()), (1, 1));
    for spec in keys::all().chain(ISSUER_KEYS).filter(|spec| !spec.example.is_empty()) {
        let (_, name) = spec.key.split_once('.').unwrap();
        assert!(
            text.contains(&format!("# {name} = ")),
            "{} is not in the example",
            spec.key
        );
    }
}

/// `# key = value` and `# [[apps]]` without their mark; other comments stay.
fn uncommented(line: &str) -> String {
    let is_setting = |text: &str| {
        let key = text.split(" = ").next().unwrap_or_default();
        text.starts_with("[[") || (text.contains(" = ") && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    };
    match line.strip_prefix("# ") {
        Some(text) if is_setting(text) => format!("{text}\n"),
        _ => format!("{line}\n"),
    }
}
