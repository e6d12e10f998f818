//! Short ways to ship, to track and to go through after-sales. It decides nothing and checks nothing.

use std::sync::Arc;

use ordain_domain::{
    after_sale::{
        AfterSale, AfterSaleKind, AfterSaleRequestLine, ApproveAfterSale, Consignment, InspectedLine, Inspection,
        OpenAfterSale, ReceiveAfterSale, RejectAfterSale, ReshipAfterSale, ShipBackAfterSale, WithdrawAfterSale,
    },
    answer::Answer,
    command::Command,
    ids::{AfterSaleId, OrderId, ShipmentId},
    order::{CancelReason, Quantities},
    outbox::Task,
    payment::{CallOutcome, ChannelReport, RefundReport},
    refund::RefundLine,
    shipment::{ConfirmReceipt, CreateShipment, Shipment, ShipmentStatus, TrackShipment, TrackingFact},
    time::Timestamp,
};

use crate::world::{World, basket, buyer, cancel, operator, sku};

/// A paid order of `lines`.
pub(crate) fn paid(lines: &[(&str, u32)]) -> (World, OrderId) {
    let mut world = World::shop();
    let order = world.place(&buyer(basket(lines))).id;
    world.pay(order);
    (world, order)
}

/// A paid order of `lines` that its buyer has, in one parcel.
pub(crate) fn delivered(lines: &[(&str, u32)]) -> (World, OrderId) {
    let (mut world, order) = paid(lines);
    let all: Vec<(usize, u32)> = lines.iter().enumerate().map(|(line, (_, quantity))| (line, *quantity)).collect();
    let shipment = world.ship(order, &all).id;
    world.track(shipment, ShipmentStatus::Delivered);
    (world, order)
}

pub(crate) fn units(lines: &[(usize, u32)]) -> Vec<RefundLine> {
    lines.iter().map(|(line, quantity)| RefundLine { line: *line, quantity: *quantity }).collect()
}

pub(crate) fn create_shipment(order: OrderId, lines: &[(usize, u32)]) -> Command {
    create_at("post", order, lines)
}

/// A parcel with a carrier of this name.
pub(crate) fn create_at(carrier: &str, order: OrderId, lines: &[(usize, u32)]) -> Command {
    Command::CreateShipment(CreateShipment {
        order,
        lines: units(lines),
        carrier: Arc::from(carrier),
        tracking_number: Arc::from("R1"),
        expected_version: None,
    })
}

pub(crate) fn fact(status: ShipmentStatus, at: Timestamp) -> TrackingFact {
    TrackingFact { status, at, location: None, note: None }
}

pub(crate) fn track(shipment: ShipmentId, status: ShipmentStatus, at: Timestamp) -> Command {
    Command::TrackShipment(TrackShipment { shipment, fact: fact(status, at), expected_version: None })
}

pub(crate) fn confirm(order: OrderId) -> Command {
    Command::ConfirmReceipt(ConfirmReceipt { order, expected_version: None })
}

pub(crate) fn cancel_units(order: OrderId, lines: &[(usize, u32)]) -> Command {
    match cancel(order, None) {
        Command::CancelOrder(mut command) => {
            (command.reason, command.lines) = (CancelReason::Merchant, units(lines));
            Command::CancelOrder(command)
        }
        other => panic!("{other:?}"),
    }
}

/// Units of a line, and in an exchange what is wanted instead.
pub(crate) type Wanted<'a> = (usize, u32, Option<&'a str>);

pub(crate) fn open(order: OrderId, kind: AfterSaleKind, lines: &[Wanted<'_>]) -> Command {
    let line = |(line, quantity, replacement): &Wanted<'_>| AfterSaleRequestLine {
        line: *line,
        quantity: *quantity,
        replacement: replacement.map(sku),
    };
    let lines = lines.iter().map(line).collect();
    Command::OpenAfterSale(OpenAfterSale { order, kind, lines, reason: Arc::from("because"), expected_version: None })
}

pub(crate) fn approve(after_sale: AfterSaleId) -> Command {
    Command::ApproveAfterSale(ApproveAfterSale { after_sale, return_address: None, expected_version: None })
}

pub(crate) fn reject(after_sale: AfterSaleId) -> Command {
    Command::RejectAfterSale(RejectAfterSale { after_sale, reason: Arc::from("no"), expected_version: None })
}

pub(crate) fn withdraw(after_sale: AfterSaleId) -> Command {
    Command::WithdrawAfterSale(WithdrawAfterSale { after_sale, expected_version: None })
}

