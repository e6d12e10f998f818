//! What the payer may do with a payment, and which notifications follow: the program interface's `pay` in operations on the
//! books.
//!
//! Here is every misbehaviour that is asked for with the payment itself. The number of a notification is made of the
//! payment's id and what it says, so that a repetition carries the number of the first.

use std::sync::Arc;

use ordain_domain::{
    ids::PaymentId,
    payment::{ChannelReport, PaymentReport, ReportedState},
    time::{Span, Timestamp},
};
use serde::Deserialize;

use super::{
    account::{Account, Blocked, Decision, Effect, capture_number},
    books::{LedgerEntry, Page, Pending},
    merchant::Identity,
    signature,
};

/// Longest delay of a notification, in milliseconds: a week.
pub const DELAY_MS_MAX: u64 = 7 * 24 * 3_600 * 1_000;

/// What the payer decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// To pay.
    #[default]
    Paid,
    /// Not to pay: the payment fails for good.
    Refused,
}

/// How the merchant is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// Once, repeated until it is answered.
    Once,
    /// Twice at the same time, with the same number.
    Twice,
    /// Not at all.
    Never,
    /// Once, after the payment's time is over. The money is taken at once.
    Late,
    /// By a notification with a wrong signature that says the payment was paid; no money is taken and nothing repeated.
    Forged,
    /// By what happened, followed by what had been before (open, authorised, failed), each with a number of its own.
    Reordered,
    /// By a notification of another amount, which is also what is taken: 1 minor unit, or 2 of a payment of 1.
    WrongAmount,
}

/// What the payer does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PayOrder {
    /// What the payer decides.
    pub outcome: Outcome,
    /// Milliseconds between the decision and its notification, at most [`DELAY_MS_MAX`]. The money moves at once.
    pub delay_ms: u64,
    /// How the merchant is told. Left out: once, and not again when the decision only repeats an earlier one.
    pub notify: Option<Notify>,
    /// Takes the money even if the payment was closed, refused or is over.
    pub even_if_closed: bool,
}

/// Why the payer cannot do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PayProblem {
    /// Nobody opened the payment.
    Unknown,
    /// The payment's standing does not allow it.
    Blocked(Blocked),
}

/// Does it, and queues what the merchant is told.
pub(super) fn pay(
    page: &mut Page<'_>,
    identity: &Identity,
    payment: PaymentId,
    order: PayOrder,
) -> rusqlite::Result<Result<Account, PayProblem>> {
    let Some(mut account) = page.account(payment)? else { return Ok(Err(PayProblem::Unknown)) };
    let notify = if order.notify == Some(Notify::Forged) {
        Notify::Forged
    } else {
        let amount =
            if order.notify == Some(Notify::WrongAmount) { wrong_amount(account.amount) } else { account.amount };
        let decision = if order.outcome == Outcome::Paid { Decision::Pay(amount) } else { Decision::Refuse };
        let effect = match account.decide(decision, order.even_if_closed, page.now) {
            Ok(effect) => effect,
            Err(blocked) => return Ok(Err(PayProblem::Blocked(blocked))),
        };
        if effect != Effect::Repeated {
            page.put_account(&account)?;
        }
        if effect == Effect::Taken {
            take(page, &account)?;
        }
        order.notify.unwrap_or(if effect == Effect::Repeated { Notify::Never } else { Notify::Once })
    };
    let due_at = page.now.plus(Span::milliseconds(order.delay_ms));
    let notifications = notifications(identity, &account, notify, due_at);
    if !notifications.is_empty() {
        page.enqueue(notifications)?;
    }
    Ok(Ok(account))
}

const fn wrong_amount(amount: i64) -> i64 {
    if amount == 1 { 2 } else { 1 }
}

fn take(page: &mut Page<'_>, account: &Account) -> rusqlite::Result<()> {
    page.enter(&LedgerEntry {
        number: 0,
        payment: account.payment,
        refund: None,
        amount: account.captured,
        currency: account.currency,
        at: page.now,
    })
}

