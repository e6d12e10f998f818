//! Cases: what deciders ask for before a batch.

use std::{borrow::Cow, sync::Arc};

use ordain_domain::{
    answer::Answer,
    catalog::{AppliesTo, CouponKind, Promotion, PromotionKind},
    idempotency::{AnswerKey, KeyScope, Outcome, StoredAnswer},
    ids::{
        AddressId, AfterSaleId, ConsumerName, CouponId, LetterId, OrderId, PaymentId, PromotionId, ReceiptId, RefundId,
        ShipmentId, WebhookId,
    },
    order::{CancelReason, OrderKey, OrderStatus, OrderToken},
    payment::TransactionKey,
    points::PointsAccount,
    refusal::{CouponProblem, Refusal, Thing},
    rows::{Changes, Keys, Rows},
    stock::Stock,
    time::Span,
};

use super::{
    Fixture, UNPAID_PER_USER_MAX,
    bench::{BEGIN, Bench, WINDOW},
    shop::{
        adjust, basket, buyer, cancel, close, grant, keyed, operator, points, product, put_address, put_user, sku,
        template, template_id, user,
    },
};

/// Names of rows that nobody ever wrote, one a table.
fn nothing() -> Keys {
    let token = OrderToken::Key(Arc::from("nothing"));
    let scope = KeyScope::Route(Arc::from("nothing"));
    Keys {
        stock: [sku("nothing")].into(),
        locks: [OrderId::from_number(1)].into(),
        orders: [OrderId::from_number(1)].into(),
        order_keys: [OrderKey { user_id: user("nobody"), token }].into(),
        accounts: [OrderId::from_number(1)].into(),
        payments: [PaymentId::from_number(1)].into(),
        transactions: [TransactionKey { channel: Arc::from("nothing"), transaction: Arc::from("nothing") }].into(),
        refunds: [RefundId::from_number(1)].into(),
        shipments: [ShipmentId::from_number(1)].into(),
        after_sales: [AfterSaleId::from_number(1)].into(),
        receipts: [ReceiptId::from_number(1)].into(),
        answers: [AnswerKey { scope, key: Arc::from("nothing") }].into(),
        open_orders: [user("nobody")].into(),
        coupons: [CouponId::from_number(1)].into(),
        template_usage: [template_id("nothing")].into(),
        user_template_usage: [(user("nobody"), template_id("nothing"))].into(),
        points: [user("nobody")].into(),
        users: [user("nobody")].into(),
        addresses: [(user("nobody"), AddressId::new("nothing").expect("a valid id"))].into(),
        cursors: [ConsumerName::new("nobody").expect("a valid name")].into(),
        letters: [LetterId::from_number(1)].into(),
        letter_counts: [ConsumerName::new("nobody").expect("a valid name")].into(),
        webhooks: [WebhookId::new("nothing").expect("a valid id")].into(),
    }
}

/// Absent rows are said to be absent; rows that are in the answer already stay as they are.
pub fn every_key_is_answered_and_no_other_row_touched<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let mut rows = Rows::default();
    bench.load(&nothing(), &mut rows);
    let own = Stock { version: 77, ..Stock::empty(sku("b")) };
    rows.stock.insert(sku("b"), Some(own.clone()));
    let keys = Keys { stock: [sku("a")].into(), ..Keys::default() };
    bench.load(&keys, &mut rows);
    assert_eq!(rows.stock[&sku("b")], Some(own), "a row that was not asked for");
    assert_eq!(rows.stock[&sku("a")].as_ref(), bench.model.all.stock.get(&sku("a")));
    assert!(rows.cover(&nothing()), "rows that were loaded before stay");
    bench.load(&Keys::default(), &mut rows);
}

/// Each row that a batch wrote is what the next load gives.
pub fn a_commit_is_loaded_at_once<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let coupon = bench.grant("u-1", "tenth");
    let commands = [
        operator(points("u-1", 500)),
        operator(put_user("u-1", Some("Name"))),
        operator(put_address("u-1", "home", "Town")),
        keyed(buyer(ordain_domain::order::PlaceOrder { points: 3, ..basket("u-1", &[("a", 1)]) }), "k", 1),
        buyer(super::shop::with_coupon(basket("u-1", &[("a", 1), ("b", 2)]), coupon.id)),
        keyed(operator(adjust("b", 3)), "k", 1),
    ];
    for command in commands {
        bench.accept(&command);
        let keys = bench.model.keys();
        bench.load(&keys, &mut Rows::default());
    }
    assert!(bench.model.keys().order_keys.len() == 2 && bench.model.keys().answers.len() == 1);
}

