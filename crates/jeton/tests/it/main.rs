//! A whole jeton against the simulated forge, over real HTTP, on both databases.

#![expect(clippy::unwrap_used, reason = "a test whose value is missing has failed")]

mod abuse;
mod access_replicas;
mod apps;
mod authorization;
mod bad_input;
mod boundaries;
mod browser;
mod clients;
mod compatible_route;
mod enforcement;
mod enforcement_owners;
mod enforcement_settings;
mod faults;
mod forge_answers;
mod git;
mod holders;
mod jwt_callers;
mod jwt_keys;
mod jwt_tricks;
mod native_tokens;
mod pages;
mod policies;
mod processes;
mod promises;
mod raw_sql;
mod record;
mod record_over_http;
mod record_secrets;
mod record_tampering;
mod replicas;
mod restarts;
mod revocation;
mod secrets;
mod sign_in_provider;
mod stampede;
mod unix_callers;
mod users;
