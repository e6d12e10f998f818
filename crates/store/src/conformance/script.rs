//! Random commands from a seed: few users, few SKUs, few keys, so that they collide. The same seed gives the same script
//! on every machine.

pub(super) mod goods;
mod money;

use ordain_domain::{
    command::{Command, Envelope},
    ids::{CouponId, OrderId},
    order::{CancelReason, PlaceOrder},
    rules::LateMoney,
    time::Span,
    timer::{Timer, TimerKind},
};

use super::{
    Fixture,
    bench::Bench,
    shop::{
        adjust, basket, buyer, cancel, close, grant, keyed, operator, points, product, put_address, put_products,
        put_user,
    },
};

const USERS: [&str; 4] = ["u-1", "u-2", "u-3", "u-4"];
const SKUS: [&str; 3] = ["a", "b", "free"];
const TEMPLATES: [&str; 3] = ["tenth", "all", "sent"];

/// Numbers from a seed: xorshift64* (Vigna, 2016), good enough to choose commands.
pub(super) struct Dice(u64);

impl Dice {
    /// Dice of a seed; all seeds differ.
    pub(super) const fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15))
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }

    fn of<'t>(&mut self, things: &[&'t str]) -> &'t str {
        things[usize::try_from(self.below(things.len() as u64)).expect("below the length")]
    }

    /// One of the youngest things, so that commands meet what happened a moment ago.
    fn young<T: Copy>(&mut self, things: impl DoubleEndedIterator<Item = T>) -> Option<T> {
        let index = usize::try_from(self.below(12)).expect("below 12");
        things.rev().nth(index)
    }
}

/// A few batches of random commands, with time passing between them. `after` is told of every batch that was committed.
pub(super) fn play<F: Fixture>(
    bench: &mut Bench<F>,
    seed: u64,
    batches: usize,
    mut after: impl FnMut(&mut Bench<F>, usize),
) {
    let mut dice = Dice::new(seed);
    for number in 0..batches {
        let seconds = dice.below(120);
        bench.wait(Span::seconds(seconds));
        // Without a fee some orders cost nothing and are paid at once.
        bench.rules.shipping.fee = if dice.below(2) == 0 { 0 } else { 199 };
        let late = if dice.below(2) == 0 { LateMoney::Refund } else { LateMoney::ReinstateIfStock };
        bench.rules.payments.late_money = late;
        let count = 1 + dice.below(12);
        let envelopes: Vec<Envelope> = (0..count).map(|_| envelope(bench, &mut dice)).collect();
        bench.run(&envelopes);
        after(bench, number);
    }
}

fn envelope<F: Fixture>(bench: &Bench<F>, dice: &mut Dice) -> Envelope {
    if dice.below(2) == 0
        && let Some(envelope) = money::envelope(bench, dice)
    {
        return envelope;
    }
    let command = command(bench, dice);
    let plain = match command {
        Command::PlaceOrder(place) => buyer(place),
        other => operator(other),
    };
    match dice.below(3) {
        0 => keyed(plain, &format!("key {}", dice.below(200)), u8::from(dice.below(10) == 0)),
        _ => plain,
    }
}

fn command<F: Fixture>(bench: &Bench<F>, dice: &mut Dice) -> Command {
    let all = &bench.model.all;
    let order = dice.young(all.orders.keys().copied()).unwrap_or(OrderId::from_number(1));
    let name = dice.of(&USERS);
    match dice.below(24) {
        0..=9 => Command::PlaceOrder(place(bench, dice)),
        10..=12 => {
            let note = (dice.below(2) == 0).then_some("changed my mind");
            cancel(order, if dice.below(2) == 0 { CancelReason::Buyer } else { CancelReason::Merchant }, note)
        }
        13..=15 => bench.model.timers().first().map_or(close(order), fire),
        16 | 17 => adjust(dice.of(&SKUS), i64::try_from(dice.below(60)).expect("small") - 20),
        18 | 19 => grant(name, dice.of(&TEMPLATES)),
        20 => points(name, i64::try_from(dice.below(300)).expect("small") - 100),
        21 => put_products(vec![product("b", 300 + i64::try_from(dice.below(90)).expect("small"))]),
        22 => put_user(name, (dice.below(3) > 0).then_some(name)),
        _ => put_address(name, dice.of(&["home", "work"]), dice.of(&["Town", "City"])),
    }
}

/// What a timer does.
fn fire(timer: &Timer) -> Command {
    match timer.kind {
        TimerKind::CloseOrder => close(timer.order),
        TimerKind::AskChannels => Command::AskChannels(timer.order),
        TimerKind::WorkRefunds => Command::WorkRefunds(timer.order),
        TimerKind::ConfirmReceipt => Command::ConfirmDue(timer.order),
        TimerKind::AskCarriers => Command::AskCarriers(timer.order),
        TimerKind::WorkAfterSales => Command::WorkAfterSales(timer.order),
    }
}

/// Everything behaves from here on: channels answer the truth, timers fire in time, people look at what waits for them. At its
/// end nothing is open.
pub(super) fn drain<F: Fixture>(bench: &mut Bench<F>) {
    const ROUNDS_MAX: usize = 10_000;
    money::look_at_what_waits(bench);
    for _ in 0..ROUNDS_MAX {
        if !bench.model.messages().is_empty() {
            money::tell_the_truth(bench);
            continue;
        }
        let Some(timer) = bench.model.timers().first().copied() else { return };
        bench.now = bench.now.max(timer.due);
        bench.run(&[operator(fire(&timer))]);
    }
    panic!("it does not come to an end: {:?}, {:?}", bench.model.timers(), bench.model.messages());
}

fn place<F: Fixture>(bench: &Bench<F>, dice: &mut Dice) -> PlaceOrder {
    let lines: Vec<(&str, u32)> =
        (0..1 + dice.below(3)).map(|_| (dice.of(&SKUS), 1 + u32::try_from(dice.below(4)).expect("small"))).collect();
    let coupon: Option<CouponId> = match dice.below(3) {
        0 => dice.young(bench.model.all.coupons.keys().copied()),
        _ => None,
    };
    let points = if dice.below(3) == 0 { i64::try_from(dice.below(60)).expect("small") } else { 0 };
    PlaceOrder { coupon, points, ..basket(dice.of(&USERS), &lines) }
}
