//! Messages to the outside, from the decision that wrote them to the answer that drops them.
//!
//! Delivering them is the courier's business.

use std::collections::BTreeMap;

use ordain_domain::{
    ids::{MessageId, OrderId},
    outbox::{Message, MessageChange, Task},
    time::Timestamp,
};
use rusqlite::{Connection, Row, params};

use super::{bind::text, failure::SqliteFailure};

const MESSAGE_INSERT: &str = "-- message_insert
INSERT INTO outbox (id, order_id, task, of, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";

const MESSAGE_DROP: &str = "-- message_drop
DELETE FROM outbox WHERE id = ?1";

const MESSAGES_AFTER_LIST: &str = "-- messages_after_list
SELECT id, order_id, task, of, created_at FROM outbox WHERE id > ?1 ORDER BY id LIMIT ?2 + 0";

/// Adds messages and drops those that were answered; one that is gone already stays gone.
pub(super) fn write(
    connection: &Connection,
    messages: &BTreeMap<MessageId, MessageChange>,
) -> Result<(), SqliteFailure> {
    if messages.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(MESSAGE_INSERT)?;
    let mut drop = connection.prepare_cached(MESSAGE_DROP)?;
    for (id, change) in messages {
        match change {
            MessageChange::Written(message) => insert.execute(params![
                id.number(),
                message.order.number(),
                message.task.as_str(),
                message.task.number(),
                message.created_at.0,
            ])?,
            MessageChange::Dropped => drop.execute([id.number()])?,
        };
    }
    Ok(())
}

/// Messages after an id (excluded), oldest first.
pub(super) fn list_after(
    connection: &Connection,
    after: Option<MessageId>,
    limit: usize,
) -> Result<Vec<Message>, SqliteFailure> {
    let mut statement = connection.prepare_cached(MESSAGES_AFTER_LIST)?;
    let after = after.map_or(0, MessageId::number);
    let mut rows = statement.query(params![after, i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut messages = Vec::new();
    while let Some(row) = rows.next()? {
        messages.push(message(row)?);
    }
    Ok(messages)
}

/// A row of `messages_after_list` and its like.
pub(super) fn message(row: &Row<'_>) -> Result<Message, SqliteFailure> {
    let (word, number): (&str, i64) = (text(row, 2)?, row.get(3)?);
    let task = if number < 0 { None } else { Task::from_word(word, number) };
    Ok(Message {
        id: MessageId::from_number(row.get(0)?),
        order: OrderId::from_number(row.get(1)?),
        task: task.ok_or_else(|| SqliteFailure::damaged("outbox", format_args!("task {word:?} of {number}")))?,
        created_at: Timestamp(row.get(4)?),
    })
}
