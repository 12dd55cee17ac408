//! Tokens as people paste them, against the one function of the crate.

mod pasted;
mod properties;
mod refused;
mod samples;
mod vectors;

use jeton_domain::{Code, ForgeKind, Secret};
use jeton_inspect::{Inspection, inspect};

/// Inspects a text for no forge in particular.
fn look(text: &str) -> Inspection {
    inspect(&Secret::new(text), None)
}

/// Inspects a text that is meant for a forge.
fn look_for(text: &str, forge: ForgeKind) -> Inspection {
    inspect(&Secret::new(text), Some(forge))
}

/// The codes of what was found, the gravest first.
fn codes(inspection: &Inspection) -> Vec<Code> {
    inspection.findings.iter().map(|finding| finding.code).collect()
}
