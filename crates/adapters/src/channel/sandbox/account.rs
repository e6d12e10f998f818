//! One payment in the sandbox's books, and what may happen to it: a pure machine with the channel's own rules.
//!
//! It follows no rule of an order: that an order wants its money only once, or not any more, is nothing that a channel
//! knows. It reads no clock and writes nothing; `books` does.

use std::sync::Arc;

use ordain_domain::{
    ids::{OrderId, PaymentId, RefundId},
    money::Currency,
    payment::ReportedState,
    time::Timestamp,
};

/// Where a payment stands in the books. Stored by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It waits for the payer.
    Open = 0,
    /// The merchant closed it.
    Closed = 1,
    /// The payer refused.
    Refused = 2,
    /// Money was taken.
    Captured = 3,
}

impl Standing {
    /// The standing of a stored number.
    pub(super) const fn from_number(number: i64) -> Option<Standing> {
        match number {
            0 => Some(Standing::Open),
            1 => Some(Standing::Closed),
            2 => Some(Standing::Refused),
            3 => Some(Standing::Captured),
            _ => None,
        }
    }
}

/// One payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// The merchant's id of it.
    pub(super) payment: PaymentId,
    /// For which order; none when it was closed before it was opened.
    pub(super) order: Option<OrderId>,
    /// What is asked for, in minor units; 0 when it was closed before it was opened.
    pub(super) amount: i64,
    /// In which currency.
    pub(super) currency: Currency,
    /// After this no money is taken.
    pub(super) expires_at: Timestamp,
    /// Where the payer goes afterwards.
    pub(super) return_url: Option<Arc<str>>,
    /// Where it stands.
    pub(super) standing: Standing,
    /// What was taken, in minor units.
    pub(super) captured: i64,
    /// What was given back, in minor units, never more than `captured`.
    pub(super) refunded: i64,
}

/// What the payer decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// To pay this much, in minor units.
    Pay(i64),
    /// Not to pay.
    Refuse,
}

/// What came of the payer's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Money was taken.
    Taken,
    /// The payment ended unpaid.
    Refused,
    /// It had been decided the same way before; nothing happened.
    Repeated,
}

/// Why the payer's decision does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    /// The merchant closed the payment.
    Closed,
    /// Its time is over.
    Expired,
    /// The payer refused before.
    Refused,
    /// The payer paid before and cannot refuse any more.
    Paid,
}

impl Account {
    /// What a payment looks like that was closed before anybody opened it: it keeps its id from ever being opened.
    pub(super) fn tombstone(payment: PaymentId, now: Timestamp) -> Account {
        Account {
            payment,
            order: None,
            amount: 0,
            currency: no_currency(),
            expires_at: now,
            return_url: None,
            standing: Standing::Closed,
            captured: 0,
            refunded: 0,
        }
    }

    /// Whether it was closed before it was opened.
    pub(super) const fn is_tombstone(&self) -> bool {
        self.order.is_none()
    }

    /// What the channel tells the merchant at `now`.
    pub(super) fn reported(&self, now: Timestamp) -> ReportedState {
        match self.standing {
            Standing::Captured if self.refunded > 0 => ReportedState::Refunded,
            Standing::Captured => ReportedState::Captured,
            Standing::Refused => ReportedState::Failed,
            Standing::Closed => ReportedState::Closed,
            Standing::Open if now > self.expires_at => ReportedState::Closed,
            Standing::Open => ReportedState::Open,
        }
    }

    /// The payer decides at `now`. A payment that was paid is never paid again, whatever else the channel is told.
    /// `even_if_closed` makes it take money for one that was closed, refused or is over, but not for one that was never
    /// opened: there is no amount to take.
    pub(super) fn decide(
        &mut self,
        decision: Decision,
        even_if_closed: bool,
        now: Timestamp,
    ) -> Result<Effect, Blocked> {
        match (self.standing, decision) {
            (Standing::Captured, Decision::Pay(_)) => return Ok(Effect::Repeated),
            (Standing::Captured, Decision::Refuse) => return Err(Blocked::Paid),
            (Standing::Refused, Decision::Refuse) => return Ok(Effect::Repeated),
            _ => {}
        }
        if !even_if_closed || self.is_tombstone() {
            self.accepts(now)?;
        }
        let (standing, captured, effect) = match decision {
            Decision::Pay(amount) => (Standing::Captured, amount, Effect::Taken),
            Decision::Refuse => (Standing::Refused, 0, Effect::Refused),
        };
        (self.standing, self.captured) = (standing, captured);
        Ok(effect)
    }

    /// Whether the payer may still decide.
    pub(super) fn accepts(&self, now: Timestamp) -> Result<(), Blocked> {
        match self.standing {
            Standing::Open if now > self.expires_at => Err(Blocked::Expired),
            Standing::Open => Ok(()),
            Standing::Closed => Err(Blocked::Closed),
            Standing::Refused => Err(Blocked::Refused),
            Standing::Captured => Err(Blocked::Paid),
        }
    }

