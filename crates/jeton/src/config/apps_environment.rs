//! The one GitHub App of the environment, under today's names and under those of older token services.

use std::{fs, path::Path};

use jeton_domain::{ForgeEndpoint, Secret};

use super::{
    AppConfig, AppKeySource, ConfigIssue, Origin,
    apps::{assemble, both},
    key_source::file_issue,
    sources::{Sources, Variable},
};

/// The App, if its id is given.
pub(super) fn read(sources: &Sources, credential: Option<&Path>, issues: &mut Vec<ConfigIssue>) -> Option<AppConfig> {
    let find = |name: &str| sources.variables.get(name);
    let given = |variable: &Variable| (variable.value.trim().to_owned(), variable.origin.clone());
    let (id_name, id) = ["JETON_APP_ID", "GITHUB_APP_ID"]
        .into_iter()
        .find_map(|name| Some((name, find(name)?)))
        .or_else(|| {
            let name = "JETON_APP_PRIVATE_KEY";
            let stray = [
                name,
                "JETON_APP_PRIVATE_KEY_FILE",
                "JETON_APP_API_URL",
                "JETON_APP_NAME",
            ];
            if let Some(variable) = stray.into_iter().find_map(find) {
                let what = format!("there is no JETON_APP_ID beside {}", variable.origin);
                let remedy = "Set JETON_APP_ID to the App id or client id of the App's settings page.";
                issues.push(ConfigIssue::Contradiction {
                    what,
                    remedy: remedy.to_owned(),
                });
            }
            None
        })?;
    let key = environment_key(sources, id_name, credential)
        .map_err(|issue| issues.push(issue))
        .ok();
    let name = find("JETON_APP_NAME").map_or_else(|| ("default".to_owned(), Origin::Default), given);
    let api_url = find("JETON_APP_API_URL").map_or_else(
        || (ForgeEndpoint::github_com().api_url().to_owned(), Origin::Default),
        given,
    );
    let names = ["JETON_APP_NAME", id_name, "JETON_APP_API_URL"];
    assemble(names, Some(name), Some(given(id)), Some(api_url), key, issues)
}

/// The private key of the App in the environment, under today's names and under those of older token services.
fn environment_key(sources: &Sources, id_name: &str, credential: Option<&Path>) -> Result<AppKeySource, ConfigIssue> {
    let find = |name: &str| sources.variables.get(name);
    match (find("JETON_APP_PRIVATE_KEY"), find("JETON_APP_PRIVATE_KEY_FILE")) {
        (Some(inline), None) => {
            return Ok(AppKeySource::Inline(
                Secret::new(inline.value.clone()),
                inline.origin.clone(),
            ));
        }
        (None, Some(file)) => return Ok(AppKeySource::File(file.value.trim().into(), file.origin.clone())),
        (Some(inline), Some(_)) => {
            return Err(both(
                "JETON_APP_PRIVATE_KEY and JETON_APP_PRIVATE_KEY_FILE",
                &inline.origin,
            ));
        }
        (None, None) => {}
    }
    let directory = find("SECRETS_DIR");
    match (find("GITHUB_APP_PRIVATE_KEY"), directory) {
        (Some(key), Some(directory)) if is_file_name(&key.value) => {
            let path = Path::new(directory.value.trim()).join(key.value.trim());
            return Ok(AppKeySource::File(path, key.origin.clone()));
        }
        (Some(key), _) => return Ok(AppKeySource::Inline(Secret::new(key.value.clone()), key.origin.clone())),
        (None, Some(directory)) => return only_pem(directory),
        (None, None) => {}
    }
    if let Some(path) = credential {
        return Ok(AppKeySource::File(path.to_owned(), Origin::Credential(path.to_owned())));
    }
    Err(ConfigIssue::Contradiction {
        what: format!("{id_name} names a GitHub App, but its private key is nowhere"),
        remedy: "Set JETON_APP_PRIVATE_KEY_FILE to the .pem file that GitHub let you download.".to_owned(),
    })
}

fn is_file_name(text: &str) -> bool {
    let text = text.trim();
    text.len() < 256 && !text.contains(['/', '\n', '\\']) && !text.contains("-----")
}

/// The one `*.pem` of a directory.
fn only_pem(directory: &Variable) -> Result<AppKeySource, ConfigIssue> {
    let path = Path::new(directory.value.trim());
    let named_by = directory.origin.to_string();
    let entries = fs::read_dir(path).map_err(|error| {
        let reason = format!("cannot be listed: {}", error.kind());
        file_issue(
            path,
            &named_by,
            &reason,
            "Name the directory in which the App's .pem file lies.",
        )
    })?;
    let mut found: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pem"))
        .collect();
    found.sort();
    match found.as_slice() {
        [one] => Ok(AppKeySource::File(one.clone(), directory.origin.clone())),
        [] => {
            let remedy = "Put the App's private key there, or name its file with JETON_APP_PRIVATE_KEY_FILE.";
            Err(file_issue(path, &named_by, "has no *.pem file in it", remedy))
        }
        several => {
            let names: Vec<_> = several.iter().filter_map(|path| path.file_name()?.to_str()).collect();
            let reason = format!("has several *.pem files in it: {}", names.join(", "));
            let remedy = "Name the right one with GITHUB_APP_PRIVATE_KEY or JETON_APP_PRIVATE_KEY_FILE.";
            Err(file_issue(path, &named_by, &reason, remedy))
        }
    }
}
