#![doc = include_str!("../README.md")]
#![expect(clippy::missing_panics_doc, reason = "whatever does not work here fails the test")]

mod axe;
mod chromium;
mod demo;
mod examiner;
mod find;
mod keyboard;
mod look;
mod page;
mod person;
mod raw;
mod trouble;
mod weight;
mod world;

pub use chromium::Chromium;
pub use examiner::DemoExaminer;
pub use find::Role;
pub use keyboard::{Focus, Key};
pub use look::Theme;
pub use page::Page;
pub use person::{PASSWORD, Person, invite};
pub use trouble::Trouble;
pub use world::{ALL, EMAIL, Forge, Ports, World};
