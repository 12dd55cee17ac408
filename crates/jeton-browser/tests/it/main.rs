//! jeton's pages in a real browser.

#![expect(clippy::unwrap_used, reason = "a test whose value is missing has failed")]

mod account_form;
mod account_life;
mod account_wrong;
mod ci_pages;
mod harness;
mod operating;
mod pages;
mod signed_out;
mod signing_in;
mod stage;
