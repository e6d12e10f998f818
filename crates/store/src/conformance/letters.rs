//! Cases: letters, cursors that decisions move, endpoints and their deliveries.

use std::sync::Arc;

use ordain_domain::{
    answer::Answer,
    command::Command,
    ids::{ConsumerName, EventId, LetterId, WebhookId},
    letter::{
        Letter, LetterState, ParkedEvent, RecordDelivery, ReplayLetter, RewindConsumer, SettleEvents, SkipLetter,
        TryFailure, TryResult,
    },
    rows::Changes,
    time::{Span, Timestamp},
    webhook::{
        Attempt, AttemptOutcome, DeleteWebhook, DisableReason, DisableWebhook, EventPattern, NoteAttempts, PutWebhook,
        RotateSecret, Webhook, WebhookSecret, delivery::DELIVERIES_KEPT,
    },
};
use ordain_engine::port::store::{CommitFailure, FailureKind};

use super::{Fixture, bench::Bench, shop::operator};

fn consumer(name: &str) -> ConsumerName {
    ConsumerName::new(name).expect("a valid name")
}

fn failed(error: &str) -> TryFailure {
    TryFailure { error: Arc::from(error), not_before: None }
}

fn parked(subject: &str, event: i64, failure: Option<TryFailure>) -> ParkedEvent {
    ParkedEvent { subject: Arc::from(subject), event: EventId::from_number(event), failure, not_before: None }
}

fn attempt(number: u32) -> Attempt {
    Attempt {
        event: Some(EventId::from_number(1)),
        event_type: Arc::from("order.placed"),
        number,
        outcome: AttemptOutcome::Refused,
        status: Some(503),
        duration: Span::milliseconds(12),
        excerpt: Arc::from("\"busy\"\n\u{1F4A5}"),
        at: Timestamp(-1),
    }
}

fn settle(name: &str, from: Option<i64>, to: i64, parked: Vec<ParkedEvent>) -> Command {
    Command::SettleEvents(SettleEvents { consumer: consumer(name), from, to, parked, attempts: Vec::new() })
}

fn record(letter: LetterId, result: TryResult, attempt: Option<Attempt>) -> Command {
    Command::RecordDelivery(RecordDelivery { letter, result, attempt })
}

/// Two consumers with letters of some orders each, by id.
fn with_letters<F: Fixture>() -> (Bench<F>, Vec<LetterId>) {
    let mut bench = Bench::<F>::shop();
    let of = |prefix: &str| {
        vec![
            parked(&format!("order/{prefix}-1"), 1, Some(failed("no"))),
            parked(&format!("order/{prefix}-1"), 2, None),
            parked(&format!("order/{prefix}-2"), 3, Some(failed("Ärger"))),
            parked(&format!("order/{prefix}-1"), 4, None),
        ]
    };
    bench.accept(&operator(settle("first", None, 4, of("a"))));
    bench.wait(Span::seconds(1));
    bench.accept(&operator(settle("second", None, 4, of("b"))));
    bench.compare();
    let ids = bench.model.letters().iter().map(|letter| letter.id).collect();
    (bench, ids)
}

/// Parked, tried, dead, replayed, delivered, given up.
pub fn letters_through_their_life<F: Fixture>() {
    let (mut bench, ids) = with_letters::<F>();
    bench.rules.letters.retries.truncate(2);
    for _ in 0..2 {
        bench.wait(Span::seconds(400));
        bench.accept(&operator(record(ids[0], TryResult::Failed(failed("still no")), Some(attempt(2)))));
        bench.compare();
    }
    assert_eq!(bench.model.all.letters[&ids[0]].state, LetterState::Dead);
    bench.reopen();
    bench.compare();
    bench.accept(&operator(Command::ReplayLetter(ReplayLetter { letter: ids[0] })));
    bench.compare();
    bench.accept(&operator(record(ids[0], TryResult::Delivered, Some(attempt(4)))));
    bench.compare();
    bench.accept(&operator(Command::SkipLetter(SkipLetter { letter: ids[2], reason: Arc::from("a test") })));
    bench.compare();
    bench.reopen();
    bench.compare();
    assert_eq!(bench.model.letters().len(), 6);
    assert_eq!(bench.broken(), []);
}

/// Also when an earlier event is parked later, which then is the first.
pub fn lanes_keep_the_order_of_the_log<F: Fixture>() {
    let (mut bench, _) = with_letters::<F>();
    let rewind = RewindConsumer { consumer: consumer("first"), to: 2 };
    bench.accept(&operator(Command::RewindConsumer(rewind)));
    bench.compare();
    let late = |event: i64| Letter {
        id: LetterId::from_number(i64::MAX - event),
        consumer: consumer("first"),
        subject: Arc::from("order/a-2"),
        event: EventId::from_number(event),
        state: LetterState::Waiting,
        tries: 0,
        next_try_at: Timestamp(i64::MIN),
        parked_at: Timestamp(0),
        first_failed_at: None,
        last_error: None,
    };
    let letters = [9, 5, 7].map(late).map(|letter| (letter.id, Arc::new(letter)));
    bench
        .commit(&Changes { letters: letters.into(), ..Changes::default() }, &[], &[])
        .expect("letters can be committed");
    bench.compare();
    bench.reopen();
    bench.compare();
}

