//! Random commands about goods: parcels, what carriers say of them in any order and more than once, and after-sales. And a
//! carrier that behaves, for the end of a script.

use std::sync::Arc;

use ordain_domain::{
    after_sale::{
        AfterSaleKind, AfterSaleRequestLine, AfterSaleStatus, ApproveAfterSale, Consignment, InspectedLine, Inspection,
        OpenAfterSale, ReceiveAfterSale, RejectAfterSale, ReshipAfterSale, ShipBackAfterSale, WithdrawAfterSale,
    },
    answer::Answer,
    command::{Command, Envelope},
    ids::{AfterSaleId, OrderId},
    order::{Order, Quantities},
    payment::{CallOutcome, ChannelReport, ReportedState},
    refund::RefundLine,
    rules::ReviewOutcome,
    shipment::{ConfirmReceipt, CreateShipment, ShipmentStatus, TrackShipment, TrackingFact},
    time::{Span, Timestamp},
};

use super::{
    super::{
        Fixture,
        bench::Bench,
        channel::{notify, payment_report},
        shop::{basket, buyer, operator, sku},
    },
    Dice, USERS, money,
};

/// Who is told of parcels and asked about them.
const CARRIER: &str = "post";

/// A few batches of random commands about paid orders, with minutes or days passing between them. `after` is told of every
/// batch that was committed.
pub(in super::super) fn play<F: Fixture>(
    bench: &mut Bench<F>,
    seed: u64,
    batches: usize,
    mut after: impl FnMut(&mut Bench<F>, usize),
) {
    let mut dice = Dice::new(seed);
    bench.rules.fulfilment.carriers = vec![Arc::from(CARRIER)];
    bench.rules.fulfilment.points_per_100 = 1;
    // Long enough for some goods to come back before the price difference is paid.
    bench.rules.payment_window = Span::seconds(7_200);
    for number in 0..batches {
        let seconds = [1, 60, 60, 600, 86_400][index(&mut dice, 5)];
        bench.wait(Span::seconds(seconds));
        let outcome = if dice.below(4) == 0 { ReviewOutcome::Reject } else { ReviewOutcome::Approve };
        bench.rules.after_sales.review_outcome = outcome;
        for _ in 0..2 {
            let lines = [("a", 1 + small(&mut dice, 4)), ("b", 1 + small(&mut dice, 3)), ("free", 1)];
            let count = 1 + index(&mut dice, lines.len());
            // A buyer who wants the same twice within a moment is refused.
            let placed = bench.one(&buyer(basket(dice.of(&USERS), &lines[..count])));
            if let Ok(Answer::Order(order)) = placed.outcome
                && dice.below(8) > 0
            {
                let payment = bench.open(order.id);
                bench.tell(&payment, ReportedState::Captured);
            }
        }
        let envelopes: Vec<Envelope> = (0..8 + dice.below(24)).map(|_| any(bench, &mut dice)).collect();
        bench.run(&envelopes);
        after(bench, number);
    }
}

fn any<F: Fixture>(bench: &Bench<F>, dice: &mut Dice) -> Envelope {
    let about_goods = match dice.below(16) {
        0..=9 => command(bench, dice).map(operator),
        10..=12 => money::envelope(bench, dice),
        13 => pay_difference(bench, dice),
        _ => None,
    };
    about_goods.unwrap_or_else(|| operator(super::command(bench, dice)))
}

/// A buyer pays what an exchange costs more.
fn pay_difference<F: Fixture>(bench: &Bench<F>, dice: &mut Dice) -> Option<Envelope> {
    let open = bench.model.all.payments.values().filter(|row| row.after_sale.is_some() && row.status.is_open());
    let report = payment_report(one_of(open, dice)?, ReportedState::Captured);
    Some(notify(Some(ChannelReport::Payment(report)), bench.now))
}

