//! What keeps decisions repeatable: no clock, no chance, no order that depends on a hash, no std in the domain.
//!
//! clippy bans the same calls everywhere by their resolved path; here no `#[expect]` opens the door, except in the files
//! named below. Names are compared as written, so an alias escapes this rule and is left to clippy.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};

use super::{Hit, Rule, Source};

/// The files that may read the machine's clock.
const CLOCK_FILES: &[&str] = &["crates/engine/src/port/clock.rs"];

/// Calls that read a clock or draw chance, as tokens.
const IMPURE: &[&[&str]] = &[
    &["SystemTime", ":", ":", "now"],
    &["Instant", ":", ":", "now"],
    &["Timestamp", ":", ":", "now"],
    &["Zoned", ":", ":", "now"],
    &["Utc", ":", ":", "now"],
    &["thread_rng"],
    &["rand", ":", ":", "rng"],
    &["rand", ":", ":", "random"],
    &["Uuid", ":", ":", "new_v4"],
    &["Uuid", ":", ":", "now_v7"],
    &["RandomState"],
];

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            name: "clock-and-chance",
            advice: "take time, ids and randomness as arguments; the engine's ports bring them (STYLE.md, time and chance)",
            check: clock_and_chance,
            sample: ("crates/engine/src/shard.rs", "//! A room.\nfn a() { let now = Instant::now(); }\n"),
        },
        Rule {
            name: "hash-order",
            advice: "use BTreeMap or BTreeSet, or collect and sort: a decision must not depend on the order of a hash \
                     (STYLE.md, time and chance)",
            check: hash_order,
            sample: ("crates/engine/src/batch.rs", "//! A room.\nfn a(m: &HashMap<u8, u8>) { for x in m {} }\n"),
        },
        Rule {
            name: "no-std",
            advice: "crates/domain/src/lib.rs carries `#![no_std]`, and `extern crate std` stands under `#[cfg(test)]` only \
                     (STYLE.md, floors)",
            check: no_std,
            sample: ("crates/domain/src/lib.rs", "//! The map.\nextern crate std;\n"),
        },
    ]
}

fn is_decision_code(path: &str) -> bool {
    path.starts_with("crates/domain/") || path.starts_with("crates/engine/")
}

/// Tests of the engine may wait with a deadline, under clippy's eye; those of the domain have nothing to wait for.
fn is_exempt(source: &Source, line: usize) -> bool {
    source.path.starts_with("crates/engine/") && source.is_test(line)
}

fn clock_and_chance(source: &Source) -> Vec<Hit> {
    if !is_decision_code(&source.path) || CLOCK_FILES.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let mut hits = Vec::new();
    for pattern in IMPURE {
        let lines = source.lines_of(pattern).into_iter().filter(|line| !is_exempt(source, *line));
        hits.extend(lines.map(|line| Hit { line, what: format!("`{}` here", pattern.concat()) }));
    }
    hits.sort_by_key(|hit| hit.line);
    hits
}

fn hash_order(source: &Source) -> Vec<Hit> {
    let Some(syntax) = source.syntax.as_ref().filter(|_| is_decision_code(&source.path)) else { return Vec::new() };
    let mut names = HashNames::default();
    names.visit_file(syntax);
    let mut iterations = Iterations { names: names.0, found: BTreeSet::new() };
    iterations.visit_file(syntax);
    let found = iterations.found.into_iter().filter(|(line, _)| !is_exempt(source, *line));
    found.map(|(line, name)| Hit { line, what: format!("`{name}` is a hash table and is iterated") }).collect()
}

/// Names of fields, arguments and variables that hold a hash table, through the wrappers that lend it out unchanged.
#[derive(Default)]
struct HashNames(BTreeSet<String>);

impl HashNames {
    fn note(&mut self, name: String, holds: bool) {
        if holds {
            self.0.insert(name);
        }
    }
}

impl<'ast> Visit<'ast> for HashNames {
    fn visit_field(&mut self, field: &'ast syn::Field) {
        if let Some(name) = &field.ident {
            self.note(name.to_string(), is_hash_type(&field.ty));
        }
        visit::visit_field(self, field);
    }