/// Its cursor, its letters and its deliveries go in one commit, also those that the same commit adds.
pub fn a_consumer_that_ended_leaves_nothing<F: Fixture>() {
    let (mut bench, _) = with_letters::<F>();
    let webhook = put(&mut bench, "shop", 'A');
    let other = put(&mut bench, "other", 'B');
    for webhook in [&webhook, &other] {
        let name = webhook.consumer.as_str();
        let Some(from) = bench.model.cursors.get(name).copied() else { panic!("{name} has begun") };
        bench.accept(&operator(settle(name, Some(from), from + 1, vec![parked("order/c", 1, Some(failed("no")))])));
        note(&mut bench, &webhook.consumer, 2);
    }
    bench.compare();
    let delete = DeleteWebhook { id: webhook.id.clone(), expected_version: None };
    let late = NoteAttempts { consumer: webhook.consumer.clone(), attempts: vec![attempt(9)] };
    bench.run(&[operator(Command::NoteAttempts(late)), operator(Command::DeleteWebhook(delete))]);
    bench.compare();
    assert_eq!(bench.model.cursors.get(webhook.consumer.as_str()), None);
    assert_eq!(
        (bench.model.deliveries(&webhook.consumer).len(), bench.model.deliveries(&other.consumer).len()),
        (0, 2)
    );
    bench.reopen();
    bench.compare();
}

/// The last guard against an event that is parked twice.
pub fn a_second_letter_of_an_event_is_refused_whole<F: Fixture>() {
    let (mut bench, ids) = with_letters::<F>();
    let first = bench.model.all.letters[&ids[0]].as_ref().clone();
    let twin = Letter { id: LetterId::from_number(first.id.number() + 1_000_000), ..first };
    let changes = Changes { letters: [(twin.id, Arc::new(twin))].into(), ..Changes::default() };
    let refused = bench.commit(&changes, &[], &[]);
    let Err(CommitFailure::NotCommitted(failure)) = refused else { panic!("{refused:?}") };
    assert_eq!(failure.kind, FailureKind::Constraint);
    bench.compare();
}

fn secret(letter: char) -> WebhookSecret {
    WebhookSecret::new(&format!("whsec_{}", letter.to_string().repeat(32))).expect("a valid secret")
}

fn put<F: Fixture>(bench: &mut Bench<F>, name: &str, letter: char) -> Arc<Webhook> {
    let command = PutWebhook {
        id: WebhookId::new(name).expect("a valid id"),
        url: Arc::from("https://shop.example/hook?a=\"b\""),
        events: ["order.*", "payment.succeeded"]
            .map(|pattern| EventPattern::new(pattern).expect("a valid pattern"))
            .into(),
        secret: None,
        fresh_secret: secret(letter),
        enabled: None,
        expected_version: None,
    };
    match bench.accept(&operator(Command::PutWebhook(command))) {
        Answer::Webhook(webhook) => webhook,
        other => panic!("not an endpoint: {other:?}"),
    }
}

fn note<F: Fixture>(bench: &mut Bench<F>, consumer: &ConsumerName, count: u32) {
    let attempts = (1..=count).map(attempt).collect();
    bench.accept(&operator(Command::NoteAttempts(NoteAttempts { consumer: consumer.clone(), attempts })));
}

/// Created, changed, rotated, disabled, deleted, created again.
pub fn endpoints_through_their_life<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let first = put(&mut bench, "shop", 'A');
    bench.compare();
    put(&mut bench, "shop", 'B');
    put(&mut bench, "another", 'C');
    bench.compare();
    let id = first.id.clone();
    let rotate =
        RotateSecret { id: id.clone(), secret: secret('D'), keep_old_for: Span::seconds(9), expected_version: Some(2) };
    bench.accept(&operator(Command::RotateSecret(rotate)));
    bench.compare();
    let disable =
        DisableWebhook { id: id.clone(), consumer: first.consumer.clone(), reason: DisableReason::TooManyLetters };
    bench.accept(&operator(Command::DisableWebhook(disable)));
    bench.compare();
    bench.reopen();
    bench.compare();
    bench.accept(&operator(Command::DeleteWebhook(DeleteWebhook { id, expected_version: Some(4) })));
    bench.compare();
    let again = put(&mut bench, "shop", 'E');
    bench.compare();
    bench.reopen();
    bench.compare();
    assert_eq!((again.version, bench.model.webhooks().len()), (1, 2));
    assert_ne!(again.consumer, first.consumer);
}

/// Of each endpoint.
pub fn only_the_newest_deliveries_are_kept<F: Fixture>() {
    let mut bench = Bench::<F>::shop();
    let [busy, calm] = ["busy", "calm"].map(|name| put(&mut bench, name, 'A').consumer.clone());
    note(&mut bench, &calm, 3);
    for _ in 0..5 {
        note(&mut bench, &busy, 249);
    }
    bench.compare();
    let kept = bench.model.deliveries(&busy);
    assert_eq!((kept.len(), bench.model.deliveries(&calm).len()), (DELIVERIES_KEPT, 3));
    bench.reopen();
    bench.compare();
}

/// With their subject.
pub fn facts_about_consumers_come_back<F: Fixture>() {
    let (mut bench, ids) = with_letters::<F>();
    let webhook = put(&mut bench, "shop", 'A');
    let disable =
        DisableWebhook { id: webhook.id.clone(), consumer: webhook.consumer.clone(), reason: DisableReason::Exhausted };
    for command in [
        Command::ReplayLetter(ReplayLetter { letter: ids[0] }),
        Command::SkipLetter(SkipLetter { letter: ids[1], reason: Arc::from("because") }),
        Command::RewindConsumer(RewindConsumer { consumer: consumer("second"), to: 0 }),
        Command::DisableWebhook(disable),
    ] {
        bench.accept(&operator(command));
        bench.compare();
    }
    bench.reopen();
    bench.compare();
    assert_eq!(bench.broken(), []);
}
