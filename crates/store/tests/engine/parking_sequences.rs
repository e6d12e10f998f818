//! Any sequence of events, failures, crashes and people over a group that parks: per order nothing is lost, and what comes for
//! the first time comes in order.

use std::collections::BTreeMap;

use ordain_domain::{
    command::Command,
    ids::OrderId,
    letter::{LetterState, ReplayLetter},
    rules::LetterRules,
    time::Span,
};
use ordain_engine::{
    consumer::parking::{ParkingGroup, ReadStep},
    port::store::{FailureKind, StoreReader as _},
};
use ordain_store::memory::CommitFault;
use proptest::{collection::vec, prelude::*};

use super::{
    parking::{Ledger, group, lane, order, positions, touch, wait_for},
    shop::{Shop, answered, operator, receive},
};

const ORDERS: usize = 4;

/// What happens next.
#[derive(Clone, Debug)]
enum Happening {
    /// An order has another event.
    Touch(usize),
    /// From now on the consumer fails for these orders (a mask).
    Fail(u8),
    Read,
    Letters,
    /// Time passes until an order's first letter is due.
    Wait(usize),
    Replay(usize),
    /// The next commit is lost, and the process ends.
    Crash,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        6 => (0..ORDERS).prop_map(Happening::Touch),
        3 => (0..16_u8).prop_map(Happening::Fail),
        5 => Just(Happening::Read),
        4 => Just(Happening::Letters),
        4 => (0..ORDERS).prop_map(Happening::Wait),
        1 => (0..ORDERS).prop_map(Happening::Replay),
        1 => Just(Happening::Crash),
    ]
}

struct Scene {
    shop: Shop,
    ledger: Ledger,
    group: Option<ParkingGroup<Ledger>>,
    orders: Vec<OrderId>,
}

impl Scene {
    async fn begin() -> Scene {
        let letters = LetterRules { retries: vec![Span::seconds(5); 3], ..LetterRules::standard(Span::seconds(5)) };
        let shop = Shop::open_with_letters(letters).await;
        let mut orders = Vec::new();
        for user in 0..ORDERS {
            orders.push(order(&shop, user).await);
        }
        let ledger = Ledger::default();
        let group = Some(group(&shop, &ledger));
        Scene { shop, ledger, group, orders }
    }

    fn group(&self) -> &ParkingGroup<Ledger> {
        self.group.as_ref().expect("it is away only while the process ends")
    }

    async fn happens(mut self, happening: &Happening) -> Scene {
        match happening {
            Happening::Touch(order) => touch(&self.shop, self.orders[*order]).await,
            Happening::Fail(mask) => {
                self.ledger.heal();
                let failing = self.orders.iter().enumerate().filter(|(index, _)| mask & (1 << index) != 0);
                failing.for_each(|(_, order)| self.ledger.fail_for(*order));
            }
            Happening::Read => drop(answered(self.group().step()).await),
            Happening::Letters => drop(answered(self.group().step_letters()).await),
            Happening::Wait(order) => wait_for(&self.shop, self.orders[*order]),
            Happening::Replay(order) => {
                if let Some(head) = lane(&self.shop, self.orders[*order]).first() {
                    self.shop.accept(operator(Command::ReplayLetter(ReplayLetter { letter: head.id }))).await;
                }
            }
            Happening::Crash => {
                self.shop.memory.fail_next_commit(CommitFault::NotCommitted(FailureKind::Other));
                drop(answered(self.group().step()).await);
                // Where there was nothing to keep, this commit is the one that is lost.
                drop(answered(self.shop.engine.execute(receive("a", 1))).await);
                drop(self.group.take());
                self.shop = self.shop.restart();
                self.group = Some(group(&self.shop, &self.ledger));
            }
        }
        self
    }

    /// What came for the first time came in order.
    fn check(&self) {
        for order in &self.orders {
            let mut seen: Vec<i64> = Vec::new();
            for position in self.ledger.of(*order) {
                if !seen.contains(&position) {
                    assert!(seen.last().is_none_or(|last| *last < position), "{order}: {:?}", self.ledger.of(*order));
                    seen.push(position);
                }
            }
            assert!(positions(&self.shop, *order).starts_with(&seen), "{order}: a gap in {seen:?}");
        }
    }

    async fn heal(&self) {
        self.ledger.heal();
        loop {
            self.shop.clock.advance(Span::seconds(400));
            let read = answered(self.group().step()).await.unwrap();
            answered(self.group().step_letters()).await.unwrap();
            let heads: BTreeMap<OrderId, _> = self
                .orders
                .iter()
                .filter_map(|order| Some((*order, lane(&self.shop, *order).into_iter().next()?)))
                .collect();
            for head in heads.values().filter(|head| head.state == LetterState::Dead) {
                self.shop.accept(operator(Command::ReplayLetter(ReplayLetter { letter: head.id }))).await;
            }
            if heads.is_empty() && read == ReadStep::Idle {
                return;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_is_lost_and_orders_keep_their_order(happenings in vec(happening(), 1..50)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut scene = Scene::begin().await;
            for happening in &happenings {
                scene = scene.happens(happening).await;
                scene.check();
            }
            answered(scene.heal()).await;
            scene.check();
            assert_eq!(scene.shop.memory.letter_tally().unwrap().letters, 0);
            for order in &scene.orders {
                let mut taken = scene.ledger.of(*order);
                taken.sort_unstable();
                taken.dedup();
                assert_eq!(taken, positions(&scene.shop, *order), "{order} lost something");
            }
        });
    }
}
