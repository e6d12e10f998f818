//! Any sequence of happenings to one consumer: it fails for some orders, heals, is replayed, skipped, and crashes between a
//! try and its record. Per order nothing is lost and nothing comes out of order.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    command::Command,
    ids::LetterId,
    letter::{Cursor, Letter, LetterState, ReplayLetter, TryResult},
};
use proptest::{collection::vec, prelude::*};

use crate::{
    letters::{consumer, failure, parked, record, settle, skip},
    world::{World, operator},
};

const ORDERS: usize = 3;

/// What happens next.
#[derive(Clone, Debug)]
enum Happening {
    /// A chunk of the log is read and tried; orders of the mask fail. A crash loses what was learnt.
    Read {
        events: i64,
        failing: u8,
        crash: bool,
    },
    /// The first letter of an order is tried, if it is due.
    Try {
        order: usize,
        fails: bool,
        crash: bool,
    },
    /// Time passes until the first letter of an order is due.
    Wait {
        order: usize,
    },
    Replay {
        order: usize,
    },
    Skip {
        order: usize,
    },
}

fn happening() -> impl Strategy<Value = Happening> {
    let crash = || prop::bool::weighted(0.1);
    prop_oneof![
        4 => (1..6_i64, 0..8_u8, crash())
            .prop_map(|(events, failing, crash)| Happening::Read { events, failing, crash }),
        6 => (0..ORDERS, prop::bool::weighted(0.4), crash())
            .prop_map(|(order, fails, crash)| Happening::Try { order, fails, crash }),
        4 => (0..ORDERS).prop_map(|order| Happening::Wait { order }),
        1 => (0..ORDERS).prop_map(|order| Happening::Replay { order }),
        1 => (0..ORDERS).prop_map(|order| Happening::Skip { order }),
    ]
}

/// A consumer over a log in which event `n` is of an order that a list says.
struct Shop {
    world: World,
    log: Vec<usize>,
    /// What the consumer took, by order.
    taken: BTreeMap<usize, Vec<i64>>,
    skipped: Vec<i64>,
}

fn subject(order: usize) -> String {
    format!("order/ord_{order}")
}

impl Shop {
    fn position(&self) -> Option<i64> {
        self.world.all.cursors.get(&consumer()).map(|cursor| match cursor {
            Cursor::At(position) => *position,
            Cursor::Ended => panic!("nobody ends it"),
        })
    }

    /// The letters of an order as a store lists them: by position in the log.
    fn lane(&self, order: usize) -> Vec<Arc<Letter>> {
        let own = self.world.all.letters.values().filter(|letter| *letter.subject == *subject(order));
        let mut lane: Vec<Arc<Letter>> = own.cloned().collect();
        lane.sort_by_key(|letter| letter.event);
        lane
    }

    /// The first letter of an order.
    fn head(&self, order: usize) -> Option<Arc<Letter>> {
        self.lane(order).into_iter().next()
    }

    fn happens(&mut self, happening: &Happening) {
        match happening {
            Happening::Read { events, failing, crash } => self.read(*events, *failing, *crash),
            Happening::Try { order, fails, crash } => self.try_head(*order, *fails, *crash),
            Happening::Wait { order } => {
                if let Some(head) = self.head(*order).filter(|head| head.state == LetterState::Waiting) {
                    self.world.now = self.world.now.max(head.next_try_at);
                }
            }
            Happening::Replay { order } => {
                if let Some(letter) = self.head(*order).map(|head| head.id) {
                    self.world.accept(&operator(Command::ReplayLetter(ReplayLetter { letter })));
                }
            }
            Happening::Skip { order } => {
                if let Some(head) = self.head(*order) {
                    self.skipped.push(head.event.number());
                    self.world.accept(&operator(skip(head.id, "because")));
                }
            }
        }
    }

    /// What a group does with a chunk: an order with letters, or with a failure in the chunk, has its events parked.
    fn read(&mut self, events: i64, failing: u8, crash: bool) {
        let from = self.position();
        let first = from.unwrap_or(0) + 1;
        let last = (first + events - 1).min(self.log.len() as i64);
        if last < first {
            return;
        }
        let mut aside = Vec::new();
        let mut blocked = [false; ORDERS];
        for (order, blocked) in blocked.iter_mut().enumerate() {
            *blocked = !self.lane(order).is_empty();
        }
        for event in first..=last {
            let order = self.log[event as usize - 1];
            if blocked[order] {
                aside.push(parked(&subject(order), event, None));
            } else if failing & (1 << order) != 0 {
                blocked[order] = true;
                aside.push(parked(&subject(order), event, Some(failure("no"))));
            } else {
                self.taken.entry(order).or_default().push(event);
            }
        }
        if !crash {
            self.world.accept(&operator(settle(from, last, aside)));
        }
    }

    fn try_head(&mut self, order: usize, fails: bool, crash: bool) {
        let Some(head) = self.head(order) else { return };
        if head.state == LetterState::Dead || head.next_try_at > self.world.now {
            return;
        }
        if !fails {
            self.taken.entry(order).or_default().push(head.event.number());
        }
        if !crash {
            let result = if fails { TryResult::Failed(failure("no")) } else { TryResult::Delivered };
            self.world.accept(&operator(record(head.id, result)));
        }
    }

    /// Nothing that the cursor claims is lost, and what an order's consumer sees for the first time comes in order.
    fn check(&self) {
        let position = self.position().unwrap_or(0);
        for event in 1..=position {
            let order = self.log[event as usize - 1];
            let was_taken = self.taken.get(&order).is_some_and(|taken| taken.contains(&event));
            let letters = self.lane(order).iter().filter(|letter| letter.event.number() == event).count();
            let was_skipped = self.skipped.contains(&event);
            assert!(was_taken || was_skipped || letters == 1, "event {event} of order {order} is lost");
            assert!(letters <= 1, "event {event} is parked twice");
        }
        for (order, taken) in &self.taken {
            let mut seen: Vec<i64> = Vec::new();
            for event in taken {
                if !seen.contains(event) {
                    assert!(seen.last().is_none_or(|last| last < event), "order {order} out of order: {taken:?}");
                    seen.push(*event);
                }
            }
        }
        let ids: Vec<LetterId> = self.world.all.letters.keys().copied().collect();
        assert!(ids.is_sorted());
    }

    /// The consumer is well again: everything is read, and operators replay what is dead.
    fn heal(&mut self) {
        while self.position().unwrap_or(0) < self.log.len() as i64 {
            self.read(8, 0, false);
        }
        for order in 0..ORDERS {
            while let Some(head) = self.head(order) {
                if head.state == LetterState::Dead {
                    self.happens(&Happening::Replay { order });
                } else {
                    self.happens(&Happening::Wait { order });
                    self.try_head(order, false, false);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_is_lost_and_orders_keep_their_order(
        log in vec(0..ORDERS, 1..30),
        happenings in vec(happening(), 1..60),
    ) {
        let mut shop = Shop { world: World::empty(), log, taken: BTreeMap::new(), skipped: Vec::new() };
        for happening in &happenings {
            shop.happens(happening);
            shop.check();
        }
        shop.heal();
        shop.check();
        prop_assert!(shop.world.all.letters.is_empty());
        for (index, order) in shop.log.iter().enumerate() {
            let event = index as i64 + 1;
            let taken = shop.taken.get(order).is_some_and(|taken| taken.contains(&event));
            prop_assert!(taken || shop.skipped.contains(&event), "event {event} never came");
        }
    }
}