/// Something about the goods of a young order, or none where there is none.
fn command<F: Fixture>(bench: &Bench<F>, dice: &mut Dice) -> Option<Command> {
    let all = &bench.model.all;
    match dice.below(16) {
        0..=3 => create(one_of(having(bench, |line| line.paid), dice)?, dice),
        4..=7 => {
            let shipment = dice.young(all.shipments.keys().copied())?;
            let fact = fact(bench.now, dice);
            Some(Command::TrackShipment(TrackShipment { shipment, fact, expected_version: None }))
        }
        8 => {
            let order = one_of(having(bench, |line| line.shipped + line.delivered), dice)?.id;
            Some(Command::ConfirmReceipt(ConfirmReceipt { order, expected_version: None }))
        }
        9..=11 => {
            let order = one_of(having(bench, |line| line.shipped + line.delivered + line.confirmed), dice)?;
            open(order, dice)
        }
        _ => {
            let waits = |status: AfterSaleStatus| status.is_open() && status != AfterSaleStatus::Refunding;
            let open = all.after_sales.values().filter(|after_sale| waits(after_sale.status));
            let after_sale = one_of(open, dice)?;
            Some(step(after_sale.id, after_sale.status, dice))
        }
    }
}

/// Orders of which some units stand in a bucket.
fn having<F: Fixture>(bench: &Bench<F>, units: fn(&Quantities) -> u32) -> impl DoubleEndedIterator<Item = &Arc<Order>> {
    bench.model.all.orders.values().filter(move |order| order.quantities.iter().any(|line| units(line) > 0))
}

fn create(order: &Order, dice: &mut Dice) -> Option<Command> {
    let unit = |(line, units): (usize, &Quantities)| {
        let quantity = if dice.below(2) == 0 { units.paid } else { units.paid.min(1) };
        (quantity > 0).then_some(RefundLine { line, quantity })
    };
    let lines: Vec<RefundLine> = order.quantities.iter().enumerate().filter_map(unit).collect();
    let carrier = Arc::from(if dice.below(2) == 0 { CARRIER } else { "on foot" });
    let create =
        CreateShipment { order: order.id, lines, carrier, tracking_number: "1".into(), expected_version: None };
    (!create.lines.is_empty()).then_some(Command::CreateShipment(create))
}

/// Delivered as often as everything else together; some words come late.
fn fact(now: Timestamp, dice: &mut Dice) -> TrackingFact {
    let status = match dice.below(8) {
        0 => ShipmentStatus::Returned,
        1 => ShipmentStatus::Exception,
        2 => ShipmentStatus::OutForDelivery,
        3 => ShipmentStatus::InTransit,
        _ => ShipmentStatus::Delivered,
    };
    let late = i64::try_from(dice.below(3)).expect("small") * 3_600_000_000;
    TrackingFact { status, at: Timestamp(now.0 - late), location: None, note: None }
}

fn open(order: &Order, dice: &mut Dice) -> Option<Command> {
    let kind = AfterSaleKind::ALL[index(dice, 4).min(2)];
    let with_buyer = |units: &Quantities| units.delivered + units.confirmed;
    let units = |units: &Quantities| match kind {
        AfterSaleKind::Refund => with_buyer(units) + units.shipped,
        AfterSaleKind::Return | AfterSaleKind::Exchange => with_buyer(units),
    };
    let mut lines = Vec::new();
    for (line, there) in order.quantities.iter().map(units).enumerate().filter(|(_, there)| *there > 0) {
        let quantity = 1 + small(dice, there);
        let other = (dice.below(2) == 0).then(|| sku(dice.of(&["a", "b", "b"])));
        lines.push(AfterSaleRequestLine {
            line,
            quantity,
            replacement: other.filter(|_| kind == AfterSaleKind::Exchange),
        });
    }
    let open = OpenAfterSale { order: order.id, kind, lines, reason: Arc::from("it is loud"), expected_version: None };
    (!open.lines.is_empty()).then_some(Command::OpenAfterSale(open))
}

