//! Each machine whole: every state × every command or step, as one committed table. What a command does is decided by a
//! real batch over a row that is set to the state; a step that no command takes by itself is asked of the machine.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use ordain_domain::{
    answer::{Answer, Reply},
    command::{Command, Envelope},
    coupon::{COUPON_EDGES, CouponState, CouponStep},
    ids::OrderId,
    machine::{self, Edge},
    order::{CancelReason, ORDER_EDGES, Order, OrderStatus, OrderStep, Quantities},
    payment::{PAYMENT_EDGES, PaymentStatus},
    refund::{REFUND_EDGES, RefundStatus},
    refusal::Refusal,
    stock::{LOCK_EDGES, Lock, LockState, LockStep},
};

use crate::world::{
    WINDOW, World, basket, buyer, cancel, close, code_of, keyed, open_payment, operator, refund_all, with_coupon,
};

/// Decides a command; what came of it, or the bug that stopped it.
fn decide(world: &mut World, envelope: &Envelope) -> Result<Reply, String> {
    catch_unwind(AssertUnwindSafe(|| world.one(envelope))).map_err(|bug| {
        let text = bug.downcast_ref::<String>().cloned().unwrap_or_default();
        format!("bug: {}", text.split(':').next().unwrap_or_default())
    })
}

fn code(refusal: &Refusal) -> String {
    match refusal {
        Refusal::CouponNotUsable { reason } => format!("refused: {} {}", code_of(refusal), word(reason)),
        Refusal::OrderState { status } => format!("refused: {} {}", code_of(refusal), status.as_str()),
        _ => format!("refused: {}", code_of(refusal)),
    }
}

fn word(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).expect("a state can be stored");
    json.as_str().expect("a state is stored as a word").to_owned()
}

/// The order in a world of its own, set to a status without telling how it came there.
fn order_in(status: Option<OrderStatus>) -> (World, OrderId) {
    let mut world = World::shop();
    let order = world.place(&keyed(buyer(basket(&[("a", 2)])), "k", 1));
    match status {
        Some(status) => {
            if let Some(quantities) = quantities_in(status) {
                world.pay(order.id);
                let paid = world.order(order.id);
                world
                    .all
                    .orders
                    .insert(order.id, Arc::new(Order { quantities: vec![quantities], ..paid.as_ref().clone() }));
            }
            let order = world.order(order.id);
            world.all.orders.insert(order.id, Arc::new(Order { status, ..order.as_ref().clone() }));
        }
        None => world = World::shop(),
    }
    (world, order.id)
}

/// Where the two units of a paid order stand; none for the statuses before it was paid.
fn quantities_in(status: OrderStatus) -> Option<Quantities> {
    let none = Quantities::default();
    match status {
        OrderStatus::Paid => Some(Quantities { paid: 2, ..none }),
        OrderStatus::PartiallyShipped => Some(Quantities { paid: 1, shipped: 1, ..none }),
        OrderStatus::Shipped => Some(Quantities { shipped: 2, ..none }),
        OrderStatus::Delivered => Some(Quantities { delivered: 2, ..none }),
        OrderStatus::Completed => Some(Quantities { confirmed: 2, ..none }),
        OrderStatus::Creating | OrderStatus::PendingPayment | OrderStatus::Closing | OrderStatus::Cancelled => None,
    }
}

