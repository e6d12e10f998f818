//! Groups that park: what one order's events do to others, to the end of the schedule and back, and what a crash repeats.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use ordain_domain::{
    command::Command,
    event::EventRecord,
    ids::{ConsumerName, OrderId},
    letter::{Letter, LetterState, ReplayLetter, RewindConsumer, SkipLetter, TryFailure, TryResult},
    payment::OpenPayment,
    rules::LetterRules,
    time::{Span, Timestamp},
};
use ordain_engine::{
    consumer::parking::{EventTaker, ParkingGroup, ReadStep, Taken, Trouble},
    port::store::{FailureKind, StoreReader as _},
};
use ordain_store::memory::CommitFault;

use super::shop::{Shop, answered, operator, place};

/// Takes events of orders, except of those that it is told to fail for.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Inner>);

#[derive(Default)]
struct Inner {
    taken: Mutex<Vec<(String, i64)>>,
    tries: AtomicUsize,
    failing: Mutex<BTreeSet<String>>,
    is_down: Mutex<bool>,
    hold: Mutex<Option<Timestamp>>,
    troubles: Mutex<Vec<String>>,
}

impl Ledger {
    /// Positions that were taken of one order, in the order in which they came.
    pub(crate) fn of(&self, order: OrderId) -> Vec<i64> {
        let subject = format!("order/{order}");
        self.0.taken.lock().unwrap().iter().filter(|(of, _)| *of == subject).map(|(_, position)| *position).collect()
    }

    pub(crate) fn fail_for(&self, order: OrderId) {
        self.0.failing.lock().unwrap().insert(format!("order/{order}"));
    }

    pub(crate) fn heal(&self) {
        self.0.failing.lock().unwrap().clear();
        *self.0.is_down.lock().unwrap() = false;
    }

    fn go_down(&self) {
        *self.0.is_down.lock().unwrap() = true;
    }

    fn tries(&self) -> usize {
        self.0.tries.load(Ordering::SeqCst)
    }

    fn troubles(&self) -> Vec<String> {
        self.0.troubles.lock().unwrap().clone()
    }
}

impl EventTaker for Ledger {
    fn wants(&self, event: &EventRecord) -> bool {
        event.subject.to_string().starts_with("order/")
    }

    async fn take(&self, event: &EventRecord, number: u32) -> Taken {
        self.0.tries.fetch_add(1, Ordering::SeqCst);
        let subject = event.subject.to_string();
        let fails = *self.0.is_down.lock().unwrap() || self.0.failing.lock().unwrap().contains(&subject);
        let result = if fails {
            TryResult::Failed(TryFailure { error: format!("try {number}").into(), not_before: None })
        } else {
            self.0.taken.lock().unwrap().push((subject, event.id.number()));
            TryResult::Delivered
        };
        Taken { result, attempt: None, hold: self.0.hold.lock().unwrap().take(), is_gone: false }
    }

    async fn ready(&self) -> bool {
        true
    }

    async fn trouble(&self, trouble: Trouble) {
        let told = match trouble {
            Trouble::Gone => "gone".to_owned(),
            Trouble::Exhausted(letter) => format!("exhausted {}", letter.event),
            Trouble::TooManyLetters(limit) => format!("more than {limit}"),
        };
        self.0.troubles.lock().unwrap().push(told);
    }
}

pub(crate) fn name() -> ConsumerName {
    ConsumerName::new("ledger").unwrap()
}

pub(crate) fn group(shop: &Shop, ledger: &Ledger) -> ParkingGroup<Ledger> {
    ParkingGroup::new(Arc::clone(&shop.engine), name(), ledger.clone(), 4)
}

/// A shop with the standard schedule.
async fn well() -> Shop {
    Shop::open_with_letters(LetterRules::standard(Span::seconds(5))).await
}

/// A new order: one event.
pub(crate) async fn order(shop: &Shop, user: usize) -> OrderId {
    shop.place(place(&format!("u-{user}"), "a")).await.id
}

/// One more event of an order.
pub(crate) async fn touch(shop: &Shop, order: OrderId) {
    let open = OpenPayment { order, channel: Arc::from("nowhere"), return_url: None };
    shop.accept(operator(Command::OpenPayment(open))).await;
}

/// Every position of an order in the log.
pub(crate) fn positions(shop: &Shop, order: OrderId) -> Vec<i64> {
    shop.memory.order_events(order, 0).unwrap().iter().map(|event| event.id.number()).collect()
}

/// Reads on until there is nothing new.
async fn catch_up(group: &ParkingGroup<Ledger>) {
    while !matches!(answered(group.step()).await.unwrap(), ReadStep::Idle) {}
}