/// What the merchant is told of an account that was just decided, from `due_at` on.
fn notifications(identity: &Identity, account: &Account, notify: Notify, due_at: Timestamp) -> Vec<Pending> {
    let happened = match account.captured {
        0 => (ReportedState::Failed, account.amount),
        captured => (ReportedState::Captured, captured),
    };
    let told = |(state, amount)| notification(identity, account, state, amount, due_at);
    let first = told(happened);
    match notify {
        Notify::Never => Vec::new(),
        Notify::Once | Notify::WrongAmount => vec![first],
        Notify::Twice => vec![Pending { copies: 2, ..first }],
        Notify::Late => vec![Pending { due_at: due_at.max(account.expires_at.plus(Span::milliseconds(1))), ..first }],
        Notify::Forged => vec![Pending { is_forged: true, ..told((ReportedState::Captured, account.amount)) }],
        Notify::Reordered => {
            let before = [ReportedState::Open, ReportedState::Authorised, ReportedState::Failed];
            let staler = before.into_iter().filter(|state| *state != happened.0);
            [first].into_iter().chain(staler.map(|state| told((state, account.amount)))).collect()
        }
    }
}

fn notification(
    identity: &Identity,
    account: &Account,
    state: ReportedState,
    amount: i64,
    due_at: Timestamp,
) -> Pending {
    let word = match state {
        ReportedState::NotFound => "not_found",
        ReportedState::Open => "open",
        ReportedState::Closed => "closed",
        ReportedState::Failed => "failed",
        ReportedState::Authorised => "authorised",
        ReportedState::Captured => "captured",
        ReportedState::Refunded => "refunded",
    };
    let report = ChannelReport::Payment(PaymentReport {
        payment: account.payment,
        state,
        amount,
        currency: account.currency,
        transaction: state.is_captured().then(|| capture_number(account.payment)),
        pay_url: None,
    });
    let event_id = format!("sbe_{}_{word}", account.payment);
    Pending {
        number: 0,
        due_at,
        attempts: 0,
        copies: 1,
        is_forged: false,
        body: Arc::from(signature::write(&event_id, &identity.merchant, &report)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ordain_domain::{ids::OrderId, money::Currency};

    use super::super::account::Standing;

    #[test]
    fn what_the_merchant_is_told() {
        let identity = Identity { merchant: Arc::from("m"), public_url: Arc::from("http://x") };
        let account = Account {
            payment: PaymentId::from_number(7),
            order: Some(OrderId::from_number(3)),
            amount: 500,
            currency: Currency::new("GBP").unwrap(),
            expires_at: Timestamp(9_000_000),
            return_url: None,
            standing: Standing::Captured,
            captured: 500,
            refunded: 0,
        };
        let (now, over) = (5_000_000, 9_001_000);
        let refused = Account { standing: Standing::Refused, captured: 0, ..account.clone() };
        let open = Account { standing: Standing::Open, captured: 0, ..account.clone() };
        let all = ["captured", "open", "authorised", "failed"];
        type Row<'a> = (&'a Account, Notify, &'a [&'a str], i64, u32, bool);
        let table: [Row<'_>; 10] = [
            (&account, Notify::Once, &["captured"], now, 1, false),
            (&account, Notify::Twice, &["captured"], now, 2, false),
            (&account, Notify::Never, &[], now, 1, false),
            (&account, Notify::Late, &["captured"], over, 1, false),
            (&account, Notify::Reordered, &all, now, 1, false),
            (&account, Notify::WrongAmount, &["captured"], now, 1, false),
            (&open, Notify::Forged, &["captured"], now, 1, true),
            (&refused, Notify::Once, &["failed"], now, 1, false),
            (&refused, Notify::Late, &["failed"], over, 1, false),
            (&refused, Notify::Reordered, &["failed", "open", "authorised"], now, 1, false),
        ];
        for (account, notify, states, due_at, copies, is_forged) in table {
            let told = notifications(&identity, account, notify, Timestamp(now));
            let numbers: Vec<String> = states.iter().map(|state| format!("\"sbe_pay_7_{state}\"")).collect();
            assert_eq!(told.len(), numbers.len(), "{notify:?}");
            for (pending, number) in told.iter().zip(numbers) {
                assert!(pending.body.contains(&number), "{notify:?}: {}", pending.body);
                assert_eq!(
                    (pending.due_at.0, pending.copies, pending.is_forged),
                    (due_at, copies, is_forged),
                    "{notify:?}"
                );
            }
        }
    }

    #[test]
    fn another_amount_is_never_the_same() {
        for (amount, expected) in [(1, 2), (2, 1), (1_530, 1)] {
            assert_eq!(wrong_amount(amount), expected, "{amount}");
        }
    }
}
