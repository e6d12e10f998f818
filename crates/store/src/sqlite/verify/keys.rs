//! Invariant 6: one order per (user, key), and the key index holds every order and nothing else.
//!
//! The index is compared as a multiset: the sum of a hash over all its entries against that over all orders. Only when
//! they differ are the orders looked up one by one.

use ordain_domain::ids::OrderId;
use rusqlite::Connection;

use super::{
    super::{
        bind::text,
        failure::SqliteFailure,
        key_index::{KeyName, KeyView},
        order,
    },
    orders::Seen,
};
use crate::invariants::{Checks, Rule};

const VERIFY_ORDER_KEYS_TWICE_LIST: &str = "-- verify_order_keys_twice_list
SELECT user_id, token, count(*), min(id), max(id) FROM orders WHERE typeof(token) = 'text'
GROUP BY user_id, token HAVING count(*) > 1";

const VERIFY_ORDER_KEYS_LIST: &str = "-- verify_order_keys_list
SELECT id, user_id, token FROM orders WHERE first_event <= ?1 ORDER BY id";

/// Checks the keys of all orders.
pub(super) fn check(
    connection: &Connection,
    checks: &mut Checks,
    view: &KeyView,
    seen: &Seen,
) -> Result<(), SqliteFailure> {
    let mut statement = connection.prepare(VERIFY_ORDER_KEYS_TWICE_LIST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (user, key, count): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (first, last) = (OrderId::from_number(row.get(3)?), OrderId::from_number(row.get(4)?));
        checks.examine(Rule::Keys, format_args!("{user} {key:?}"), Some(format!("{count} orders, {first} to {last}")));
    }
    let (indexed, problem) = view.read_all(connection)?;
    checks.examine(Rule::Keys, "key index", problem);
    if indexed == seen.keys {
        for _ in 0..indexed.len() {
            checks.examine(Rule::Keys, "", None);
        }
        return Ok(());
    }
    let text = format!("it holds {} orders, {} are stored, or other ones", indexed.len(), seen.keys.len());
    checks.examine(Rule::Keys, "key index", Some(text));
    look_up_each(connection, checks, view)
}

fn look_up_each(connection: &Connection, checks: &mut Checks, view: &KeyView) -> Result<(), SqliteFailure> {
    let mut statement = connection.prepare(VERIFY_ORDER_KEYS_LIST)?;
    let mut rows = statement.query([view.marks().last_event])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let name = KeyName::of_order(text(row, 1)?, &order::token(row, 2)?);
        let found = view.candidates(name).find(connection, |candidate| Ok((candidate == id).then_some(())))?;
        let problem = found.is_none().then(|| "not found by its key".to_owned());
        checks.examine(Rule::Keys, OrderId::from_number(id), problem);
    }
    Ok(())
}
