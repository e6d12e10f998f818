//! Profiles and addresses.
//!
//! An order has its own copy of the address it ships to; nothing here is read for it.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    ids::{AddressId, UserId},
    time::Timestamp,
    user::{User, UserAddress},
};
use rusqlite::{Connection, Row, params};

use super::{
    bind::{JsonBuffer, json, optional_text, parsed, signed, unsigned},
    failure::SqliteFailure,
};

const USER_LOAD: &str = "-- user_load
SELECT id, name, email, phone, version, updated_at FROM users WHERE id = ?1";

const USER_PUT: &str = "-- user_put
INSERT INTO users (id, name, email, phone, version, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, email = excluded.email, phone = excluded.phone,
    version = excluded.version, updated_at = excluded.updated_at";

const ADDRESS_LOAD: &str = "-- address_load
SELECT user_id, id, body, version, updated_at FROM addresses WHERE user_id = ?1 AND id = ?2";

const ADDRESSES_OF_USER_LIST: &str = "-- addresses_of_user_list
SELECT user_id, id, body, version, updated_at FROM addresses WHERE user_id = ?1 ORDER BY id";

const ADDRESS_PUT: &str = "-- address_put
INSERT INTO addresses (user_id, id, body, version, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (user_id, id) DO UPDATE SET body = excluded.body, version = excluded.version,
    updated_at = excluded.updated_at";

/// A profile.
pub(super) fn load(connection: &Connection, id: &UserId) -> Result<Option<User>, SqliteFailure> {
    let mut statement = connection.prepare_cached(USER_LOAD)?;
    let mut rows = statement.query([id.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(User {
        id: parsed(row, 0)?,
        name: optional_text(row, 1)?.map(Arc::from),
        email: optional_text(row, 2)?.map(Arc::from),
        phone: optional_text(row, 3)?.map(Arc::from),
        version: unsigned(row, 4)?,
        updated_at: Timestamp(row.get(5)?),
    }))
}

/// Writes profiles.
pub(super) fn put(connection: &Connection, users: &BTreeMap<UserId, User>) -> Result<(), SqliteFailure> {
    if users.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(USER_PUT)?;
    for user in users.values() {
        statement.execute(params![
            user.id.as_str(),
            user.name.as_deref(),
            user.email.as_deref(),
            user.phone.as_deref(),
            signed(user.version)?,
            user.updated_at.0,
        ])?;
    }
    Ok(())
}

/// One address.
pub(super) fn load_address(
    connection: &Connection,
    user: &UserId,
    id: &AddressId,
) -> Result<Option<UserAddress>, SqliteFailure> {
    let mut statement = connection.prepare_cached(ADDRESS_LOAD)?;
    let mut rows = statement.query([user.as_str(), id.as_str()])?;
    rows.next()?.map(address).transpose()
}

/// A user's addresses, by id.
pub(super) fn addresses_of(connection: &Connection, user: &UserId) -> Result<Vec<UserAddress>, SqliteFailure> {
    let mut statement = connection.prepare_cached(ADDRESSES_OF_USER_LIST)?;
    let mut rows = statement.query([user.as_str()])?;
    let mut addresses = Vec::new();
    while let Some(row) = rows.next()? {
        addresses.push(address(row)?);
    }
    Ok(addresses)
}

/// Writes addresses.
pub(super) fn put_addresses(
    connection: &Connection,
    addresses: &BTreeMap<(UserId, AddressId), UserAddress>,
    buffer: &mut JsonBuffer,
) -> Result<(), SqliteFailure> {
    if addresses.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(ADDRESS_PUT)?;
    for address in addresses.values() {
        let (user, id) = (address.user_id.as_str(), address.id.as_str());
        let body = buffer.of(&*address.address)?;
        statement.execute(params![user, id, body, signed(address.version)?, address.updated_at.0])?;
    }
    Ok(())
}

fn address(row: &Row<'_>) -> Result<UserAddress, SqliteFailure> {
    Ok(UserAddress {
        user_id: parsed(row, 0)?,
        id: parsed(row, 1)?,
        address: Arc::new(json(row, 2)?),
        version: unsigned(row, 3)?,
        updated_at: Timestamp(row.get(4)?),
    })
}
