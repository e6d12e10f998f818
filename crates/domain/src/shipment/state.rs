//! The row of a parcel, its machine, and the fold over the carrier's facts.
//!
//! Facts come twice and in any order. Of the words that end a parcel's way, `returned` outweighs `delivered`; before the end
//! the word of the latest time counts, and of one time the later-named.

use alloc::{sync::Arc, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{OrderId, ShipmentId},
    machine::{self, Edge},
    refund::RefundLine,
    time::Timestamp,
};

/// Most facts that are kept of one parcel; the oldest go first.
pub const FACTS_MAX: usize = 200;

/// What a carrier says of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStatus {
    /// It is with the carrier. So is a parcel of which nothing was said yet.
    InTransit,
    /// It is on its last leg.
    OutForDelivery,
    /// Something is wrong; it may still arrive.
    Exception,
    /// It was handed over.
    Delivered,
    /// It came back to the shop.
    Returned,
}

impl ShipmentStatus {
    /// Every status.
    pub const ALL: [ShipmentStatus; 5] = [
        ShipmentStatus::InTransit,
        ShipmentStatus::OutForDelivery,
        ShipmentStatus::Exception,
        ShipmentStatus::Delivered,
        ShipmentStatus::Returned,
    ];

    /// The word for it, stored and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ShipmentStatus::InTransit => "in_transit",
            ShipmentStatus::OutForDelivery => "out_for_delivery",
            ShipmentStatus::Exception => "exception",
            ShipmentStatus::Delivered => "delivered",
            ShipmentStatus::Returned => "returned",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<ShipmentStatus> {
        ShipmentStatus::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether the parcel's way has ended.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, ShipmentStatus::Delivered | ShipmentStatus::Returned)
    }

    const fn step(self) -> ShipmentStep {
        match self {
            ShipmentStatus::InTransit => ShipmentStep::Move,
            ShipmentStatus::OutForDelivery => ShipmentStep::GoOut,
            ShipmentStatus::Exception => ShipmentStep::Stop,
            ShipmentStatus::Delivered => ShipmentStep::Deliver,
            ShipmentStatus::Returned => ShipmentStep::Return,
        }
    }
}

/// What happens to a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShipmentStep {
    /// It was handed to the carrier.
    Ship,
    /// It moves on.
    Move,
    /// It goes out for delivery.
    GoOut,
    /// Something stops it.
    Stop,
    /// It is handed over.
    Deliver,
    /// It comes back to the shop.
    Return,
}

/// The machine of a parcel.
pub const SHIPMENT_EDGES: &[Edge<ShipmentStatus, ShipmentStep>] = &[
    Edge { from: None, step: ShipmentStep::Ship, to: ShipmentStatus::InTransit },
    Edge { from: Some(ShipmentStatus::InTransit), step: ShipmentStep::GoOut, to: ShipmentStatus::OutForDelivery },
    Edge { from: Some(ShipmentStatus::InTransit), step: ShipmentStep::Stop, to: ShipmentStatus::Exception },
    Edge { from: Some(ShipmentStatus::InTransit), step: ShipmentStep::Deliver, to: ShipmentStatus::Delivered },
    Edge { from: Some(ShipmentStatus::InTransit), step: ShipmentStep::Return, to: ShipmentStatus::Returned },
    Edge { from: Some(ShipmentStatus::OutForDelivery), step: ShipmentStep::Move, to: ShipmentStatus::InTransit },
    Edge { from: Some(ShipmentStatus::OutForDelivery), step: ShipmentStep::Stop, to: ShipmentStatus::Exception },
    Edge { from: Some(ShipmentStatus::OutForDelivery), step: ShipmentStep::Deliver, to: ShipmentStatus::Delivered },
    Edge { from: Some(ShipmentStatus::OutForDelivery), step: ShipmentStep::Return, to: ShipmentStatus::Returned },
    Edge { from: Some(ShipmentStatus::Exception), step: ShipmentStep::Move, to: ShipmentStatus::InTransit },
    Edge { from: Some(ShipmentStatus::Exception), step: ShipmentStep::GoOut, to: ShipmentStatus::OutForDelivery },
    Edge { from: Some(ShipmentStatus::Exception), step: ShipmentStep::Deliver, to: ShipmentStatus::Delivered },
    Edge { from: Some(ShipmentStatus::Exception), step: ShipmentStep::Return, to: ShipmentStatus::Returned },
    Edge { from: Some(ShipmentStatus::Delivered), step: ShipmentStep::Return, to: ShipmentStatus::Returned },
];

