//! Answers kept under idempotency keys: refusals, and what commands other than placing were answered.
//!
//! A row is found through the key index, never by its text. Rows older than the retention are deleted a few at a time.

use ordain_domain::{
    idempotency::{AnswerKey, KeyScope, StoredAnswer},
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, params};

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

const ANSWERS_FIRST_AT: &str = "-- answers_first_at
SELECT at FROM answers ORDER BY id LIMIT 1";

// `+ 0` keeps the plan from depending on the bound value: with a bare variable as its limit, SQLite prepares the statement
// anew at every run, and this one ran with every commit.
const ANSWERS_EXPIRE: &str = "-- answers_expire
DELETE FROM answers WHERE id IN (SELECT id FROM answers ORDER BY id LIMIT ?2 + 0) AND at < ?1";

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

/// Until when there is certainly nothing to expire. Answers are numbered in the order of their times, so the time of the
/// oldest one says it, and most commits need not look.
#[derive(Debug)]
pub(super) struct Expiry {
    oldest_at_least: Timestamp,
}

impl Expiry {
    /// Nothing is known.
    pub(super) const fn unknown() -> Expiry {
        Expiry { oldest_at_least: Timestamp(i64::MIN) }
    }

    /// Deletes answers from before `before`, oldest first, at most `limit`. `now` is the time of the commit, which no later
    /// answer is older than. After a commit that failed, what is known is to be forgotten.
    pub(super) fn run(
        &mut self,
        connection: &Connection,
        before: Timestamp,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), SqliteFailure> {
        if self.oldest_at_least >= before {
            return Ok(());
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        connection.prepare_cached(ANSWERS_EXPIRE)?.execute(params![before.0, limit])?;
        let oldest = connection.prepare_cached(ANSWERS_FIRST_AT)?.query_row([], |row| row.get(0)).optional()?;
        self.oldest_at_least = oldest.map_or(now, Timestamp);
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ordain_domain::{idempotency::Outcome, refusal::Refusal};
    use rusqlite::StatementStatus;

    use super::*;
    use crate::sqlite::schema::{self, WriterSettings};

    fn keep(connection: &Connection, first: i64, times: &[i64]) {
        let answers = times.iter().enumerate().map(|(index, at)| {
            let key = Arc::from(format!("key-{index}"));
            let outcome = Outcome::Refused(Refusal::TooManyUnpaid { limit: 1 });
            let answer = StoredAnswer { fingerprint: [0; 32], outcome, at: Timestamp(*at) };
            (AnswerKey { scope: KeyScope::Route(Arc::from("r")), key }, answer)
        });
        let answers: Vec<_> = answers.collect();
        let answers = answers.iter().map(|(key, answer)| (key, answer));
        insert(connection, first, answers, &mut JsonBuffer::default()).unwrap();
    }

    fn ids(connection: &Connection) -> Vec<i64> {
        let mut statement = connection.prepare("SELECT id FROM answers ORDER BY id").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn answers_expire_oldest_first_and_few_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let settings = WriterSettings { cache_bytes: 1 << 20, unsafe_synchronous_normal: true };
        let connection = schema::open_writer(&folder.path().join("ordain.db"), settings).unwrap();
        let mut expiry = Expiry::unknown();
        let mut run = |before, now| expiry.run(&connection, Timestamp(before), Timestamp(now), 2).unwrap();
        run(0, 10);
        keep(&connection, 1, &[10, 10, 11, 12, 13]);
        let table: [(i64, &[i64]); 7] =
            [(10, &[1, 2, 3, 4, 5]), (11, &[3, 4, 5]), (13, &[5]), (13, &[5]), (14, &[]), (30, &[]), (31, &[])];
        for (before, left) in table {
            run(before, before + 10);
            assert_eq!(ids(&connection), left, "before {before}");
        }
        keep(&connection, 6, &[41, 42]);
        run(42, 52);
        assert_eq!(ids(&connection), [7]);
    }

    #[test]
    fn expiring_is_planned_once() {
        let folder = tempfile::tempdir().unwrap();
        let settings = WriterSettings { cache_bytes: 1 << 20, unsafe_synchronous_normal: true };
        let connection = schema::open_writer(&folder.path().join("ordain.db"), settings).unwrap();
        for before in 1..4 {
            Expiry::unknown().run(&connection, Timestamp(before), Timestamp(before), 64).unwrap();
        }
        let statement = connection.prepare_cached(ANSWERS_EXPIRE).unwrap();
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
