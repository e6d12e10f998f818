//! What holds of all rows together after every command: the invariants of ARCHITECTURE.md. Written from the rows alone,
//! without the code that is under test, except for the fold. Those of money have a file of their own.

use std::collections::BTreeMap;

use ordain_domain::{
    coupon::{Coupon, CouponState},
    event::{Event, EventRecord, Subject},
    ids::{OrderId, Sku, UserId},
    order::{Order, OrderStatus, OrderToken},
    price::PricedLine,
    stock::LockState,
    timer::{Timer, TimerKind},
};

use crate::world::World;

/// Panics with the number of the first invariant that is broken.
pub(crate) fn check(world: &World) {
    stock(world);
    locks(world);
    events(world);
    keys(world);
    coupons(world);
    points(world);
    shares(world);
    unpaid_orders(world);
    crate::money_laws::check(world);
    crate::goods_laws::check(world);
}

fn stock(world: &World) {
    let mut held: BTreeMap<&Sku, i64> = BTreeMap::new();
    for lock in world.all.locks.values().flat_map(|locks| locks.iter()) {
        let units = if lock.state == LockState::Held { lock.quantity as i64 } else { 0 };
        *held.entry(&lock.sku).or_default() += units;
    }
    let mut ledger: BTreeMap<&Sku, (i64, u64)> = BTreeMap::new();
    for movement in &world.all.movements {
        let (sum, count) = ledger.entry(&movement.sku).or_default();
        (*sum, *count) = (*sum + movement.delta, *count + 1);
        assert_eq!((movement.on_hand, movement.number), (*sum, *count), "1: the ledger of {} runs on", movement.sku);
    }
    for (sku, row) in &world.all.stock {
        assert_eq!(row.on_hand, row.received + row.returned - row.sold, "1: {row:?}");
        assert!(0 <= row.locked && row.locked <= row.on_hand, "1: {row:?}");
        assert_eq!(row.locked, held.get(sku).copied().unwrap_or(0), "1: locked = sum of held locks of {sku}");
        let (sum, count) = ledger.get(sku).copied().unwrap_or_default();
        assert_eq!((row.on_hand, row.movements), (sum, count), "1: the ledger of {sku}");
    }
}

fn locks(world: &World) {
    for (id, order) in &world.all.orders {
        let expected = match order.status {
            status if status.is_unpaid() => LockState::Held,
            OrderStatus::Cancelled if !was_paid(world, *id) => LockState::Released,
            _ => LockState::Deducted,
        };
        let mut demand: BTreeMap<Sku, u64> = BTreeMap::new();
        for line in &order.placed.lines {
            *demand.entry(line.sku.clone()).or_default() += u64::from(line.quantity);
        }
        let locks = &world.all.locks[id];
        let locked = locks.iter().map(|lock| (lock.sku.clone(), lock.quantity));
        assert!(demand.into_iter().eq(locked), "2: {id} locks what its lines ask for");
        assert!(locks.iter().all(|lock| lock.state == expected), "2: {id} is {:?}: {locks:?}", order.status);
    }
}

/// Whether the order ever was paid, whatever became of it since.
pub(crate) fn was_paid(world: &World, order: OrderId) -> bool {
    let of_order = world.all.events.iter().filter(|event| event.subject == Subject::Order(order));
    of_order.into_iter().any(|event| matches!(event.event, Event::OrderPaid(_) | Event::OrderReinstated(_)))
}

fn events(world: &World) {
    let positions = world.all.events.iter().map(|event| event.id.number());
    assert!(positions.eq(1..world.carry.next_event), "3: the log has no gap");
    let mut of_order: BTreeMap<OrderId, Vec<&EventRecord>> = BTreeMap::new();
    for event in &world.all.events {
        if let Subject::Order(order) = event.subject {
            of_order.entry(order).or_default().push(event);
        }
    }
    assert!(of_order.keys().eq(world.all.orders.keys()), "3: an order has events, and events have an order");
    for (id, events) in of_order {
        let order = &world.all.orders[&id];
        assert!(events.iter().map(|event| event.seq).eq(1..=order.version), "3: numbers of {id}");
        let chain = events.iter().map(|event| event.previous).skip(1);
        assert!(chain.eq(events.iter().map(|event| Some(event.id)).take(events.len() - 1)), "3: chain of {id}");
        assert_eq!(Order::fold(events).as_ref(), Some(order.as_ref()), "3: fold(events) = state");
    }
}

fn keys(world: &World) {
    let mut named: BTreeMap<OrderId, usize> = BTreeMap::new();
    for (key, entry) in &world.all.order_keys {
        assert_eq!(world.all.orders[&entry.order].placed.user_id, key.user_id, "6: {key:?}");
        *named.entry(entry.order).or_default() += usize::from(matches!(key.token, OrderToken::Key(_)));
    }
    assert!(named.values().all(|keys| *keys <= 1), "6: one key an order: {named:?}");
}

