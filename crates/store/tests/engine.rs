//! The engine over the store in memory: what callers are told when decisions panic, commits fail, clocks jump, queues fill
//! and processes end; and that what they are told is what lies in the store.
//!
//! Decisions are tested in `domain` and stores by the conformance suite. No test waits for time to pass: clocks are set by
//! hand, and what takes a while is waited for with a deadline.

#[cfg(test)]
mod engine {
    mod ahead;
    mod buyers;
    mod clock;
    mod commits;
    mod consumers;
    mod halting;
    mod idempotency;
    mod parking;
    mod parking_sequences;
    mod poison;
    mod queue;
    mod retries;
    mod scan;
    mod scan_money;
    mod shop;
    mod stopping;
    mod tampered;
    mod time;
    mod timers;
    mod watching;
    mod webhooks;
}
