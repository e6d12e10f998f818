//! A small shop to decide commands in: the domain's batches over rows in maps, and short ways to write commands. It
//! decides nothing and checks nothing.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    answer::{Answer, Reply},
    batch::{Batch, Carry},
    catalog::{
        Catalog, CouponKind, CouponTemplate, Product, ProductStatus,
        command::{PutProducts, PutTemplate},
    },
    command::{Command, Envelope},
    coupon::{Coupon, GrantCoupon},
    event::Actor,
    idempotency::Idempotency,
    ids::{AddressId, ConsumerName, CouponId, Mint, OrderId, PaymentId, Sku, TemplateId, UserId},
    letter::Cursor,
    money::Currency,
    order::{CancelOrder, CancelReason, CloseOrder, Order, PlaceOrder},
    outbox::{Message, MessageChange},
    payment::{
        CallOutcome, ChannelReport, OpenPayment, OrderAccount, Payment, PaymentReport, ReceiptVerdict, ReportedState,
        TakeChannelAnswer, TakeNotification,
    },
    points::{AdjustPoints, PointsAccount},
    price::{RequestedLine, ShippingRule},
    refund::RequestRefund,
    refusal::Refusal,
    rows::{Changes, Keys, Rows},
    rules::{AfterSaleRules, FulfilmentRules, LetterRules, PaymentRules, Rules},
    stock::{AdjustStock, Stock},
    time::{Span, Timestamp},
    timer::{Timer, TimerChange, TimerKind},
    user::{PutAddress, PutUser, User, UserAddress},
    webhook::WebhookState,
};

/// When every world begins.
pub(crate) const BEGIN: Timestamp = Timestamp(1_763_683_200_000_000);
/// How long an order of these worlds waits for its payment.
pub(crate) const WINDOW: Span = Span::seconds(900);

/// All rows there are, and what decisions carry from batch to batch. The rows are the sum of all changes so far.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) now: Timestamp,
    pub(crate) carry: Carry,
    pub(crate) all: Changes,
}

macro_rules! load_tables {
    ($world:expr, $keys:expr, $rows:expr, $($table:ident)*) => {
        $(for key in &$keys.$table {
            $rows.$table.insert(key.clone(), $world.all.$table.get(key).cloned());
        })*
    };
}

impl World {
    /// A world with nothing in it.
    pub(crate) fn empty() -> World {
        let rules = Rules {
            payment_window: WINDOW,
            duplicate_window: Span::seconds(3),
            lines_max: 1_000,
            unpaid_per_user_max: 3,
            shipping: ShippingRule::default(),
            payments: PaymentRules::standard(),
            letters: LetterRules::standard(Span::seconds(5)),
            fulfilment: FulfilmentRules::standard(),
            after_sales: AfterSaleRules::standard(),
        };
        let carry = Carry { mint: Mint::after(0), next_event: 1, catalog: Catalog::new() };
        World { rules, now: BEGIN, carry, all: Changes::default() }
    }

    /// A shop in pounds: `a` for 100 and `b` for 333 with ten units each, `free` for 0 with ten units, `none` for 100
    /// without stock, `asleep` inactive, `euro` in euros, `dear` for 10^12; templates `tenth` (10 % off),
    /// `all` (100 % off), `rich` (at least 1,000 minor units), `euros`, `early` and `late` (outside their windows).
    pub(crate) fn shop() -> World {
        let mut world = World::empty();
        let products = ["a", "b", "free", "none", "asleep", "euro", "dear"].map(product);
        world
            .accept(&operator(Command::PutProducts(PutProducts { products: products.into(), expected_version: None })));
        for name in ["tenth", "all", "rich", "euros", "early", "late"] {
            let template = Arc::new(template(name));
            world.accept(&operator(Command::PutTemplate(PutTemplate { template, expected_version: None })));
        }
        for name in ["a", "b", "free"] {
            world.accept(&operator(adjust(name, 10)));
        }
        world
    }

    /// Decides commands in one batch and keeps what they changed.
    pub(crate) fn run(&mut self, envelopes: &[Envelope]) -> Vec<Reply> {
        self.run_and_show(envelopes).0
    }

    /// The same, and what they changed.
    pub(crate) fn run_and_show(&mut self, envelopes: &[Envelope]) -> (Vec<Reply>, Changes) {
        let mut batch = Batch::new(&self.rules, self.now, self.carry.clone());
        loop {
            let missing = batch.missing(envelopes);
            if missing.is_empty() {
                break;
            }
            self.load(&missing, batch.loaded_mut());
        }
        let replies = envelopes.iter().map(|envelope| batch.decide(envelope)).collect();
        let (changes, carry) = batch.finish();
        self.carry = carry;
        self.all.absorb(changes.clone());
        self.forget();
        (replies, changes)
    }