pub(crate) fn lane(shop: &Shop, order: OrderId) -> Vec<Letter> {
    shop.memory.lane(&name(), &format!("order/{order}"), 1_000).unwrap()
}

/// Lets time pass until the first letter of an order is due.
pub(crate) fn wait_for(shop: &Shop, order: OrderId) {
    if let Some(head) = lane(shop, order).first() {
        shop.clock.set(shop.engine.now().max(head.next_try_at));
    }
}

fn replay(letter: &Letter) -> Command {
    Command::ReplayLetter(ReplayLetter { letter: letter.id })
}

/// §3.10: the failing event and everything after it of its order are parked; other orders flow.
#[tokio::test]
async fn an_order_that_fails_holds_up_only_itself() {
    let shop = well().await;
    let ledger = Ledger::default();
    let group = group(&shop, &ledger);
    let [bad, good] = [order(&shop, 1).await, order(&shop, 2).await];
    ledger.fail_for(bad);
    for _ in 0..3 {
        touch(&shop, bad).await;
        touch(&shop, good).await;
        catch_up(&group).await;
    }
    assert_eq!(ledger.of(good), positions(&shop, good));
    assert_eq!(ledger.of(bad), Vec::<i64>::new());
    let parked: Vec<i64> = lane(&shop, bad).iter().map(|letter| letter.event.number()).collect();
    assert_eq!(parked, positions(&shop, bad), "all of it, in its order");
    let tries: Vec<u32> = lane(&shop, bad).iter().map(|letter| letter.tries).collect();
    assert_eq!(tries, [1, 0, 0, 0], "what stands behind is not tried");
    // Not before it is due, and then all of it at once.
    assert_eq!(answered(group.step_letters()).await.unwrap(), 0);
    wait_for(&shop, bad);
    assert_eq!(answered(group.step_letters()).await.unwrap(), 1);
    ledger.heal();
    wait_for(&shop, bad);
    assert_eq!(answered(group.step_letters()).await.unwrap(), 4);
    assert_eq!(ledger.of(bad), positions(&shop, bad));
    assert_eq!(shop.memory.letter_tally().unwrap().letters, 0);
    touch(&shop, bad).await;
    catch_up(&group).await;
    assert_eq!(ledger.of(bad), positions(&shop, bad), "it flows again");
}

/// §3.10: a poisonous event is tried so many times, and then holds its order until a person decides.
#[tokio::test]
async fn an_exhausted_letter_waits_for_a_person_and_holds_what_is_behind_it() {
    let letters = LetterRules { retries: vec![Span::seconds(1); 2], ..LetterRules::standard(Span::seconds(1)) };
    let shop = Shop::open_with_letters(letters).await;
    let ledger = Ledger::default();
    let group = group(&shop, &ledger);
    let bad = order(&shop, 1).await;
    ledger.fail_for(bad);
    touch(&shop, bad).await;
    catch_up(&group).await;
    for _ in 0..2 {
        wait_for(&shop, bad);
        assert_eq!(answered(group.step_letters()).await.unwrap(), 1);
    }
    let [head, behind] = lane(&shop, bad).try_into().unwrap();
    assert_eq!((head.state, head.tries, behind.tries), (LetterState::Dead, 3, 0));
    assert_eq!(ledger.troubles(), [format!("exhausted {}", head.event)]);
    shop.clock.advance(Span::seconds(86_400));
    touch(&shop, bad).await;
    catch_up(&group).await;
    assert_eq!(answered(group.step_letters()).await.unwrap(), 0, "a dead one is not tried");
    assert_eq!(lane(&shop, bad).len(), 3);
    // A replay that fails is one try, and is told to nobody.
    shop.accept(operator(replay(&head))).await;
    assert_eq!(answered(group.step_letters()).await.unwrap(), 1);
    assert_eq!((lane(&shop, bad)[0].state, ledger.troubles().len()), (LetterState::Dead, 1));
    // Given up, the next one follows at once, and stops at its own failure.
    shop.accept(operator(Command::SkipLetter(SkipLetter { letter: head.id, reason: Arc::from("lost") }))).await;
    assert_eq!(answered(group.step_letters()).await.unwrap(), 1);
    assert_eq!(lane(&shop, bad).iter().map(|letter| letter.tries).collect::<Vec<_>>(), [1, 0]);
    ledger.heal();
    wait_for(&shop, bad);
    assert_eq!(answered(group.step_letters()).await.unwrap(), 2);
    assert_eq!(ledger.of(bad), positions(&shop, bad)[1..]);
}

