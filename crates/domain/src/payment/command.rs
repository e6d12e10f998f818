//! What may be asked of payments.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{MessageId, OrderId, PaymentId, ReceiptId},
    outbox::Task,
    payment::report::ChannelReport,
    shipment::TrackingFact,
    time::Timestamp,
};

/// Opens an attempt to pay an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPayment {
    /// Which order.
    pub order: OrderId,
    /// Name of a channel that is there.
    pub channel: Arc<str>,
    /// Where the payer goes afterwards.
    pub return_url: Option<Arc<str>>,
}

/// Asks the channel now where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshPayment {
    /// Which attempt.
    pub payment: PaymentId,
}

/// What became of a call to a channel or a carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// The channel answered.
    Answered(ChannelReport),
    /// The call certainly had no effect: it never reached the channel.
    NotSent,
    /// Nobody knows whether the call had an effect.
    Lost,
    /// The channel refused the call for good; why, in its words.
    Refused(Arc<str>),
    /// The carrier answered: what it knows of the parcel.
    Tracked(Vec<TrackingFact>),
}

/// A message to a channel or a carrier was delivered, or could not be. Only the courier asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeChannelAnswer {
    /// The message, which is done with.
    pub message: MessageId,
    /// Of which order.
    pub order: OrderId,
    /// What was to be done.
    pub task: Task,
    /// What became of it.
    pub outcome: CallOutcome,
}

/// A notification whose signature was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeNotification {
    /// Name of the channel it came from.
    pub channel: Arc<str>,
    /// The channel's own number of it, where it could be read.
    pub event_id: Option<Arc<str>>,
    /// Headers, one `name: value` a line, without those that carry secrets.
    pub headers: Arc<str>,
    /// The body as it arrived.
    pub body: Arc<[u8]>,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// What it says; none when the signature does not hold.
    pub report: Option<ChannelReport>,
    /// Whether it names us as the merchant.
    pub is_for_us: bool,
}

/// A person looked at a quarantined notification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveReceipt {
    /// Which one.
    pub receipt: ReceiptId,
    /// What was found, 1 to 1,000 characters.
    pub note: Arc<str>,
}
