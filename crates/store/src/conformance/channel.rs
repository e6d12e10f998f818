//! A payment channel in a few words: what it says of payments and refunds, as an answer to a message or as a notification.
//! Nothing here is under test.

use std::sync::Arc;

use ordain_domain::{
    answer::Answer,
    command::{Command, Envelope},
    event::Actor,
    ids::OrderId,
    outbox::{Message, Task},
    payment::{
        CallOutcome, ChannelReport, OpenPayment, Payment, PaymentReport, RefundReport, ReportedState,
        TakeChannelAnswer, TakeNotification,
    },
    refund::{Refund, RefundLine, RequestRefund},
    time::Timestamp,
};

use super::{Fixture, bench::Bench, shop::operator};

/// Name of the channel.
pub(super) const CHANNEL: &str = "sandbox";

pub(super) fn open_payment(order: OrderId) -> Command {
    Command::OpenPayment(OpenPayment {
        order,
        channel: Arc::from(CHANNEL),
        return_url: Some(Arc::from("https://shop.example/thanks")),
    })
}

/// The channel's word on a payment; a captured one has a transaction of its own.
pub(super) fn payment_report(payment: &Payment, state: ReportedState) -> PaymentReport {
    PaymentReport {
        payment: payment.id,
        state,
        amount: payment.amount,
        currency: payment.currency,
        transaction: state.is_captured().then(|| Arc::from(format!("tx-{}", payment.id.number()))),
        pay_url: (state == ReportedState::Open).then(|| Arc::from("https://pay.example/1")),
    }
}

/// The channel's word on a refund.
pub(super) fn refund_report(refund: &Refund, succeeded: Option<bool>) -> RefundReport {
    RefundReport {
        refund: refund.id,
        succeeded,
        is_known: true,
        amount: refund.amount,
        transaction: Some(Arc::from(format!("tx-{}", refund.id.number()))),
        reason: (succeeded == Some(false)).then(|| Arc::from("the account is \"closed\"")),
    }
}

/// A notification; one without a report is forged.
pub(super) fn notify(report: Option<ChannelReport>, at: Timestamp) -> Envelope {
    let command = TakeNotification {
        channel: Arc::from(CHANNEL),
        event_id: report.is_some().then(|| Arc::from("evt-1")),
        headers: Arc::from("content-type: application/json\nx-signature: …"),
        body: Arc::from(&b"{\"any\":\x00\xff}"[..]),
        arrived_at: at,
        report,
        is_for_us: true,
    };
    Envelope { actor: Actor::Channel, ..operator(Command::TakeNotification(command)) }
}

/// What became of a message.
pub(super) fn answer(message: &Message, outcome: CallOutcome) -> Envelope {
    let Message { id, order, task, .. } = *message;
    let command = Command::TakeChannelAnswer(TakeChannelAnswer { message: id, order, task, outcome });
    Envelope { actor: Actor::Channel, ..operator(command) }
}

pub(super) fn refund_units(order: OrderId, lines: &[(usize, u32)]) -> Command {
    let line = |(line, quantity): &(usize, u32)| RefundLine { line: *line, quantity: *quantity };
    let lines = lines.iter().map(line).collect();
    Command::RequestRefund(RequestRefund {
        order,
        lines,
        amount: None,
        reason: Arc::from("as asked"),
        expected_version: None,
    })
}

pub(super) fn refund_amount(order: OrderId, amount: i64) -> Command {
    let reason = Arc::from("goodwill");
    Command::RequestRefund(RequestRefund {
        order,
        lines: Vec::new(),
        amount: Some(amount),
        reason,
        expected_version: None,
    })
}

impl<F: Fixture> Bench<F> {
    /// Opens an attempt, which must be possible.
    pub(super) fn open(&mut self, order: OrderId) -> Arc<Payment> {
        match self.accept(&operator(open_payment(order))) {
            Answer::Payment(payment) => payment,
            other => panic!("not a payment: {other:?}"),
        }
    }

    /// The channel says by itself that it stands so with a payment.
    pub(super) fn tell(&mut self, payment: &Payment, state: ReportedState) {
        let report = ChannelReport::Payment(payment_report(payment, state));
        self.accept(&notify(Some(report), self.now));
    }

    /// Places nothing, but pays an order: an attempt that is taken at once.
    pub(super) fn pay(&mut self, order: OrderId) -> Arc<Payment> {
        let payment = self.open(order);
        self.tell(&payment, ReportedState::Captured);
        self.deliver(|_| {
            CallOutcome::Answered(ChannelReport::Payment(payment_report(&payment, ReportedState::Captured)))
        });
        Arc::clone(&self.model.all.payments[&payment.id])
    }

    /// Delivers every message once; all answers are of one batch.
    pub(super) fn deliver(&mut self, outcome: impl Fn(&Task) -> CallOutcome) {
        let messages = self.model.messages();
        let answers: Vec<Envelope> = messages.iter().map(|message| answer(message, outcome(&message.task))).collect();
        if !answers.is_empty() {
            self.run(&answers);
        }
    }

    /// The channel carries out every refund that it is sent.
    pub(super) fn give_back(&mut self) {
        let refunds = self.model.all.refunds.clone();
        self.deliver(|task| match task {
            Task::SendRefund(id) | Task::QueryRefund(id) => {
                CallOutcome::Answered(ChannelReport::Refund(refund_report(&refunds[id], Some(true))))
            }
            _ => CallOutcome::Lost,
        });
    }
}
