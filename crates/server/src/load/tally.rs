//! What was answered, counted. One tally a thread; they are merged when the run is over.
//!
//! A tally judges single answers (an unexpected status, a wrong total). Whether all of them together fit the stock is
//! judged in `check`.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::{
    answer::{self, BatchItem},
    response::Response,
    scenario::{Keys, Scenario},
};

/// Longest latency told apart, in microseconds; longer ones count as this.
const LATENCY_MAX_MICROS: u64 = 3_600_000_000;
/// How many examples of a finding are kept.
const SAMPLES_MAX: usize = 5;
const SAMPLE_LENGTH_MAX: usize = 300;

/// A count with its first examples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sampled {
    /// How often it happened.
    pub(super) count: u64,
    /// The first few, for people.
    pub(super) samples: Vec<String>,
}

impl Sampled {
    pub(super) fn add(&mut self, sample: impl FnOnce() -> String) {
        self.count += 1;
        if self.samples.len() < SAMPLES_MAX {
            self.samples.push(sample());
        }
    }

    pub(super) fn merge(&mut self, other: Sampled) {
        self.count += other.count;
        let room = SAMPLES_MAX.saturating_sub(self.samples.len());
        self.samples.extend(other.samples.into_iter().take(room));
    }
}

/// An order that was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed<'a> {
    /// Number of the order in the run.
    pub(super) order: u64,
    /// `ord_…`
    pub(super) id: &'a str,
    /// Minor units.
    pub(super) total: u64,
}

/// How an answer came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    /// The same request was sent before and its answer was lost.
    pub(super) was_retried: bool,
    /// The server says that it answers from memory.
    pub(super) is_replay: bool,
}

/// The counts of a run.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// Microseconds from the (intended) start to the whole answer.
    pub(super) latency: Histogram<u64>,
    /// HTTP answers by status.
    pub(super) answers: BTreeMap<u16, u64>,
    /// Items of batch answers by status.
    pub(super) items: BTreeMap<u16, u64>,
    /// Refused orders by the problem's code.
    pub(super) refusals: BTreeMap<String, u64>,
    /// Acknowledged orders.
    pub(super) placed: u64,
    /// Their lines.
    pub(super) placed_lines: u64,
    /// Orders read.
    pub(super) read: u64,
    /// Acknowledged orders that the server answered from memory.
    pub(super) replays: u64,
    /// Requests sent again after a lost connection.
    pub(super) retries: u64,
    /// Times that a connection was lost or refused.
    pub(super) connection_errors: u64,
    /// Requests whose answer never came.
    pub(super) unanswered: u64,
    /// Requests that were due but never sent: no connection was free before the end, or none could be made.
    pub(super) unsent: u64,
    /// Orders refused because the server had too much to do (503 `overloaded`).
    pub(super) overloaded: u64,
    /// Answers that no order should get: other 5xx, and 4xx that blame the generator.
    pub(super) unexpected: Sampled,
    /// Acknowledged orders with another total than expected, and answers that cannot be read.
    pub(super) wrong: Sampled,
    /// By good: units acknowledged in this run.
    pub(super) units_placed: Vec<u64>,
    /// By good: units of orders that may have been placed.
    pub(super) units_uncertain: Vec<u64>,
    /// When the first acknowledged order ends unpaid.
    pub(super) first_expiry: Option<jiff::Timestamp>,
}

impl Tally {
    /// Nothing counted, for `goods` goods.
    pub(super) fn new(goods: usize) -> Tally {
        Tally {
            latency: no_latencies(),
            answers: BTreeMap::new(),
            items: BTreeMap::new(),
            refusals: BTreeMap::new(),
            placed: 0,
            placed_lines: 0,
            read: 0,
            replays: 0,
            retries: 0,
            connection_errors: 0,
            unanswered: 0,
            unsent: 0,
            overloaded: 0,
            unexpected: Sampled::default(),
            wrong: Sampled::default(),
            units_placed: vec![0; goods],
            units_uncertain: vec![0; goods],
            first_expiry: None,
        }
    }