    /// Rows that a store forgets.
    fn forget(&mut self) {
        let ended = |consumer: &ConsumerName| self.all.cursors.get(consumer) == Some(&Cursor::Ended);
        self.all.letters.retain(|_, letter| !letter.state.is_gone() && !ended(&letter.consumer));
        self.all.deliveries.retain(|delivery| !ended(&delivery.consumer));
        self.all.cursors.retain(|_, cursor| *cursor != Cursor::Ended);
        self.all.webhooks.retain(|_, webhook| webhook.state != WebhookState::Deleted);
        self.all.letter_counts.clear();
    }

    /// Decides one command in a batch of its own.
    pub(crate) fn one(&mut self, envelope: &Envelope) -> Reply {
        self.run(std::slice::from_ref(envelope)).pop().expect("a reply a command")
    }

    /// Decides a command that must be accepted.
    pub(crate) fn accept(&mut self, envelope: &Envelope) -> Answer {
        self.one(envelope).outcome.unwrap_or_else(|refusal| panic!("{envelope:?} was refused: {refusal:?}"))
    }

    /// Decides a command that must be refused.
    pub(crate) fn refuse(&mut self, envelope: &Envelope) -> Refusal {
        match self.one(envelope).outcome {
            Err(refusal) => refusal,
            Ok(answer) => panic!("{envelope:?} was accepted: {answer:?}"),
        }
    }

    /// Places an order that must be accepted.
    pub(crate) fn place(&mut self, envelope: &Envelope) -> Arc<Order> {
        match self.accept(envelope) {
            Answer::Order(order) => order,
            other => panic!("not an order: {other:?}"),
        }
    }

    /// Opens an attempt, which must be possible.
    pub(crate) fn open(&mut self, order: OrderId) -> Arc<Payment> {
        match self.accept(&operator(open_payment(order))) {
            Answer::Payment(payment) => payment,
            other => panic!("not a payment: {other:?}"),
        }
    }

    /// Pays an order in full: an attempt whose channel says that it took the money.
    pub(crate) fn pay(&mut self, order: OrderId) -> PaymentId {
        let payment = self.open(order);
        let verdict = self.notify(&report(&payment, ReportedState::Captured));
        assert_eq!(verdict, ReceiptVerdict::Applied);
        payment.id
    }

    /// Takes a channel's signed notification.
    pub(crate) fn notify(&mut self, report: &PaymentReport) -> ReceiptVerdict {
        match self.accept(&operator(notification(ChannelReport::Payment(report.clone())))) {
            Answer::Receipt(receipt) => receipt.verdict,
            other => panic!("not a receipt: {other:?}"),
        }
    }

    pub(crate) fn payment(&self, id: PaymentId) -> Arc<Payment> {
        Arc::clone(&self.all.payments[&id])
    }

    pub(crate) fn account(&self, order: OrderId) -> OrderAccount {
        self.all.accounts.get(&order).map_or_else(|| OrderAccount::empty(order), |row| row.as_ref().clone())
    }

    /// Messages that wait to be delivered, oldest first.
    pub(crate) fn messages(&self) -> Vec<Message> {
        let written = |change: &MessageChange| match change {
            MessageChange::Written(message) => Some(*message),
            MessageChange::Dropped => None,
        };
        self.all.messages.values().filter_map(written).collect()
    }

    /// Delivers a message with this outcome.
    pub(crate) fn answer(&mut self, message: &Message, outcome: CallOutcome) {
        let answer = TakeChannelAnswer { message: message.id, order: message.order, task: message.task, outcome };
        self.accept(&operator(Command::TakeChannelAnswer(answer)));
    }

    /// Fires every timer that is due, in order, until none is.
    pub(crate) fn fire(&mut self) {
        while let Some(timer) = self.timers().into_iter().find(|timer| timer.due <= self.now) {
            let command = match timer.kind {
                TimerKind::CloseOrder => close(timer.order),
                TimerKind::AskChannels => Command::AskChannels(timer.order),
                TimerKind::WorkRefunds => Command::WorkRefunds(timer.order),
                TimerKind::ConfirmReceipt => Command::ConfirmDue(timer.order),
                TimerKind::AskCarriers => Command::AskCarriers(timer.order),
                TimerKind::WorkAfterSales => Command::WorkAfterSales(timer.order),
            };
            self.accept(&operator(command));
            assert!(!self.timers().contains(&timer), "a timer that fired is gone: {timer:?}");
        }
    }

