//! Endpoints: creation, change, rotation, deletion, and what a deleted one takes with it.

use std::sync::Arc;

use ordain_domain::{
    answer::Answer,
    command::Command,
    event::{Event, Subject},
    ids::{ConsumerName, WebhookId},
    letter::{Cursor, SettleEvents},
    refusal::{Refusal, Thing},
    time::Span,
    webhook::{
        Attempt, AttemptOutcome, DeleteWebhook, DisableReason, DisableWebhook, EventPattern, NoteAttempts, PutWebhook,
        RotateSecret, Webhook, WebhookSecret, WebhookState,
    },
};

use crate::{
    letters::{failure, parked},
    world::{BEGIN, World, basket, buyer, code_of, operator},
};

fn id() -> WebhookId {
    WebhookId::new("shop").expect("it is there")
}

fn secret(letter: char) -> WebhookSecret {
    WebhookSecret::new(&format!("whsec_{}", letter.to_string().repeat(32))).expect("it is there")
}

fn put() -> PutWebhook {
    PutWebhook {
        id: id(),
        url: Arc::from("https://shop.example/hook"),
        events: vec![EventPattern::new("order.*").expect("it is there")],
        secret: None,
        fresh_secret: secret('F'),
        enabled: None,
        expected_version: None,
    }
}

fn accepted(world: &mut World, command: Command) -> Arc<Webhook> {
    match world.accept(&operator(command)) {
        Answer::Webhook(webhook) => webhook,
        other => panic!("not an endpoint: {other:?}"),
    }
}

fn delete(expected_version: Option<u64>) -> Command {
    Command::DeleteWebhook(DeleteWebhook { id: id(), expected_version })
}

fn rotate(letter: char, keep_old_for: Span) -> Command {
    Command::RotateSecret(RotateSecret { id: id(), secret: secret(letter), keep_old_for, expected_version: None })
}

fn disable(consumer: &ConsumerName) -> Command {
    Command::DisableWebhook(DisableWebhook { id: id(), consumer: consumer.clone(), reason: DisableReason::Gone })
}

fn park(consumer: &ConsumerName, from: i64) -> Command {
    let parked = vec![parked("order/ord_1", from + 1, Some(failure("no")))];
    Command::SettleEvents(SettleEvents {
        consumer: consumer.clone(),
        from: Some(from),
        to: from + 1,
        parked,
        attempts: Vec::new(),
    })
}

#[test]
fn a_new_endpoint_begins_at_the_end_of_the_log() {
    let mut world = World::shop();
    world.place(&buyer(basket(&[("a", 1)])));
    let end = world.carry.next_event - 1;
    let webhook = accepted(&mut world, Command::PutWebhook(put()));
    assert_eq!((webhook.version, webhook.state, &webhook.secret), (1, WebhookState::Enabled, &secret('F')));
    assert!(webhook.consumer.is_of_endpoint());
    assert_eq!(world.all.cursors[&webhook.consumer], Cursor::At(end));
    assert!(webhook.wants("order.paid") && !webhook.wants("payment.created"));
    let asleep = PutWebhook {
        id: WebhookId::new("asleep").expect("it is there"),
        enabled: Some(false),
        secret: Some(secret('G')),
        ..put()
    };
    let asleep = accepted(&mut world, Command::PutWebhook(asleep));
    assert_eq!(asleep.state, WebhookState::Disabled { reason: DisableReason::ByRequest, at: world.now });
    assert_eq!(asleep.secret, secret('G'));
}

#[test]
fn puts_are_refused_in_the_documented_order() {
    let mut world = World::empty();
    let table = [
        (PutWebhook { events: Vec::new(), expected_version: Some(7), ..put() }, "invalid_request"),
        (PutWebhook { events: vec![EventPattern::new("*").expect("it is there"); 65], ..put() }, "invalid_request"),
        (PutWebhook { url: Arc::from("x".repeat(2_049)), ..put() }, "invalid_request"),
        (PutWebhook { expected_version: Some(7), ..put() }, "version_mismatch"),
    ];
    for (command, code) in table {
        assert_eq!(code_of(&world.refuse(&operator(Command::PutWebhook(command)))), code);
    }
    let missing = Refusal::NotFound { thing: Thing::Webhook };
    assert_eq!(world.refuse(&operator(delete(None))), missing);
    assert_eq!(world.refuse(&operator(rotate('N', Span(0)))), missing);
    accepted(&mut world, Command::PutWebhook(put()));
    assert_eq!(code_of(&world.refuse(&operator(delete(Some(2))))), "version_mismatch");
    assert_eq!(code_of(&world.refuse(&operator(rotate('N', Span::seconds(31 * 86_400))))), "invalid_request");
}

