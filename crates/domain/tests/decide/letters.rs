//! Consumers and their letters: what may be asked, the schedule to its end, and that cursor and letters move together.

use std::sync::Arc;

use ordain_domain::{
    answer::Answer,
    command::Command,
    event::{Actor, Event, Subject},
    ids::{ConsumerName, EventId, LetterId},
    letter::{
        Cursor, LETTER_EDGES, Letter, LetterState, LetterStep, ParkedEvent, RecordDelivery, ReplayLetter,
        RewindConsumer, SettleEvents, SkipLetter, TryFailure, TryResult,
    },
    machine,
    refusal::{Refusal, Thing},
    rules::LetterRules,
    time::Span,
    webhook::{Attempt, AttemptOutcome},
};

use crate::world::{BEGIN, World, operator};

pub(crate) fn consumer() -> ConsumerName {
    ConsumerName::new("shop").expect("it is there")
}

pub(crate) fn failure(error: &str) -> TryFailure {
    TryFailure { error: Arc::from(error), not_before: None }
}

pub(crate) fn parked(subject: &str, event: i64, failure: Option<TryFailure>) -> ParkedEvent {
    ParkedEvent { subject: Arc::from(subject), event: EventId::from_number(event), failure, not_before: None }
}

pub(crate) fn settle(from: Option<i64>, to: i64, parked: Vec<ParkedEvent>) -> Command {
    Command::SettleEvents(SettleEvents { consumer: consumer(), from, to, parked, attempts: Vec::new() })
}

pub(crate) fn record(letter: LetterId, result: TryResult) -> Command {
    Command::RecordDelivery(RecordDelivery { letter, result, attempt: None })
}

pub(crate) fn skip(letter: LetterId, reason: &str) -> Command {
    Command::SkipLetter(SkipLetter { letter, reason: Arc::from(reason) })
}

fn attempt(event: i64, number: u32, outcome: AttemptOutcome) -> Attempt {
    Attempt {
        event: Some(EventId::from_number(event)),
        event_type: Arc::from("order.placed"),
        number,
        outcome,
        status: Some(500),
        duration: Span::milliseconds(3),
        excerpt: Arc::from("no"),
        at: BEGIN,
    }
}

/// A consumer at 3 with event 2 parked after a failed try and event 3 of the same order behind it.
fn parked_world() -> (World, [LetterId; 2]) {
    let mut world = World::empty();
    let events = vec![parked("order/ord_1", 2, Some(failure("refused"))), parked("order/ord_1", 3, None)];
    assert_eq!(world.accept(&operator(settle(None, 3, events))), Answer::Settled { parked: 2 });
    let ids: Vec<LetterId> = world.all.letters.keys().copied().collect();
    (world, ids.try_into().expect("it is there"))
}

fn letter(world: &World, id: LetterId) -> Letter {
    world.all.letters[&id].as_ref().clone()
}

#[test]
fn the_cursor_moves_with_what_is_parked() {
    let (mut world, [first, second]) = parked_world();
    assert_eq!(world.all.cursors[&consumer()], Cursor::At(3));
    let [first, second] = [first, second].map(|id| letter(&world, id));
    assert_eq!((first.event.number(), first.tries, first.last_error.as_deref()), (2, 1, Some("refused")));
    assert_eq!((second.event.number(), second.tries, second.next_try_at), (3, 0, world.now));
    assert!(first.next_try_at >= world.now.plus(Span::seconds(5)));
    assert!(first.next_try_at <= world.now.plus(Span::milliseconds(5_500)));
    assert_eq!((first.first_failed_at, second.first_failed_at), (Some(world.now), None));
    // Somebody moved the cursor, or the consumer had begun: nothing of it happens.
    for from in [None, Some(2), Some(4)] {
        let events = vec![parked("order/ord_2", 9, None)];
        assert_eq!(world.accept(&operator(settle(from, 9, events))), Answer::NothingToDo, "{from:?}");
    }
    assert_eq!((world.all.letters.len(), world.all.cursors[&consumer()]), (2, Cursor::At(3)));
}

