//! The facts of a batch as the JSON texts that stores keep.
//!
//! They are made where the batch is decided, while the commit before it takes place: what is made while the store's
//! transaction is open holds everybody up. It knows no column and no statement.

use ordain_domain::event::EventRecord;

/// JSON of events, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventTexts {
    bytes: Vec<u8>,
    /// Where each text ends.
    ends: Vec<usize>,
}

impl EventTexts {
    /// The texts of a batch's events.
    #[must_use]
    pub fn of(events: &[EventRecord]) -> EventTexts {
        let mut texts = EventTexts::default();
        texts.extend(events);
        texts
    }

    /// Adds the texts of later events.
    pub fn extend(&mut self, events: &[EventRecord]) {
        for record in events {
            serde_json::to_writer(&mut self.bytes, &record.event).expect("an event has text keys and finite numbers");
            self.ends.push(self.bytes.len());
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The texts as UTF-8, in the order of the events.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.bytes[begin..*end])
    }
}
