//! Reads that need a rule: the quote. Plain reads go to the store's reader directly.

use ordain_domain::{
    ids::EventId,
    order::{PlaceOrder, decide},
    price::Quote,
    refusal::Refusal,
    time::Timestamp,
};

use crate::{handle::Engine, port::store::StoreFailure};

impl Engine {
    /// The position of the first event that was decided at or after a time; behind the end of the log when there is none.
    /// Events lie in the order of their times, so that few of them are looked at.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn first_event_at(&self, time: Timestamp) -> Result<i64, StoreFailure> {
        let (mut first, mut end) = (1, *self.last_event().borrow() + 1);
        while first < end {
            let middle = first + (end - first) / 2;
            match self.reader().event(EventId::from_number(middle))? {
                Some(event) if event.at < time => first = middle + 1,
                _ => end = middle,
            }
        }
        Ok(first)
    }

    /// What an order would cost, by the very function that places it. Nothing is held, and stock is not looked at.
    ///
    /// # Errors
    /// When the store cannot be read; the inner error is the refusal that placing would give.
    pub fn quote(&self, command: &PlaceOrder) -> Result<Result<Quote, Refusal>, StoreFailure> {
        let coupon = match command.coupon {
            Some(coupon) => self.reader().coupon(coupon)?,
            None => None,
        };
        let balance = match command.points {
            0 => 0,
            _ => self.reader().points(&command.user_id)?.map_or(0, |account| account.balance),
        };
        Ok(decide::quote(&self.catalog(), self.rules(), command, coupon.as_ref(), balance, self.now()))
    }
}