    /// Counts the answer to request `number` and hands each acknowledged order to `placed`.
    pub(super) fn take(
        &mut self,
        scenario: &Scenario,
        number: u64,
        (response, was_retried): (&Response<'_>, bool),
        mut placed: impl FnMut(Placed<'_>),
    ) {
        *self.answers.entry(response.status).or_default() += 1;
        let arrival = Arrival { was_retried, is_replay: response.is_replay };
        let is_success = (200..300).contains(&response.status);
        let orders = scenario.orders_of(number);
        if !is_success {
            let code = answer::problem_code(response.body);
            self.take_refusal(scenario, orders, response.status, code);
        } else if let Some(id) = scenario.read_id(number) {
            self.read += 1;
            if answer::order_id(response.body) != Some(id) {
                self.wrong.add(|| format!("read {id}: {}", excerpt(response.body)));
            }
        } else if scenario.is_batch() {
            self.take_batch(scenario, orders, (response.body, arrival), placed);
        } else {
            let (id, total) = (answer::order_id(response.body), answer::order_total(response.body));
            match (id, total) {
                (Some(id), Some(total)) => {
                    self.take_placed(scenario, Placed { order: number, id, total }, arrival);
                    self.note_expiry(answer::order_expires_at(response.body));
                    placed(Placed { order: number, id, total });
                }
                _ => self.take_unreadable(scenario, orders, response.body),
            }
        }
    }

    /// Counts request `number` as one whose answer never came.
    pub(super) fn take_unanswered(&mut self, scenario: &Scenario, number: u64) {
        self.unanswered += 1;
        self.add_uncertain(scenario, scenario.orders_of(number));
    }

    fn take_batch(
        &mut self,
        scenario: &Scenario,
        orders: std::ops::Range<u64>,
        (body, arrival): (&[u8], Arrival),
        mut placed: impl FnMut(Placed<'_>),
    ) {
        let items = answer::batch_items(body).filter(|items| items.len() as u64 == orders.end - orders.start);
        let Some(items) = items else {
            self.take_unreadable(scenario, orders, body);
            return;
        };
        for (order, item) in orders.zip(&items) {
            *self.items.entry(item.status).or_default() += 1;
            match item {
                BatchItem { order: Some(found), .. } => {
                    let it = Placed { order, id: found.id, total: found.price.total };
                    let is_replay = arrival.is_replay || item.replayed;
                    self.take_placed(scenario, it, Arrival { is_replay, ..arrival });
                    self.note_expiry(found.expires_at);
                    placed(it);
                }
                BatchItem { problem: Some(problem), status, .. } => {
                    self.take_refusal(scenario, order..order + 1, *status, Some(problem.code));
                }
                _ => self.take_unreadable(scenario, order..order + 1, body),
            }
        }
    }

    fn take_placed(&mut self, scenario: &Scenario, placed: Placed<'_>, arrival: Arrival) {
        self.placed += 1;
        self.replays += u64::from(arrival.is_replay);
        let expected = scenario.expected_total(placed.order);
        if placed.total != expected {
            self.wrong.add(|| {
                let mut key = Vec::new();
                scenario.write_key(placed.order, &mut key);
                let key = String::from_utf8_lossy(&key);
                format!("{} (key `{key}`): total {} instead of {expected}", placed.id, placed.total)
            });
        }
        // A replay of a key that an earlier run may have used: it took its stock then, unless this run's own first try
        // did and its answer was lost.
        let is_of_this_run = !arrival.is_replay || matches!(scenario.keys, Keys::Prefix { are_new: true, .. });
        scenario.for_each_line(placed.order, |good, quantity| {
            self.placed_lines += 1;
            if is_of_this_run {
                self.units_placed[good] += quantity;
            } else if arrival.was_retried {
                self.units_uncertain[good] += quantity;
            }
        });
    }

    fn take_refusal(&mut self, scenario: &Scenario, orders: std::ops::Range<u64>, status: u16, code: Option<&str>) {
        let count = orders.end - orders.start;
        let code = code.unwrap_or("(none)");
        match (status, code) {
            (503, "overloaded") => self.overloaded += count,
            (409, "idempotency_in_progress") => self.add_uncertain(scenario, orders),
            (409 | 422 | 429, _) => {}
            _ => {
                self.unexpected.add(|| format!("status {status}, code {code}"));
                if status >= 500 {
                    self.add_uncertain(scenario, orders);
                }
            }
        }
        match self.refusals.get_mut(code) {
            Some(found) => *found += count,
            None => _ = self.refusals.insert(code.to_owned(), count),
        }
    }

    fn take_unreadable(&mut self, scenario: &Scenario, orders: std::ops::Range<u64>, body: &[u8]) {
        self.wrong.add(|| format!("cannot be read: {}", excerpt(body)));
        self.add_uncertain(scenario, orders);
    }

    fn add_uncertain(&mut self, scenario: &Scenario, orders: std::ops::Range<u64>) {
        for order in orders {
            scenario.for_each_line(order, |good, quantity| self.units_uncertain[good] += quantity);
        }
    }

    fn note_expiry(&mut self, text: Option<&str>) {
        if self.first_expiry.is_none() {
            self.first_expiry = text.and_then(|text| text.parse().ok());
        }
    }

    /// Adds the counts of another thread.
    pub(super) fn merge(&mut self, other: Tally) {
        self.latency.add(&other.latency).expect("all histograms have the same bounds");
        merge_counts(&mut self.answers, other.answers);
        merge_counts(&mut self.items, other.items);
        merge_counts(&mut self.refusals, other.refusals);
        self.placed += other.placed;
        self.placed_lines += other.placed_lines;
        self.read += other.read;
        self.replays += other.replays;
        self.retries += other.retries;
        self.connection_errors += other.connection_errors;
        self.unanswered += other.unanswered;
        self.unsent += other.unsent;
        self.overloaded += other.overloaded;
        self.unexpected.merge(other.unexpected);
        self.wrong.merge(other.wrong);
        merge_units(&mut self.units_placed, &other.units_placed);
        merge_units(&mut self.units_uncertain, &other.units_uncertain);
        self.first_expiry = [self.first_expiry, other.first_expiry].into_iter().flatten().min();
    }
}

/// Microseconds up to an hour, none counted.
pub(super) fn no_latencies() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_MAX_MICROS, 3).expect("the bounds are constants that fit")
}

fn merge_counts<Name: Ord>(counts: &mut BTreeMap<Name, u64>, others: BTreeMap<Name, u64>) {
    for (name, count) in others {
        *counts.entry(name).or_default() += count;
    }
}

fn merge_units(units: &mut [u64], others: &[u64]) {
    for (count, other) in units.iter_mut().zip(others) {
        *count += other;
    }
}

/// The beginning of a body for a message.
pub(crate) fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(SAMPLE_LENGTH_MAX)]).into_owned()
}