#[test]
fn a_letter_is_tried_to_the_end_of_its_schedule_and_then_waits_for_a_person() {
    let (mut world, [first, second]) = parked_world();
    let pauses = world.rules.letters.retries.clone();
    for tries in 2..=u32::try_from(pauses.len()).expect("it is there") {
        world.now = letter(&world, first).next_try_at;
        world.accept(&operator(record(first, TryResult::Failed(failure(&format!("try {tries}"))))));
        let row = letter(&world, first);
        assert_eq!((row.state, row.tries), (LetterState::Waiting, tries));
        let pause = pauses[tries as usize - 1];
        let waits = row.next_try_at.since(world.now);
        assert!(waits >= pause && waits.0 <= pause.0 + pause.0 / 10, "{waits:?} after try {tries}");
    }
    world.now = letter(&world, first).next_try_at;
    world.accept(&operator(record(first, TryResult::Failed(failure("the last")))));
    let row = letter(&world, first);
    assert_eq!((row.state, row.tries, row.last_error.as_deref()), (LetterState::Dead, 10, Some("the last")));
    assert_eq!(row.first_failed_at, Some(BEGIN));
    assert_eq!(letter(&world, second).tries, 0, "what is behind it is not touched");
    // A dead one takes no result: nobody tries it.
    let late = world.accept(&operator(record(first, TryResult::Delivered)));
    assert_eq!(late, Answer::NothingToDo);
}

#[test]
fn a_replay_of_a_dead_letter_is_one_try() {
    let (mut world, [first, _]) = parked_world();
    world.rules.letters.retries = vec![Span::seconds(1)];
    world.accept(&operator(record(first, TryResult::Failed(failure("last")))));
    assert_eq!(letter(&world, first).state, LetterState::Dead);
    for tries in 3..6 {
        world.wait(Span::seconds(60));
        world.accept(&operator(Command::ReplayLetter(ReplayLetter { letter: first })));
        assert_eq!((letter(&world, first).state, letter(&world, first).next_try_at), (LetterState::Waiting, world.now));
        world.accept(&operator(record(first, TryResult::Failed(failure("again")))));
        assert_eq!((letter(&world, first).state, letter(&world, first).tries), (LetterState::Dead, tries));
    }
    let replayed = world.all.events.iter().filter(|record| matches!(record.event, Event::LetterReplayed(_)));
    assert_eq!(replayed.count(), 3);
    world.accept(&operator(Command::ReplayLetter(ReplayLetter { letter: first })));
    world.accept(&operator(record(first, TryResult::Delivered)));
    assert_eq!(world.all.letters.len(), 1);
}

/// §3.10: a letter has an age at which trying ends, whatever its consumer asks for.
#[test]
fn a_consumer_may_ask_for_longer_pauses_but_not_for_ever() {
    let (mut world, [first, _]) = parked_world();
    let asked = world.now.plus(Span::seconds(4_000));
    let slow = TryFailure { error: Arc::from("slow down"), not_before: Some(asked) };
    world.accept(&operator(record(first, TryResult::Failed(slow.clone()))));
    assert_eq!(letter(&world, first).next_try_at, asked);
    // Shorter than the schedule counts for nothing.
    let soon = TryFailure { not_before: Some(world.now.plus(Span(1))), ..slow };
    world.accept(&operator(record(first, TryResult::Failed(soon))));
    assert!(letter(&world, first).next_try_at >= world.now.plus(Span::seconds(1_800)));
    world.wait(world.rules.letters.age_max);
    world.accept(&operator(record(first, TryResult::Failed(failure("old")))));
    assert_eq!((letter(&world, first).state, letter(&world, first).tries), (LetterState::Dead, 4));
}

/// §3.10: skipping is a command with a reason, and an event.
#[test]
fn giving_up_is_told_with_who_and_why() {
    let (mut world, [first, second]) = parked_world();
    for reason in ["", &"x".repeat(501)] {
        assert!(matches!(world.refuse(&operator(skip(first, reason))), Refusal::InvalidRequest { .. }));
    }
    world.accept(&operator(skip(first, "the order was a test")));
    let told = world.all.events.last().expect("it is there");
    let Event::LetterSkipped(fact) = &told.event else { panic!("{told:?}") };
    assert_eq!((told.actor, &told.subject), (Actor::Operator, &Subject::Consumer(consumer())));
    assert_eq!((fact.letter_id, fact.event_id.number(), fact.tries), (first, 2, 1));
    assert_eq!(&*fact.reason, "the order was a test");
    assert_eq!(told.seq, u64::try_from(told.id.number()).expect("it is there"));
    assert_eq!(world.all.letters.keys().copied().collect::<Vec<_>>(), [second]);
    let gone = Refusal::NotFound { thing: Thing::Letter };
    assert_eq!(world.refuse(&operator(skip(first, "twice"))), gone);
    assert_eq!(world.refuse(&operator(Command::ReplayLetter(ReplayLetter { letter: first }))), gone);
    assert_eq!(world.accept(&operator(record(first, TryResult::Delivered))), Answer::NothingToDo);
}