fn consignment() -> Consignment {
    Consignment { carrier: Arc::from("post"), tracking_number: Arc::from("R2") }
}

pub(crate) fn ship_back(after_sale: AfterSaleId) -> Command {
    let consignment = consignment();
    Command::ShipBackAfterSale(ShipBackAfterSale { after_sale, consignment, expected_version: None })
}

pub(crate) fn receive(after_sale: AfterSaleId, outcome: Inspection) -> Command {
    receive_lines(after_sale, outcome, &[])
}

/// Units of a line with what was found of them.
pub(crate) type Found = (usize, Option<u32>, Option<Inspection>);

pub(crate) fn receive_lines(after_sale: AfterSaleId, outcome: Inspection, lines: &[Found]) -> Command {
    let line =
        |(line, quantity, outcome): &Found| InspectedLine { line: *line, quantity: *quantity, outcome: *outcome };
    let lines = lines.iter().map(line).collect();
    Command::ReceiveAfterSale(ReceiveAfterSale { after_sale, outcome, lines, expected_version: None })
}

pub(crate) fn reship(after_sale: AfterSaleId) -> Command {
    let consignment = consignment();
    Command::ReshipAfterSale(ReshipAfterSale { after_sale, consignment, expected_version: None })
}

impl World {
    /// Ships units, which must be possible.
    pub(crate) fn ship(&mut self, order: OrderId, lines: &[(usize, u32)]) -> Arc<Shipment> {
        match self.accept(&operator(create_shipment(order, lines))) {
            Answer::Shipment(shipment) => shipment,
            other => panic!("not a parcel: {other:?}"),
        }
    }

    /// The carrier says so now.
    pub(crate) fn track(&mut self, shipment: ShipmentId, status: ShipmentStatus) -> Arc<Shipment> {
        let at = self.now;
        self.track_at(shipment, status, at)
    }

    /// The carrier says that it was so at a time.
    pub(crate) fn track_at(&mut self, shipment: ShipmentId, status: ShipmentStatus, at: Timestamp) -> Arc<Shipment> {
        match self.accept(&operator(track(shipment, status, at))) {
            Answer::Shipment(shipment) => shipment,
            other => panic!("not a parcel: {other:?}"),
        }
    }

    /// Opens an after-sale, which must be possible.
    pub(crate) fn open_after_sale(&mut self, order: OrderId, kind: AfterSaleKind, lines: &[Wanted<'_>]) -> AfterSaleId {
        self.step_after_sale(open(order, kind, lines)).id
    }

    /// Takes a step of an after-sale, which must be possible.
    pub(crate) fn step_after_sale(&mut self, command: Command) -> Arc<AfterSale> {
        match self.accept(&operator(command)) {
            Answer::AfterSale(after_sale) => after_sale,
            other => panic!("not an after-sale: {other:?}"),
        }
    }

    pub(crate) fn after_sale(&self, id: AfterSaleId) -> Arc<AfterSale> {
        Arc::clone(&self.all.after_sales[&id])
    }

    pub(crate) fn shipment(&self, id: ShipmentId) -> Arc<Shipment> {
        Arc::clone(&self.all.shipments[&id])
    }

    /// Where the units of a line stand: paid, shipped, delivered, confirmed, returned, cancelled.
    pub(crate) fn buckets(&self, order: OrderId, line: usize) -> [u32; 6] {
        let Quantities { paid, shipped, delivered, confirmed, returned, cancelled, .. } =
            self.order(order).quantities[line];
        [paid, shipped, delivered, confirmed, returned, cancelled]
    }

    /// The channel carries out every refund that it was told of.
    pub(crate) fn give_back(&mut self) {
        for message in self.messages() {
            let Task::SendRefund(id) = message.task else { continue };
            let amount = self.all.refunds[&id].amount;
            let (succeeded, is_known) = (Some(true), true);
            let report = RefundReport { refund: id, succeeded, is_known, amount, transaction: None, reason: None };
            self.answer(&message, CallOutcome::Answered(ChannelReport::Refund(report)));
        }
    }

    /// Names of an order's events from its `first` on.
    pub(crate) fn events_from(&self, order: OrderId, first: u64) -> Vec<&'static str> {
        let subject = ordain_domain::event::Subject::Order(order);
        let own = self.all.events.iter().filter(|record| record.subject == subject && record.seq >= first);
        own.map(|record| record.event.type_name()).collect()
    }
}
