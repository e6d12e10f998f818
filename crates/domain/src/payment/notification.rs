//! What is made of a notification: the receipt first and always, then the verdict.
//!
//! A forged one is kept and counted, never read. One that cannot be true is quarantined and touches nothing. One that says
//! nothing new is known. One that names a payment we do not know is answered so that the channel comes again.

use alloc::sync::Arc;

use crate::{
    answer::Answer,
    ids::{Bucket, PaymentId, ReceiptId},
    payment::{
        Books, ChannelReport, PaymentReport, RECEIPT_BODY_MAX, Receipt, ReceiptVerdict, RefundReport, TakeNotification,
        money,
    },
    refund,
    refusal::Refusal,
    scope::Scope,
};

/// What a notification came to.
struct Judged {
    verdict: ReceiptVerdict,
    payment: Option<PaymentId>,
    note: Option<&'static str>,
}

impl Judged {
    const fn new(verdict: ReceiptVerdict, payment: Option<PaymentId>) -> Judged {
        Judged { verdict, payment, note: None }
    }

    const fn quarantined(payment: PaymentId, note: &'static str) -> Judged {
        Judged { verdict: ReceiptVerdict::Quarantined, payment: Some(payment), note: Some(note) }
    }
}

/// Takes a notification.
///
/// # Errors
/// None.
pub(crate) fn take(scope: &mut Scope<'_>, command: &TakeNotification) -> Result<Answer, Refusal> {
    let judged = match &command.report {
        None => Judged::new(ReceiptVerdict::Forged, None),
        Some(ChannelReport::Payment(report)) => take_payment(scope, command, report)?,
        Some(ChannelReport::Refund(report)) => take_refund(scope, command, report)?,
    };
    let bucket = judged.payment.map_or_else(|| Bucket::of_text(&command.channel), PaymentId::bucket);
    let kept = command.body.len().min(RECEIPT_BODY_MAX);
    let receipt = Arc::new(Receipt {
        id: ReceiptId::from_number(scope.mint.next(scope.now, bucket)),
        channel: Arc::clone(&command.channel),
        event_id: command.event_id.clone(),
        payment: judged.payment,
        report: command.report.clone(),
        headers: Arc::clone(&command.headers),
        body: Arc::from(&command.body[..kept]),
        arrived_at: command.arrived_at,
        verdict: judged.verdict,
        note: judged.note.map(Arc::from),
        resolution: None,
    });
    scope.changes.receipts.insert(receipt.id, Arc::clone(&receipt));
    Ok(Answer::Receipt(receipt))
}

fn take_payment(scope: &mut Scope<'_>, command: &TakeNotification, report: &PaymentReport) -> Result<Judged, Refusal> {
    let Some(payment) = scope.payment(report.payment).cloned() else {
        return Ok(Judged::new(ReceiptVerdict::Unmatched, None));
    };
    if payment.channel != command.channel {
        return Ok(Judged::quarantined(payment.id, "the payment is of another channel"));
    }
    if !command.is_for_us {
        return Ok(Judged::quarantined(payment.id, "the merchant is not us"));
    }
    if let Some(note) = money::contradiction(scope, &payment, report) {
        return Ok(Judged::quarantined(payment.id, note));
    }
    let mut books = Books::open(scope, payment.order)?;
    let is_new = money::take_report(scope, &mut books, &payment, report);
    if is_new {
        books.close(scope);
    }
    Ok(Judged::new(if is_new { ReceiptVerdict::Applied } else { ReceiptVerdict::Known }, Some(payment.id)))
}

fn take_refund(scope: &mut Scope<'_>, command: &TakeNotification, report: &RefundReport) -> Result<Judged, Refusal> {
    let Some(row) = scope.refund(report.refund).cloned() else {
        return Ok(Judged::new(ReceiptVerdict::Unmatched, None));
    };
    if !command.is_for_us {
        return Ok(Judged::quarantined(row.payment, "the merchant is not us"));
    }
    if report.amount != row.amount {
        return Ok(Judged::quarantined(row.payment, "the amount is not that of the refund"));
    }
    let mut books = Books::open(scope, row.order)?;
    let is_new = refund::decide::take_report(scope, &mut books, &row, report);
    if is_new {
        books.close(scope);
    }
    Ok(Judged::new(if is_new { ReceiptVerdict::Applied } else { ReceiptVerdict::Known }, Some(row.payment)))
}
