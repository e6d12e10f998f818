//! What does not go on by itself, on the wire: since when, and the call that repairs it.

use ordain_domain::{
    after_sale::AfterSaleStatus,
    ids::{AfterSaleId, LetterId, PaymentId, ReceiptId, RefundId, ShipmentId},
    outbox::Task,
    time::Timestamp,
};
use ordain_engine::port::store::{Stuck, StuckThing};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{number_text::PrefixedId, time_text::Rfc3339, wire::ops::age_seconds};

/// A call that repairs something.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Repair)]
pub(crate) struct RepairView {
    /// `POST`
    method: &'static str,
    path: String,
    /// Members that its body must have. What they may be is said at the call.
    body: &'static [&'static str],
}

impl RepairView {
    fn new(resource: &str, id: impl Into<PrefixedId>, step: &str, body: &'static [&'static str]) -> RepairView {
        RepairView { method: "POST", path: format!("/v1/{resource}/{}/{step}", id.into().as_str()), body }
    }

    fn refresh(payment: PaymentId) -> RepairView {
        RepairView::new("payments", payment, "refresh", &[])
    }

    fn of_refund(refund: RefundId) -> Vec<RepairView> {
        vec![RepairView::new("refunds", refund, "retry", &[]), RepairView::new("refunds", refund, "resolve", &["note"])]
    }

    /// The calls that end a dead letter.
    pub(crate) fn of_letter(letter: LetterId) -> Vec<RepairView> {
        vec![
            RepairView::new("ops/dead-letters", letter, "replay", &[]),
            RepairView::new("ops/dead-letters", letter, "skip", &["reason"]),
        ]
    }

    /// The calls that lead an after-sale on whose goods somebody has to deal with.
    fn of_after_sale(after_sale: AfterSaleId, status: AfterSaleStatus) -> Vec<RepairView> {
        let step = |step, body| RepairView::new("after-sales", after_sale, step, body);
        let usual = match status {
            AfterSaleStatus::Returning => Some(step("receive", &["outcome"])),
            AfterSaleStatus::Reshipping => Some(step("reship", &["carrier", "tracking_number"])),
            _ => None,
        };
        usual.into_iter().chain([step("reject", &["reason"])]).collect()
    }

    fn of_shipment(shipment: ShipmentId) -> RepairView {
        RepairView::new("shipments", shipment, "tracking", &["status", "at"])
    }

    fn of_receipt(receipt: ReceiptId) -> RepairView {
        RepairView::new("ops/receipts", receipt, "resolve", &["note"])
    }
}

/// Something that does not go on by itself, or not in time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stuck)]
pub(crate) struct StuckView {
    /// `manual_payment`, `manual_refund`, `quarantined_receipt`, `waiting_after_sale`, `stopped_shipment`,
    /// `closing_order`, `waiting_message`, `overdue_timer`.
    kind: &'static str,
    /// The thing; null where it is the order itself.
    #[schema(value_type = Option<String>)]
    id: Option<PrefixedId>,
    /// The order that it belongs to, where it is one of ours.
    #[schema(value_type = Option<String>)]
    order_id: Option<PrefixedId>,
    /// What a waiting message asks for, or what a timer is for.
    task: Option<&'static str>,
    #[schema(value_type = String, format = DateTime)]
    since: Rfc3339,
    /// How long ago that is, in whole seconds.
    age_seconds: u64,
    /// What happened, and what to do about it.
    advice: &'static str,
    /// The calls that repair it, the usual one first; empty where only the advice helps.
    repairs: Vec<RepairView>,
}

impl StuckView {
    /// The thing as seen at `now`. `open_payments` are the attempts of a closing order that wait for their channel.
    pub(crate) fn new(stuck: &Stuck, now: Timestamp, open_payments: &[PaymentId]) -> StuckView {
        let (id, task) = names_of(stuck.what);
        StuckView {
            kind: stuck.what.as_str(),
            id,
            order_id: stuck.order.map(PrefixedId::from),
            task,
            since: Rfc3339(stuck.since),
            age_seconds: age_seconds(stuck.since, now),
            advice: advice_on(stuck.what),
            repairs: match stuck.what {
                StuckThing::ManualPayment(payment) => vec![RepairView::refresh(payment)],
                StuckThing::ManualRefund(refund) => RepairView::of_refund(refund),
                StuckThing::QuarantinedReceipt(receipt) => vec![RepairView::of_receipt(receipt)],
                StuckThing::WaitingAfterSale(after_sale, status) => RepairView::of_after_sale(after_sale, status),
                StuckThing::StoppedShipment(shipment) => vec![RepairView::of_shipment(shipment)],
                StuckThing::ClosingOrder => open_payments.iter().copied().map(RepairView::refresh).collect(),
                StuckThing::WaitingMessage(_, task) => payment_of(task).map(RepairView::refresh).into_iter().collect(),
                StuckThing::OverdueTimer(_) => Vec::new(),
            },
        }
    }
}

fn names_of(what: StuckThing) -> (Option<PrefixedId>, Option<&'static str>) {
    match what {
        StuckThing::ManualPayment(payment) => (Some(payment.into()), None),
        StuckThing::ManualRefund(refund) => (Some(refund.into()), None),
        StuckThing::QuarantinedReceipt(receipt) => (Some(receipt.into()), None),
        StuckThing::WaitingAfterSale(after_sale, _) => (Some(after_sale.into()), None),
        StuckThing::StoppedShipment(shipment) => (Some(shipment.into()), None),
        StuckThing::WaitingMessage(message, task) => (Some(message.into()), Some(task.as_str())),
        StuckThing::OverdueTimer(kind) => (None, Some(kind.as_str())),
        StuckThing::ClosingOrder => (None, None),
    }
}