    fn visit_pat_type(&mut self, pattern: &'ast syn::PatType) {
        if let syn::Pat::Ident(name) = &*pattern.pat {
            self.note(name.ident.to_string(), is_hash_type(&pattern.ty));
        }
        visit::visit_pat_type(self, pattern);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let (syn::Pat::Ident(name), Some(init)) = (&local.pat, &local.init) {
            self.note(name.ident.to_string(), makes_hash(&init.expr));
        }
        visit::visit_local(self, local);
    }
}

fn is_hash_name(name: &syn::Ident) -> bool {
    name == "HashMap" || name == "HashSet"
}

fn is_hash_type(ty: &syn::Type) -> bool {
    match ty {
        syn::Type::Reference(reference) => is_hash_type(&reference.elem),
        syn::Type::Path(path) => path.path.segments.last().is_some_and(|segment| {
            let lends = ["Arc", "Rc", "Box", "Mutex", "RwLock", "RefCell"].iter().any(|name| segment.ident == name);
            is_hash_name(&segment.ident) || (lends && generic_types(&segment.arguments).any(is_hash_type))
        }),
        _ => false,
    }
}

fn generic_types(arguments: &syn::PathArguments) -> impl Iterator<Item = &syn::Type> {
    let arguments = match arguments {
        syn::PathArguments::AngleBracketed(angle) => Some(&angle.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        syn::GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// `HashMap::new()`, `HashSet::from(…)`, `….collect::<HashMap<_, _>>()`.
fn makes_hash(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Call(call) => match &*call.func {
            syn::Expr::Path(path) => path.path.segments.iter().any(|segment| is_hash_name(&segment.ident)),
            _ => false,
        },
        syn::Expr::MethodCall(call) => call.turbofish.as_ref().is_some_and(|turbofish| {
            turbofish.args.iter().any(|argument| matches!(argument, syn::GenericArgument::Type(ty) if is_hash_type(ty)))
        }),
        _ => false,
    }
}

struct Iterations {
    names: BTreeSet<String>,
    found: BTreeSet<(usize, String)>,
}

impl Iterations {
    fn note(&mut self, expression: &syn::Expr) {
        if let Some(name) = lent_name(expression).filter(|name| self.names.contains(&name.to_string())) {
            self.found.insert((name.span().start().line, name.to_string()));
        }
    }
}

impl<'ast> Visit<'ast> for Iterations {
    fn visit_expr_for_loop(&mut self, for_loop: &'ast syn::ExprForLoop) {
        self.note(&for_loop.expr);
        visit::visit_expr_for_loop(self, for_loop);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let iterates = [
            "iter",
            "iter_mut",
            "into_iter",
            "keys",
            "into_keys",
            "values",
            "values_mut",
            "into_values",
            "drain",
            "extract_if",
        ];
        if iterates.iter().any(|name| call.method == name) {
            self.note(&call.receiver);
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// The variable or field that an expression lends: `&self.rows`, `rows.lock().expect("…")`, `*rows.borrow()`.
fn lent_name(expression: &syn::Expr) -> Option<&syn::Ident> {
    match expression {
        syn::Expr::Path(path) => path.path.get_ident(),
        syn::Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => Some(name),
            syn::Member::Unnamed(_) => None,
        },
        syn::Expr::Reference(reference) => lent_name(&reference.expr),
        syn::Expr::Unary(unary) => lent_name(&unary.expr),
        syn::Expr::Paren(paren) => lent_name(&paren.expr),
        syn::Expr::Try(attempt) => lent_name(&attempt.expr),
        syn::Expr::MethodCall(call) => {
            let lends =
                ["lock", "read", "write", "borrow", "borrow_mut", "as_ref", "as_mut", "unwrap", "expect", "clone"];
            lends.iter().any(|name| call.method == name).then(|| lent_name(&call.receiver))?
        }
        _ => None,
    }
}

fn no_std(source: &Source) -> Vec<Hit> {
    if !source.path.starts_with("crates/domain/src/") {
        return Vec::new();
    }
    let mut hits = Vec::new();
    if source.path == "crates/domain/src/lib.rs" && source.lines_of(&["#", "!", "[", "no_std", "]"]).is_empty() {
        hits.push(Hit { line: 1, what: "the domain is compiled with std".to_owned() });
    }
    let lines = source.lines_of(&["extern", "crate", "std"]).into_iter().filter(|line| !source.is_test(*line));
    hits.extend(lines.map(|line| Hit { line, what: "std is let into the domain".to_owned() }));
    hits
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn clock_and_chance_table() {
        check(
            clock_and_chance,
            &[
                ("crates/domain/src/order.rs", "fn a(now: Timestamp) {}\n", &[]),
                ("crates/domain/src/order.rs", "fn a() {\n    SystemTime::now();\n}\n", &[2]),
                ("crates/domain/src/order.rs", "#[cfg(test)]\nmod tests {\n    fn a() { Instant::now(); }\n}\n", &[3]),
                ("crates/engine/src/shard.rs", "fn a() { std::time::Instant::now(); }\n", &[1]),
                ("crates/engine/src/shard.rs", "fn a() { assert!(Instant::now() > x); }\n", &[1]),
                ("crates/engine/src/shard.rs", "fn a() { x.map(SystemTime::now) }\n", &[1]),
                (
                    "crates/engine/src/shard.rs",
                    "use rand::rng;\nfn a() { Uuid::now_v7(); thread_rng(); }\n",
                    &[1, 2, 2],
                ),
                ("crates/engine/src/shard.rs", "// Instant::now()\nconst A: &str = \"Instant::now()\";\n", &[]),
                ("crates/engine/src/shard.rs", "#[cfg(test)]\nmod tests {\n    fn a() { Instant::now(); }\n}\n", &[]),
                ("crates/engine/tests/wait.rs", "fn a() { Instant::now(); }\n", &[]),
                ("crates/engine/src/port/clock.rs", "fn a() { SystemTime::now(); }\n", &[]),
                ("crates/server/src/load.rs", "fn a() { Instant::now(); }\n", &[]),
            ],
        );
    }

    #[test]
    fn hash_order_table() {
        let engine = "crates/engine/src/a.rs";
        check(
            hash_order,
            &[
                (engine, "fn a(m: &HashMap<u8, u8>) {\n    for x in m {}\n}\n", &[2]),
                (engine, "fn a(m: &BTreeMap<u8, u8>) {\n    for x in m {}\n}\n", &[]),
                (engine, "fn a(m: &HashMap<u8, u8>) {\n    m.get(&1);\n    m.len();\n}\n", &[]),
                (
                    engine,
                    "struct S { rows: Mutex<HashMap<u8, u8>> }\nfn a(s: &S) {\n    s.rows.lock().expect(\"a\").values();\n}\n",
                    &[3],
                ),
                (engine, "struct S { rows: HashMap<u8, Vec<u8>> }\nfn a(s: &S) {\n    s.rows[&1].iter();\n}\n", &[]),
                (engine, "fn a() {\n    let m = HashSet::from([1]);\n    m.into_iter();\n}\n", &[3]),
                (engine, "fn a() {\n    let m = x.collect::<HashSet<u8>>();\n    for y in &m {}\n}\n", &[3]),
                (engine, "fn a() {\n    let m: HashMap<u8, u8> = b();\n    for (k, v) in m.drain() {}\n}\n", &[3]),
                (engine, "#[cfg(test)]\nmod tests {\n    fn a(m: HashSet<u8>) { for x in m {} }\n}\n", &[]),
                ("crates/server/src/a.rs", "fn a(m: &HashMap<u8, u8>) { for x in m {} }\n", &[]),
            ],
        );
    }

    #[test]
    fn no_std_table() {
        let lib = "crates/domain/src/lib.rs";
        check(
            no_std,
            &[
                (lib, "//! The map.\n#![no_std]\n", &[]),
                (lib, "//! The map.\n", &[1]),
                (lib, "//! The map.\n// #![no_std]\n", &[1]),
                (lib, "//! The map.\n#![no_std]\n#[cfg(test)]\nextern crate std;\n", &[]),
                (lib, "//! The map.\n#![no_std]\nextern crate std;\n", &[3]),
                ("crates/domain/src/order.rs", "//! A room.\nextern crate std;\n", &[2]),
                ("crates/engine/src/lib.rs", "//! The map.\nextern crate std;\n", &[]),
            ],
        );
    }
}
