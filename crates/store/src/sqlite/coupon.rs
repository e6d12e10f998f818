//! Granted coupons and how many of each template were granted, in all and to each user.
//!
//! Templates are in the catalog; limits are checked by the decisions.

use std::collections::BTreeMap;

use ordain_domain::{
    coupon::{Coupon, CouponState},
    ids::{CouponId, OrderId, TemplateId, UserId},
    time::Timestamp,
};
use rusqlite::{Connection, Row, params};

use super::{
    bind::{parsed, signed, text, unsigned},
    failure::SqliteFailure,
};

const COUPON_LOAD: &str = "-- coupon_load
SELECT id, user_id, template, state, order_id, version, granted_at FROM coupons WHERE id = ?1";

const COUPON_PUT: &str = "-- coupon_put
INSERT INTO coupons (id, user_id, template, state, order_id, version, granted_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, order_id = excluded.order_id, version = excluded.version";

const TEMPLATE_USAGE_LOAD: &str = "-- template_usage_load
SELECT granted FROM template_usage WHERE template = ?1";

const TEMPLATE_USAGE_PUT: &str = "-- template_usage_put
INSERT INTO template_usage (template, granted) VALUES (?1, ?2)
ON CONFLICT (template) DO UPDATE SET granted = excluded.granted";

const USER_TEMPLATE_USAGE_LOAD: &str = "-- user_template_usage_load
SELECT granted FROM user_template_usage WHERE user_id = ?1 AND template = ?2";

const USER_TEMPLATE_USAGE_PUT: &str = "-- user_template_usage_put
INSERT INTO user_template_usage (user_id, template, granted) VALUES (?1, ?2, ?3)
ON CONFLICT (user_id, template) DO UPDATE SET granted = excluded.granted";

/// A coupon.
pub(super) fn load(connection: &Connection, id: CouponId) -> Result<Option<Coupon>, SqliteFailure> {
    let mut statement = connection.prepare_cached(COUPON_LOAD)?;
    let mut rows = statement.query([id.number()])?;
    rows.next()?.map(coupon).transpose()
}

/// A row of `coupon_load` and its like.
pub(super) fn coupon(row: &Row<'_>) -> Result<Coupon, SqliteFailure> {
    let word = text(row, 3)?;
    let state = STATES.into_iter().find(|state| state_word(*state) == word);
    Ok(Coupon {
        id: CouponId::from_number(row.get(0)?),
        user_id: parsed(row, 1)?,
        template: parsed(row, 2)?,
        state: state.ok_or_else(|| SqliteFailure::damaged("coupons", format_args!("state {word:?}")))?,
        order: row.get::<_, Option<i64>>(4)?.map(OrderId::from_number),
        version: unsigned(row, 5)?,
        granted_at: Timestamp(row.get(6)?),
    })
}

/// Writes coupons.
pub(super) fn put(connection: &Connection, coupons: &BTreeMap<CouponId, Coupon>) -> Result<(), SqliteFailure> {
    if coupons.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(COUPON_PUT)?;
    for coupon in coupons.values() {
        statement.execute(params![
            coupon.id.number(),
            coupon.user_id.as_str(),
            coupon.template.as_str(),
            state_word(coupon.state),
            coupon.order.map(OrderId::number),
            signed(coupon.version)?,
            coupon.granted_at.0,
        ])?;
    }
    Ok(())
}

/// How many coupons of a template were granted.
pub(super) fn template_usage(connection: &Connection, id: &TemplateId) -> Result<Option<u64>, SqliteFailure> {
    let mut statement = connection.prepare_cached(TEMPLATE_USAGE_LOAD)?;
    let mut rows = statement.query([id.as_str()])?;
    rows.next()?.map(|row| unsigned(row, 0)).transpose()
}

/// Writes how many were granted of templates.
pub(super) fn put_template_usage(
    connection: &Connection,
    usage: &BTreeMap<TemplateId, u64>,
) -> Result<(), SqliteFailure> {
    if usage.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(TEMPLATE_USAGE_PUT)?;
    for (template, granted) in usage {
        statement.execute(params![template.as_str(), signed(*granted)?])?;
    }
    Ok(())
}

/// How many coupons of a template were granted to a user.
pub(super) fn user_template_usage(
    connection: &Connection,
    user: &UserId,
    template: &TemplateId,
) -> Result<Option<u64>, SqliteFailure> {
    let mut statement = connection.prepare_cached(USER_TEMPLATE_USAGE_LOAD)?;
    let mut rows = statement.query([user.as_str(), template.as_str()])?;
    rows.next()?.map(|row| unsigned(row, 0)).transpose()
}

/// Writes how many were granted of templates to users.
pub(super) fn put_user_template_usage(
    connection: &Connection,
    usage: &BTreeMap<(UserId, TemplateId), u64>,
) -> Result<(), SqliteFailure> {
    if usage.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(USER_TEMPLATE_USAGE_PUT)?;
    for ((user, template), granted) in usage {
        statement.execute(params![user.as_str(), template.as_str(), signed(*granted)?])?;
    }
    Ok(())
}

const STATES: [CouponState; 3] = [CouponState::Granted, CouponState::Frozen, CouponState::Used];

const fn state_word(state: CouponState) -> &'static str {
    match state {
        CouponState::Granted => "granted",
        CouponState::Frozen => "frozen",
        CouponState::Used => "used",
    }
}