const fn payment_of(task: Task) -> Option<PaymentId> {
    match task {
        Task::OpenPayment(payment) | Task::QueryPayment(payment) | Task::ClosePayment(payment) => Some(payment),
        Task::SendRefund(_) | Task::QueryRefund(_) | Task::AnnounceShipment(_) | Task::TrackShipment(_) => None,
    }
}

const fn advice_on(what: StuckThing) -> &'static str {
    match what {
        StuckThing::ManualPayment(_) => {
            "The channel gave no answer that can be believed and is not asked any more. Look there; refresh asks it again."
        }
        StuckThing::ManualRefund(_) => {
            "The channel refused it for the last time. Send it again, or pay it otherwise and resolve it with a note."
        }
        StuckThing::QuarantinedReceipt(_) => {
            "The channel said something that cannot be true; nothing followed from it. Find out why, and resolve it with a note."
        }
        StuckThing::WaitingAfterSale(_, AfterSaleStatus::Returning) => {
            "The buyer sent the goods back, and nobody received them. Receive them, or reject it if they never came."
        }
        StuckThing::WaitingAfterSale(_, AfterSaleStatus::Reshipping) => {
            "The goods are back, and the replacement was not sent. Send it, or reject it: then the money goes back."
        }
        StuckThing::WaitingAfterSale(..) => {
            "The goods are back, and the time to pay the price difference is over. Reject it: then the money goes back."
        }
        StuckThing::StoppedShipment(_) => {
            "Its carrier has trouble with it, refused it, or is not asked about it any more. Find out where it is, \
             and tell what became of it: delivered or returned."
        }
        StuckThing::ClosingOrder => {
            "Its channel does not answer whether money came. The order ends without an answer after payments.closing_max; money \
             that comes later is covered."
        }
        StuckThing::WaitingMessage(..) => {
            "The call was not answered yet. Messages are delivered again at the next start."
        }
        StuckThing::OverdueTimer(_) => {
            "It was due and has not fired. The search every scan.interval finds what it was for; all timers are read again at the \
             next start."
        }
    }
}

/// What is stuck: kind by kind, of each the oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StuckList)]
pub(crate) struct StuckList {
    pub(crate) data: Vec<StuckView>,
    /// Always null: at most 100 of a kind are shown.
    pub(crate) next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use ordain_domain::{
        ids::{MessageId, OrderId},
        timer::TimerKind,
    };

    #[test]
    fn every_stuck_thing_has_its_repair() {
        let (payment, refund) = (PaymentId::from_number(7), RefundId::from_number(8));
        let message = MessageId::from_number(3);
        let refresh = ["/v1/payments/pay_7/refresh"];
        let after_sale = AfterSaleId::from_number(11);
        let goods = |status| StuckThing::WaitingAfterSale(after_sale, status);
        let table: [(StuckThing, Option<&str>, &[&str]); 11] = [
            (StuckThing::ManualPayment(payment), Some("pay_7"), &refresh),
            (
                StuckThing::ManualRefund(refund),
                Some("rfd_8"),
                &["/v1/refunds/rfd_8/retry", "/v1/refunds/rfd_8/resolve"],
            ),
            (
                StuckThing::QuarantinedReceipt(ReceiptId::from_number(9)),
                Some("rct_9"),
                &["/v1/ops/receipts/rct_9/resolve"],
            ),
            (
                goods(AfterSaleStatus::Returning),
                Some("aft_11"),
                &["/v1/after-sales/aft_11/receive", "/v1/after-sales/aft_11/reject"],
            ),
            (
                goods(AfterSaleStatus::Reshipping),
                Some("aft_11"),
                &["/v1/after-sales/aft_11/reship", "/v1/after-sales/aft_11/reject"],
            ),
            (goods(AfterSaleStatus::Received), Some("aft_11"), &["/v1/after-sales/aft_11/reject"]),
            (
                StuckThing::StoppedShipment(ShipmentId::from_number(12)),
                Some("shp_12"),
                &["/v1/shipments/shp_12/tracking"],
            ),
            (StuckThing::ClosingOrder, None, &["/v1/payments/pay_5/refresh", "/v1/payments/pay_6/refresh"]),
            (StuckThing::WaitingMessage(message, Task::ClosePayment(payment)), Some("msg_3"), &refresh),
            (StuckThing::WaitingMessage(message, Task::SendRefund(refund)), Some("msg_3"), &[]),
            (StuckThing::OverdueTimer(TimerKind::CloseOrder), None, &[]),
        ];
        for (what, id, repairs) in table {
            let stuck = Stuck { what, order: Some(OrderId::from_number(4)), since: Timestamp(2_000_000) };
            let view = StuckView::new(&stuck, Timestamp(5_500_000), &[5, 6].map(PaymentId::from_number));
            assert_eq!(view.id.as_ref().map(PrefixedId::as_str), id);
            assert_eq!(view.age_seconds, 3);
            let found: Vec<&str> = view.repairs.iter().map(|repair| repair.path.as_str()).collect();
            assert_eq!(found, repairs);
        }
    }
}