/// §3.10: a consumer has a count of letters above which its log waits.
#[test]
fn a_consumer_that_piles_up_too_much_does_not_move_on() {
    let (mut world, [first, _]) = parked_world();
    world.rules.letters = LetterRules { letters_max: 3, ..world.rules.letters };
    let two = vec![parked("order/ord_2", 4, Some(failure("no"))), parked("order/ord_3", 5, Some(failure("no")))];
    assert_eq!(world.refuse(&operator(settle(Some(3), 5, two.clone()))), Refusal::TooManyLetters { limit: 3 });
    assert_eq!((world.all.letters.len(), world.all.cursors[&consumer()]), (2, Cursor::At(3)));
    // Room that one command of a batch makes is there for the next.
    let batch = [operator(record(first, TryResult::Delivered)), operator(settle(Some(3), 5, two))];
    let replies = world.run(&batch);
    assert_eq!(replies[1].outcome, Ok(Answer::Settled { parked: 2 }));
    assert_eq!((world.all.letters.len(), world.all.cursors[&consumer()]), (3, Cursor::At(5)));
    assert_eq!(world.accept(&operator(settle(Some(5), 9, Vec::new()))), Answer::Settled { parked: 0 });
}

#[test]
fn a_consumer_goes_back_but_never_ahead() {
    let (mut world, _) = parked_world();
    let rewind = |name: &str, to| {
        let consumer = ConsumerName::new(name).expect("it is there");
        operator(Command::RewindConsumer(RewindConsumer { consumer, to }))
    };
    assert_eq!(world.refuse(&rewind("nobody", 0)), Refusal::NotFound { thing: Thing::Consumer });
    for to in [-1, 4] {
        assert!(matches!(world.refuse(&rewind("shop", to)), Refusal::InvalidRequest { .. }), "{to}");
    }
    world.accept(&rewind("shop", 1));
    assert_eq!(world.all.cursors[&consumer()], Cursor::At(1));
    let Event::ConsumerRewound(fact) = &world.all.events.last().expect("it is there").event else {
        panic!("it is told")
    };
    assert_eq!((fact.from, fact.to), (3, 1));
    assert_eq!(world.all.letters.len(), 2, "letters stay");
}

#[test]
fn tries_are_kept_with_what_follows_from_them() {
    let mut world = World::empty();
    let command = SettleEvents {
        consumer: consumer(),
        from: None,
        to: 3,
        parked: vec![parked("order/ord_1", 2, Some(failure("no")))],
        attempts: vec![attempt(1, 1, AttemptOutcome::Delivered), attempt(2, 1, AttemptOutcome::Refused)],
    };
    world.accept(&operator(Command::SettleEvents(command)));
    let first = world.all.letters.values().next().expect("it is there").clone();
    let kept = |world: &World| -> Vec<_> {
        world.all.deliveries.iter().map(|kept| (kept.attempt.number, kept.letter, kept.next_try_at)).collect()
    };
    assert_eq!(kept(&world), [(1, None, None), (1, Some(first.id), Some(first.next_try_at))]);
    let with = |number, result, outcome| {
        let attempt = Some(attempt(2, number, outcome));
        operator(Command::RecordDelivery(RecordDelivery { letter: first.id, result, attempt }))
    };
    world.accept(&with(2, TryResult::Failed(failure("no")), AttemptOutcome::Refused));
    let next = letter(&world, first.id).next_try_at;
    world.accept(&with(3, TryResult::Delivered, AttemptOutcome::Delivered));
    assert_eq!(kept(&world)[2..], [(2, Some(first.id), Some(next)), (3, Some(first.id), None)]);
    assert_eq!(world.accept(&with(4, TryResult::Delivered, AttemptOutcome::Delivered)), Answer::NothingToDo);
    assert_eq!(world.all.deliveries.len(), 4);
}

#[test]
fn the_machine_of_a_letter_by_every_step() {
    let steps = [
        LetterStep::Park,
        LetterStep::Fail,
        LetterStep::Exhaust,
        LetterStep::Deliver,
        LetterStep::Replay,
        LetterStep::Skip,
    ];
    let states = [None].into_iter().chain(LetterState::ALL.map(Some));
    let found = states.map(|state| steps.map(|step| machine::next(LETTER_EDGES, state, step)));
    let (waiting, dead) = (Some(LetterState::Waiting), Some(LetterState::Dead));
    let (delivered, skipped) = (Some(LetterState::Delivered), Some(LetterState::Skipped));
    let expected = [
        [waiting, None, None, None, None, None],
        [None, waiting, dead, delivered, waiting, skipped],
        [None, None, None, None, waiting, skipped],
        [None; 6],
        [None; 6],
    ];
    assert!(found.eq(expected));
}