/// The count of a user's unpaid orders follows placing, paying, cancelling and closing, also after coming up again.
pub fn unpaid_orders_are_counted<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    bench.rules.shipping.fee = 0;
    let orders: Vec<_> = (1..=4).map(|quantity| bench.place(&buyer(basket("u-1", &[("a", quantity)])))).collect();
    bench.place(&buyer(basket("u-1", &[("free", 1)])));
    bench.place(&buyer(basket("u-2", &[("a", 1)])));
    let count = |bench: &mut Bench<F>, expected: u32| {
        let keys = Keys { open_orders: [user("u-1")].into(), ..Keys::default() };
        let mut rows = Rows::default();
        bench.load(&keys, &mut rows);
        assert!(rows.open_orders[&user("u-1")].unwrap_or(0) >= expected);
    };
    count(&mut bench, 4);
    bench.accept(&operator(cancel(orders[0].id, CancelReason::Buyer, None)));
    count(&mut bench, 3);
    bench.wait(WINDOW);
    bench.accept(&operator(close(orders[1].id)));
    count(&mut bench, 2);
    bench.reopen();
    count(&mut bench, 2);
    bench.run(&[operator(close(orders[2].id)), operator(close(orders[3].id))]);
    count(&mut bench, 0);
    bench.compare();
}

/// One more than the limit is refused, within a batch, over batches, and after coming up again.
pub fn the_limit_of_unpaid_orders_is_met_exactly<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let refused = Err(Refusal::TooManyUnpaid { limit: UNPAID_PER_USER_MAX });
    let place = |quantity: u32| buyer(basket("u-1", &[("a", 1 + quantity)]));
    let replies = bench.run(&(0..15).map(place).collect::<Vec<_>>());
    assert!(replies.iter().all(|reply| reply.outcome.is_ok()), "below the limit: {replies:?}");
    let replies = bench.run(&(15..22).map(place).collect::<Vec<_>>());
    let outcomes: Vec<bool> = replies.iter().map(|reply| reply.outcome.is_ok()).collect();
    assert_eq!(outcomes, [true, true, true, true, true, false, false]);
    assert_eq!(bench.one(&place(30)).outcome, refused);
    for quantity in 30..33 {
        bench.reopen();
        assert_eq!(bench.one(&place(quantity)).outcome, refused);
        let open = bench.model.timers()[0].order;
        bench.accept(&operator(cancel(open, CancelReason::Buyer, None)));
        assert!(bench.one(&place(quantity)).outcome.is_ok(), "one place is free again");
        assert_eq!(bench.one(&place(quantity + 10)).outcome, refused);
    }
    bench.place(&buyer(basket("u-2", &[("a", 1)])));
    bench.compare();
}

/// Without keys, several orders share a name; the youngest is the one that counts.
pub fn the_youngest_order_of_the_same_lines_counts<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    for _ in 0..3 {
        let order = bench.place(&buyer(basket("u-1", &[("a", 1)])));
        let refusal = bench.refuse(&buyer(basket("u-1", &[("a", 1)])));
        assert_eq!(refusal, Refusal::DuplicateOrder { order_id: order.id });
        bench.wait(Span::seconds(3));
    }
    bench.place(&buyer(basket("u-2", &[("a", 1)])));
    bench.compare();
    bench.reopen();
    bench.compare();
}

/// Keeps outcomes under keys and asks for them again.
fn keep<F: Fixture>(outcomes: Vec<Outcome>) {
    let mut bench = Bench::<F>::empty();
    let mut changes = Changes::default();
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let scope = match number % 2 {
            0 => KeyScope::Route(Arc::from("POST /v1/things\nkey-of-caller")),
            _ => KeyScope::Place(user("u-1")),
        };
        let fingerprint = [u8::try_from(number).expect("few outcomes"); 32];
        let answer = StoredAnswer { fingerprint, outcome, at: BEGIN };
        changes.answers.insert(AnswerKey { scope, key: Arc::from(format!("key {number}")) }, answer);
    }
    bench.commit(&changes, &[], &[]).expect("answers can be committed");
    bench.compare();
    bench.reopen();
    bench.compare();
}

/// Every answer that is kept under a key.
pub fn answers_of_every_kind_come_back<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let coupon = bench.grant("u-1", "tenth");
    let Answer::User(profile) = bench.accept(&operator(put_user("u-1", None))) else { panic!("not a profile") };
    let Answer::Address(address) = bench.accept(&operator(put_address("u-1", "home", "Town"))) else {
        panic!("not an address")
    };
    let promotion = Promotion {
        id: PromotionId::new("p").expect("a valid id"),
        kind: PromotionKind::PercentOff { percent: 5 },
        applies_to: AppliesTo::All,
        currency: None,
        starts_at: BEGIN,
        ends_at: None,
        stackable: true,
        priority: 0,
        version: 1,
    };
    let answers = [
        Answer::OrderAt { id: OrderId::from_number(i64::MAX), version: 3 },
        Answer::Stock(Stock { on_hand: 3, received: 3, version: 1, movements: 1, ..Stock::empty(sku("a")) }),
        Answer::Coupon(coupon),
        Answer::Points(PointsAccount::empty(user("u-1"))),
        Answer::Product(Arc::new(product("a", 5))),
        Answer::Products { count: 1_000 },
        Answer::Promotion(Arc::new(promotion)),
        Answer::Template(Arc::new(template("t", CouponKind::FreeShipping))),
        Answer::User(profile),
        Answer::Address(address),
        Answer::NothingToDo,
    ];
    keep::<F>(answers.map(Outcome::Accepted).into());
}

