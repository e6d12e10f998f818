//! Any mixture of commands and faults, with callers who try again under the same key: the outcome is that of a store that
//! never failed.

use std::collections::BTreeMap;

use ordain_domain::{command::Envelope, ids::OrderId, order::OrderStatus};
use ordain_engine::{EngineFailure, port::store::FailureKind};
use ordain_store::memory::CommitFault;
use proptest::prelude::*;

use super::shop::{Shop, answered, cancel, keyed, ordered, place, receive};

/// What a caller wants.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Place { user: u8, from_shelf_b: bool },
    Cancel { placed: usize },
    Receive { units: i64 },
}

/// What happens to the store meanwhile.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    None,
    Commit(CommitFault),
    Load(FailureKind),
    Restart,
}

fn wishes() -> impl Strategy<Value = Vec<(Wish, Mishap)>> {
    let wish = prop_oneof![
        4 => (0_u8..5, any::<bool>()).prop_map(|(user, from_shelf_b)| Wish::Place { user, from_shelf_b }),
        2 => (0_usize..8).prop_map(|placed| Wish::Cancel { placed }),
        1 => prop_oneof![-3_i64..0, 1_i64..4].prop_map(|units| Wish::Receive { units }),
    ];
    let mishap = prop_oneof![
        4 => Just(Mishap::None),
        1 => Just(Mishap::Commit(CommitFault::UnknownWritten)),
        1 => Just(Mishap::Commit(CommitFault::UnknownNotWritten)),
        1 => Just(Mishap::Commit(CommitFault::NotCommitted(FailureKind::Busy))),
        1 => Just(Mishap::Load(FailureKind::Full)),
        1 => Just(Mishap::Restart),
    ];
    proptest::collection::vec((wish, mishap), 1..40)
}

/// Tries until the engine answers, as a client with a key may.
async fn insist(shop: &Shop, envelope: Envelope) -> Result<Option<OrderId>, String> {
    for _ in 0..4 {
        match answered(shop.engine.execute(envelope.clone())).await {
            Ok(reply) => {
                let is_order =
                    |answer: &ordain_domain::answer::Answer| !matches!(answer, ordain_domain::answer::Answer::Stock(_));
                let outcome = reply.outcome.map_err(|refusal| format!("{refusal:?}"))?;
                return Ok(is_order(&outcome).then(|| ordered(outcome).id));
            }
            Err(EngineFailure::Store(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    panic!("one mishap fails one try")
}

/// What is left in the end: each wish's answer (orders by the wish that placed them), stock, and orders by status.
type Outcome = (Vec<Result<Option<usize>, String>>, [(i64, i64); 2], [u64; 2]);

async fn live(script: &[(Wish, Mishap)], with_mishaps: bool) -> Outcome {
    let mut shop = Shop::open().await;
    shop.accept(receive("a", 3 - 1_000_000)).await;
    let mut placed: Vec<OrderId> = Vec::new();
    let mut numbers: BTreeMap<OrderId, usize> = BTreeMap::new();
    let mut answers = Vec::new();
    for (number, (wish, mishap)) in script.iter().enumerate() {
        let envelope = match *wish {
            Wish::Place { user, from_shelf_b } => place(&format!("u-{user}"), if from_shelf_b { "b" } else { "a" }),
            Wish::Cancel { placed: index } => match placed.get(index) {
                Some(order) => cancel(*order),
                None => continue,
            },
            Wish::Receive { units } => receive("a", units),
        };
        match mishap {
            Mishap::Commit(fault) if with_mishaps => shop.memory.fail_next_commit(*fault),
            Mishap::Load(kind) if with_mishaps => shop.memory.fail_next_load(*kind),
            Mishap::Restart if with_mishaps => shop = shop.restart(),
            _ => {}
        }
        let answer = insist(&shop, keyed(envelope, &format!("k-{number}"), 1)).await;
        if let (Wish::Place { .. }, Ok(Some(order))) = (wish, &answer) {
            placed.push(*order);
            numbers.insert(*order, number);
        }
        answers.push(answer.map(|order| order.map(|order| numbers[&order])));
    }
    shop.verify();
    let statuses = [OrderStatus::PendingPayment, OrderStatus::Cancelled].map(|status| shop.count(status));
    (answers, [shop.stock("a"), shop.stock("b")], statuses)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn mishaps_change_nothing_for_those_who_try_again(script in wishes()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (smooth, rough) = runtime.block_on(async { (live(&script, false).await, live(&script, true).await) });
        prop_assert_eq!(smooth, rough);
    }
}