#[tokio::test]
async fn a_crash_between_a_try_and_its_record_repeats_it() {
    let shop = well().await;
    let ledger = Ledger::default();
    let first = group(&shop, &ledger);
    let [bad, good] = [order(&shop, 1).await, order(&shop, 2).await];
    ledger.fail_for(bad);
    shop.memory.fail_next_commit(CommitFault::NotCommitted(FailureKind::Other));
    assert!(answered(first.step()).await.is_err());
    assert_eq!((ledger.of(good).len(), shop.memory.cursors().len()), (1, 0), "sent, but nothing is kept");
    drop(first);
    let shop = shop.restart();
    let group = group(&shop, &ledger);
    catch_up(&group).await;
    assert_eq!(ledger.of(good), [positions(&shop, good), positions(&shop, good)].concat());
    // The same for a letter.
    ledger.heal();
    wait_for(&shop, bad);
    shop.memory.fail_next_commit(CommitFault::NotCommitted(FailureKind::Other));
    assert!(answered(group.step_letters()).await.is_err());
    assert_eq!((ledger.of(bad).len(), lane(&shop, bad).len()), (1, 1));
    answered(group.step_letters()).await.unwrap();
    assert_eq!((ledger.of(bad).len(), lane(&shop, bad).len()), (2, 0));
    // A commit that can be tried again is, without another try.
    touch(&shop, good).await;
    shop.memory.fail_next_commit(CommitFault::NotCommitted(FailureKind::Busy));
    let tries = ledger.tries();
    catch_up(&group).await;
    assert_eq!(ledger.tries(), tries + 1);
}

#[tokio::test]
async fn a_consumer_that_is_down_lets_the_log_wait() {
    let shop = well().await;
    let ledger = Ledger::default();
    let group = group(&shop, &ledger);
    let mut orders = Vec::new();
    for number in 0..600 {
        orders.push(order(&shop, number).await);
    }
    ledger.go_down();
    assert!(matches!(answered(group.step()).await.unwrap(), ReadStep::Handled(_)));
    let parked = shop.memory.letter_tally().unwrap().letters;
    let ReadStep::Resting(until) = answered(group.step()).await.unwrap() else { panic!("it rests") };
    assert!(ledger.tries() < 16, "{} tries", ledger.tries());
    // One event at a time, ever more rarely.
    for round in 1..8 {
        shop.clock.set(until.plus(Span::seconds(round * 400)));
        assert!(matches!(answered(group.step()).await.unwrap(), ReadStep::Handled(1)));
        assert!(matches!(answered(group.step()).await.unwrap(), ReadStep::Resting(_)));
    }
    assert_eq!(shop.memory.letter_tally().unwrap().letters, parked + 7);
    ledger.heal();
    shop.clock.advance(Span::seconds(400));
    catch_up(&group).await;
    while shop.memory.letter_tally().unwrap().letters > 0 {
        shop.clock.advance(Span::seconds(1_900));
        answered(group.step_letters()).await.unwrap();
    }
    for order in orders {
        assert_eq!(ledger.of(order), positions(&shop, order));
    }
}

#[tokio::test]
async fn a_letter_that_is_taken_ends_the_rest() {
    let shop = well().await;
    let ledger = Ledger::default();
    let group = group(&shop, &ledger);
    let first = order(&shop, 0).await;
    for number in 1..20 {
        order(&shop, number).await;
    }
    ledger.go_down();
    answered(group.step()).await.unwrap();
    order(&shop, 99).await;
    assert!(matches!(answered(group.step()).await.unwrap(), ReadStep::Resting(_)));
    ledger.heal();
    let head = lane(&shop, first)[0].clone();
    shop.accept(operator(replay(&head))).await;
    answered(group.step_letters()).await.unwrap();
    assert!(matches!(answered(group.step()).await.unwrap(), ReadStep::Handled(_)), "it is well again");
}

#[tokio::test]
async fn a_consumer_that_asks_for_it_is_left_alone() {
    let shop = well().await;
    let ledger = Ledger::default();
    let group = group(&shop, &ledger);
    let order = order(&shop, 1).await;
    let until = shop.engine.now().plus(Span::seconds(60));
    *ledger.0.hold.lock().unwrap() = Some(until);
    ledger.fail_for(order);
    assert!(matches!(answered(group.step()).await.unwrap(), ReadStep::Handled(_)));
    ledger.heal();
    shop.clock.set(until.minus(Span(1)));
    assert_eq!(answered(group.step()).await.unwrap(), ReadStep::Resting(until));
    assert_eq!(answered(group.step_letters()).await.unwrap(), 0, "neither new ones nor letters");
    shop.clock.set(until);
    assert_eq!(answered(group.step_letters()).await.unwrap(), 1);
}