/// One word of a carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackingFact {
    /// What it says.
    pub status: ShipmentStatus,
    /// When that happened, by the carrier's clock.
    pub at: Timestamp,
    /// Where, at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Arc<str>>,
    /// In the carrier's words, at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}

/// Units of one line in a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentLine {
    /// Index of the order's line, from 0.
    pub line: usize,
    /// How many units left with it, at least 1.
    pub quantity: u32,
    /// How many of those an after-sale has dealt with: the parcel moves them no further. At most `quantity`.
    #[serde(default)]
    pub settled: u32,
}

/// One parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// Its id: the key at the carrier.
    pub id: ShipmentId,
    /// Of which order.
    pub order: OrderId,
    /// What is in it, each line once, by line.
    pub lines: Vec<ShipmentLine>,
    /// Name of the carrier.
    pub carrier: Arc<str>,
    /// The carrier's own number of it.
    pub tracking_number: Arc<str>,
    /// The carrier's word, folded.
    pub status: ShipmentStatus,
    /// When the status came about, by the carrier's clock; none before the first fact.
    pub status_at: Option<Timestamp>,
    /// The carrier's words by their time, at most [`FACTS_MAX`].
    pub facts: Vec<TrackingFact>,
    /// Whether the carrier was told of it.
    pub announced: bool,
    /// When the carrier is told or asked next; none when it need not be.
    pub ask_at: Option<Timestamp>,
    /// How often it was told or asked so far.
    pub asks: u32,
    /// Why the carrier does not want to know of it, in its words.
    pub note: Option<Arc<str>>,
    /// When its units were taken to be with the buyer.
    pub delivered_at: Option<Timestamp>,
    /// When its receipt is confirmed without the buyer; none unless it waits for that.
    pub confirm_due: Option<Timestamp>,
    /// When its receipt was confirmed. Afterwards it moves no units.
    pub confirmed_at: Option<Timestamp>,
    /// 1 when made, one more with each change.
    pub version: u64,
    /// When it was handed to the carrier.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Shipment {
    /// The parcel after a fact: the fold. `None` for a fact that is known already.
    #[must_use]
    pub fn fold(&self, fact: &TrackingFact, now: Timestamp) -> Option<Shipment> {
        if self.facts.iter().any(|known| (known.status, known.at) == (fact.status, fact.at)) {
            return None;
        }
        let mut next = Shipment { version: self.version + 1, updated_at: now, ..self.clone() };
        let behind = next.facts.partition_point(|known| (known.at, known.status) <= (fact.at, fact.status));
        next.facts.insert(behind, fact.clone());
        if next.facts.len() > FACTS_MAX {
            next.facts.remove(0);
        }
        if self.is_outweighed_by(fact)
            && let Some(status) = machine::next(SHIPMENT_EDGES, Some(self.status), fact.status.step())
        {
            (next.status, next.status_at) = (status, Some(fact.at));
        } else if self.status == fact.status {
            next.status_at = self.status_at.max(Some(fact.at));
        }
        Some(next)
    }

    /// Whether a fact says more than what is known. A parcel whose receipt was confirmed does not come back.
    fn is_outweighed_by(&self, fact: &TrackingFact) -> bool {
        match (fact.status, self.status.is_final()) {
            (ShipmentStatus::Returned, _) => self.confirmed_at.is_none(),
            (ShipmentStatus::Delivered, _) => true,
            (_, true) => false,
            (status, false) => self.status_at.is_none_or(|at| (fact.at, status) > (at, self.status)),
        }
    }

    /// The units that it still moves.
    #[must_use]
    pub fn units(&self) -> Vec<RefundLine> {
        let left = |line: &ShipmentLine| RefundLine { line: line.line, quantity: line.quantity - line.settled };
        self.lines.iter().map(left).filter(|unit| unit.quantity > 0).collect()
    }

    /// Whether its units count as shipped.
    #[must_use]
    pub const fn is_on_its_way(&self) -> bool {
        self.confirmed_at.is_none() && !self.status.is_final()
    }

    /// Whether somebody has to look after it: it still moves units, and its carrier has trouble with it, refused it, or was
    /// asked about it and is asked no more.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        let was_told = self.asks > 0 || self.note.is_some();
        let is_given_up = was_told && self.ask_at.is_none();
        let is_troubled = self.status == ShipmentStatus::Exception;
        self.is_on_its_way() && (is_troubled || is_given_up) && !self.units().is_empty()
    }

    /// Whether its units count as delivered.
    #[must_use]
    pub fn is_with_buyer(&self) -> bool {
        self.confirmed_at.is_none() && self.status == ShipmentStatus::Delivered
    }
}
