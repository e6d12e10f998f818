//! Cases: parcels and after-sales come back whole through their life, and what is overdue of them is found without timers.

use std::sync::Arc;

use ordain_domain::{
    after_sale::{
        AfterSale, AfterSaleKind, AfterSaleLine, AfterSaleRequestLine, AfterSaleStatus, ApproveAfterSale, Consignment,
        Inspection, LegState, OpenAfterSale, ReceiveAfterSale, ReplacementLeg, ReshipAfterSale, ShipBackAfterSale,
    },
    answer::Answer,
    command::Command,
    ids::{AfterSaleId, OrderId, PaymentId, RefundId, ShipmentId},
    money::AMOUNT_MAX,
    order::OrderStatus,
    payment::{Payment, ReportedState},
    refund::RefundLine,
    rows::Changes,
    shipment::{ConfirmReceipt, CreateShipment, Shipment, ShipmentLine, ShipmentStatus, TrackShipment, TrackingFact},
    time::{Span, Timestamp},
};

use super::{
    Fixture,
    bench::{BEGIN, Bench},
    shop::{address, basket, buyer, operator, sku},
};

/// Hands units to a carrier.
fn ship<F: Fixture>(bench: &mut Bench<F>, order: OrderId, lines: &[(usize, u32)]) -> ShipmentId {
    let line = |(line, quantity): &(usize, u32)| RefundLine { line: *line, quantity: *quantity };
    let create = CreateShipment {
        order,
        lines: lines.iter().map(line).collect(),
        carrier: Arc::from("parcel \"post\""),
        tracking_number: Arc::from("RB 1234"),
        expected_version: None,
    };
    match bench.accept(&operator(Command::CreateShipment(create))) {
        Answer::Shipment(shipment) => shipment.id,
        other => panic!("not a shipment: {other:?}"),
    }
}

fn track<F: Fixture>(bench: &mut Bench<F>, shipment: ShipmentId, status: ShipmentStatus, location: Option<&str>) {
    let (location, note) = (location.map(Arc::from), location.map(|_| Arc::from("signed:\n\"A. Buyer\"")));
    let fact = TrackingFact { status, at: bench.now, location, note };
    bench.accept(&operator(Command::TrackShipment(TrackShipment { shipment, fact, expected_version: None })));
    bench.compare();
}

/// A shop with an order of two lines that is paid, whole at its buyer.
fn delivered<F: Fixture>() -> (Bench<F>, OrderId) {
    let mut bench = Bench::<F>::shop();
    let order = bench.place(&buyer(basket("u-1", &[("a", 3), ("b", 2)]))).id;
    bench.pay(order);
    let shipment = ship(&mut bench, order, &[(0, 3), (1, 2)]);
    track(&mut bench, shipment, ShipmentStatus::Delivered, None);
    (bench, order)
}

/// An order of two units that its buyer has, and its parcel.
pub(super) fn delivered_to<F: Fixture>(bench: &mut Bench<F>, user: &str) -> (OrderId, ShipmentId) {
    let order = bench.place(&buyer(basket(user, &[("a", 2)]))).id;
    bench.pay(order);
    let shipment = ship(bench, order, &[(0, 2)]);
    track(bench, shipment, ShipmentStatus::Delivered, None);
    (order, shipment)
}

/// Opens an after-sale, which must be possible.
pub(super) fn open<F: Fixture>(
    bench: &mut Bench<F>,
    order: OrderId,
    kind: AfterSaleKind,
    lines: &[(usize, u32, Option<&str>)],
) -> AfterSaleId {
    let line = |(line, quantity, replacement): &(usize, u32, Option<&str>)| AfterSaleRequestLine {
        line: *line,
        quantity: *quantity,
        replacement: replacement.map(sku),
    };
    let lines = lines.iter().map(line).collect();
    let reason = Arc::from("it does not \"fit\"");
    let open = OpenAfterSale { order, kind, lines, reason, expected_version: None };
    let answer = bench.accept(&operator(Command::OpenAfterSale(open)));
    bench.compare();
    match answer {
        Answer::AfterSale(after_sale) => after_sale.id,
        other => panic!("not an after-sale: {other:?}"),
    }
}

fn take<F: Fixture>(bench: &mut Bench<F>, command: Command) {
    bench.accept(&operator(command));
    bench.compare();
}

pub(super) fn approve(after_sale: AfterSaleId) -> Command {
    let return_address = Some(address("Town"));
    Command::ApproveAfterSale(ApproveAfterSale { after_sale, return_address, expected_version: None })
}

