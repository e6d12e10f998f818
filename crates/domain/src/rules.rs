//! The settings that decisions depend on, as one value.
//!
//! A decision never depends on a forgotten field: whatever the configuration does not set is named in full.

use alloc::{sync::Arc, vec::Vec};

use crate::{price::ShippingRule, time::Span};

/// Settings of the decisions of one shard. They may differ from batch to batch, never within one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long an order waits for its payment.
    pub payment_window: Span,
    /// Without an idempotency key, a second order of a user with the same lines within this span is refused. Zero: off.
    pub duplicate_window: Span,
    /// Most lines of one order, at least 1.
    pub lines_max: u32,
    /// Most unpaid orders of one user at a time, at least 1.
    pub unpaid_per_user_max: u32,
    /// What shipping costs.
    pub shipping: ShippingRule,
    /// How payments are followed.
    pub payments: PaymentRules,
    /// How often a consumer is tried that does not take an event.
    pub letters: LetterRules,
    /// How parcels are followed.
    pub fulfilment: FulfilmentRules,
    /// How after-sales are dealt with.
    pub after_sales: AfterSaleRules,
}

/// What becomes of money that comes after its order had ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateMoney {
    /// It is given back.
    Refund,
    /// The order comes back to life if its stock, coupon and points can be had again; else the money is given back.
    ReinstateIfStock,
}

/// How payments and refunds are followed to their end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRules {
    /// After how long each the channel is asked about an open attempt, before the regular interval begins.
    pub first_queries: Vec<Span>,
    /// The regular interval of asking.
    pub poll_interval: Span,
    /// For how long after the end of the order's window it is asked regularly; then hourly, up to [`PaymentRules::give_up_after`].
    pub poll_for: Span,
    /// After how long behind the window asking ends and a person has to look.
    pub give_up_after: Span,
    /// How long an order may wait in `closing` for an answer before it ends without one.
    pub closing_max: Span,
    /// What becomes of late money.
    pub late_money: LateMoney,
    /// Pauses before a failed refund is sent again; when they are used up, a person has to act.
    pub refund_retries: Vec<Span>,
}

impl PaymentRules {
    /// Asking after 5, 15 and 30 seconds, then each minute until half an hour behind the window, then hourly for three days
    /// (the ladder of Kill Bill's janitor, shortened for a checkout). Closing waits at most 30 minutes. Refunds are sent again
    /// after 1, 5 and 30 minutes, 2, 6 and 24 hours.
    #[must_use]
    pub fn standard() -> PaymentRules {
        let minutes = |count: u64| Span::seconds(60 * count);
        PaymentRules {
            first_queries: Vec::from([5, 15, 30].map(Span::seconds)),
            poll_interval: minutes(1),
            poll_for: minutes(30),
            give_up_after: minutes(3 * 24 * 60),
            closing_max: minutes(30),
            late_money: LateMoney::Refund,
            refund_retries: Vec::from([1, 5, 30, 120, 360, 1_440].map(minutes)),
        }
    }
}

/// How often and how long a consumer is tried that does not take an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterRules {
    /// Pauses before a failed try is repeated; when they are used up, a person has to act.
    pub retries: Vec<Span>,
    /// After this a letter is not tried again, however many tries are left: a consumer may have asked for long pauses.
    pub age_max: Span,
    /// Most letters of one consumer, at least 1.
    pub letters_max: u64,
}

impl LetterRules {
    /// The example schedule of Standard Webhooks 1.0: again after `first`, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours;
    /// ten tries within a little over three days. At most 10,000 letters, none tried for longer than a week.
    #[must_use]
    pub fn standard(first: Span) -> LetterRules {
        let later = [5, 30, 120, 300, 600, 840, 1_200, 1_440].map(|minutes| Span::seconds(60 * minutes));
        let retries = core::iter::once(first).chain(later).collect();
        LetterRules { retries, age_max: Span::seconds(7 * 86_400), letters_max: 10_000 }
    }
}

/// How parcels are followed to their end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FulfilmentRules {
    /// How long after its delivery a parcel's receipt is confirmed without the buyer.
    pub auto_confirm_after: Span,
    /// Points earned for each 100 minor units that were paid and not given back, at least 0.
    pub points_per_100: i64,
    /// Names of the carriers that are connected: they are told of parcels and asked about them.
    pub carriers: Vec<Arc<str>>,
    /// How often a connected carrier is asked about a parcel.
    pub track_interval: Span,
}

impl FulfilmentRules {
    /// Receipt is confirmed after seven days; no points; no carrier is connected, and one would be asked each hour.
    #[must_use]
    pub fn standard() -> FulfilmentRules {
        FulfilmentRules {
            auto_confirm_after: Span::seconds(7 * 86_400),
            points_per_100: 0,
            carriers: Vec::new(),
            track_interval: Span::seconds(3_600),
        }
    }
}

/// What becomes of an after-sale that nobody reviewed in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewOutcome {
    /// It is approved.
    Approve,
    /// It is rejected.
    Reject,
}

/// How after-sales are dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterSaleRules {
    /// How long the shop has to review one.
    pub review_within: Span,
    /// What becomes of one that was not reviewed in time.
    pub review_outcome: ReviewOutcome,
    /// How long the buyer has to send the goods back.
    pub ship_back_within: Span,
}

impl AfterSaleRules {
    /// Reviewed within a day, else approved; sent back within seven days.
    #[must_use]
    pub const fn standard() -> AfterSaleRules {
        AfterSaleRules {
            review_within: Span::seconds(86_400),
            review_outcome: ReviewOutcome::Approve,
            ship_back_within: Span::seconds(7 * 86_400),
        }
    }
}