#[test]
fn a_change_keeps_what_it_does_not_name() {
    let mut world = World::empty();
    let first = accepted(&mut world, Command::PutWebhook(put()));
    accepted(&mut world, disable(&first.consumer));
    let moved = PutWebhook { url: Arc::from("https://other.example"), fresh_secret: secret('X'), ..put() };
    let changed = accepted(&mut world, Command::PutWebhook(moved.clone()));
    assert_eq!((&changed.secret, &changed.consumer, changed.version), (&first.secret, &first.consumer, 3));
    assert!(!changed.is_enabled(), "only a person who says so enables it");
    let enabled = accepted(&mut world, Command::PutWebhook(PutWebhook { enabled: Some(true), ..moved.clone() }));
    assert!(enabled.is_enabled());
    // A secret that changes is a rotation.
    let own = accepted(&mut world, Command::PutWebhook(PutWebhook { secret: Some(secret('O')), ..moved.clone() }));
    assert_eq!(own.secrets(world.now).collect::<Vec<_>>(), [&secret('O'), &secret('F')]);
    let same = accepted(&mut world, Command::PutWebhook(PutWebhook { secret: Some(secret('O')), ..moved }));
    assert_eq!(same.old_secret, own.old_secret);
}

#[test]
fn two_secrets_sign_until_the_old_one_ends() {
    let mut world = World::empty();
    accepted(&mut world, Command::PutWebhook(put()));
    let rotated = accepted(&mut world, rotate('N', Span::seconds(60)));
    let end = world.now.plus(Span::seconds(60));
    assert_eq!(rotated.secrets(world.now).collect::<Vec<_>>(), [&secret('N'), &secret('F')]);
    assert_eq!(rotated.secrets(end).collect::<Vec<_>>(), [&secret('N')]);
    let again = accepted(&mut world, rotate('M', Span::seconds(60)));
    assert_eq!(again.secrets(world.now).collect::<Vec<_>>(), [&secret('M'), &secret('N')]);
}

#[test]
fn disabling_is_told_once_and_only_of_the_same_endpoint() {
    let mut world = World::empty();
    let webhook = accepted(&mut world, Command::PutWebhook(put()));
    let stranger = ConsumerName::new("whk_1").expect("it is there");
    assert_eq!(world.accept(&operator(disable(&stranger))), Answer::NothingToDo);
    let disabled = accepted(&mut world, disable(&webhook.consumer));
    assert_eq!(disabled.state, WebhookState::Disabled { reason: DisableReason::Gone, at: world.now });
    let told = world.all.events.last().expect("it is there");
    assert!(matches!(&told.event, Event::WebhookDisabled(fact) if fact.webhook_id == id()), "{told:?}");
    assert_eq!(told.subject, Subject::Consumer(webhook.consumer.clone()));
    assert_eq!(world.accept(&operator(disable(&webhook.consumer))), Answer::NothingToDo);
    world.accept(&operator(delete(None)));
    assert_eq!(world.accept(&operator(disable(&webhook.consumer))), Answer::NothingToDo);
}

#[test]
fn a_deleted_endpoint_takes_its_letters_along_and_its_name_begins_anew() {
    let mut world = World::empty();
    let webhook = accepted(&mut world, Command::PutWebhook(put()));
    world.accept(&operator(park(&webhook.consumer, 0)));
    assert_eq!(world.all.letters.len(), 1);
    // Deleted and created again in one batch: the old reader ends all the same.
    let both = [operator(delete(None)), operator(Command::PutWebhook(put()))];
    let replies = world.run(&both);
    let Ok(Answer::Webhook(fresh)) = &replies[1].outcome else { panic!("{replies:?}") };
    assert_ne!(fresh.consumer, webhook.consumer);
    assert_eq!((fresh.version, world.all.letters.len()), (1, 0));
    assert_eq!(world.all.cursors.keys().collect::<Vec<_>>(), [&fresh.consumer]);
    // What was under way for the old one comes to nothing.
    assert_eq!(world.accept(&operator(park(&webhook.consumer, 1))), Answer::NothingToDo);
}

#[test]
fn tries_by_hand_are_kept_while_the_endpoint_is_there() {
    let mut world = World::empty();
    let webhook = accepted(&mut world, Command::PutWebhook(put()));
    let attempt = Attempt {
        event: None,
        event_type: Arc::from("webhook.test"),
        number: 1,
        outcome: AttemptOutcome::Delivered,
        status: Some(204),
        duration: Span(7),
        excerpt: Arc::from(""),
        at: BEGIN,
    };
    let note = Command::NoteAttempts(NoteAttempts { consumer: webhook.consumer.clone(), attempts: vec![attempt] });
    let Answer::Deliveries(kept) = world.accept(&operator(note.clone())) else { panic!("tries are answered") };
    assert_eq!(kept, world.all.deliveries);
    world.accept(&operator(delete(None)));
    assert_eq!((world.accept(&operator(note)), world.all.deliveries.len()), (Answer::NothingToDo, 0));
}