fn consignment() -> Consignment {
    Consignment { carrier: Arc::from("post"), tracking_number: Arc::from("R\"2") }
}

fn receive(after_sale: AfterSaleId, outcome: Inspection) -> Command {
    Command::ReceiveAfterSale(ReceiveAfterSale { after_sale, outcome, lines: Vec::new(), expected_version: None })
}

fn status<F: Fixture>(bench: &Bench<F>, after_sale: AfterSaleId) -> AfterSaleStatus {
    bench.model.all.after_sales[&after_sale].status
}

/// Two parcels: one through every status, one back to the shop; the order completed by its buyer.
pub fn parcels_through_their_life<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let order = bench.place(&buyer(basket("u-1", &[("a", 3), ("b", 2)]))).id;
    bench.pay(order);
    let first = ship(&mut bench, order, &[(0, 2), (1, 2), (0, 1)]);
    for status in [ShipmentStatus::OutForDelivery, ShipmentStatus::Exception, ShipmentStatus::InTransit] {
        bench.wait(Span::seconds(1));
        track(&mut bench, first, status, Some("a town / \"Überort\""));
    }
    bench.reopen();
    bench.wait(Span::seconds(1));
    track(&mut bench, first, ShipmentStatus::Returned, None);
    let second = ship(&mut bench, order, &[(0, 3)]);
    let third = ship(&mut bench, order, &[(1, 2)]);
    bench.wait(Span::seconds(1));
    track(&mut bench, second, ShipmentStatus::Delivered, None);
    bench.reopen();
    bench.compare();
    take(&mut bench, Command::ConfirmReceipt(ConfirmReceipt { order, expected_version: None }));
    track(&mut bench, third, ShipmentStatus::Delivered, None);
    bench.reopen();
    bench.compare();
    assert_eq!(bench.model.all.orders[&order].status, OrderStatus::Completed);
    assert_eq!(bench.broken(), []);
}

/// A refund, a return and an exchange, to the end.
pub fn after_sales_through_their_life<F: Fixture>() {
    let (mut bench, order) = delivered::<F>();
    let refund = open(&mut bench, order, AfterSaleKind::Refund, &[(0, 1, None)]);
    let back = open(&mut bench, order, AfterSaleKind::Return, &[(0, 1, None), (1, 1, None)]);
    let exchange = open(&mut bench, order, AfterSaleKind::Exchange, &[(0, 1, Some("b"))]);
    bench.reopen();
    for id in [refund, back, exchange] {
        take(&mut bench, approve(id));
    }
    let payment = bench.model.all.payments.values().find(|row| row.after_sale == Some(exchange));
    let payment: Arc<Payment> = Arc::clone(payment.expect("a price difference is to be paid"));
    bench.reopen();
    bench.tell(&payment, ReportedState::Captured);
    bench.compare();
    let ship_back = |after_sale| {
        Command::ShipBackAfterSale(ShipBackAfterSale { after_sale, consignment: consignment(), expected_version: None })
    };
    take(&mut bench, ship_back(back));
    take(&mut bench, ship_back(exchange));
    bench.reopen();
    bench.compare();
    take(&mut bench, receive(back, Inspection::Restock));
    take(&mut bench, receive(exchange, Inspection::Scrap));
    bench.give_back();
    bench.compare();
    let reship = ReshipAfterSale { after_sale: exchange, consignment: consignment(), expected_version: None };
    take(&mut bench, Command::ReshipAfterSale(reship));
    bench.reopen();
    bench.compare();
    for id in [refund, back, exchange] {
        assert_eq!(status(&bench, id), AfterSaleStatus::Completed);
    }
    assert_eq!(bench.broken(), []);
}

/// Deadlines that no timer met: after-sales first, and once none waits for goods, the parcels.
pub fn overdue_goods_are_found_without_timers<F: Fixture>() {
    let (mut bench, order) = delivered::<F>();
    let after_sale = open(&mut bench, order, AfterSaleKind::Return, &[(0, 1, None)]);
    bench.wait(Span::seconds(40 * 86_400));
    bench.compare();
    let (now, reader) = (bench.now, bench.reader());
    assert_eq!(reader.overdue_after_sales(None, now, 10).expect("the store can be read"), [(after_sale, order)]);
    assert_eq!(reader.overdue_shipments(None, now, 10).expect("the store can be read"), []);
    take(&mut bench, Command::WorkAfterSales(order));
    assert_eq!(status(&bench, after_sale), AfterSaleStatus::Approved);
    bench.wait(Span::seconds(40 * 86_400));
    take(&mut bench, Command::WorkAfterSales(order));
    assert_eq!(status(&bench, after_sale), AfterSaleStatus::Withdrawn);
    let (now, reader) = (bench.now, bench.reader());
    assert_eq!(reader.overdue_after_sales(None, now, 10).expect("the store can be read"), []);
    assert_eq!(reader.overdue_shipments(None, now, 10).expect("the store can be read").len(), 1);
    take(&mut bench, Command::ConfirmDue(order));
    assert_eq!(bench.reader().overdue_shipments(None, now, 10).expect("the store can be read"), []);
    assert_eq!(bench.model.all.orders[&order].status, OrderStatus::Completed);
}