    /// The merchant closes it. Whether that changed anything: money that was taken stays taken.
    pub(super) fn close(&mut self) -> bool {
        let is_open = self.standing == Standing::Open;
        if is_open {
            self.standing = Standing::Closed;
        }
        is_open
    }

    /// What may still be given back, in minor units.
    pub(super) const fn refundable(&self) -> i64 {
        self.captured - self.refunded
    }

    /// The channel's number of the capture, once there is one.
    pub(super) fn transaction(&self) -> Option<Arc<str>> {
        (self.standing == Standing::Captured).then(|| capture_number(self.payment))
    }
}

/// The channel's number of a payment's capture. It is made of the payment's id, so that books that were lost and begun
/// anew never use a number twice.
pub(super) fn capture_number(payment: PaymentId) -> Arc<str> {
    Arc::from(format!("sbc_{}", payment.number()))
}

/// The channel's number of a refund's movement of money, made like [`capture_number`].
pub(super) fn refund_number(refund: RefundId) -> Arc<str> {
    Arc::from(format!("sbr_{}", refund.number()))
}

/// ISO 4217's code for "no currency": what is said of a payment that nobody opened.
pub(super) fn no_currency() -> Currency {
    Currency::new(concat!("XX", "X")).expect("three upper-case letters are a currency's form")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn account(standing: Standing, expires_at: i64) -> Account {
        Account {
            payment: PaymentId::from_number(7),
            order: Some(OrderId::from_number(3)),
            amount: 500,
            currency: Currency::new("GBP").unwrap(),
            expires_at: Timestamp(expires_at),
            return_url: None,
            standing,
            captured: if standing == Standing::Captured { 500 } else { 0 },
            refunded: 0,
        }
    }

    #[test]
    fn what_the_payer_may_decide() {
        use Decision::{Pay, Refuse};
        use Standing::{Captured, Closed, Open, Refused};
        let table = [
            (Open, 1_000, Pay(500), false, Ok(Effect::Taken), Captured),
            (Open, 999, Pay(500), false, Err(Blocked::Expired), Open),
            (Open, 999, Pay(500), true, Ok(Effect::Taken), Captured),
            (Open, 1_000, Refuse, false, Ok(Effect::Refused), Refused),
            (Closed, 1_000, Pay(500), false, Err(Blocked::Closed), Closed),
            (Closed, 1_000, Pay(500), true, Ok(Effect::Taken), Captured),
            (Closed, 1_000, Refuse, false, Err(Blocked::Closed), Closed),
            (Refused, 1_000, Pay(500), false, Err(Blocked::Refused), Refused),
            (Refused, 1_000, Pay(500), true, Ok(Effect::Taken), Captured),
            (Refused, 999, Refuse, false, Ok(Effect::Repeated), Refused),
            (Captured, 1_000, Pay(9), false, Ok(Effect::Repeated), Captured),
            (Captured, 999, Pay(9), true, Ok(Effect::Repeated), Captured),
            (Captured, 1_000, Refuse, true, Err(Blocked::Paid), Captured),
        ];
        for (standing, expires_at, decision, even_if_closed, expected, after) in table {
            let row = format!("{standing:?} until {expires_at}: {decision:?}, even if closed: {even_if_closed}");
            let mut account = account(standing, expires_at);
            assert_eq!(account.decide(decision, even_if_closed, NOW), expected, "{row}");
            assert_eq!(account.standing, after, "{row}");
            assert_eq!(account.captured, if after == Captured { 500 } else { 0 }, "{row}");
        }
    }

    #[test]
    fn a_tombstone_takes_no_money_whatever_is_said() {
        let mut account = Account::tombstone(PaymentId::from_number(7), NOW);
        assert_eq!(account.decide(Decision::Pay(1), true, NOW), Err(Blocked::Closed));
        assert_eq!(account.reported(NOW), ReportedState::Closed);
        assert_eq!(account.transaction(), None);
    }

    #[test]
    fn what_the_merchant_is_told() {
        let refunded = Account { refunded: 1, ..account(Standing::Captured, 999) };
        let table = [
            (account(Standing::Open, 1_000), ReportedState::Open, true),
            (account(Standing::Open, 999), ReportedState::Closed, true),
            (account(Standing::Closed, 1_000), ReportedState::Closed, false),
            (account(Standing::Refused, 1_000), ReportedState::Failed, false),
            (account(Standing::Captured, 999), ReportedState::Captured, false),
            (refunded, ReportedState::Refunded, false),
        ];
        for (mut account, expected, closes) in table {
            assert_eq!(account.reported(NOW), expected, "{account:?}");
            assert_eq!(account.close(), closes, "{account:?}");
        }
    }
}
