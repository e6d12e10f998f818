//! Dead letters: events that a consumer could not take, parked with the later events of the same subject.
//!
//! A consumer is a reader of the event log with a cursor. When it cannot take an event, the event is parked as a letter
//! while the cursor moves on, in one decision: what the cursor claims is what was handled or parked. Letters of one consumer
//! and subject (an order) form a lane and are taken in the order of the log; other lanes flow. A lane is no row: it is the
//! letters themselves, by position in the log. This room delivers nothing and knows no endpoint.

pub mod command;
pub mod decide;
pub mod event;
pub mod state;

pub use command::{
    ParkedEvent, RecordDelivery, ReplayLetter, RewindConsumer, SettleEvents, SkipLetter, TryFailure, TryResult,
};
pub use event::{ConsumerRewound, LetterReplayed, LetterSkipped};
pub use state::{Cursor, LETTER_EDGES, Letter, LetterState, LetterStep};
