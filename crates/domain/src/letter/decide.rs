//! Decisions on consumers and their letters.
//!
//! Order of refusals: `invalid_request`, `not_found`, `too_many_letters`. What the engine reports about things that are gone
//! meanwhile is no refusal: there is nothing to do.

use alloc::{sync::Arc, vec::Vec};

use crate::{
    answer::Answer,
    event::{Event, Subject},
    ids::{ConsumerName, LetterId},
    letter::{
        ConsumerRewound, Cursor, Letter, LetterReplayed, LetterSkipped, LetterState, LetterStep, ParkedEvent,
        RecordDelivery, ReplayLetter, RewindConsumer, SettleEvents, SkipLetter, TryFailure, TryResult,
        state::{pause_after, shortened},
    },
    refusal::{Refusal, Thing},
    scope::Scope,
};

/// Longest reason for skipping a letter, in bytes.
pub const REASON_BYTES_MAX: usize = 500;

/// Moves the cursor and parks what could not be handled: both or neither.
///
/// # Errors
/// `too_many_letters` when the consumer would have more of them than it may; the cursor then stays.
pub fn settle(scope: &mut Scope<'_>, command: &SettleEvents) -> Result<Answer, Refusal> {
    if scope.cursor(&command.consumer) != command.from.map(Cursor::At) {
        return Ok(Answer::NothingToDo);
    }
    let parked = command.parked.iter().map(|event| letter_of(scope, &command.consumer, event)).collect::<Vec<_>>();
    if !parked.is_empty() {
        let letters = scope.letter_count(&command.consumer) + parked.len() as u64;
        let limit = scope.rules.letters.letters_max;
        if letters > limit {
            return Err(Refusal::TooManyLetters { limit });
        }
        scope.changes.letter_counts.insert(command.consumer.clone(), letters);
    }
    for attempt in &command.attempts {
        let letter = parked.iter().find(|letter| Some(letter.event) == attempt.event);
        let next = letter.filter(|letter| letter.state == LetterState::Waiting).map(|letter| letter.next_try_at);
        scope.note_attempt(&command.consumer, attempt, letter.map(|letter| letter.id), next);
    }
    let count = parked.len();
    scope.changes.letters.extend(parked.into_iter().map(|letter| (letter.id, Arc::new(letter))));
    scope.changes.cursors.insert(command.consumer.clone(), Cursor::At(command.to));
    Ok(Answer::Settled { parked: count })
}

fn letter_of(scope: &mut Scope<'_>, consumer: &ConsumerName, event: &ParkedEvent) -> Letter {
    let id = LetterId::from_number(scope.mint.next(scope.now, consumer.bucket()));
    let letter = Letter {
        id,
        consumer: consumer.clone(),
        subject: Arc::clone(&event.subject),
        event: event.event,
        state: LetterState::Waiting,
        tries: 0,
        next_try_at: event.not_before.unwrap_or(scope.now),
        parked_at: scope.now,
        first_failed_at: None,
        last_error: None,
    };
    match &event.failure {
        Some(failure) => failed(scope, &letter, failure).expect("a letter that waits can fail"),
        None => letter,
    }
}

/// Takes the result of a try.
///
/// # Errors
/// None: a letter that is gone has nothing to do.
pub fn record(scope: &mut Scope<'_>, command: &RecordDelivery) -> Result<Answer, Refusal> {
    let Some(letter) = scope.letter(command.letter).cloned() else { return Ok(Answer::NothingToDo) };
    let next = match &command.result {
        TryResult::Delivered => letter.step(LetterStep::Deliver),
        TryResult::Failed(failure) => failed(scope, &letter, failure),
    };
    // A person was faster: it is dead or gone.
    let Some(next) = next else { return Ok(Answer::NothingToDo) };
    if let Some(attempt) = &command.attempt {
        let next_try = (next.state == LetterState::Waiting).then_some(next.next_try_at);
        scope.note_attempt(&letter.consumer, attempt, Some(letter.id), next_try);
    }
    Ok(Answer::Letter(put(scope, next)))
}

