//! The configuration: one TOML file, every key with its default in `config.default.toml`.
//!
//! The shipped file is the only place where defaults are written; the topics beside this file give each section its
//! types and bounds. The rest of the program receives checked values and never reads the environment or a file for
//! settings. Parts that are not built have no keys.

mod after_sales;
mod batch;
mod breaker;
mod duration;
mod error;
mod layers;
mod limits;
mod listen;
mod orders;
mod payments;
mod pricing;
mod sandbox;
mod scan;
mod section;
mod show;
mod store;
mod telemetry;
mod webhooks;

use std::time::Duration;

use serde::Serialize;

pub(crate) use self::after_sales::{AfterSales, ReviewWord};
pub(crate) use self::batch::Batch;
pub(crate) use self::breaker::Breaker;
pub(crate) use self::error::ConfigError;
pub(crate) use self::layers::{Assignment, Layers, Sources};
pub(crate) use self::limits::Limits;
pub(crate) use self::listen::{HttpAddress, Listen};
pub(crate) use self::orders::Orders;
pub(crate) use self::payments::{LateMoney, Payments};
pub(crate) use self::pricing::Pricing;
pub(crate) use self::sandbox::Sandbox;
pub(crate) use self::scan::Scan;
pub(crate) use self::show::effective;
pub(crate) use self::store::{Store, StoreUrl};
pub(crate) use self::telemetry::{LogFormat, Telemetry};
pub(crate) use self::webhooks::Webhooks;

/// The shipped file: every key with its default and a comment.
pub(crate) const DEFAULT_FILE: &str = include_str!("config.default.toml");

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Everything that can be set, checked. A field here is a section of the file, a field of a section is a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Config {
    /// Where the server listens.
    pub(crate) listen: Listen,
    /// Where the data lies.
    pub(crate) store: Store,
    /// The rules for placing and closing orders.
    pub(crate) orders: Orders,
    /// How payments and refunds are followed to their end.
    pub(crate) payments: Payments,
    /// The deadlines of after-sales.
    pub(crate) after_sales: AfterSales,
    /// The search for what timers missed.
    pub(crate) scan: Scan,
    /// The sizes of batches and queues.
    pub(crate) batch: Batch,
    /// What a request may cost.
    pub(crate) limits: Limits,
    /// Fees.
    pub(crate) pricing: Pricing,
    /// When calls to a channel that fails are spared.
    pub(crate) breaker: Breaker,
    /// The payment channel that needs no set-up.
    pub(crate) sandbox: Sandbox,
    /// Deliveries to webhook endpoints.
    pub(crate) webhooks: Webhooks,
    /// Logs.
    pub(crate) telemetry: Telemetry,
}

impl Config {
    /// Reads and checks every section of the values gathered.
    ///
    /// # Errors
    /// The first value of a wrong type, form or size.
    pub(crate) fn read(layers: &Layers) -> Result<Self, ConfigError> {
        Ok(Self {
            listen: Listen::read(layers)?,
            store: Store::read(layers)?,
            orders: Orders::read(layers)?,
            payments: Payments::read(layers)?,
            after_sales: AfterSales::read(layers)?,
            scan: Scan::read(layers)?,
            batch: Batch::read(layers)?,
            limits: Limits::read(layers)?,
            pricing: Pricing::read(layers)?,
            breaker: Breaker::read(layers)?,
            sandbox: Sandbox::read(layers)?,
            webhooks: Webhooks::read(layers)?,
            telemetry: Telemetry::read(layers)?,
        })
    }

    /// What an operator must be told at start: each setting that weakens a promise, as a sentence.
    pub(crate) fn warnings(&self) -> Vec<&'static str> {
        let mut warnings = Vec::new();
        if self.store.unsafe_synchronous_normal {
            warnings.push(
                "store.unsafe_synchronous_normal is on: a power cut may lose orders that were already acknowledged",
            );
        }
        if self.webhooks.allow_private {
            warnings.push(
                "webhooks.allow_private is on: whoever puts an endpoint can make this machine call its own network",
            );
        }
        warnings
    }
}

#[cfg(test)]
mod tests;
