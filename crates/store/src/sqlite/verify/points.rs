//! Invariant 7, points: each balance is the sum of its ledger, and what is frozen is on unpaid orders.
//!
//! Accounts and ledgers are read side by side in the order of users.

use rusqlite::Connection;

use super::{
    super::{
        bind::{text, unsigned},
        failure::SqliteFailure,
        points,
    },
    orders::Seen,
    readable,
};
use crate::invariants::{Checks, Rule, problem_of_points};

const VERIFY_POINTS_LIST: &str = "-- verify_points_list
SELECT user_id, balance, frozen, entries, version FROM points ORDER BY user_id";

const VERIFY_POINTS_LEDGERS_LIST: &str = "-- verify_points_ledgers_list
SELECT user_id, sum(delta), count(*) FROM points_entries GROUP BY user_id ORDER BY user_id";

/// Checks all accounts.
pub(super) fn check(connection: &Connection, checks: &mut Checks, seen: &mut Seen) -> Result<(), SqliteFailure> {
    let (mut account_rows, mut ledger_rows) =
        (connection.prepare(VERIFY_POINTS_LIST)?, connection.prepare(VERIFY_POINTS_LEDGERS_LIST)?);
    let (mut accounts, mut ledgers) = (account_rows.query([])?, ledger_rows.query([])?);
    let mut next_ledger = || -> Result<Option<(String, i64, u64)>, SqliteFailure> {
        let Some(row) = ledgers.next()? else { return Ok(None) };
        Ok(Some((text(row, 0)?.to_owned(), row.get(1)?, unsigned(row, 2)?)))
    };
    let mut ledger = next_ledger()?;
    while let Some(row) = accounts.next()? {
        let account = match readable(points::account(row))? {
            Ok(account) => account,
            Err(problem) => {
                checks.broken(Rule::Holdings, "points", problem);
                continue;
            }
        };
        let user = account.user_id.as_str();
        while let Some((of, ..)) = ledger.as_ref().filter(|(of, ..)| of.as_str() < user) {
            checks.examine(Rule::Holdings, of, Some("points entries without an account".to_owned()));
            ledger = next_ledger()?;
        }
        let (sum, entries) = match ledger.take() {
            Some((of, sum, entries)) if of == user => {
                ledger = next_ledger()?;
                (sum, entries)
            }
            other => {
                ledger = other;
                (0, 0)
            }
        };
        let frozen = seen.frozen.remove(&account.user_id).unwrap_or(0);
        checks.examine(Rule::Holdings, user, problem_of_points(&account, sum, entries, frozen));
    }
    while let Some((of, ..)) = ledger {
        checks.examine(Rule::Holdings, of, Some("points entries without an account".to_owned()));
        ledger = next_ledger()?;
    }
    for (user, points) in seen.frozen.drain() {
        checks.examine(Rule::Holdings, user, Some(format!("{points} points are on unpaid orders without an account")));
    }
    Ok(())
}
