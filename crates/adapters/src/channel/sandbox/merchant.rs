//! What the merchant may ask of the sandbox: open, query, close, refund. Each is one operation on the books, and the same
//! call again has one effect.
//!
//! Faults are made around these calls, by `client`; only what goes wrong with a refund itself is part of it.

use std::sync::Arc;

use ordain_domain::{
    ids::{PaymentId, RefundId},
    money::AMOUNT_MAX,
    payment::{ChannelReport, PaymentReport, RefundReport, ReportedState},
    time::{Span, Timestamp},
};
use ordain_engine::port::payment_channel::{ChannelFailure, PaymentRequest, RefundRequest};

use super::{
    account::{Account, Standing, no_currency, refund_number},
    books::{LedgerEntry, Page, Pending, RefundRow},
    faults::RefundMishap,
    signature,
};

/// The channel's answer to one call, inside the books' own outcome.
pub(super) type Answer<T> = rusqlite::Result<Result<T, ChannelFailure>>;

/// What the sandbox is called and where it is found.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    /// To whom it owes the money.
    pub(super) merchant: Arc<str>,
    /// Scheme, host and port that people reach it under, without a slash at the end.
    pub(super) public_url: Arc<str>,
}

impl Identity {
    /// Where the payer pays.
    pub(super) fn pay_url(&self, payment: PaymentId) -> Arc<str> {
        Arc::from(format!("{}/sandbox/pay/{payment}", self.public_url))
    }

    /// What the merchant is told of a payment.
    pub(super) fn report(&self, account: &Account, now: Timestamp) -> PaymentReport {
        let state = account.reported(now);
        PaymentReport {
            payment: account.payment,
            state,
            amount: if state.is_captured() { account.captured } else { account.amount },
            currency: account.currency,
            transaction: account.transaction(),
            pay_url: (state == ReportedState::Open).then(|| self.pay_url(account.payment)),
        }
    }
}

fn refuse<T>(why: &str) -> Answer<T> {
    Ok(Err(ChannelFailure::Refused(why.to_owned())))
}

/// Opens a payment, or says where it stands. One that was closed before is reported closed with the amount of the request.
pub(super) fn open(page: &mut Page<'_>, identity: &Identity, request: &PaymentRequest) -> Answer<PaymentReport> {
    if !(1..=AMOUNT_MAX).contains(&request.amount) {
        return refuse("the amount is out of range");
    }
    let asked = Account {
        payment: request.payment,
        order: Some(request.order),
        amount: request.amount,
        currency: request.currency,
        expires_at: request.expires_at,
        return_url: request.return_url.clone(),
        standing: Standing::Open,
        captured: 0,
        refunded: 0,
    };
    let account = match page.account(request.payment)? {
        None => {
            page.put_account(&asked)?;
            asked
        }
        Some(known) if known.is_tombstone() => Account { standing: Standing::Closed, ..asked },
        Some(known) if (known.amount, known.currency) != (asked.amount, asked.currency) => {
            return refuse("the payment was opened with another amount");
        }
        Some(known) => known,
    };
    Ok(Ok(identity.report(&account, page.now)))
}

/// Says where a payment stands.
pub(super) fn query(page: &mut Page<'_>, identity: &Identity, payment: PaymentId) -> rusqlite::Result<PaymentReport> {
    Ok(match page.account(payment)? {
        Some(account) => identity.report(&account, page.now),
        None => PaymentReport {
            payment,
            state: ReportedState::NotFound,
            amount: 0,
            currency: no_currency(),
            transaction: None,
            pay_url: None,
        },
    })
}

/// Closes a payment, and one that nobody opened too, so that it never will be.
pub(super) fn close(page: &mut Page<'_>, identity: &Identity, payment: PaymentId) -> rusqlite::Result<PaymentReport> {
    let (account, is_changed) = match page.account(payment)? {
        None => (Account::tombstone(payment, page.now), true),
        Some(mut account) => {
            let is_changed = account.close();
            (account, is_changed)
        }
    };
    if is_changed {
        page.put_account(&account)?;
    }
    Ok(identity.report(&account, page.now))
}

