//! Every command, and for each the rows it must have loaded.
//!
//! `keys` is asked in rounds: a cancel first names its order, and once that is loaded, the stock its locks are on. Keys that
//! depend on a row depend only on the part of it that never changes, so that an earlier command of the same batch cannot
//! make them wrong.

use crate::{
    catalog::command::{PutProducts, PutPromotion, PutTemplate},
    coupon::GrantCoupon,
    event::Actor,
    idempotency::{AnswerKey, Idempotency, KeyScope},
    ids::OrderId,
    order::{CancelOrder, CloseOrder, PlaceOrder, decide::key_of},
    points::AdjustPoints,
    rows::{Keys, Rows},
    stock::AdjustStock,
    user::{PutAddress, PutUser},
};
use alloc::sync::Arc;

/// What may be asked of a shard.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Places an order.
    PlaceOrder(PlaceOrder),
    /// Cancels an unpaid order.
    CancelOrder(CancelOrder),
    /// Closes an order whose payment window is over.
    CloseOrder(CloseOrder),
    /// Receives or writes off stock.
    AdjustStock(AdjustStock),
    /// Grants a coupon.
    GrantCoupon(GrantCoupon),
    /// Adds or takes points.
    AdjustPoints(AdjustPoints),
    /// Creates or replaces products.
    PutProducts(PutProducts),
    /// Creates or replaces a promotion.
    PutPromotion(PutPromotion),
    /// Creates or replaces a coupon template.
    PutTemplate(PutTemplate),
    /// Creates or replaces a profile.
    PutUser(PutUser),
    /// Creates or replaces an address.
    PutAddress(PutAddress),
}

impl Command {
    /// The word for it in metrics and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Command::PlaceOrder(_) => "place_order",
            Command::CancelOrder(_) => "cancel_order",
            Command::CloseOrder(_) => "close_order",
            Command::AdjustStock(_) => "adjust_stock",
            Command::GrantCoupon(_) => "grant_coupon",
            Command::AdjustPoints(_) => "adjust_points",
            Command::PutProducts(_) => "put_products",
            Command::PutPromotion(_) => "put_promotion",
            Command::PutTemplate(_) => "put_template",
            Command::PutUser(_) => "put_user",
            Command::PutAddress(_) => "put_address",
        }
    }
}

/// A command with who asks and under which key.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// Who asks.
    pub actor: Actor,
    /// Within what the key is unique, for commands other than placing: the route and the caller. Empty where no key is
    /// taken.
    pub scope: Arc<str>,
    /// The caller's idempotency key.
    pub idempotency: Option<Idempotency>,
    /// What is asked.
    pub command: Command,
}

impl Envelope {
    /// Name of the answer that is kept under the command's key; none without a key.
    #[must_use]
    pub fn answer_key(&self) -> Option<AnswerKey> {
        let key = Arc::clone(&self.idempotency.as_ref()?.key);
        let scope = match &self.command {
            Command::PlaceOrder(place) => KeyScope::Place(place.user_id.clone()),
            _ => KeyScope::Route(Arc::clone(&self.scope)),
        };
        Some(AnswerKey { scope, key })
    }

    /// Whether `keys` may name more once the first rows are loaded.
    #[must_use]
    pub const fn has_rounds(&self) -> bool {
        matches!(self.command, Command::CancelOrder(_) | Command::CloseOrder(_))
    }

    /// Adds the keys of the rows that deciding this command reads, as far as `loaded` lets one tell.
    pub fn keys(&self, loaded: &Rows, keys: &mut Keys) {
        keys.answers.extend(self.answer_key());
        match &self.command {
            Command::PlaceOrder(place) => self.keys_of_place(place, keys),
            Command::CancelOrder(CancelOrder { order, .. }) | Command::CloseOrder(CloseOrder { order }) => {
                keys_of_ending(*order, loaded, keys);
            }
            Command::AdjustStock(adjust) => {
                keys.stock.insert(adjust.sku.clone());
            }
            Command::GrantCoupon(grant) => {
                keys.template_usage.insert(grant.template.clone());
                keys.user_template_usage.insert((grant.user_id.clone(), grant.template.clone()));
            }
            Command::AdjustPoints(adjust) => {
                keys.points.insert(adjust.user_id.clone());
            }
            Command::PutUser(put) => {
                keys.users.insert(put.user.id.clone());
            }
            Command::PutAddress(put) => {
                keys.addresses.insert((put.address.user_id.clone(), put.address.id.clone()));
            }
            Command::PutProducts(_) | Command::PutPromotion(_) | Command::PutTemplate(_) => {}
        }
    }

    fn keys_of_place(&self, place: &PlaceOrder, keys: &mut Keys) {
        let demand = place.demand();
        keys.order_keys.insert(key_of(place, self.idempotency.as_ref(), &demand));
        keys.stock.extend(demand.into_keys());
        keys.open_orders.insert(place.user_id.clone());
        keys.coupons.extend(place.coupon);
        if place.points > 0 {
            keys.points.insert(place.user_id.clone());
        }
    }
}

/// What ending an unpaid order touches: its locks and their stock, its coupon, its user's points and count.
fn keys_of_ending(order: OrderId, loaded: &Rows, keys: &mut Keys) {
    keys.orders.insert(order);
    keys.locks.insert(order);
    let Some(Some(order)) = loaded.orders.get(&order) else { return };
    keys.stock.extend(order.placed.lines.iter().map(|line| line.sku.clone()));
    keys.coupons.extend(order.placed.coupon);
    keys.open_orders.insert(order.placed.user_id.clone());
    if order.placed.price.points > 0 {
        keys.points.insert(order.placed.user_id.clone());
    }
}
