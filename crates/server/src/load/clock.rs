//! Real time and chance for measuring: the only place of `load` and `import` that reads the clock or draws a number.
//!
//! The rest takes instants and numbers as values, so that schedules and reports are tested without waiting.

use std::time::Instant;

/// The monotonic clock.
#[expect(clippy::disallowed_methods, reason = "a load generator measures real time; no decision depends on it")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The wall clock in whole microseconds, the finest that the server reads and writes.
#[expect(clippy::disallowed_methods, reason = "compared with the server's own times, which are wall-clock times")]
pub(crate) fn wall_clock() -> jiff::Timestamp {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_microsecond(now.as_microsecond()).expect("a time of the clock is within the calendar")
}

/// A number that no other run has, to make idempotency keys of.
#[expect(clippy::disallowed_methods, reason = "keys of two runs must differ; nothing is decided by the number")]
pub(crate) fn random_run() -> u64 {
    rand::random()
}
