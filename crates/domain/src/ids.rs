//! Names of things: the caller's own text (SKUs, users) and Ordain's 63-bit numbers (orders, coupons, …).
//!
//! A number is `milliseconds (41 bits) | gene (10 bits) | sequence (12 bits)`. The gene is the bucket of the order's
//! user, so that the order id and the user id find the same shard without a look-up. Numbers sort by time of minting,
//! which keeps inserts at the right edge of every B-tree. This room mints nothing on its own: [`Mint`] is a value that
//! is handed the time.

use alloc::{string::String, sync::Arc};
use core::{borrow::Borrow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::time::Timestamp;

/// Longest caller-chosen text id, in bytes.
pub const TEXT_ID_LENGTH_MAX: usize = 64;
/// How many buckets the data is placed in. Fixed for ever: it is part of every id.
pub const BUCKET_COUNT: u16 = 1 << GENE_BITS;
/// Milliseconds between 1970 and the first representable id (2024-01-01T00:00:00Z). 41 bits last until 2093.
pub const ID_EPOCH_MILLIS: i64 = 1_704_067_200_000;

const GENE_BITS: u32 = 10;
const SEQUENCE_BITS: u32 = 12;
const SEQUENCE_COUNT: u16 = 1 << SEQUENCE_BITS;

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdError {
    /// Empty, or longer than [`TEXT_ID_LENGTH_MAX`] bytes.
    Length,
    /// A character outside `A-Z a-z 0-9 . _ - :`.
    Character,
    /// Not the prefix of this kind of id followed by a decimal number in range.
    Number,
}

impl fmt::Display for IdError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            IdError::Length => "must have 1 to 64 characters",
            IdError::Character => "may hold only the characters A-Z a-z 0-9 . _ - :",
            IdError::Number => "is not an id of this kind",
        })
    }
}

impl core::error::Error for IdError {}

/// The part of the data a thing is placed in, below [`BUCKET_COUNT`]. Buckets map to shards in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bucket(u16);

impl Bucket {
    /// The bucket of a caller's text id: XXH3-64 of its bytes, modulo [`BUCKET_COUNT`]. Pinned by a test: a changed
    /// hash would lose every order of every user.
    #[must_use]
    pub fn of_text(text: &str) -> Bucket {
        Bucket((xxh3_64(text.as_bytes()) % u64::from(BUCKET_COUNT)) as u16)
    }

    /// The bucket as a number below [`BUCKET_COUNT`].
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and takes a text.
            ///
            /// # Errors
            /// [`IdError::Length`] or [`IdError::Character`].
            pub fn new(text: &str) -> Result<Self, IdError> {
                if text.is_empty() || text.len() > TEXT_ID_LENGTH_MAX {
                    return Err(IdError::Length);
                }
                let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':');
                if text.bytes().all(allowed) { Ok(Self(Arc::from(text))) } else { Err(IdError::Character) }
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Where this thing's data is placed.
            #[must_use]
            pub fn bucket(&self) -> Bucket {
                Bucket::of_text(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                String::from(&*id.0)
            }
        }
    };
}

text_id! {
    /// A stock keeping unit: the caller's own name of a product.
    Sku
}
text_id! {
    /// The caller's own name of a user.
    UserId
}
text_id! {
    /// The caller's own name of a promotion.
    PromotionId
}
text_id! {
    /// The caller's own name of a coupon template.
    TemplateId
}
text_id! {
    /// The caller's own name of one address of a user.
    AddressId
}
text_id! {
    /// The caller's own name of a webhook endpoint.
    WebhookId
}
text_id! {
    /// Name of a reader of the event log that keeps a cursor.
    ConsumerName
}

impl ConsumerName {
    /// What the names of endpoints' consumers begin with.
    pub const ENDPOINT_PREFIX: &'static str = "whk_";

    /// The consumer of a new webhook endpoint, by a minted number.
    #[must_use]
    pub fn of_endpoint(number: i64) -> ConsumerName {
        ConsumerName(Arc::from(alloc::format!("{}{number}", Self::ENDPOINT_PREFIX)))
    }

    /// Whether it reads the log for a webhook endpoint.
    #[must_use]
    pub fn is_of_endpoint(&self) -> bool {
        self.0.starts_with(Self::ENDPOINT_PREFIX)
    }

    /// Whether it reads the log at all. Scans keep a mark of their own under names of this kind, which is no position.
    #[must_use]
    pub fn is_of_log(&self) -> bool {
        !self.0.starts_with("scan.")
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// What the public text form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Takes a stored or minted number. Negative numbers are a bug of the caller.
            #[must_use]
            pub const fn from_number(number: i64) -> Self {
                assert!(number >= 0, "ids are 63-bit numbers");
                Self(number)
            }

            /// The 63-bit number.
            #[must_use]
            pub const fn number(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!($prefix, "_{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse_number(text, $prefix).map(Self)
            }
        }
    };
}

number_id! {
    /// An order, `ord_…`.
    OrderId, "ord"
}
number_id! {
    /// A coupon that was granted to one user, `cpn_…`.
    CouponId, "cpn"
}
number_id! {
    /// One entry of the event log, `evt_…`: its position in the log of its shard.
    EventId, "evt"
}