/// §3.10: with too many letters of a consumer its log waits, and nothing is lost.
#[tokio::test]
async fn a_consumer_that_piles_up_too_much_stays_where_it_is() {
    let letters = LetterRules { letters_max: 2, ..LetterRules::standard(Span::seconds(1)) };
    let shop = Shop::open_with_letters(letters).await;
    let ledger = Ledger::default();
    let group = group(&shop, &ledger);
    let bad = order(&shop, 1).await;
    ledger.fail_for(bad);
    touch(&shop, bad).await;
    catch_up(&group).await;
    let stands = shop.memory.cursors();
    touch(&shop, bad).await;
    assert_eq!(answered(group.step()).await.unwrap(), ReadStep::Full);
    assert_eq!((shop.memory.cursors(), ledger.troubles()), (stands, vec!["more than 2".to_owned()]));
    ledger.heal();
    wait_for(&shop, bad);
    answered(group.step_letters()).await.unwrap();
    catch_up(&group).await;
    assert_eq!(ledger.of(bad), positions(&shop, bad));
}

#[tokio::test]
async fn moving_back_repeats_what_was_taken_and_parks_nothing_twice() {
    let shop = well().await;
    let ledger = Ledger::default();
    let group = group(&shop, &ledger);
    let [bad, good] = [order(&shop, 1).await, order(&shop, 2).await];
    touch(&shop, bad).await;
    catch_up(&group).await;
    ledger.fail_for(bad);
    touch(&shop, bad).await;
    touch(&shop, bad).await;
    catch_up(&group).await;
    assert_eq!(lane(&shop, bad).len(), 2);
    shop.accept(operator(Command::RewindConsumer(RewindConsumer { consumer: name(), to: 0 }))).await;
    catch_up(&group).await;
    assert_eq!(ledger.of(good).len(), 2, "at least once");
    let events: Vec<i64> = lane(&shop, bad).iter().map(|letter| letter.event.number()).collect();
    assert_eq!(events, positions(&shop, bad), "earlier ones stand before those that were parked");
    ledger.heal();
    wait_for(&shop, bad);
    while !lane(&shop, bad).is_empty() {
        shop.clock.advance(Span::seconds(10));
        answered(group.step_letters()).await.unwrap();
    }
    assert_eq!(ledger.of(bad)[2..], positions(&shop, bad));
}

#[tokio::test]
async fn what_is_not_wanted_is_passed_over() {
    let shop = well().await;
    let ledger = Ledger::default();
    let group = group(&shop, &ledger);
    for _ in 0..5 {
        shop.accept(super::shop::receive("a", 1)).await;
    }
    let batch = shop.memory.head().batch;
    assert!(matches!(answered(group.step()).await.unwrap(), ReadStep::Handled(_)));
    assert_eq!(shop.memory.head().batch, batch, "that costs no commit while more may come");
    assert_eq!(answered(group.step()).await.unwrap(), ReadStep::Idle);
    let stands: BTreeMap<_, _> = shop.memory.cursors();
    assert_eq!(stands.get("ledger"), Some(&shop.memory.head().last_event));
    let batch = shop.memory.head().batch;
    assert_eq!(answered(group.step()).await.unwrap(), ReadStep::Idle);
    assert_eq!((shop.memory.head().batch, ledger.tries()), (batch, 0));
}

#[tokio::test]
async fn a_running_group_follows_the_log_and_its_letters() {
    let letters = LetterRules { retries: vec![Span(1); 5], ..LetterRules::standard(Span(1)) };
    let shop = Shop::open_with_letters(letters).await;
    let ledger = Ledger::default();
    let [bad, good] = [order(&shop, 1).await, order(&shop, 2).await];
    ledger.fail_for(bad);
    let running = tokio::spawn(group(&shop, &ledger).run());
    touch(&shop, bad).await;
    touch(&shop, good).await;
    let all = async |order| {
        while ledger.of(order) != positions(&shop, order) {
            shop.clock.advance(Span(1));
            tokio::task::yield_now().await;
        }
    };
    answered(all(good)).await;
    ledger.heal();
    // A person who looks after it wakes it up.
    let healed = async {
        while !lane(&shop, bad).is_empty() || ledger.of(bad).is_empty() {
            if let Some(head) = lane(&shop, bad).first() {
                drop(shop.engine.execute(operator(replay(head))).await);
            }
            tokio::task::yield_now().await;
        }
    };
    answered(healed).await;
    answered(all(bad)).await;
    shop.engine.stop();
    answered(running).await.unwrap();
}
