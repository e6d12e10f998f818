//! SQL stands in the store and nowhere else.
//!
//! A string is SQL when it begins as a statement does; the rule does not parse SQL and cannot see a statement that is
//! put together from pieces.

use super::source::Kind;
use super::{Hit, Rule, Source};

/// What a statement begins with: a first word, and the second words that make it SQL (none: any text after it).
const STATEMENTS: &[(&str, &[&str])] = &[
    ("SELECT", &[]),
    ("INSERT", &["INTO", "OR", "IGNORE"]),
    ("REPLACE", &["INTO"]),
    ("UPDATE", &[]),
    ("DELETE", &["FROM"]),
    ("CREATE", &["TABLE", "INDEX", "UNIQUE", "VIEW", "TRIGGER", "VIRTUAL", "TEMP", "TEMPORARY"]),
    ("ALTER", &["TABLE"]),
    ("DROP", &["TABLE", "INDEX", "VIEW", "TRIGGER"]),
    ("PRAGMA", &[]),
    ("WITH", &[]),
    ("VACUUM", &[]),
    ("EXPLAIN", &[]),
    ("SAVEPOINT", &[]),
];

/// Statements of one word.
const WHOLE_STATEMENTS: &[&str] = &["BEGIN", "COMMIT", "ROLLBACK", "VACUUM"];

/// Where SQL may stand: the store, the statistics jobs, the tables of this rule, and the books of the sandbox channel: it
/// plays an outside party, whose books are none of the store's business.
const HOMES: &[&str] = &["crates/store/", "stats/", "xtask/", "crates/adapters/src/channel/sandbox/books"];

pub(super) fn rules() -> Vec<Rule> {
    vec![Rule {
        name: "sql-in-store",
        advice: "give the store's port a query with a name and call that (STYLE.md, floors)",
        check: sql_in_store,
        sample: ("crates/api/src/orders.rs", "//! A room.\nconst A: &str = \"SELECT id FROM orders\";\n"),
    }]
}

fn sql_in_store(source: &Source) -> Vec<Hit> {
    let at_home = HOMES.iter().any(|home| source.path.starts_with(home));
    let in_tests = source.path.starts_with("crates/") && source.path.split('/').nth(2) == Some("tests");
    if at_home || in_tests {
        return Vec::new();
    }
    if source.path.ends_with(".sql") {
        return vec![Hit { line: 1, what: "a file of SQL outside the store".to_owned() }];
    }
    let literals = source.tokens.iter().filter(|token| token.kind == Kind::Literal && !token.in_attribute);
    let statements =
        literals.filter(|token| syn::parse_str::<syn::LitStr>(&token.text).is_ok_and(|text| is_sql(&text.value())));
    statements.map(|token| Hit { line: token.line, what: "SQL outside the store".to_owned() }).collect()
}

fn is_sql(text: &str) -> bool {
    let text = text.trim();
    let mut words = text.split(|c: char| c.is_whitespace() || c == ';').filter(|word| !word.is_empty());
    let (Some(first), second) = (words.next(), words.next()) else { return false };
    let opens_with_name = text.starts_with("-- ");
    let is_statement = STATEMENTS.iter().any(|(word, seconds)| {
        *word == first && second.is_some_and(|second| seconds.is_empty() || seconds.contains(&second))
    });
    let is_whole = WHOLE_STATEMENTS.contains(&first)
        && second.is_none_or(|second| matches!(second, "IMMEDIATE" | "EXCLUSIVE" | "DEFERRED" | "TRANSACTION" | "TO"));
    opens_with_name || is_statement || is_whole
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use super::*;

    #[test]
    fn sql_in_store_table() {
        let api = "crates/api/src/a.rs";
        check(
            sql_in_store,
            &[
                (api, "const A: &str = \"SELECT id FROM orders\";\n", &[1]),
                (api, "const A: &str = r#\"\n    INSERT INTO orders\"#;\n", &[1]),
                (api, "fn a() {\n    b(format!(\"DELETE FROM {c}\"));\n}\n", &[2]),
                (api, "const A: &str = \"\\\n    UPDATE orders SET a = 1\";\n", &[1]),
                (api, "const A: &str = \"-- order_load\\nVALUES (1)\";\n", &[1]),
                (api, "const A: [&str; 2] = [\"BEGIN IMMEDIATE\",\n    \"COMMIT;\"];\n", &[1, 2]),
                (api, "const A: &str = \"CREATE TABLE a (b)\";\n", &[1]),
                (api, "const A: &str = \"PRAGMA journal_mode\";\n", &[1]),
                (api, "const A: [&str; 4] = [\"DELETE\", \"DELETE /v1\", \"Select a row\", \"BEGIN here\"];\n", &[]),
                (api, "/// SELECT id FROM orders\nfn a() {}\n", &[]),
                (api, "// \"SELECT id FROM orders\"\n", &[]),
                ("crates/store/src/sqlite/order.rs", "const A: &str = \"SELECT id FROM orders\";\n", &[]),
                ("crates/store/benches/a.rs", "const A: &str = \"SELECT id FROM orders\";\n", &[]),
                ("crates/server/tests/crash.rs", "const A: &str = \"SELECT id FROM orders\";\n", &[]),
                ("crates/server/src/verify.rs", "const A: &str = \"SELECT id FROM orders\";\n", &[1]),
                ("crates/server/src/a.sql", "SELECT 1;\n", &[1]),
                (
                    "crates/adapters/src/channel/sandbox/books/page.rs",
                    "const A: &str = \"SELECT id FROM payments\";\n",
                    &[],
                ),
                (
                    "crates/adapters/src/channel/sandbox/payer.rs",
                    "const A: &str = \"SELECT id FROM payments\";\n",
                    &[1],
                ),
                ("crates/store/migrations/a.sql", "SELECT 1;\n", &[]),
            ],
        );
    }
}
