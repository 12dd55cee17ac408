#![doc = include_str!("../README.md")]

mod access_log;
mod auth;
mod compat;
mod examiner;
mod extract;
mod failure;
mod front;
mod listen;
mod mcp;
mod metrics;
mod openapi;
mod operations;
mod page;
mod peer;
mod prepared;
mod python_json;
mod request_id;
mod routes;
mod settings;
mod state;
mod status;
mod warm;
mod web;

pub use examiner::{DoctorFinding, DoctorLevel, Examiner};
pub use listen::Listener;
pub use metrics::serve_metrics;
pub use openapi::openapi_json;
pub use peer::TrustedProxies;
pub use settings::{CompatSettings, ContentRoutes, WebSettings};
pub use web::Web;