    /// Grants a coupon, which must be possible.
    pub(crate) fn grant(&mut self, name: &str, of: &str) -> Coupon {
        match self.accept(&operator(grant(name, of))) {
            Answer::Coupon(coupon) => coupon,
            other => panic!("not a coupon: {other:?}"),
        }
    }

    /// Gives points, which must be possible.
    pub(crate) fn give_points(&mut self, name: &str, delta: i64) {
        self.accept(&operator(points(name, delta)));
    }

    pub(crate) fn stock(&self, name: &str) -> Stock {
        self.all.stock.get(&sku(name)).cloned().unwrap_or_else(|| Stock::empty(sku(name)))
    }

    pub(crate) fn points_of(&self, name: &str) -> PointsAccount {
        self.all.points.get(&user(name)).cloned().unwrap_or_else(|| PointsAccount::empty(user(name)))
    }

    pub(crate) fn order(&self, id: OrderId) -> Arc<Order> {
        Arc::clone(&self.all.orders[&id])
    }

    /// Timers that wait.
    pub(crate) fn timers(&self) -> Vec<Timer> {
        let set = self.all.timers.iter().filter(|(_, change)| **change == TimerChange::Set);
        set.map(|(timer, _)| *timer).collect()
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, span: Span) {
        self.now = self.now.plus(span);
    }

    pub(crate) fn load(&self, keys: &Keys, rows: &mut Rows) {
        load_tables!(
            self, keys, rows,
            stock locks orders order_keys accounts payments transactions refunds shipments after_sales receipts answers
            open_orders coupons template_usage user_template_usage points users addresses cursors letters webhooks
        );
        for consumer in &keys.letter_counts {
            let letters = self.all.letters.values().filter(|letter| &letter.consumer == consumer);
            rows.letter_counts.insert(consumer.clone(), Some(letters.count() as u64));
        }
    }
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::new(text).expect("a valid id")
}

pub(crate) fn user(text: &str) -> UserId {
    UserId::new(text).expect("a valid id")
}

pub(crate) fn template_id(text: &str) -> TemplateId {
    TemplateId::new(text).expect("a valid id")
}

pub(crate) fn pounds() -> Currency {
    Currency::new("GBP").expect("three letters")
}

/// A product of [`World::shop`].
pub(crate) fn product(name: &str) -> Product {
    let price = match name {
        "b" => 333,
        "free" => 0,
        "dear" => 1_000_000_000_000,
        _ => 100,
    };
    Product {
        sku: sku(name),
        title: Arc::from(name),
        price,
        currency: Currency::new(if name == "euro" { "EUR" } else { "GBP" }).expect("three letters"),
        status: if name == "asleep" { ProductStatus::Inactive } else { ProductStatus::Active },
        weight_grams: None,
        attributes: BTreeMap::new(),
        version: 0,
        updated_at: Timestamp(0),
    }
}

/// A coupon template of [`World::shop`].
pub(crate) fn template(name: &str) -> CouponTemplate {
    let day = Span::seconds(86_400);
    CouponTemplate {
        id: template_id(name),
        kind: CouponKind::PercentOff { percent: if name == "all" { 100 } else { 10 } },
        currency: Currency::new(if name == "euros" { "EUR" } else { "GBP" }),
        minimum_spend: if name == "rich" { 1_000 } else { 0 },
        limit_total: None,
        limit_per_user: None,
        valid_from: if name == "early" { BEGIN.plus(day) } else { BEGIN.minus(day) },
        valid_until: if name == "late" { BEGIN.plus(Span::seconds(1)) } else { BEGIN.plus(Span::seconds(864_000)) },
        version: 0,
    }
}

/// An order of `u-1` without a key.
pub(crate) fn basket(lines: &[(&str, u32)]) -> PlaceOrder {
    let line = |(name, quantity): &(&str, u32)| RequestedLine { sku: sku(name), quantity: *quantity };
    PlaceOrder {
        user_id: user("u-1"),
        currency: pounds(),
        lines: lines.iter().map(line).collect(),
        coupon: None,
        points: 0,
        shipping_address: None,
        expected_total: None,
        metadata: Arc::default(),
    }
}

