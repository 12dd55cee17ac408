//! Conditions in CEL. A condition is written by whoever may write policies, but what it looks at is written by strangers:
//! none may be able to stop a decision, to slow it down, or to end the process.

mod audit;
mod facts;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, LazyLock},
    thread,
};

use cel::{Context, Env, Program, Value};
use jeton_domain::{Caller, Permissions};

pub(crate) use facts::Facts;

use crate::{Ask, error::Objection, nearest::shown};

/// The longest condition in bytes: what runs later is bounded by how much there is of it.
pub(crate) const LONGEST: usize = 4096;

/// The parser descends once per level of a text that has yet to be found too deep.
const PARSER_STACK_BYTES: usize = 64 << 20;

/// The standard functions and macros of CEL, without optional values.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib().with_optional_support(false)));

/// An expression that is true or false for a request.
#[derive(Debug)]
pub(crate) struct Condition {
    program: Program,
    /// Whether it tells a request for all of an owner from one for repositories by their names. Otherwise
    /// `request.repositories.all(r, r != 'acme/vault')` would be true for all of acme.
    pub(crate) looks_at_scope: bool,
}

/// Compiles conditions, all on one thread with a large stack.
pub(crate) fn compile_all(texts: &[&str]) -> Vec<Result<Condition, Objection>> {
    if texts.is_empty() {
        return Vec::new();
    }
    let lost = |message: &str| {
        texts
            .iter()
            .map(|_| Err(Objection::new(message, "Try again.")))
            .collect()
    };
    thread::scope(|scope| {
        let all = || texts.iter().map(|text| compile(text)).collect();
        let builder = thread::Builder::new().stack_size(PARSER_STACK_BYTES);
        match builder.spawn_scoped(scope, all) {
            Ok(thread) => thread
                .join()
                .unwrap_or_else(|_| lost("the condition could not be read")),
            Err(_) => lost("there was no memory to read the condition"),
        }
    })
}

fn compile(text: &str) -> Result<Condition, Objection> {
    if text.len() > LONGEST {
        let message = format!("the condition has {} bytes, and at most {LONGEST} are read", text.len());
        return Err(Objection::new(message, "Say less, or make two policies of it."));
    }
    let unreadable = || {
        Objection::new(
            "the condition is no CEL expression",
            "Write it as `request.time.getHours() < 18`.",
        )
    };
    let program = catch_unwind(|| ENV.compile(text))
        .map_err(|_| unreadable())?
        .map_err(|errors| {
            let first = errors.errors.first().map(|error| shown(&error.msg)).unwrap_or_default();
            let mut objection = unreadable();
            objection.message = format!("{}: {first}", objection.message);
            objection
        })?;
    let looks_at_scope = audit::audit(program.expression())?;
    Ok(Condition {
        program,
        looks_at_scope,
    })
}

impl Condition {
    /// Whether it is true; if not, why not.
    pub(crate) fn holds(
        &self,
        caller: &Caller,
        ask: &Ask<'_>,
        offer: Option<&Permissions>,
        facts: &mut Facts,
    ) -> Result<(), String> {
        facts.asked = true;
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut context = Context::with_env(Arc::clone(&ENV));
            context.add_variable_from_value("caller", facts.caller(caller)?);
            context.add_variable_from_value("request", facts::request(ask, offer)?);
            self.program
                .execute(&context)
                .map_err(|error| format!("its condition fails: {}", shown(&error.to_string())))
        }));
        match outcome {
            Ok(Ok(Value::Bool(true))) => Ok(()),
            Ok(Ok(Value::Bool(false))) => Err("its condition is false".to_owned()),
            Ok(Ok(_)) => Err("its condition is neither true nor false".to_owned()),
            Ok(Err(why)) => Err(why),
            Err(_) => Err("its condition cannot be evaluated".to_owned()),
        }
    }
}

/// The instant as CEL knows it.
fn timestamp(now: jiff::Timestamp) -> Result<Value, String> {
    static READ: LazyLock<Option<Program>> = LazyLock::new(|| ENV.compile("timestamp(text)").ok());
    let fails = || "the time of the request cannot be given to its condition".to_owned();
    let program = READ.as_ref().ok_or_else(fails)?;
    let mut context = Context::with_env(Arc::clone(&ENV));
    context.add_variable_from_value("text", now.to_string());
    program.execute(&context).map_err(|_| fails())
}

#[cfg(test)]
mod tests;
