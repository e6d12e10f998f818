//! State machines as data: a machine is a table of edges, and the decisions run that very table.
//!
//! The drawings (`ordain states`) and the committed matrix of state × command come from the same tables, so that they
//! cannot tell anything else than the code does. This room draws nothing.

use alloc::{format, string::String, vec::Vec};
use core::fmt::Debug;

use crate::{
    after_sale::AFTER_SALE_EDGES, coupon::COUPON_EDGES, letter::LETTER_EDGES, order::ORDER_EDGES,
    payment::PAYMENT_EDGES, refund::REFUND_EDGES, shipment::SHIPMENT_EDGES, stock::LOCK_EDGES,
};

/// One allowed move. `from` is none for the step that makes the thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge<S, T> {
    /// The state before.
    pub from: Option<S>,
    /// What happens.
    pub step: T,
    /// The state after.
    pub to: S,
}

/// The state after `step`, or none where the table has no such edge.
#[must_use]
pub fn next<S: Copy + PartialEq, T: Copy + PartialEq>(edges: &[Edge<S, T>], from: Option<S>, step: T) -> Option<S> {
    edges.iter().find(|edge| edge.from == from && edge.step == step).map(|edge| edge.to)
}

/// A machine in words, for drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// What the machine is of: `order`, `lock`, `after_sale`.
    pub name: &'static str,
    /// (from, step, to) in snake_case; `from` is empty for the step that makes the thing.
    pub edges: Vec<(String, String, String)>,
}

/// Every machine that the code runs.
#[must_use]
pub fn drawings() -> Vec<Drawing> {
    [
        ("order", words(ORDER_EDGES)),
        ("lock", words(LOCK_EDGES)),
        ("coupon", words(COUPON_EDGES)),
        ("payment", words(PAYMENT_EDGES)),
        ("refund", words(REFUND_EDGES)),
        ("letter", words(LETTER_EDGES)),
        ("shipment", words(SHIPMENT_EDGES)),
        ("after_sale", words(AFTER_SALE_EDGES)),
    ]
    .into_iter()
    .map(|(name, edges)| Drawing { name, edges })
    .collect()
}

fn words<S: Debug, T: Debug>(edges: &[Edge<S, T>]) -> Vec<(String, String, String)> {
    let from = |edge: &Edge<S, T>| edge.from.as_ref().map_or_else(String::new, |state| snake_case(state));
    edges.iter().map(|edge| (from(edge), snake_case(&edge.step), snake_case(&edge.to))).collect()
}

fn snake_case(name: &impl Debug) -> String {
    let mut text = String::new();
    for character in format!("{name:?}").chars() {
        if character.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_has_two_answers_for_one_question() {
        for drawing in drawings() {
            for (index, edge) in drawing.edges.iter().enumerate() {
                let twin = drawing.edges[index + 1..].iter().find(|other| (&other.0, &other.1) == (&edge.0, &edge.1));
                assert_eq!(twin, None, "machine {}", drawing.name);
            }
        }
    }
}
