//! Invariant 7, coupons: each is frozen or used by at most one order, and no template was granted beyond its limit.
//!
//! A limit that was lowered later may lie below what was granted before: only a template that was never replaced tells.

use std::collections::HashMap;

use ordain_domain::{
    catalog::{Catalog, CouponTemplate},
    coupon::Coupon,
    ids::{TemplateId, UserId},
    order::Order,
};
use rusqlite::Connection;

use super::{
    super::{
        bind::{parsed, unsigned},
        catalog, coupon,
        failure::SqliteFailure,
        order,
    },
    readable,
};
use crate::invariants::{Checks, Rule, problem_of_coupon};

const VERIFY_COUPONS_LIST: &str = "-- verify_coupons_list
SELECT id, user_id, template, state, order_id, version, granted_at FROM coupons ORDER BY id";

const VERIFY_TEMPLATE_USAGE_LIST: &str = "-- verify_template_usage_list
SELECT template, granted FROM template_usage ORDER BY template";

const VERIFY_USER_TEMPLATE_USAGE_LIST: &str = "-- verify_user_template_usage_list
SELECT user_id, template, granted FROM user_template_usage ORDER BY user_id, template";

/// Checks all coupons, then what is counted of them.
pub(super) fn check(connection: &Connection, checks: &mut Checks) -> Result<(), SqliteFailure> {
    let catalog = catalog::load(connection)?;
    let mut granted: HashMap<TemplateId, u64> = HashMap::new();
    let mut granted_to_user: HashMap<(UserId, TemplateId), u64> = HashMap::new();
    let mut statement = connection.prepare(VERIFY_COUPONS_LIST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match readable(coupon::coupon(row))? {
            Err(problem) => checks.broken(Rule::Holdings, "coupons", problem),
            Ok(coupon) => {
                let problem = match readable(holder(connection, &coupon))? {
                    Ok(order) => problem_of_coupon(&coupon, order.as_ref()),
                    Err(problem) => Some(problem),
                };
                checks.examine(Rule::Holdings, coupon.id, problem);
                *granted.entry(coupon.template.clone()).or_default() += 1;
                *granted_to_user.entry((coupon.user_id, coupon.template)).or_default() += 1;
            }
        }
    }
    let mut statement = connection.prepare(VERIFY_TEMPLATE_USAGE_LIST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let template: TemplateId = parsed(row, 0)?;
        let limit = original(&catalog, &template).and_then(|template| template.limit_total);
        let granted = granted.remove(&template).unwrap_or(0);
        checks.examine(Rule::Holdings, &template, problem_of_usage(unsigned(row, 1)?, granted, limit));
    }
    let mut statement = connection.prepare(VERIFY_USER_TEMPLATE_USAGE_LIST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (user, template): (UserId, TemplateId) = (parsed(row, 0)?, parsed(row, 1)?);
        let limit = original(&catalog, &template).and_then(|template| template.limit_per_user).map(u64::from);
        let name = format!("{template} of {user}");
        let granted = granted_to_user.remove(&(user, template)).unwrap_or(0);
        checks.examine(Rule::Holdings, name, problem_of_usage(unsigned(row, 2)?, granted, limit));
    }
    Ok(())
}

/// The order that a coupon names.
fn holder(connection: &Connection, coupon: &Coupon) -> Result<Option<Order>, SqliteFailure> {
    Ok(coupon.order.map(|order| order::load(connection, order)).transpose()?.flatten())
}

/// A template that was never replaced.
fn original<'a>(catalog: &'a Catalog, template: &TemplateId) -> Option<&'a CouponTemplate> {
    catalog.template(template).map(AsRef::as_ref).filter(|template| template.version == 1)
}

fn problem_of_usage(usage: u64, granted: u64, limit: Option<u64>) -> Option<String> {
    if usage != granted {
        return Some(format!("{usage} are counted, {granted} were granted"));
    }
    limit.filter(|limit| granted > *limit).map(|limit| format!("{granted} were granted, the limit is {limit}"))
}
