//! Where the shard stands, how far its consumers have come, and the commands that panicked.
//!
//! `shard_meta` is moved on by every commit, conditionally on the batch before: a second writer or a batch out of line
//! is stopped here. It decides nothing.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{ids::ConsumerName, letter::Cursor, time::Timestamp};
use ordain_engine::port::store::{Poisoned, ShardHead};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    bind::{shared, signed, unsigned},
    delivery,
    failure::SqliteFailure,
    letter,
};

const SHARD_META_LOAD: &str = "-- shard_meta_load
SELECT batch, last_event, high_id, time FROM shard_meta WHERE one = 1";

const SHARD_META_MOVE: &str = "-- shard_meta_move
UPDATE shard_meta SET batch = ?1, last_event = ?2, high_id = ?3, time = ?4 WHERE one = 1 AND batch = ?1 - 1";

const CURSOR_LOAD: &str = "-- cursor_load
SELECT position FROM cursors WHERE consumer = ?1";

const CURSOR_PUT: &str = "-- cursor_put
INSERT INTO cursors (consumer, position) VALUES (?1, ?2)
ON CONFLICT (consumer) DO UPDATE SET position = excluded.position";

const CURSORS_LIST: &str = "-- cursors_list
SELECT consumer, position FROM cursors ORDER BY consumer";

const CURSOR_DROP: &str = "-- cursor_drop
DELETE FROM cursors WHERE consumer = ?1";

const POISONED_INSERT: &str = "-- poisoned_insert
INSERT INTO poisoned (at, command, input, bug) VALUES (?1, ?2, ?3, ?4)";

/// Where the shard stands.
pub(super) fn head(connection: &Connection) -> Result<ShardHead, SqliteFailure> {
    let mut statement = connection.prepare_cached(SHARD_META_LOAD)?;
    let mut rows = statement.query([])?;
    let row = rows.next()?.ok_or_else(|| SqliteFailure::damaged("shard_meta", "its one row is missing"))?;
    Ok(ShardHead {
        batch: unsigned(row, 0)?,
        last_event: row.get(1)?,
        high_id: row.get(2)?,
        time: Timestamp(row.get(3)?),
    })
}

/// Moves the shard on to `head`, which must be the batch after the stored one.
pub(super) fn move_to(connection: &Connection, head: &ShardHead) -> Result<(), SqliteFailure> {
    let mut statement = connection.prepare_cached(SHARD_META_MOVE)?;
    let moved = statement.execute(params![signed(head.batch)?, head.last_event, head.high_id, head.time.0])?;
    if moved == 1 {
        return Ok(());
    }
    let stored = self::head(connection)?;
    Err(SqliteFailure::Guard(format!("batch {} does not follow the stored batch {}", head.batch, stored.batch)))
}

/// How far a consumer has come.
pub(super) fn cursor(connection: &Connection, consumer: &str) -> Result<Option<i64>, SqliteFailure> {
    let mut statement = connection.prepare_cached(CURSOR_LOAD)?;
    Ok(statement.query_row([consumer], |row| row.get(0)).optional()?)
}

/// How far every consumer has come, by name.
pub(super) fn cursors(connection: &Connection) -> Result<Vec<(Arc<str>, i64)>, SqliteFailure> {
    let mut statement = connection.prepare_cached(CURSORS_LIST)?;
    let mut rows = statement.query([])?;
    let mut cursors = Vec::new();
    while let Some(row) = rows.next()? {
        cursors.push((shared(row, 0)?, row.get(1)?));
    }
    Ok(cursors)
}

/// Moves consumers as decisions want it. With one that ended goes everything that is kept of it.
pub(super) fn put_consumers(
    connection: &Connection,
    cursors: &BTreeMap<ConsumerName, Cursor>,
) -> Result<(), SqliteFailure> {
    if cursors.is_empty() {
        return Ok(());
    }
    let mut put = connection.prepare_cached(CURSOR_PUT)?;
    for (consumer, cursor) in cursors {
        match cursor {
            Cursor::At(position) => put.execute(params![consumer.as_str(), position])?,
            Cursor::Ended => {
                letter::drop_of(connection, consumer)?;
                delivery::drop_of(connection, consumer)?;
                connection.prepare_cached(CURSOR_DROP)?.execute([consumer.as_str()])?
            }
        };
    }
    Ok(())
}

/// Moves consumers on.
pub(super) fn put_cursors(connection: &Connection, cursors: &[(Arc<str>, i64)]) -> Result<(), SqliteFailure> {
    if cursors.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(CURSOR_PUT)?;
    for (consumer, position) in cursors {
        statement.execute(params![consumer, position])?;
    }
    Ok(())
}

/// Keeps commands that panicked.
pub(super) fn put_poisoned(connection: &Connection, poisoned: &[Poisoned]) -> Result<(), SqliteFailure> {
    if poisoned.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(POISONED_INSERT)?;
    for one in poisoned {
        statement.execute(params![one.at.0, one.command, one.input, one.bug])?;
    }
    Ok(())
}
