//! Messages to the outside, written in the transaction of the decision that wants them.
//!
//! A message is delivered at least once and is answered by a command, which drops it. A message is tried once: what follows
//! from an answer that did not come is decided by the domain, which sets a timer and writes another message. This room knows
//! nothing of how a message travels.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{MessageId, OrderId, PaymentId, RefundId, ShipmentId},
    time::Timestamp,
};

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "task", content = "of", rename_all = "snake_case")]
pub enum Task {
    /// Open the attempt at its channel.
    OpenPayment(PaymentId),
    /// Ask the channel where the attempt stands.
    QueryPayment(PaymentId),
    /// Close the attempt at its channel, or learn how it ended.
    ClosePayment(PaymentId),
    /// Give the money back.
    SendRefund(RefundId),
    /// Ask the channel where the refund stands.
    QueryRefund(RefundId),
    /// Tell the carrier of the parcel.
    AnnounceShipment(ShipmentId),
    /// Ask the carrier what happened to the parcel.
    TrackShipment(ShipmentId),
}

impl Task {
    /// The word for it in metrics and lists.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Task::OpenPayment(_) => "open_payment",
            Task::QueryPayment(_) => "query_payment",
            Task::ClosePayment(_) => "close_payment",
            Task::SendRefund(_) => "send_refund",
            Task::QueryRefund(_) => "query_refund",
            Task::AnnounceShipment(_) => "announce_shipment",
            Task::TrackShipment(_) => "track_shipment",
        }
    }

    /// The number of the thing that it is about.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Task::OpenPayment(id) | Task::QueryPayment(id) | Task::ClosePayment(id) => id.number(),
            Task::SendRefund(id) | Task::QueryRefund(id) => id.number(),
            Task::AnnounceShipment(id) | Task::TrackShipment(id) => id.number(),
        }
    }

    /// The task of a word and the number of the thing that it is about, which is not negative.
    #[must_use]
    pub fn from_word(word: &str, number: i64) -> Option<Task> {
        Some(match word {
            "open_payment" => Task::OpenPayment(PaymentId::from_number(number)),
            "query_payment" => Task::QueryPayment(PaymentId::from_number(number)),
            "close_payment" => Task::ClosePayment(PaymentId::from_number(number)),
            "send_refund" => Task::SendRefund(RefundId::from_number(number)),
            "query_refund" => Task::QueryRefund(RefundId::from_number(number)),
            "announce_shipment" => Task::AnnounceShipment(ShipmentId::from_number(number)),
            "track_shipment" => Task::TrackShipment(ShipmentId::from_number(number)),
            _ => return None,
        })
    }
}

/// One message. Messages are ordered by their ids, which rise with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Of which order.
    pub order: OrderId,
    /// What it asks for.
    pub task: Task,
    /// When it was written.
    pub created_at: Timestamp,
}

/// What a decision does to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageChange {
    /// It shall be delivered.
    Written(Message),
    /// It was answered.
    Dropped,
}
