//! The HTTP contract on a real server: every call as it is meant to be used, with its status, its headers and its body.
//!
//! Refusals of bad input are `bad_input`'s matter, retries `idempotency`'s, callers at the same instant `race`'s.

mod catalog;
mod notifications;
mod operations;
mod orders;
mod payments;
mod pricing;
mod refunds;
mod slow_callers;
mod watch;

#[expect(dead_code, reason = "the suites share it, each uses its part")]
#[path = "../support"]
mod support {
    pub(crate) mod client;
    pub(crate) mod money;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use serde_json::Value;

/// Every member of `expected` is in `found` with this value; `found` may have more.
#[track_caller]
pub(crate) fn assert_has(found: &Value, expected: &Value) {
    for (name, value) in expected.as_object().expect("an object is expected") {
        assert_eq!(found.get(name), Some(value), "{name} in {found:#}");
    }
}

/// The texts under `name` of each row of a list's page.
pub(crate) fn names<'a>(page: &'a Value, name: &str) -> Vec<&'a str> {
    let rows = page["data"].as_array().unwrap_or_else(|| panic!("no list: {page:#}")).iter();
    rows.map(|row| row[name].as_str().unwrap_or_else(|| panic!("no {name}: {row}"))).collect()
}