/// A row of each kind with everything that it may hold.
fn full() -> (Shipment, AfterSale) {
    let text = |text: &str| Some(Arc::from(text));
    let fact = TrackingFact {
        status: ShipmentStatus::Delivered,
        at: Timestamp(-1),
        location: text("a \"place\""),
        note: text("a\nb"),
    };
    let shipment = Shipment {
        id: ShipmentId::from_number(i64::MAX),
        order: OrderId::from_number(i64::MAX),
        lines: vec![ShipmentLine { line: 999, quantity: u32::MAX, settled: u32::MAX }],
        carrier: Arc::from("c"),
        tracking_number: Arc::from("'; --"),
        status: ShipmentStatus::Delivered,
        status_at: Some(Timestamp(-1)),
        facts: vec![fact; 200],
        announced: true,
        ask_at: Some(Timestamp::MAX),
        asks: u32::MAX,
        note: text("no"),
        delivered_at: Some(BEGIN),
        confirm_due: Some(Timestamp::MAX),
        confirmed_at: None,
        version: u64::MAX >> 1,
        created_at: Timestamp(-1),
        updated_at: BEGIN,
    };
    let line = AfterSaleLine {
        line: 999,
        quantity: u32::MAX,
        replacement: Some(sku("b")),
        price: AMOUNT_MAX,
        credit: AMOUNT_MAX,
        points: AMOUNT_MAX,
        kept: 1,
        restocked: 2,
        scrapped: 3,
        refused: u32::MAX,
    };
    let leg = ReplacementLeg {
        state: LegState::Released,
        difference: -AMOUNT_MAX,
        pay_by: Some(Timestamp::MAX),
        payment: Some(PaymentId::from_number(7)),
        paid: 1,
        money_back: AMOUNT_MAX,
        points_back: 2,
        sent: Some(consignment()),
    };
    let after_sale = AfterSale {
        id: AfterSaleId::from_number(i64::MAX),
        order: shipment.order,
        kind: AfterSaleKind::Exchange,
        status: AfterSaleStatus::Approved,
        lines: vec![line.clone(), line],
        reason: Arc::from("because"),
        review_due_at: BEGIN,
        ship_back_by: Some(Timestamp(-1)),
        return_address: Some(address("Town")),
        sent_back: Some(consignment()),
        replacement: Some(leg),
        refunds: vec![RefundId::from_number(5), RefundId::from_number(i64::MAX)],
        note: text("a \"note\""),
        version: u64::MAX >> 1,
        created_at: BEGIN,
        updated_at: BEGIN,
    };
    (shipment, after_sale)
}

/// Rows with everything they may hold, and with the least.
pub fn rows_of_goods_with_everything_and_nothing<F: Fixture>() {
    let mut bench = Bench::<F>::empty();
    let (shipment, after_sale) = full();
    let bare_shipment = Shipment {
        id: ShipmentId::from_number(2),
        status: ShipmentStatus::Exception,
        status_at: None,
        facts: Vec::new(),
        announced: false,
        ask_at: None,
        asks: 0,
        note: None,
        delivered_at: None,
        confirm_due: None,
        confirmed_at: Some(BEGIN),
        version: 1,
        ..shipment.clone()
    };
    let bare_after_sale = AfterSale {
        id: AfterSaleId::from_number(2),
        kind: AfterSaleKind::Refund,
        status: AfterSaleStatus::Completed,
        ship_back_by: None,
        return_address: None,
        sent_back: None,
        replacement: None,
        refunds: Vec::new(),
        note: None,
        version: 1,
        ..after_sale.clone()
    };
    for (shipment, after_sale) in [(shipment, after_sale), (bare_shipment, bare_after_sale)] {
        let mut changes = Changes::default();
        changes.shipments.insert(shipment.id, Arc::new(shipment));
        changes.after_sales.insert(after_sale.id, Arc::new(after_sale));
        bench.commit(&changes, &[], &[]).expect("rows can be committed");
    }
    bench.compare();
    bench.reopen();
    bench.compare();
}
