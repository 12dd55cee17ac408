#![doc = include_str!("../README.md")]

mod callers;
mod ceiling;
mod claim;
mod compile;
mod condition;
mod decision;
mod document;
mod error;
mod explain;
mod glob;
mod index;
mod keys;
mod nearest;
mod one_or_many;
mod rule;
mod set;
mod spec;
mod testing;

pub use decision::{Allowed, Ask, Considered, Decision, Denied, Explanation};
pub use document::parse_document;
pub use error::{PolicyError, PolicyFileError, PolicyFileProblem};
pub use one_or_many::{ClaimSpec, OneOrMany};
pub use set::{CouldUse, Origin, PolicySet, SourceBeginning};
pub use spec::{
    CallerSpec, CeilingSpec, DocumentSpec, Expectation, PolicySpec, TestCallerSpec, TestRequestSpec, TestSpec,
};
pub use testing::{TestOutcome, run_tests};
