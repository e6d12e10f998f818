//! The parcels of the sandbox carrier: in memory, and as lines of JSON in a file that only grows.
//!
//! Lines are not synced: a power cut may take the last ones, as it may with a carrier's own scanner.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use ordain_domain::{
    ids::{OrderId, ShipmentId},
    shipment::TrackingFact,
};
use serde::{Deserialize, Serialize};

/// Most parcels that are known; the oldest are forgotten.
pub const PARCELS_MAX: usize = 1_000_000;
/// Most facts of one parcel; the oldest are forgotten.
pub const FACTS_MAX: usize = 200;

/// One parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) shipment: ShipmentId,
    pub(super) order: OrderId,
    /// In the order in which they were told.
    pub(super) facts: Vec<TrackingFact>,
}

/// One line of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    /// The shop told of a parcel.
    Announced { shipment: ShipmentId, order: OrderId, tracking_number: Arc<str> },
    /// Something happened to it.
    Happened { tracking_number: Arc<str>, fact: TrackingFact },
}

#[derive(Debug, Default)]
pub(super) struct Notebook {
    parcels: BTreeMap<Arc<str>, Parcel>,
    /// Their numbers, the oldest first.
    arrivals: VecDeque<Arc<str>>,
    file: Option<File>,
}

impl Notebook {
    pub(super) fn open(path: Option<&Path>) -> io::Result<Notebook> {
        let mut notebook = Notebook::default();
        let Some(path) = path else { return Ok(notebook) };
        let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        let whole = notebook.read(&file)?;
        // A line that a crash tore is cut off, so that the next one begins where a line begins.
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        notebook.file = Some(file);
        Ok(notebook)
    }

    /// Takes whole lines in and says how many bytes they have.
    fn read(&mut self, file: &File) -> io::Result<u64> {
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        let mut whole = 0;
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                return Ok(whole);
            }
            whole += length as u64;
            match serde_json::from_slice(&line) {
                Ok(entry) => self.take(&entry),
                // A full disk may have torn a line in the middle of the file.
                Err(error) => tracing::warn!(error.message = %error, "a line of the sandbox carrier cannot be read"),
            }
        }
    }

    pub(super) fn parcel(&self, tracking_number: &str) -> Option<&Parcel> {
        self.parcels.get(tracking_number)
    }

    /// Writes a line and takes it in.
    pub(super) fn write(&mut self, entry: &Entry) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            let mut line = serde_json::to_vec(entry)?;
            line.push(b'\n');
            file.write_all(&line)?;
        }
        self.take(entry);
        Ok(())
    }

    fn take(&mut self, entry: &Entry) {
        match entry {
            Entry::Announced { shipment, order, tracking_number } => {
                let parcel = Parcel { shipment: *shipment, order: *order, facts: Vec::new() };
                self.parcels.insert(Arc::clone(tracking_number), parcel);
                self.arrivals.push_back(Arc::clone(tracking_number));
                if self.arrivals.len() > PARCELS_MAX
                    && let Some(oldest) = self.arrivals.pop_front()
                {
                    self.parcels.remove(&oldest);
                }
            }
            Entry::Happened { tracking_number, fact } => {
                let Some(parcel) = self.parcels.get_mut(tracking_number) else { return };
                if parcel.facts.len() == FACTS_MAX {
                    parcel.facts.remove(0);
                }
                parcel.facts.push(fact.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ordain_domain::{shipment::ShipmentStatus, time::Timestamp};

    use super::*;

    fn fact(at: i64) -> TrackingFact {
        TrackingFact { status: ShipmentStatus::InTransit, at: Timestamp(at), location: None, note: None }
    }

    fn announced(number: i64) -> Entry {
        Entry::Announced {
            shipment: ShipmentId::from_number(number),
            order: OrderId::from_number(number),
            tracking_number: Arc::from(format!("T{number}")),
        }
    }

    #[test]
    fn a_notebook_is_read_again_without_torn_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("parcels.ndjson");
        let mut notebook = Notebook::open(Some(&path)).unwrap();
        notebook.write(&announced(1)).unwrap();
        let happened = |at| Entry::Happened { tracking_number: Arc::from("T1"), fact: fact(at) };
        notebook.write(&happened(5)).unwrap();
        drop(notebook);
        for torn in ["", "{\"happened\":{\"tracking_number\":\"T1\",\"fa", "{\"hap{\"happened\":1}\n"] {
            File::options().append(true).open(&path).unwrap().write_all(torn.as_bytes()).unwrap();
            let mut notebook = Notebook::open(Some(&path)).unwrap();
            assert_eq!(notebook.parcel("T1").map(|parcel| parcel.facts.clone()), Some(vec![fact(5)]), "{torn:?}");
            notebook.write(&announced(2)).unwrap();
            drop(notebook);
            assert!(Notebook::open(Some(&path)).unwrap().parcel("T2").is_some(), "{torn:?}");
        }
    }

    #[test]
    fn facts_of_a_parcel_are_bounded() {
        let mut notebook = Notebook::default();
        notebook.write(&announced(1)).unwrap();
        for at in 0..=FACTS_MAX as i64 {
            notebook.write(&Entry::Happened { tracking_number: Arc::from("T1"), fact: fact(at) }).unwrap();
        }
        let facts = &notebook.parcel("T1").unwrap().facts;
        assert_eq!((facts.len(), facts[0].at), (FACTS_MAX, Timestamp(1)));
    }
}