/// Mostly what comes next, sometimes anything.
fn step(after_sale: AfterSaleId, status: AfterSaleStatus, dice: &mut Dice) -> Command {
    let (expected_version, reason) = (None, Arc::from("no"));
    let consignment = Consignment { carrier: Arc::from("post"), tracking_number: Arc::from("2") };
    let next = match status {
        AfterSaleStatus::Requested => 0,
        AfterSaleStatus::Approved => 1 + dice.below(2),
        AfterSaleStatus::Returning => 2,
        _ => 3,
    };
    match if dice.below(4) == 0 { dice.below(6) } else { next } {
        0 => Command::ApproveAfterSale(ApproveAfterSale { after_sale, return_address: None, expected_version }),
        1 => Command::ShipBackAfterSale(ShipBackAfterSale { after_sale, consignment, expected_version }),
        2 => {
            let outcome = [Inspection::Restock, Inspection::Scrap, Inspection::Refuse][index(dice, 3)];
            let part = InspectedLine { line: 0, quantity: Some(1), outcome: Some(Inspection::Restock) };
            let lines = if dice.below(2) == 0 { vec![part] } else { Vec::new() };
            Command::ReceiveAfterSale(ReceiveAfterSale { after_sale, outcome, lines, expected_version })
        }
        3 => Command::ReshipAfterSale(ReshipAfterSale { after_sale, consignment, expected_version }),
        4 => Command::WithdrawAfterSale(WithdrawAfterSale { after_sale, expected_version }),
        _ => Command::RejectAfterSale(RejectAfterSale { after_sale, reason, expected_version }),
    }
}

/// What a carrier may answer.
pub(super) fn random_outcome(now: Timestamp, dice: &mut Dice) -> CallOutcome {
    CallOutcome::Tracked((0..dice.below(3)).map(|_| fact(now, dice)).collect())
}

/// The carrier handed the parcel over.
pub(super) fn delivered(at: Timestamp) -> CallOutcome {
    let fact = TrackingFact { status: ShipmentStatus::Delivered, at, location: None, note: None };
    CallOutcome::Tracked(vec![fact])
}

/// People do what they have to about after-sales, and buyers confirm what they have.
pub(in super::super) fn finish<F: Fixture>(bench: &mut Bench<F>) {
    let rows: Vec<_> = bench.model.all.after_sales.values().map(|row| (row.id, row.status)).collect();
    for (after_sale, status) in rows {
        let (outcome, expected_version) = (Inspection::Restock, None);
        let consignment = Consignment { carrier: Arc::from("post"), tracking_number: Arc::from("3") };
        let command = match status {
            AfterSaleStatus::Returning => {
                Command::ReceiveAfterSale(ReceiveAfterSale { after_sale, outcome, lines: Vec::new(), expected_version })
            }
            AfterSaleStatus::Reshipping => {
                Command::ReshipAfterSale(ReshipAfterSale { after_sale, consignment, expected_version })
            }
            _ => continue,
        };
        bench.accept(&operator(command));
    }
    let orders: Vec<OrderId> = having(bench, |line| line.shipped + line.delivered).map(|order| order.id).collect();
    for order in orders {
        bench.accept(&operator(Command::ConfirmReceipt(ConfirmReceipt { order, expected_version: None })));
    }
}

/// One of the twelve youngest things.
fn one_of<T>(things: impl DoubleEndedIterator<Item = T>, dice: &mut Dice) -> Option<T> {
    let mut young: Vec<T> = things.rev().take(12).collect();
    let chosen = index(dice, young.len().max(1));
    (chosen < young.len()).then(|| young.swap_remove(chosen))
}

fn index(dice: &mut Dice, bound: usize) -> usize {
    usize::try_from(dice.below(bound as u64)).expect("below the bound")
}

fn small(dice: &mut Dice, bound: u32) -> u32 {
    u32::try_from(dice.below(u64::from(bound))).expect("below the bound")
}