number_id! {
    /// One attempt to pay an order, `pay_…`. It is the key under which the channel knows the attempt.
    PaymentId, "pay"
}
number_id! {
    /// One giving back of money, `rfd_…`. It is the key under which the channel knows it.
    RefundId, "rfd"
}
number_id! {
    /// One parcel, `shp_…`.
    ShipmentId, "shp"
}
number_id! {
    /// One after-sale, `aft_…`.
    AfterSaleId, "aft"
}
number_id! {
    /// One message in the outbox, `msg_…`.
    MessageId, "msg"
}
number_id! {
    /// One received notification of a channel, `rct_…`.
    ReceiptId, "rct"
}
number_id! {
    /// One event that a consumer could not take, `ltr_…`.
    LetterId, "ltr"
}
number_id! {
    /// One try to tell a webhook endpoint, `dlv_…`.
    DeliveryId, "dlv"
}

macro_rules! gene {
    ($($name:ident)*) => {
        $(impl $name {
            /// The gene: the bucket of the user that it belongs to.
            #[must_use]
            pub const fn bucket(self) -> Bucket {
                gene_of(self.0)
            }
        })*
    };
}

gene! { OrderId CouponId PaymentId RefundId ShipmentId AfterSaleId ReceiptId }

const fn gene_of(number: i64) -> Bucket {
    Bucket(((number >> SEQUENCE_BITS) & (BUCKET_COUNT as i64 - 1)) as u16)
}

/// Only the canonical text is an id: no sign, no leading zero, nothing behind the number.
fn parse_number(text: &str, prefix: &str) -> Result<i64, IdError> {
    let digits = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(IdError::Number)?;
    let canonical = digits == "0" || !digits.starts_with('0');
    if !canonical || digits.len() > 19 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(IdError::Number);
    }
    digits.parse().map_err(|_| IdError::Number)
}

/// Mints 63-bit numbers that never repeat and never fall, even when the clock goes back: it then stays at its high mark.
///
/// It is a value: equal mints given equal times and buckets give equal numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mint {
    millis: i64,
    sequence: u16,
}

impl Mint {
    /// A mint whose numbers are all greater than `high_mark`, the greatest number minted before (0 for none).
    #[must_use]
    pub const fn after(high_mark: i64) -> Mint {
        Mint { millis: (high_mark >> (GENE_BITS + SEQUENCE_BITS)) + 1, sequence: 0 }
    }

    /// A number that no number minted so far exceeds: what [`Mint::after`] is given after a restart.
    #[must_use]
    pub const fn high_mark(&self) -> i64 {
        let next = (self.millis + 1) << (GENE_BITS + SEQUENCE_BITS);
        if next > 0 { next - 1 } else { 0 }
    }

    /// The next number at `now` for a thing in `bucket`. More than 4,096 numbers within a millisecond borrow from the
    /// next one.
    pub fn next(&mut self, now: Timestamp, bucket: Bucket) -> i64 {
        let millis = (now.millis() - ID_EPOCH_MILLIS).max(0);
        if millis > self.millis {
            *self = Mint { millis, sequence: 0 };
        } else if self.sequence == SEQUENCE_COUNT {
            *self = Mint { millis: self.millis + 1, sequence: 0 };
        }
        let number = (self.millis << (GENE_BITS + SEQUENCE_BITS))
            | (i64::from(bucket.0) << SEQUENCE_BITS)
            | i64::from(self.sequence);
        assert!(number >= 0, "ids are exhausted in the year 2093");
        self.sequence += 1;
        number
    }
}

/// The smallest id number that a thing minted at or after `now` can have: the lower bound of a range read by time.
#[must_use]
pub const fn first_number_at(now: Timestamp) -> i64 {
    let millis = now.millis() - ID_EPOCH_MILLIS;
    if millis <= 0 { 0 } else { millis << (GENE_BITS + SEQUENCE_BITS) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn buckets_are_pinned_for_ever() {
        let table = [("u-17850", 186), ("u-1", 1008), ("85123A", 881), ("a", 543)];
        let found: std::vec::Vec<(&str, u16)> =
            table.iter().map(|(text, _)| (*text, Bucket::of_text(text).number())).collect();
        assert_eq!(found, table);
    }

    #[test]
    fn text_ids_take_only_the_documented_characters() {
        let long = "x".repeat(65);
        let table = [
            ("85123A", Ok(())),
            ("a.b_c-d:e", Ok(())),
            ("", Err(IdError::Length)),
            (long.as_str(), Err(IdError::Length)),
            ("a b", Err(IdError::Character)),
            ("é", Err(IdError::Character)),
            ("a/b", Err(IdError::Character)),
        ];
        for (text, expected) in table {
            assert_eq!(Sku::new(text).map(|_| ()), expected, "{text:?}");
        }
    }

    #[test]
    fn number_ids_have_one_text_form() {
        let id = OrderId::from_number(4_711);
        assert_eq!(id.to_string(), "ord_4711");
        assert_eq!("ord_4711".parse(), Ok(id));
        for text in ["ord_", "ord_04711", "ord_+1", "ord_-1", "pay_1", "ord_9223372036854775808", "4711", "ord_1 "] {
            assert_eq!(text.parse::<OrderId>(), Err(IdError::Number), "{text:?}");
        }
    }

    #[test]
    fn minted_numbers_rise_and_carry_the_gene() {
        let user = UserId::new("u-17850").unwrap();
        let mut mint = Mint::after(0);
        let now = Timestamp((ID_EPOCH_MILLIS + 5) * 1_000);
        let mut last = -1;
        for step in 0..10_000 {
            // The clock goes back half-way; the numbers must not.
            let at = if step < 5_000 { now } else { Timestamp(now.0 - 3_000) };
            let number = mint.next(at, user.bucket());
            assert!(number > last, "step {step}");
            assert_eq!(OrderId::from_number(number).bucket(), user.bucket());
            assert!(number >= first_number_at(at));
            last = number;
        }
        let resumed = Mint::after(last).next(now, Bucket(0));
        assert!(resumed > last);
    }
}
