//! What an order is and may become.
//!
//! This crate is the map of the business: every room (`stock`, `order`, `coupon`, `points`) has the same files,
//! `state`, `command`, `event` and `decide`. Decisions are pure functions over values: rows in, changes out.
//!
//! It deliberately has no clock, no randomness, no I/O, no `async` and no `HashMap`: time and ids come in as values, and
//! iteration order is the order of the keys. `#![no_std]` makes most of that a compile-time fact.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod after_sale;
pub mod answer;
pub mod batch;
pub mod catalog;
pub mod command;
pub mod coupon;
pub mod event;
pub mod idempotency;
pub mod ids;
pub mod letter;
pub mod machine;
pub mod money;
pub mod order;
pub mod outbox;
pub mod payment;
pub mod points;
pub mod price;
pub mod refund;
pub mod refusal;
pub mod rows;
pub mod rules;
pub mod scope;
pub mod shipment;
pub mod stock;
pub mod time;
pub mod timer;
pub mod user;
pub mod webhook;
