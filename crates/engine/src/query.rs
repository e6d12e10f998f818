//! Reads that need a rule: the quote. Plain reads go to the store's reader directly.

use ordain_domain::{
    order::{PlaceOrder, decide},
    price::Quote,
    refusal::Refusal,
};

use crate::{handle::Engine, port::store::StoreFailure};

impl Engine {
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