/// Every refusal, also those that today's rules do not keep.
pub fn refusals_of_every_kind_come_back<F: Fixture>() {
    let things = [Thing::Order, Thing::CouponTemplate].map(|thing| Refusal::NotFound { thing });
    let problems = [
        CouponProblem::NotFound,
        CouponProblem::Frozen,
        CouponProblem::Used,
        CouponProblem::NotYetValid,
        CouponProblem::Expired,
        CouponProblem::MinimumSpend,
        CouponProblem::Currency,
        CouponProblem::LimitTotal,
        CouponProblem::LimitPerUser,
    ];
    let problems = problems.map(|reason| Refusal::CouponNotUsable { reason });
    let states = OrderStatus::ALL.map(|status| Refusal::OrderState { status });
    let others = [
        Refusal::InvalidRequest { pointer: Cow::Borrowed("/lines/0"), detail: Cow::Borrowed("must \"be\" right") },
        Refusal::UnknownSku { line: Some(usize::MAX >> 1), sku: sku("a") },
        Refusal::UnknownSku { line: None, sku: sku("a") },
        Refusal::SkuNotSellable { line: 0, sku: sku("a") },
        Refusal::InsufficientStock { sku: sku("a"), available: 0 },
        Refusal::PriceChanged { expected_total: -1, total: i64::MAX },
        Refusal::InsufficientPoints { balance: 5 },
        Refusal::IdempotencyKeyReused,
        Refusal::DuplicateOrder { order_id: OrderId::from_number(i64::MAX) },
        Refusal::TooManyUnpaid { limit: u32::MAX },
        Refusal::VersionMismatch { version: u64::MAX >> 1 },
    ];
    let all = things.into_iter().chain(problems).chain(states).chain(others);
    keep::<F>(all.map(Outcome::Refused).collect());
}

/// The same key means something else for another user, another route, another case, another length.
pub fn keys_are_told_apart<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let longest = "k".repeat(255);
    let keys = ["k", "K", "k ", "kk", "\"k\"", "~!@#$%^&*()_+{}|:<>?", "0", "00", longest.as_str()];
    for (number, key) in (1_u8..).zip(keys) {
        for name in ["u-1", "u-2"] {
            bench.place(&keyed(buyer(basket(name, &[("a", 1)])), key, number));
        }
        for scope in ["POST /a", "POST /A", "POST /a\nu-1"] {
            let envelope = keyed(operator(adjust("a", 1)), key, number);
            bench.accept(&ordain_domain::command::Envelope { scope: Arc::from(scope), ..envelope });
        }
        bench.compare();
    }
    assert_eq!(bench.model.all.orders.len(), keys.len() * 2);
    for (number, key) in (1_u8..).zip(keys) {
        assert!(bench.one(&keyed(buyer(basket("u-2", &[("a", 1)])), key, number)).replayed, "{key}");
        let other = bench.refuse(&keyed(buyer(basket("u-2", &[("a", 1)])), key, 0));
        assert_eq!(other, Refusal::IdempotencyKeyReused, "{key}");
    }
}

/// Names that differ only in case, or of which one begins with the other, are different names.
pub fn names_are_told_apart<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let longest = "x".repeat(64);
    let names = ["n", "N", "n.", "n-1", "n_1", "n:1", "n1", "1", "01", "1.0", longest.as_str()];
    for (price, name) in (1..).zip(names) {
        bench.accept(&operator(super::shop::put_products(vec![product(name, price)])));
        bench.accept(&operator(adjust(name, price)));
        bench.accept(&operator(points(name, price)));
        bench.accept(&operator(put_user(name, Some(name))));
        bench.accept(&operator(put_address("u-1", name, name)));
        bench.accept(&operator(put_address(name, "home", name)));
        bench.accept(&operator(super::shop::put_template(template(name, CouponKind::FreeShipping))));
        bench.accept(&operator(grant(name, name)));
        bench.place(&buyer(basket(name, &[(name, 1)])));
    }
    bench.compare();
    bench.reopen();
    bench.compare();
}
