use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};
use regex::RegexBuilder;

use super::facts::{CALLER, REQUEST};
use crate::{
    error::Objection,
    nearest::{did_you_mean, shown},
};

/// Evaluating descends once per level, on a thread whose stack is nobody's promise.
const DEEPEST: usize = 20;

/// A pattern is compiled anew each time that it is asked, so it must be small.
const LONGEST_PATTERN: usize = 200;
const LARGEST_PATTERN_BYTES: usize = 64 << 10;

const OPERATORS: &[&str] = &[
    operators::CONDITIONAL,
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::SUBSTRACT,
    operators::ADD,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
    operators::NEGATE,
    operators::INDEX,
    operators::NOT_STRICTLY_FALSE,
    operators::IN,
];

const FUNCTIONS: &[&str] = &[
    "size",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "duration",
    "timestamp",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
];

/// Refuses what could run long, and what can never be true because of a slip: names that nothing has.
///
/// What is left takes time in proportion to its length times the number of values that it looks at: there is no way to
/// give a name to a result and use it twice (a comprehension over another's result would be one, and `x + x` in it doubles),
/// and no text or list is put together once for each value of a list.
///
/// Says whether it looks at `request.scope` by that name.
pub(super) fn audit(expr: &IdedExpr) -> Result<bool, Objection> {
    let mut audit = Audit {
        names: Vec::new(),
        looping: false,
        looks_at_scope: false,
    };
    audit.walk(expr, 1)?;
    Ok(audit.looks_at_scope)
}

struct Audit {
    /// The variables of the comprehension around.
    names: Vec<String>,
    looping: bool,
    looks_at_scope: bool,
}

type Audited = Result<(), Objection>;

fn refuse(message: impl Into<String>, remedy: impl Into<String>) -> Audited {
    Err(Objection::new(message, remedy))
}

impl Audit {
    fn walk(&mut self, expr: &IdedExpr, depth: usize) -> Audited {
        if depth > DEEPEST {
            return refuse("the condition is nested too deep", "Make two policies of it.");
        }
        let deeper = depth + 1;
        match &expr.expr {
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => {
                self.field_of(select)?;
                self.walk(&select.operand, deeper)
            }
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.walk(element, deeper)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.walk(&entry.key, deeper)?;
                    self.walk(&entry.value, deeper)
                }
                EntryExpr::StructField(field) => self.walk(&field.value, deeper),
            }),
            Expr::Call(call) => self.call(call, deeper),
            Expr::Comprehension(inner) => self.comprehension(inner, deeper),
            Expr::Struct(_) | Expr::Unspecified => refuse(
                "a condition makes no objects",
                "Compare `caller` and `request` with texts, numbers and lists.",
            ),
        }
    }

    fn name(&self, name: &str) -> Audited {
        let known = matches!(name, "caller" | "request") || name.starts_with('@');
        if known || self.names.iter().any(|own| own == name) {
            return Ok(());
        }
        refuse(
            format!("`{}` is not known in a condition", shown(name)),
            "A condition looks at `caller` and `request`; texts stand in quotation marks.",
        )
    }

    fn call(&mut self, call: &CallExpr, deeper: usize) -> Audited {
        let name = call.func_name.as_str();
        if !OPERATORS.contains(&name) && !FUNCTIONS.contains(&name) {
            return refuse(
                format!("`{}` is no function of conditions", shown(name)),
                did_you_mean(name, FUNCTIONS),
            );
        }
        if name == operators::INDEX
            && let [of, by] = call.args.as_slice()
            && let (Expr::Ident(root), Expr::Literal(LiteralValue::String(field))) = (&of.expr, &by.expr)
        {
            self.known_field(root, field.inner())?;
        }
        if self.looping && name == operators::ADD && !is_own_sum(call) {
            return refuse(
                "nothing is added up or put together inside of `all`, `exists`, `exists_one`, `filter` and `map`",
                "Use `startsWith`, `endsWith` or `==` with a fixed text.",
            );
        }
        if name == "matches" {
            self.pattern(call)?;
        }
        if let Some(target) = &call.target {
            self.walk(target, deeper)?;
        }
        call.args.iter().try_for_each(|arg| self.walk(arg, deeper))
    }

    fn pattern(&self, call: &CallExpr) -> Audited {
        if self.looping {
            return refuse(
                "`matches` is slow, and not allowed inside of `all`, `exists`, `exists_one`, `filter` and `map`",
                "Use `startsWith`, `endsWith` or `contains`.",
            );
        }
        let Some(IdedExpr {
            expr: Expr::Literal(LiteralValue::String(pattern)),
            ..
        }) = call.args.last()
        else {
            return refuse(
                "a pattern must stand in the condition itself",
                "Write `matches('^[a-z]+$')`.",
            );
        };
        let pattern = pattern.inner();
        let small = RegexBuilder::new(pattern).size_limit(LARGEST_PATTERN_BYTES).build();
        match small {
            Ok(_) if pattern.len() <= LONGEST_PATTERN => Ok(()),
            Ok(_) | Err(regex::Error::CompiledTooBig(_)) => refuse(
                "the pattern is too large",
                "Use a shorter one, or `startsWith` and `endsWith`.",
            ),
            Err(_) => refuse(
                format!("`{}` is no regular expression", shown(pattern)),
                "Look for a bracket without its twin; look-ahead and back-references are not known.",
            ),
        }
    }

    fn comprehension(&mut self, inner: &ComprehensionExpr, deeper: usize) -> Audited {
        if self.looping {
            return refuse(
                "one of `all`, `exists`, `exists_one`, `filter` and `map` inside of, or after, another",
                "Make two policies of it.",
            );
        }
        let names: Vec<String> = [Some(&inner.iter_var), inner.iter_var2.as_ref()]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        if let Some(taken) = names.iter().find(|name| matches!(name.as_str(), "caller" | "request")) {
            return refuse(
                format!("`{taken}` cannot be a variable's name"),
                "Take a short one, as in `request.repositories.all(r, r.startsWith('acme/'))`.",
            );
        }
        self.looping = true;
        self.walk(&inner.iter_range, deeper)?;
        self.walk(&inner.accu_init, deeper)?;
        self.names = names;
        for part in [&inner.loop_cond, &inner.loop_step, &inner.result] {
            self.walk(part, deeper)?;
        }
        self.names.clear();
        self.looping = false;
        Ok(())
    }

    fn field_of(&mut self, select: &SelectExpr) -> Audited {
        match &select.operand.expr {
            Expr::Ident(root) => self.known_field(root, &select.field),
            _ => Ok(()),
        }
    }

    fn known_field(&mut self, root: &str, field: &str) -> Audited {
        let known = match root {
            "caller" => CALLER,
            "request" => REQUEST,
            _ => return Ok(()),
        };
        self.looks_at_scope |= root == "request" && field == "scope";
        if known.contains(&field) {
            return Ok(());
        }
        refuse(
            format!("`{root}` has no `{}`", shown(field)),
            did_you_mean(field, known),
        )
    }
}

/// Whether it is the sum by which a macro counts or collects. Nobody can write such a name by hand.
fn is_own_sum(call: &CallExpr) -> bool {
    matches!(call.args.first(), Some(IdedExpr { expr: Expr::Ident(name), .. }) if name.starts_with('@'))
}
