//! Prefixed public ids (`ord_…`, `cpn_…`, `evt_…`) as JSON text without a detour through the formatting machinery.
//!
//! This room knows nothing of what an id names; prefixes are those of the domain.

use ordain_domain::ids::{
    AfterSaleId, CouponId, DeliveryId, EventId, LetterId, MessageId, OrderId, PaymentId, ReceiptId, RefundId,
    ShipmentId,
};
use serde::{Serialize, Serializer};

/// Longest prefix (3), the underscore and 19 digits.
const TEXT_LENGTH_MAX: usize = 23;

/// A prefixed 63-bit number, written as `prefix_number`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PrefixedId {
    buffer: [u8; TEXT_LENGTH_MAX],
    start: u8,
}

impl PrefixedId {
    /// The text of `number` behind a three-letter `prefix`.
    pub(crate) fn new(prefix: &'static str, number: i64) -> PrefixedId {
        assert!(number >= 0 && prefix.len() == 3, "ids are 63-bit numbers with a three-letter prefix");
        let mut buffer = [0; TEXT_LENGTH_MAX];
        let mut start = TEXT_LENGTH_MAX;
        let mut rest = number;
        loop {
            start -= 1;
            buffer[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        start -= 1;
        buffer[start] = b'_';
        buffer[start - 3..start].copy_from_slice(prefix.as_bytes());
        PrefixedId { buffer, start: (start - 3) as u8 }
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.buffer[usize::from(self.start)..]).expect("prefix and digits are ASCII")
    }
}

macro_rules! prefixed {
    ($($name:ident)*) => {
        $(impl From<$name> for PrefixedId {
            fn from(id: $name) -> PrefixedId {
                PrefixedId::new($name::PREFIX, id.number())
            }
        })*
    };
}

prefixed! { OrderId CouponId EventId PaymentId RefundId ShipmentId AfterSaleId MessageId ReceiptId LetterId DeliveryId }

impl Serialize for PrefixedId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::PrefixedId;
    use ordain_domain::ids::OrderId;

    #[test]
    fn text_is_that_of_the_domain() {
        for number in [0, 9, 10, 4_711, 2_097_152_000_000, i64::MAX] {
            let id = OrderId::from_number(number);
            assert_eq!(PrefixedId::from(id).as_str(), id.to_string());
        }
    }
}