fn coupons(world: &World) {
    for (id, coupon) in &world.all.coupons {
        let holders: Vec<&OrderStatus> = world
            .all
            .orders
            .values()
            .filter(|order| order.placed.coupon == Some(*id) && order.status != OrderStatus::Cancelled)
            .filter(|order| !world.account(order.id).is_wholly_refunded(order))
            .inspect(|order| assert_eq!(coupon.order, Some(order.id), "7: {id} names its order"))
            .map(|order| &order.status)
            .collect();
        let state = match holders[..] {
            [] => CouponState::Granted,
            [status] if status.is_unpaid() => CouponState::Frozen,
            [_] => CouponState::Used,
            _ => panic!("7: {id} is held by several orders"),
        };
        assert_eq!(coupon.state, state, "7: {id}");
        assert_eq!(coupon.order.is_none(), holders.is_empty(), "7: {id}");
    }
    for (template, usage) in &world.all.template_usage {
        let granted = world.all.coupons.values().filter(|coupon| &coupon.template == template).count();
        assert_eq!(*usage, granted as u64, "7: usage of {template}");
        let limit = world.carry.catalog.template(template).and_then(|template| template.limit_total);
        assert!(limit.is_none_or(|limit| *usage <= limit), "7: limit of {template}");
    }
    for ((user, template), usage) in &world.all.user_template_usage {
        let own = |coupon: &&Coupon| &coupon.user_id == user && &coupon.template == template;
        assert_eq!(*usage, world.all.coupons.values().filter(own).count() as u64, "7: usage of {template} by {user}");
        let limit = world.carry.catalog.template(template).and_then(|template| template.limit_per_user);
        assert!(limit.is_none_or(|limit| *usage <= u64::from(limit)), "7: limit of {template} for {user}");
    }
}

fn points(world: &World) {
    let mut ledger: BTreeMap<&UserId, (i64, u64)> = BTreeMap::new();
    for entry in &world.all.points_entries {
        let (sum, count) = ledger.entry(&entry.user_id).or_default();
        (*sum, *count) = (*sum + entry.delta, *count + 1);
        assert_eq!((entry.balance, entry.number), (*sum, *count), "7: the points of {} run on", entry.user_id);
    }
    for (user, account) in &world.all.points {
        assert_eq!((account.balance, account.entries), ledger[user], "7: points of {user}");
        let unpaid =
            world.all.orders.values().filter(|order| &order.placed.user_id == user && order.status.is_unpaid());
        let frozen: i64 = unpaid.map(|order| order.placed.price.points).sum();
        assert_eq!(account.frozen, frozen, "7: frozen points of {user}");
        assert!(account.balance >= 0, "7: points of {user}");
    }
}

fn shares(world: &World) {
    for order in world.all.orders.values() {
        let (lines, price) = (&order.placed.lines, &order.placed.price);
        let sum = |part: fn(&PricedLine) -> i64| lines.iter().map(part).sum::<i64>();
        assert_eq!(sum(|line| line.goods), price.goods, "8: {}", order.id);
        assert_eq!(sum(|line| line.promotions), price.promotions, "8: {}", order.id);
        assert_eq!(sum(|line| line.coupon), price.coupon, "8: {}", order.id);
        assert_eq!(sum(|line| line.points), price.points, "8: {}", order.id);
        assert_eq!(sum(|line| line.shipping), price.shipping, "8: {}", order.id);
        let total = price.goods - price.promotions - price.coupon - price.points + price.shipping;
        assert_eq!((price.total, sum(PricedLine::payable)), (total, total), "8: {}", order.id);
    }
}

/// The counter of unpaid orders is their number, and each of them has its one close timer, and nothing else has one.
fn unpaid_orders(world: &World) {
    let mut open: BTreeMap<&UserId, u32> = BTreeMap::new();
    let mut timers = Vec::new();
    for order in world.all.orders.values().filter(|order| order.status.is_unpaid()) {
        *open.entry(&order.placed.user_id).or_default() += 1;
        let due = world.account(order.id).closing.map_or(order.placed.expires_at, |closing| closing.until);
        timers.push(Timer { due, kind: TimerKind::CloseOrder, order: order.id });
    }
    for (user, count) in &world.all.open_orders {
        assert_eq!(*count, open.remove(user).unwrap_or(0), "unpaid orders of {user}");
    }
    assert!(open.is_empty(), "unpaid orders that nobody counts: {open:?}");
    timers.sort();
    let closing: Vec<Timer> = world.timers().into_iter().filter(|timer| timer.kind == TimerKind::CloseOrder).collect();
    assert_eq!(closing, timers, "9: one close timer an unpaid order");
}
