//! The sandbox carrier: it takes every parcel and says of it what a program told it to, as often and in whatever order.
//!
//! It moves nothing by itself and calls nobody: like most carriers it is asked. Parcels are held in memory and written to
//! a file of its own, which is read when it starts.

mod http;
mod notebook;

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use ordain_domain::shipment::TrackingFact;
use ordain_engine::port::{
    carrier::{Announcement, Carrier, CarrierFailure},
    clock::{Clock, SystemClock},
};
use serde::{Deserialize, Serialize};

use notebook::{Entry, Notebook, Parcel};

pub use http::router;
pub use notebook::{FACTS_MAX, PARCELS_MAX};

/// What the carrier is called in the API.
pub const NAME: &str = "sandbox";
/// Longest delay of an answer, in milliseconds.
pub const SLOW_MS_MAX: u64 = 60_000;

/// How a sandbox carrier is set up.
#[derive(Clone)]
pub struct SandboxCarrierSettings {
    /// The file of its parcels, made when it is not there; none keeps them in memory only.
    pub path: Option<PathBuf>,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
}

impl SandboxCarrierSettings {
    /// A carrier on the machine's clock.
    #[must_use]
    pub fn new(path: Option<PathBuf>) -> SandboxCarrierSettings {
        SandboxCarrierSettings { path, clock: Arc::new(SystemClock) }
    }
}

/// How the carrier misbehaves towards the shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CarrierFaults {
    /// It cannot be reached. Programs still can.
    pub down: bool,
    /// It refuses new parcels.
    pub refuses: bool,
    /// Milliseconds that an answer waits, at most [`SLOW_MS_MAX`].
    pub slow_ms: u64,
}

/// The sandbox carrier.
pub struct SandboxCarrier {
    notebook: Mutex<Notebook>,
    faults: Mutex<CarrierFaults>,
    clock: Arc<dyn Clock>,
}

impl SandboxCarrier {
    /// Reads the parcels that an earlier process knew.
    ///
    /// # Errors
    /// The file cannot be read or made.
    pub fn open(settings: SandboxCarrierSettings) -> io::Result<Arc<SandboxCarrier>> {
        Ok(Arc::new(SandboxCarrier {
            notebook: Mutex::new(Notebook::open(settings.path.as_deref())?),
            faults: Mutex::default(),
            clock: settings.clock,
        }))
    }

    fn faults(&self) -> CarrierFaults {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_faults(&self, faults: CarrierFaults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    fn parcel(&self, tracking_number: &str) -> Option<Parcel> {
        self.notebook.lock().unwrap_or_else(PoisonError::into_inner).parcel(tracking_number).cloned()
    }

    /// Something happened to a parcel, `copies` times the same.
    fn happen(&self, tracking_number: &str, fact: &TrackingFact, copies: usize) -> io::Result<()> {
        let mut notebook = self.notebook.lock().unwrap_or_else(PoisonError::into_inner);
        (0..copies).try_for_each(|_| {
            notebook.write(&Entry::Happened { tracking_number: Arc::from(tracking_number), fact: fact.clone() })
        })
    }

    fn take(&self, announcement: &Announcement) -> Result<(), CarrierFailure> {
        let mut notebook = self.notebook.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = notebook.parcel(&announcement.tracking_number) {
            let is_same = known.shipment == announcement.shipment;
            let refused = || CarrierFailure::Refused("the number is that of another parcel".to_owned());
            return if is_same { Ok(()) } else { Err(refused()) };
        }
        if self.faults().refuses {
            return Err(CarrierFailure::Refused("the sandbox refuses parcels on demand".to_owned()));
        }
        let entry = Entry::Announced {
            shipment: announcement.shipment,
            order: announcement.order,
            tracking_number: Arc::clone(&announcement.tracking_number),
        };
        notebook.write(&entry).map_err(|error| CarrierFailure::Unreachable(error.to_string()))
    }

    /// One call of the shop, over a line with faults.
    async fn call<T: Send>(
        &self,
        answer: impl FnOnce() -> Result<T, CarrierFailure> + Send,
    ) -> Result<T, CarrierFailure> {
        let faults = self.faults();
        if faults.down {
            return Err(CarrierFailure::Unreachable("the sandbox carrier is down".to_owned()));
        }
        let answer = answer();
        if faults.slow_ms > 0 {
            tokio::time::sleep(Duration::from_millis(faults.slow_ms)).await;
        }
        answer
    }
}

impl Carrier for SandboxCarrier {
    fn name(&self) -> &str {
        NAME
    }

    fn announce(&self, announcement: Announcement) -> BoxFuture<'_, Result<(), CarrierFailure>> {
        Box::pin(self.call(move || self.take(&announcement)))
    }

    fn track(&self, tracking_number: Arc<str>) -> BoxFuture<'_, Result<Vec<TrackingFact>, CarrierFailure>> {
        Box::pin(self.call(move || {
            let unknown = || CarrierFailure::Refused("the sandbox carrier does not know the parcel".to_owned());
            self.parcel(&tracking_number).map(|parcel| parcel.facts).ok_or_else(unknown)
        }))
    }
}