/// Gives money back. A refund that was refused moved nothing and is judged anew when it is asked for again; any other is
/// answered as it stands.
pub(super) fn refund(
    page: &mut Page<'_>,
    identity: &Identity,
    request: &RefundRequest,
    mishap: Option<RefundMishap>,
) -> Answer<RefundReport> {
    if let Some(known) = page.refund(request.refund)? {
        if (known.payment, known.amount) != (request.payment, request.amount) {
            return refuse("the refund was asked for with another payment or amount");
        }
        if known.refusal.is_none() {
            return Ok(Ok(refund_report(&known, page.now)));
        }
    }
    let Some(mut account) = page.account(request.payment)?.filter(|account| account.standing == Standing::Captured)
    else {
        return refuse("no money was taken");
    };
    if request.amount < 1 {
        return refuse("the amount is out of range");
    }
    if request.currency != account.currency {
        return refuse("the currency is another");
    }
    if request.transaction.is_some() && request.transaction != account.transaction() {
        return refuse("the transaction is another");
    }
    let (refusal, undecided_ms) = match mishap {
        _ if request.amount > account.refundable() => (Some("more than is left of the payment"), None),
        Some(RefundMishap::Refused) => (Some("refused on demand"), None),
        Some(RefundMishap::Undecided(milliseconds)) => (None, Some(milliseconds)),
        None => (None, None),
    };
    let refund = RefundRow {
        refund: request.refund,
        payment: request.payment,
        amount: request.amount,
        refusal: refusal.map(Arc::from),
        settles_at: page.now.plus(Span::milliseconds(undecided_ms.unwrap_or(0))),
    };
    page.put_refund(&refund)?;
    if refusal.is_none() {
        account.refunded += request.amount;
        give_back(page, &account, request.refund, request.amount)?;
    }
    if undecided_ms.is_some() {
        page.enqueue(vec![refund_notification(identity, &refund)])?;
    }
    Ok(Ok(refund_report(&refund, page.now)))
}

fn give_back(page: &mut Page<'_>, account: &Account, refund: RefundId, amount: i64) -> rusqlite::Result<()> {
    page.put_account(account)?;
    page.enter(&LedgerEntry {
        number: 0,
        payment: account.payment,
        refund: Some(refund),
        amount,
        currency: account.currency,
        at: page.now,
    })
}

/// Says where a refund stands.
pub(super) fn query_refund(page: &mut Page<'_>, request: &RefundRequest) -> rusqlite::Result<RefundReport> {
    Ok(match page.refund(request.refund)? {
        Some(refund) => refund_report(&refund, page.now),
        None => RefundReport {
            refund: request.refund,
            succeeded: None,
            is_known: false,
            amount: request.amount,
            transaction: None,
            reason: None,
        },
    })
}

fn refund_report(refund: &RefundRow, now: Timestamp) -> RefundReport {
    let is_settled = now >= refund.settles_at;
    let is_refused = refund.refusal.is_some();
    RefundReport {
        refund: refund.refund,
        succeeded: is_settled.then_some(!is_refused),
        is_known: true,
        amount: refund.amount,
        transaction: (is_settled && !is_refused).then(|| refund_number(refund.refund)),
        reason: refund.refusal.clone(),
    }
}

/// Leaves when the refund is settled and says that it succeeded.
fn refund_notification(identity: &Identity, refund: &RefundRow) -> Pending {
    let report = ChannelReport::Refund(refund_report(refund, refund.settles_at));
    let event_id = format!("sbe_{}_succeeded", refund.refund);
    Pending {
        number: 0,
        due_at: refund.settles_at,
        attempts: 0,
        copies: 1,
        is_forged: false,
        body: Arc::from(signature::write(&event_id, &identity.merchant, &report)),
    }
}
