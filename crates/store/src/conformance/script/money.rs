//! Random commands about money: attempts, what channels say of them in any order and more than once, refunds, and what people
//! do. And a channel that behaves, for the end of a script.

use std::sync::Arc;

use ordain_domain::{
    command::{Command, Envelope},
    ids::{OrderId, PaymentId, RefundId},
    order::{CancelOrder, CancelReason},
    outbox::Task,
    payment::{
        CallOutcome, ChannelReport, Payment, PaymentReport, ReceiptVerdict, RefreshPayment, RefundReport,
        ReportedState, ResolveReceipt,
    },
    refund::{RefundLine, RefundStatus, ResolveRefund, RetryRefund},
};

use super::{
    super::{
        Fixture,
        bench::Bench,
        channel::{answer, notify, open_payment, payment_report, refund_amount, refund_report, refund_units},
        shop::operator,
    },
    Dice, goods,
};

/// Something about the money of a young order, or none where there is none.
pub(super) fn envelope<F: Fixture>(bench: &Bench<F>, dice: &mut Dice) -> Option<Envelope> {
    let all = &bench.model.all;
    let kind = dice.below(20);
    let order = dice.young(all.orders.keys().copied())?;
    let payment = dice.young(all.payments.values());
    let refund = dice.young(all.refunds.keys().copied());
    let paid = all.orders.values().filter(|order| order.paid > 0).map(|order| order.id);
    let paid = if (14..=16).contains(&kind) { dice.young(paid)? } else { order };
    let part = [(usize::try_from(dice.below(2)).expect("small"), 1 + u32::try_from(dice.below(2)).expect("small"))];
    Some(match kind {
        0..=5 => operator(open_payment(order)),
        6..=9 => notify(Some(ChannelReport::Payment(random_report(payment?, dice))), bench.now),
        10..=13 => {
            let message = dice.young(bench.model.messages().into_iter())?;
            answer(&message, random_outcome(bench, &message.task, dice)?)
        }
        14 => operator(refund_amount(paid, 1 + i64::try_from(dice.below(50)).expect("small"))),
        15 => operator(refund_units(paid, &part)),
        16 => operator(cancel_units(paid, &part)),
        17 => operator(Command::RefreshPayment(RefreshPayment { payment: payment?.id })),
        18 => operator(Command::RetryRefund(RetryRefund { refund: refund? })),
        _ => {
            let quarantined = bench.model.receipts(Some(ReceiptVerdict::Quarantined));
            let receipt = dice.young(quarantined.iter().rev())?.id;
            operator(Command::ResolveReceipt(ResolveReceipt { receipt, note: Arc::from("looked at") }))
        }
    })
}

fn cancel_units(order: OrderId, units: &[(usize, u32)]) -> Command {
    let line = |(line, quantity): &(usize, u32)| RefundLine { line: *line, quantity: *quantity };
    let lines = units.iter().map(line).collect();
    Command::CancelOrder(CancelOrder {
        order,
        reason: CancelReason::Merchant,
        note: None,
        lines,
        expected_version: None,
    })
}

fn random_report(payment: &Payment, dice: &mut Dice) -> PaymentReport {
    let states = [ReportedState::Open, ReportedState::Closed, ReportedState::Failed, ReportedState::Captured];
    let state = states[usize::try_from(dice.below(4)).expect("below 4")];
    let report = payment_report(payment, state);
    match dice.below(12) {
        0 => PaymentReport { amount: report.amount + 1, ..report },
        1 => PaymentReport { payment: PaymentId::from_number(1), ..report },
        2 => PaymentReport { transaction: Some(Arc::from("tx-of-another")), ..report },
        _ => report,
    }
}

fn random_outcome<F: Fixture>(bench: &Bench<F>, task: &Task, dice: &mut Dice) -> Option<CallOutcome> {
    Some(match dice.below(8) {
        0 => CallOutcome::Lost,
        1 => CallOutcome::NotSent,
        2 => CallOutcome::Refused(Arc::from("no")),
        _ if matches!(task, Task::AnnounceShipment(_) | Task::TrackShipment(_)) => {
            goods::random_outcome(bench.now, dice)
        }
        chance => CallOutcome::Answered(match task {
            Task::OpenPayment(id) | Task::QueryPayment(id) | Task::ClosePayment(id) => {
                let payment = bench.model.all.payments.get(id)?;
                let not_found =
                    PaymentReport { state: ReportedState::NotFound, ..payment_report(payment, ReportedState::Open) };
                ChannelReport::Payment(if chance == 3 { not_found } else { random_report(payment, dice) })
            }
            Task::SendRefund(id) | Task::QueryRefund(id) => {
                let refund = bench.model.all.refunds.get(id)?;
                let succeeded = [None, Some(true), Some(false)][usize::try_from(dice.below(3)).expect("below 3")];
                let report = refund_report(refund, succeeded);
                ChannelReport::Refund(RefundReport { is_known: chance != 3, ..report })
            }
            Task::AnnounceShipment(_) | Task::TrackShipment(_) => unreachable!("carriers answer with facts"),
        }),
    })
}

/// People look at everything that waits for them.
pub(super) fn look_at_what_waits<F: Fixture>(bench: &mut Bench<F>) {
    let all = &bench.model.all;
    let payments = all.payments.values().filter(|payment| payment.is_manual);
    let mut commands: Vec<Command> =
        payments.map(|payment| Command::RefreshPayment(RefreshPayment { payment: payment.id })).collect();
    let manual: Vec<RefundId> =
        all.refunds.values().filter(|row| row.status == RefundStatus::Manual).map(|row| row.id).collect();
    commands.extend(manual.iter().enumerate().map(|(index, refund)| {
        let note = Arc::from("paid in cash");
        match index % 2 {
            0 => Command::RetryRefund(RetryRefund { refund: *refund }),
            _ => Command::ResolveRefund(ResolveRefund { refund: *refund, note }),
        }
    }));
    for command in commands {
        bench.accept(&operator(command));
    }
}

/// Channels and carriers answer every message: parcels are delivered, what was captured stays so, what is open is open until its time is over, and refunds are
/// carried out.
pub(super) fn tell_the_truth<F: Fixture>(bench: &mut Bench<F>) {
    let (payments, refunds, now) = (bench.model.all.payments.clone(), bench.model.all.refunds.clone(), bench.now);
    bench.deliver(|task| match task {
        Task::AnnounceShipment(_) | Task::TrackShipment(_) => goods::delivered(now),
        task => CallOutcome::Answered(match task {
            Task::OpenPayment(id) | Task::QueryPayment(id) | Task::ClosePayment(id) => {
                let payment = &payments[id];
                let is_closed = matches!(task, Task::ClosePayment(_)) || now >= payment.expires_at;
                let state = match (payment.captured > 0, is_closed) {
                    (true, _) => ReportedState::Captured,
                    (false, true) => ReportedState::Closed,
                    (false, false) => ReportedState::Open,
                };
                let transaction = payment.transaction.clone();
                ChannelReport::Payment(PaymentReport { transaction, ..payment_report(payment, state) })
            }
            Task::SendRefund(id) | Task::QueryRefund(id) => {
                ChannelReport::Refund(refund_report(&refunds[id], Some(true)))
            }
            Task::AnnounceShipment(_) | Task::TrackShipment(_) => unreachable!("carriers answer with facts"),
        }),
    });
}