pub(crate) fn with_coupon(place: PlaceOrder, coupon: CouponId) -> PlaceOrder {
    PlaceOrder { coupon: Some(coupon), ..place }
}

pub(crate) fn adjust(name: &str, delta: i64) -> Command {
    let reason = Arc::from("because");
    Command::AdjustStock(AdjustStock { sku: sku(name), delta, reason, expected_version: None })
}

pub(crate) fn points(name: &str, delta: i64) -> Command {
    Command::AdjustPoints(AdjustPoints {
        user_id: user(name),
        delta,
        reason: Arc::from("because"),
        expected_version: None,
    })
}

pub(crate) fn grant(name: &str, of: &str) -> Command {
    Command::GrantCoupon(GrantCoupon { user_id: user(name), template: template_id(of) })
}

pub(crate) fn cancel(order: OrderId, expected_version: Option<u64>) -> Command {
    Command::CancelOrder(CancelOrder {
        order,
        reason: CancelReason::Buyer,
        note: None,
        lines: Vec::new(),
        expected_version,
    })
}

pub(crate) fn close(order: OrderId) -> Command {
    Command::CloseOrder(CloseOrder { order })
}

pub(crate) fn put_user(name: &str, expected_version: Option<u64>) -> Command {
    let user =
        User { id: user(name), name: Some(Arc::from("Name")), email: None, phone: None, version: 0, updated_at: BEGIN };
    Command::PutUser(PutUser { user, expected_version })
}

pub(crate) fn put_address(name: &str, id: &str, expected_version: Option<u64>) -> Command {
    let address = ordain_domain::user::Address {
        name: Arc::from("Name"),
        phone: None,
        country: Arc::from("GB"),
        region: None,
        city: Arc::from("Town"),
        street: Arc::from("Street 1"),
        postcode: None,
    };
    let address = UserAddress {
        user_id: user(name),
        id: AddressId::new(id).expect("a valid id"),
        address: Arc::new(address),
        version: 0,
        updated_at: BEGIN,
    };
    Command::PutAddress(PutAddress { address, expected_version })
}

pub(crate) fn open_payment(order: OrderId) -> Command {
    Command::OpenPayment(OpenPayment { order, channel: Arc::from("sandbox"), return_url: None })
}

pub(crate) fn refund_all(order: OrderId) -> Command {
    let (lines, reason) = (Vec::new(), Arc::from("because"));
    Command::RequestRefund(RequestRefund { order, lines, amount: None, reason, expected_version: None })
}

/// What a channel that behaves says of an attempt.
pub(crate) fn report(payment: &Payment, state: ReportedState) -> PaymentReport {
    let transaction = state.is_captured().then(|| Arc::from(format!("t-{}", payment.id.number())));
    let pay_url = (state == ReportedState::Open).then(|| Arc::from("https://pay.example/1"));
    PaymentReport {
        payment: payment.id,
        state,
        amount: payment.amount,
        currency: payment.currency,
        transaction,
        pay_url,
    }
}

/// A notification of `sandbox` whose signature holds.
pub(crate) fn notification(report: ChannelReport) -> Command {
    Command::TakeNotification(TakeNotification {
        channel: Arc::from("sandbox"),
        event_id: Some(Arc::from("e-1")),
        headers: Arc::from("content-type: application/json"),
        body: Arc::from(b"{}".as_slice()),
        arrived_at: BEGIN,
        report: Some(report),
        is_for_us: true,
    })
}

/// A command of the shop's staff without a key.
pub(crate) fn operator(command: Command) -> Envelope {
    Envelope { actor: Actor::Operator, scope: Arc::from("route operator"), idempotency: None, command }
}

/// A command of a buyer without a key.
pub(crate) fn buyer(place: PlaceOrder) -> Envelope {
    let command = Command::PlaceOrder(place);
    Envelope { actor: Actor::Buyer, scope: Arc::from("route buyer"), idempotency: None, command }
}

/// The same command under a key. `request` stands for the request that the key was used with.
pub(crate) fn keyed(envelope: Envelope, key: &str, request: u8) -> Envelope {
    let idempotency = Idempotency { key: Arc::from(key), fingerprint: [request; 32] };
    Envelope { idempotency: Some(idempotency), ..envelope }
}

/// The stable code of a refusal.
pub(crate) fn code_of(refusal: &Refusal) -> String {
    let json = serde_json::to_value(refusal).expect("a refusal can be stored");
    json["code"].as_str().expect("a refusal is stored with its code").to_owned()
}
