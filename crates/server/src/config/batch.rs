//! `[batch]`: how many commands are decided together and how many may wait.
//!
//! Only the two sizes: how a batch is collected and committed is the engine's.

use serde::Serialize;

use super::error::ConfigError;
use super::layers::Layers;
use super::section::Section;

/// The most commands that may wait, whatever is configured: it bounds the memory of a shard's queue.
const QUEUE_MAX: i64 = 1 << 20;

/// The sizes of a shard's batches and of its queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Batch {
    /// The most commands decided and committed together: 1 to 4,096.
    pub(crate) commands_max: usize,
    /// The most commands that wait; the next is refused as `overloaded`. At least `commands_max`, at most 1,048,576.
    pub(crate) queue_max: usize,
}

impl Batch {
    /// Reads and checks the section.
    pub(super) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        let section = Section::new(layers, "batch");
        let commands_max: u16 = section.integer("commands_max", 1..=4_096)?;
        let queue_max = section.integer("queue_max", i64::from(commands_max)..=QUEUE_MAX)?;
        Ok(Self { commands_max: usize::from(commands_max), queue_max })
    }
}
