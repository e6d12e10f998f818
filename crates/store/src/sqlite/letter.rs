//! Letters: events that consumers could not take, by consumer, subject and position in the log.
//!
//! A letter that is gone has no row. The first row of a consumer and subject is the head of its lane; lanes are no table.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    ids::{ConsumerName, EventId, LetterId},
    letter::{Letter, LetterState},
    time::Timestamp,
};
use ordain_engine::port::store::{After, LaneHead, LetterTally};
use rusqlite::{Connection, Row, params};

use super::{
    bind::{optional_time, parsed, shared, shared_or_none, text, unsigned, unsigned_32},
    failure::SqliteFailure,
};

const LETTER_LOAD: &str = "-- letter_load
SELECT id, consumer, subject, event, state, tries, next_try_at, parked_at, first_failed_at, last_error FROM letters
WHERE id = ?1";

const LETTER_PUT: &str = "-- letter_put
INSERT INTO letters (id, consumer, subject, event, state, tries, next_try_at, parked_at, first_failed_at, last_error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, tries = excluded.tries, next_try_at = excluded.next_try_at,
    first_failed_at = excluded.first_failed_at, last_error = excluded.last_error";

const LETTER_DROP: &str = "-- letter_drop
DELETE FROM letters WHERE id = ?1";

const LETTERS_OF_CONSUMER_COUNT: &str = "-- letters_of_consumer_count
SELECT count(*) FROM letters WHERE consumer = ?1";

const LETTERS_OF_CONSUMER_DROP: &str = "-- letters_of_consumer_drop
DELETE FROM letters WHERE consumer = ?1";

const LANE_LIST: &str = "-- lane_list
SELECT id, consumer, subject, event, state, tries, next_try_at, parked_at, first_failed_at, last_error FROM letters
WHERE consumer = ?1 AND subject = ?2 ORDER BY event LIMIT ?3 + 0";

const LETTERS_DUE_LIST: &str = "-- letters_due_list
SELECT id, consumer, subject, event, state, tries, next_try_at, parked_at, first_failed_at, last_error FROM letters AS own
WHERE consumer = ?1 AND state = 'waiting' AND next_try_at <= ?2 AND NOT EXISTS (
    SELECT 1 FROM letters AS before
    WHERE before.consumer = own.consumer AND before.subject = own.subject AND before.event < own.event)
ORDER BY next_try_at, id LIMIT ?3 + 0";

const LANE_HEADS_LIST: &str = "-- lane_heads_list
SELECT id, consumer, subject, event, state, tries, next_try_at, parked_at, first_failed_at, last_error, (
    SELECT count(*) FROM letters AS behind
    WHERE behind.consumer = own.consumer AND behind.subject = own.subject AND behind.event > own.event)
FROM letters AS own
WHERE state = ?1 AND id > ?2 AND NOT EXISTS (
    SELECT 1 FROM letters AS before
    WHERE before.consumer = own.consumer AND before.subject = own.subject AND before.event < own.event)
ORDER BY id LIMIT ?3 + 0";

const LETTERS_TALLY: &str = "-- letters_tally
SELECT count(*), count(*) FILTER (WHERE state = 'dead') FROM letters";

/// A letter.
pub(super) fn load(connection: &Connection, id: LetterId) -> Result<Option<Letter>, SqliteFailure> {
    let mut statement = connection.prepare_cached(LETTER_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    rows.next()?.map(letter).transpose()
}

/// How many letters a consumer has.
pub(super) fn count_of(connection: &Connection, consumer: &ConsumerName) -> Result<u64, SqliteFailure> {
    let mut statement = connection.prepare_cached(LETTERS_OF_CONSUMER_COUNT)?;
    let mut rows = statement.query([consumer.as_str()])?;
    rows.next()?.map_or(Ok(0), |row| unsigned(row, 0))
}

/// How many letters there are, and how many of them are dead.
pub(super) fn tally(connection: &Connection) -> Result<LetterTally, SqliteFailure> {
    let mut statement = connection.prepare_cached(LETTERS_TALLY)?;
    let mut rows = statement.query([])?;
    let row = rows.next()?.ok_or_else(|| SqliteFailure::damaged("letters", "a count has no row"))?;
    Ok(LetterTally { letters: unsigned(row, 0)?, dead: unsigned(row, 1)? })
}

/// The letters of a consumer about one subject, in the order of the log.
pub(super) fn lane(
    connection: &Connection,
    consumer: &ConsumerName,
    subject: &str,
    limit: usize,
) -> Result<Vec<Letter>, SqliteFailure> {
    let mut statement = connection.prepare_cached(LANE_LIST)?;
    let mut rows = statement.query(params![consumer.as_str(), subject, bounded(limit)])?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        letters.push(letter(row)?);
    }
    Ok(letters)
}

/// Heads of lanes of a consumer that are due, the one that is due for longest first.
pub(super) fn due(
    connection: &Connection,
    consumer: &ConsumerName,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<Letter>, SqliteFailure> {
    let mut statement = connection.prepare_cached(LETTERS_DUE_LIST)?;
    let mut rows = statement.query(params![consumer.as_str(), until.0, bounded(limit)])?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        letters.push(letter(row)?);
    }
    Ok(letters)
}

/// Heads of lanes in a state, the one that was parked first first.
pub(super) fn heads(
    connection: &Connection,
    state: LetterState,
    page: After<LetterId>,
) -> Result<Vec<LaneHead>, SqliteFailure> {
    let mut statement = connection.prepare_cached(LANE_HEADS_LIST)?;
    let after = page.key.map_or(0, LetterId::number);
    let mut rows = statement.query(params![state.as_str(), after, bounded(page.limit)])?;
    let mut heads = Vec::new();
    while let Some(row) = rows.next()? {
        heads.push(LaneHead { letter: letter(row)?, behind: unsigned(row, 10)? });
    }
    Ok(heads)
}

/// Writes letters, and drops those that are gone.
pub(super) fn put(connection: &Connection, letters: &BTreeMap<LetterId, Arc<Letter>>) -> Result<(), SqliteFailure> {
    if letters.is_empty() {
        return Ok(());
    }
    let mut put = connection.prepare_cached(LETTER_PUT)?;
    let mut drop = connection.prepare_cached(LETTER_DROP)?;
    for letter in letters.values() {
        if letter.state.is_gone() {
            drop.execute([letter.id.number()])?;
            continue;
        }
        put.execute(params![
            letter.id.number(),
            letter.consumer.as_str(),
            &*letter.subject,
            letter.event.number(),
            letter.state.as_str(),
            letter.tries,
            letter.next_try_at.0,
            letter.parked_at.0,
            letter.first_failed_at.map(|at| at.0),
            letter.last_error.as_deref(),
        ])?;
    }
    Ok(())
}

/// Drops all letters of a consumer that ended.
pub(super) fn drop_of(connection: &Connection, consumer: &ConsumerName) -> Result<(), SqliteFailure> {
    connection.prepare_cached(LETTERS_OF_CONSUMER_DROP)?.execute([consumer.as_str()])?;
    Ok(())
}

fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn letter(row: &Row<'_>) -> Result<Letter, SqliteFailure> {
    let word = text(row, 4)?;
    let state = LetterState::ALL.into_iter().find(|state| state.as_str() == word);
    Ok(Letter {
        id: LetterId::from_number(row.get(0)?),
        consumer: parsed(row, 1)?,
        subject: shared(row, 2)?,
        event: EventId::from_number(row.get(3)?),
        state: state.ok_or_else(|| SqliteFailure::damaged("letters", format_args!("state {word:?}")))?,
        tries: unsigned_32(row, 5)?,
        next_try_at: Timestamp(row.get(6)?),
        parked_at: Timestamp(row.get(7)?),
        first_failed_at: optional_time(row, 8)?,
        last_error: shared_or_none(row, 9)?,
    })
}