/// Tries a letter now.
///
/// # Errors
/// `not_found`.
pub fn replay(scope: &mut Scope<'_>, command: ReplayLetter) -> Result<Answer, Refusal> {
    let letter = parked(scope, command.letter)?;
    let mut next = letter.step(LetterStep::Replay).expect("a parked letter can be replayed");
    next.next_try_at = scope.now;
    let fact = LetterReplayed {
        letter_id: letter.id,
        consumer: letter.consumer.clone(),
        subject: Arc::clone(&letter.subject),
        event_id: letter.event,
    };
    tell(scope, &letter.consumer, Event::LetterReplayed(fact));
    Ok(Answer::Letter(put(scope, next)))
}

/// Gives a letter up.
///
/// # Errors
/// `invalid_request` for a reason of no or too many bytes; `not_found`.
pub fn skip(scope: &mut Scope<'_>, command: &SkipLetter) -> Result<Answer, Refusal> {
    if command.reason.is_empty() || command.reason.len() > REASON_BYTES_MAX {
        return Err(Refusal::invalid("/reason", "must have 1 to 500 bytes"));
    }
    let letter = parked(scope, command.letter)?;
    let next = letter.step(LetterStep::Skip).expect("a parked letter can be skipped");
    let fact = LetterSkipped {
        letter_id: letter.id,
        consumer: letter.consumer.clone(),
        subject: Arc::clone(&letter.subject),
        event_id: letter.event,
        tries: letter.tries,
        reason: Arc::clone(&command.reason),
    };
    tell(scope, &letter.consumer, Event::LetterSkipped(fact));
    Ok(Answer::Letter(put(scope, next)))
}

/// Moves a consumer back in the log.
///
/// # Errors
/// `not_found`; `invalid_request` for a position that is negative or ahead of where the consumer stands.
pub fn rewind(scope: &mut Scope<'_>, command: &RewindConsumer) -> Result<Answer, Refusal> {
    if command.to < 0 {
        return Err(Refusal::invalid("/from", "must not be before the beginning of the log"));
    }
    let Some(Cursor::At(position)) = scope.cursor(&command.consumer) else {
        return Err(Refusal::NotFound { thing: Thing::Consumer });
    };
    if command.to > position {
        return Err(Refusal::invalid("/from", "lies ahead of where the consumer stands"));
    }
    scope.changes.cursors.insert(command.consumer.clone(), Cursor::At(command.to));
    let fact = ConsumerRewound { consumer: command.consumer.clone(), from: position, to: command.to };
    tell(scope, &command.consumer, Event::ConsumerRewound(fact.clone()));
    Ok(Answer::Rewound(fact))
}

/// A fact about a consumer. Its number is its position in the log, which rises with gaps.
pub(crate) fn tell(scope: &mut Scope<'_>, consumer: &ConsumerName, event: Event) {
    let position = scope.first_event + i64::try_from(scope.changes.events.len()).expect("a batch has few events");
    let seq = u64::try_from(position).expect("positions are positive");
    scope.emit(Subject::Consumer(consumer.clone()), seq, None, event);
}

fn parked(scope: &Scope<'_>, letter: LetterId) -> Result<Arc<Letter>, Refusal> {
    let found = scope.letter(letter).filter(|letter| !letter.state.is_gone()).cloned();
    found.ok_or(Refusal::NotFound { thing: Thing::Letter })
}

/// The letter after a failed try: it waits for its next one, or is dead when the schedule or its age says so.
fn failed(scope: &Scope<'_>, letter: &Letter, failure: &TryFailure) -> Option<Letter> {
    let rules = &scope.rules.letters;
    let tries = letter.tries.saturating_add(1);
    let is_young = scope.now.since(letter.parked_at) < rules.age_max;
    let pause = pause_after(rules, letter.id, tries).filter(|_| is_young);
    let mut next = letter.step(if pause.is_some() { LetterStep::Fail } else { LetterStep::Exhaust })?;
    next.tries = tries;
    next.first_failed_at = letter.first_failed_at.or(Some(scope.now));
    next.last_error = Some(shortened(&failure.error));
    let due = pause.map_or(scope.now, |pause| scope.now.plus(pause));
    next.next_try_at = failure.not_before.map_or(due, |asked| due.max(asked));
    Some(next)
}

fn put(scope: &mut Scope<'_>, letter: Letter) -> Arc<Letter> {
    if letter.state.is_gone() {
        let left = scope.letter_count(&letter.consumer).saturating_sub(1);
        scope.changes.letter_counts.insert(letter.consumer.clone(), left);
    }
    let letter = Arc::new(letter);
    scope.changes.letters.insert(letter.id, Arc::clone(&letter));
    letter
}