type Column<T> = (&'static str, T);

fn table<S: Copy>(
    text: &mut String,
    name: &str,
    states: impl IntoIterator<Item = Option<S>>,
    word: impl Fn(S) -> String,
    columns: &[Column<&dyn Fn(Option<S>) -> String>],
) {
    for state in states {
        let state_word = state.map_or_else(|| "(none)".to_owned(), &word);
        for (column, outcome) in columns {
            text.push_str(&format!("{name:7} {state_word:18} {column:22} -> {}\n", outcome(state)));
        }
    }
    text.push('\n');
}

fn order_outcome(status: Option<OrderStatus>, envelope: impl Fn(OrderId) -> Envelope, due: bool) -> String {
    let (mut world, order) = order_in(status);
    if due {
        world.wait(WINDOW);
    }
    match decide(&mut world, &envelope(order)).map(|reply| (reply.replayed, reply.outcome)) {
        Err(bug) => bug,
        Ok((_, Err(refusal))) => code(&refusal),
        Ok((true, Ok(_))) => "the first answer again".to_owned(),
        Ok((false, Ok(Answer::NothingToDo))) => {
            let timer = if world.timers().is_empty() { "no timer left" } else { "the timer stays" };
            format!("nothing to do, {timer}")
        }
        Ok((false, Ok(Answer::Order(order)))) => order.status.as_str().to_owned(),
        Ok((false, Ok(Answer::Payment(payment)))) => format!("an attempt {}", payment.status.as_str()),
        Ok((false, Ok(Answer::Refund(refund)))) => format!("a refund {}", refund.status.as_str()),
        Ok((false, Ok(other))) => panic!("{other:?}"),
    }
}

fn orders(text: &mut String) {
    let by = |reason| {
        move |order| match cancel(order, None) {
            ordain_domain::command::Command::CancelOrder(command) => {
                let command = ordain_domain::order::CancelOrder { reason, ..command };
                operator(ordain_domain::command::Command::CancelOrder(command))
            }
            other => panic!("{other:?}"),
        }
    };
    let place = |status| order_outcome(status, |_| keyed(buyer(basket(&[("a", 2)])), "k", 1), false);
    let free = |status: Option<OrderStatus>| match status {
        None => order_outcome(None, |_| buyer(basket(&[("free", 1)])), false),
        Some(_) => "makes another order".to_owned(),
    };
    let buyers = |status| order_outcome(status, by(CancelReason::Buyer), false);
    let merchants = |status| order_outcome(status, by(CancelReason::Merchant), false);
    let stale = |status| order_outcome(status, |order| operator(cancel(order, Some(9))), false);
    let early = |status| order_outcome(status, |order| operator(close(order)), false);
    let due = |status| order_outcome(status, |order| operator(close(order)), true);
    let pays = |status| order_outcome(status, |order| operator(open_payment(order)), false);
    let asks = |status| order_outcome(status, |order| operator(Command::AskChannels(order)), false);
    let refunds = |status| order_outcome(status, |order| operator(refund_all(order)), false);
    let pay = |status| {
        let next = machine::next(ORDER_EDGES, status, OrderStep::Pay);
        next.map_or_else(|| "no such step".to_owned(), |status| status.as_str().to_owned())
    };
    table(
        text,
        "order",
        [None].into_iter().chain(OrderStatus::ALL.map(Some)),
        |status| status.as_str().to_owned(),
        &[
            ("place, same key", &place),
            ("place, costs nothing", &free),
            ("cancel by buyer", &buyers),
            ("cancel by merchant", &merchants),
            ("cancel, stale version", &stale),
            ("close before its time", &early),
            ("close when due", &due),
            ("open payment", &pays),
            ("ask channels", &asks),
            ("refund everything", &refunds),
            ("(step) pay", &pay),
        ],
    );
}

/// What ending an unpaid order does to its lock on `a`, which is set to a state first.
fn lock_outcome(state: Option<LockState>, due: bool) -> String {
    let (mut world, order) = order_in(Some(OrderStatus::PendingPayment));
    let sku = crate::world::sku("a");
    let locks = state.map(|state| Lock { sku: sku.clone(), quantity: 1, state }).into_iter().collect();
    world.all.locks.insert(order, Arc::new(locks));
    let before = world.stock("a");
    let command = if due { close(order) } else { cancel(order, None) };
    world.wait(WINDOW);
    if let Err(bug) = decide(&mut world, &operator(command)) {
        return bug;
    }
    let after = world.stock("a");
    let state = world.all.locks[&order].first().map_or_else(|| "(none)".to_owned(), |lock| word(&lock.state));
    format!("{state}, available {:+}", after.available() - before.available())
}

fn locks(text: &mut String) {
    let place = |state: Option<LockState>| match state {
        None => {
            let (world, order) = order_in(Some(OrderStatus::PendingPayment));
            word(&world.all.locks[&order][0].state)
        }
        Some(_) => "makes another lock".to_owned(),
    };
    let free = |state: Option<LockState>| match state {
        None => {
            let mut world = World::shop();
            let order = world.place(&buyer(basket(&[("free", 1)])));
            word(&world.all.locks[&order.id][0].state)
        }
        Some(_) => "makes another lock".to_owned(),
    };
    let cancelled = |state| lock_outcome(state, false);
    let closed = |state| lock_outcome(state, true);
    let step = |step| {
        move |state| match machine::next(LOCK_EDGES, state, step) {
            Some(next) => word(&next),
            None => "stays".to_owned(),
        }
    };
    let (try_, confirm, cancel) = (step(LockStep::Try), step(LockStep::Confirm), step(LockStep::Cancel));
    let again = step(LockStep::TakeAgain);
    table(
        text,
        "lock",
        [None, Some(LockState::Held), Some(LockState::Deducted), Some(LockState::Released)],
        |state| word(&state),
        &[
            ("place", &place),
            ("place, costs nothing", &free),
            ("cancel of its order", &cancelled),
            ("close of its order", &closed),
            ("(step) try", &try_),
            ("(step) confirm", &confirm),
            ("(step) cancel", &cancel),
            ("(step) take again", &again),
        ],
    );
}

/// What a command does to a coupon that is set to a state first; the order that holds it is the one that is ended.
fn coupon_outcome(state: Option<CouponState>, of: &str, ends: bool) -> String {
    let mut world = World::shop();
    let coupon = world.grant("u-1", of);
    let place = buyer(with_coupon(basket(&[("a", 1)]), coupon.id));
    let holder = if ends { world.place(&place).id } else { OrderId::from_number(1) };
    let row = world.all.coupons[&coupon.id].clone();
    match state {
        Some(state) => {
            let order = (state != CouponState::Granted).then_some(holder);
            world.all.coupons.insert(coupon.id, ordain_domain::coupon::Coupon { state, order, ..row });
        }
        None => {
            world.all.coupons.remove(&coupon.id);
        }
    }
    let envelope = if ends { operator(cancel(holder, None)) } else { place };
    match decide(&mut world, &envelope).map(|reply| reply.outcome) {
        Err(bug) => bug,
        Ok(Err(refusal)) => code(&refusal),
        Ok(Ok(_)) => word(&world.all.coupons[&coupon.id].state),
    }
}

fn coupons(text: &mut String) {
    let place = |state| coupon_outcome(state, "tenth", false);
    let free = |state| coupon_outcome(state, "all", false);
    let cancelled = |state| coupon_outcome(state, "tenth", true);
    let grant = |state| match state {
        None => word(&World::shop().grant("u-1", "tenth").state),
        Some(_) => "makes another coupon".to_owned(),
    };
    let step = |step| {
        move |state| match machine::next(COUPON_EDGES, state, step) {
            Some(next) => word(&next),
            None => "no such step".to_owned(),
        }
    };
    let steps = [CouponStep::Grant, CouponStep::Freeze, CouponStep::Use, CouponStep::Release].map(step);
    table(
        text,
        "coupon",
        [None, Some(CouponState::Granted), Some(CouponState::Frozen), Some(CouponState::Used)],
        |state| word(&state),
        &[
            ("grant", &grant),
            ("place with it", &place),
            ("place, costs nothing", &free),
            ("cancel of its order", &cancelled),
            ("(step) grant", &steps[0]),
            ("(step) freeze", &steps[1]),
            ("(step) use", &steps[2]),
            ("(step) release", &steps[3]),
        ],
    );
}

/// A machine by its table alone.
fn machine<S: Copy + PartialEq + serde::Serialize, T: Copy + PartialEq + std::fmt::Debug>(
    text: &mut String,
    name: &str,
    states: &[S],
    edges: &[Edge<S, T>],
) {
    let mut steps: Vec<T> = Vec::new();
    edges.iter().for_each(|edge| {
        if !steps.contains(&edge.step) {
            steps.push(edge.step)
        }
    });
    for state in [None].into_iter().chain(states.iter().copied().map(Some)) {
        let from = state.map_or_else(|| "(none)".to_owned(), |state| word(&state));
        for step in &steps {
            let next = machine::next(edges, state, *step).map_or_else(|| "no such step".to_owned(), |to| word(&to));
            text.push_str(&format!("{name:7} {from:18} {:22} -> {next}\n", format!("(step) {step:?}")));
        }
    }
    text.push('\n');
}

#[test]
fn every_state_by_every_command() {
    let mut text = String::new();
    orders(&mut text);
    locks(&mut text);
    coupons(&mut text);
    machine(&mut text, "payment", &PaymentStatus::ALL, PAYMENT_EDGES);
    machine(&mut text, "refund", &RefundStatus::ALL, REFUND_EDGES);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("machines", text));
}
