//! Answers kept under idempotency keys: refusals, and what commands other than placing were answered.
//!
//! A row is found through the key index, never by its text. Rows older than the retention are deleted a few at a time.

use ordain_domain::{
    idempotency::{AnswerKey, KeyScope, StoredAnswer},
    time::Timestamp,
};
use rusqlite::{Connection, params};

use super::{
    bind::{JsonBuffer, json, text},
    failure::SqliteFailure,
};

const ANSWER_INSERT: &str = "-- answer_insert
INSERT INTO answers (id, scope, key, fingerprint, outcome, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const ANSWER_LOAD: &str = "-- answer_load
SELECT scope, key, fingerprint, outcome, at FROM answers WHERE id = ?1";

const ANSWERS_LAST_ID: &str = "-- answers_last_id
SELECT coalesce(max(id), 0) FROM answers";

const ANSWERS_FIRST_ID: &str = "-- answers_first_id
SELECT min(id) FROM answers";

const ANSWERS_EXPIRE: &str = "-- answers_expire
DELETE FROM answers WHERE id IN (SELECT id FROM answers ORDER BY id LIMIT ?2) AND at < ?1";

/// Prefix of the stored scope: placing orders for a user.
const PLACE: &str = "place:";
/// Prefix of the stored scope: a route and whoever calls it.
const ROUTE: &str = "route:";

/// Keeps answers under the numbers that begin with `first`.
pub(super) fn insert<'a>(
    connection: &Connection,
    first: i64,
    answers: impl IntoIterator<Item = (&'a AnswerKey, &'a StoredAnswer)>,
    buffer: &mut JsonBuffer,
) -> Result<(), SqliteFailure> {
    let mut statement = connection.prepare_cached(ANSWER_INSERT)?;
    for (id, (key, answer)) in (first..).zip(answers) {
        let scope = match &key.scope {
            KeyScope::Place(user) => format!("{PLACE}{user}"),
            KeyScope::Route(route) => format!("{ROUTE}{route}"),
        };
        let outcome = buffer.of(&answer.outcome)?;
        statement.execute(params![id, scope, &*key.key, answer.fingerprint.as_slice(), outcome, answer.at.0])?;
    }
    Ok(())
}

/// The answer of this number, if it is of this very key.
pub(super) fn load_if_of(
    connection: &Connection,
    id: i64,
    key: &AnswerKey,
) -> Result<Option<StoredAnswer>, SqliteFailure> {
    let mut statement = connection.prepare_cached(ANSWER_LOAD)?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let scope = text(row, 0)?;
    let is_same_scope = match &key.scope {
        KeyScope::Place(user) => scope.strip_prefix(PLACE) == Some(user.as_str()),
        KeyScope::Route(route) => scope.strip_prefix(ROUTE) == Some(&**route),
    };
    if !is_same_scope || text(row, 1)? != &*key.key {
        return Ok(None);
    }
    Ok(Some(StoredAnswer { fingerprint: row.get(2)?, outcome: json(row, 3)?, at: Timestamp(row.get(4)?) }))
}

/// The number of the last answer, 0 for none.
pub(super) fn last_id(connection: &Connection) -> Result<i64, SqliteFailure> {
    Ok(connection.prepare_cached(ANSWERS_LAST_ID)?.query_row([], |row| row.get(0))?)
}

/// The number of the oldest answer.
pub(super) fn first_id(connection: &Connection) -> Result<Option<i64>, SqliteFailure> {
    Ok(connection.prepare_cached(ANSWERS_FIRST_ID)?.query_row([], |row| row.get(0))?)
}

/// Deletes answers from before `before`, oldest first, at most `limit`. Returns how many.
pub(super) fn expire(connection: &Connection, before: Timestamp, limit: usize) -> Result<usize, SqliteFailure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(connection.prepare_cached(ANSWERS_EXPIRE)?.execute(params![before.0, limit])?)
}

/// The user or route of a stored scope.
pub(super) fn scope_of(stored: &str) -> Result<Scope<'_>, SqliteFailure> {
    match (stored.strip_prefix(PLACE), stored.strip_prefix(ROUTE)) {
        (Some(user), _) => Ok(Scope::User(user)),
        (None, Some(route)) => Ok(Scope::Route(route)),
        (None, None) => Err(SqliteFailure::damaged("answers", format_args!("scope {stored:?}"))),
    }
}

/// What a stored scope names.
pub(super) enum Scope<'a> {
    User(&'a str),
    Route(&'a str),
}
