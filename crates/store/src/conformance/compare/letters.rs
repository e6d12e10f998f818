//! Compares what a store gives back of letters, endpoints and deliveries with its model.

use std::collections::BTreeSet;

use ordain_domain::{
    ids::{ConsumerName, DeliveryId, LetterId, WebhookId},
    letter::{Letter, LetterState},
    time::{Span, Timestamp},
};
use ordain_engine::port::store::{After, LaneHead, LetterTally, StoreReader};

use super::{super::model::Model, READABLE, pages};

/// Every method of the reader that is about consumers.
pub(in crate::conformance) fn all(reader: &dyn StoreReader, model: &Model) {
    let letters = model.letters();
    for letter in model.all.letters.values() {
        let expected = letters.iter().find(|parked| parked.id == letter.id);
        assert_eq!(reader.letter(letter.id).expect(READABLE).as_ref(), expected);
    }
    assert_eq!(reader.letter(LetterId::from_number(1)).expect(READABLE), None);
    let dead = letters.iter().filter(|letter| letter.state == LetterState::Dead).count() as u64;
    let tally = LetterTally { letters: letters.len() as u64, dead };
    assert_eq!(reader.letter_tally().expect(READABLE), tally);
    lanes(reader, &letters);
    heads(reader, &letters);
    due(reader, &letters);
    endpoints(reader, model);
}

/// The letters of the lane that a letter is in, in the order of the log.
fn lane_of<'l>(letters: &'l [Letter], of: &Letter) -> Vec<&'l Letter> {
    let mut lane: Vec<&Letter> =
        letters.iter().filter(|letter| letter.consumer == of.consumer && letter.subject == of.subject).collect();
    lane.sort_by_key(|letter| letter.event);
    lane
}

fn lanes(reader: &dyn StoreReader, letters: &[Letter]) {
    for letter in letters {
        let lane = lane_of(letters, letter);
        for limit in [1, 2, 100] {
            let found = reader.lane(&letter.consumer, &letter.subject, limit).expect(READABLE);
            assert!(found.iter().eq(lane.iter().copied().take(limit)), "the lane of {letter:?} by {limit}");
        }
        assert_eq!(reader.lane(&letter.consumer, "order/none", 9).expect(READABLE), []);
    }
}

fn heads_in(letters: &[Letter], state: LetterState) -> Vec<LaneHead> {
    let heads = letters.iter().filter(|letter| letter.state == state).filter_map(|letter| {
        let lane = lane_of(letters, letter);
        (lane[0] == letter).then(|| LaneHead { letter: letter.clone(), behind: lane.len() as u64 - 1 })
    });
    heads.collect()
}

fn heads(reader: &dyn StoreReader, letters: &[Letter]) {
    for state in [LetterState::Waiting, LetterState::Dead] {
        for limit in [1, 2, 100] {
            let mut found: Vec<LaneHead> = Vec::new();
            loop {
                let key = found.last().map(|head| head.letter.id);
                let page = reader.lane_heads(state, After { key, limit }).expect(READABLE);
                assert!(page.len() <= limit, "a page has at most {limit} rows, not {}", page.len());
                if page.is_empty() {
                    break;
                }
                found.extend(page);
                assert!(found.len() <= letters.len(), "more heads than letters");
            }
            assert_eq!(found, heads_in(letters, state), "heads in {state:?} by {limit}");
        }
    }
}

fn due(reader: &dyn StoreReader, letters: &[Letter]) {
    let consumers: BTreeSet<&ConsumerName> = letters.iter().map(|letter| &letter.consumer).collect();
    let mut heads: Vec<Letter> = heads_in(letters, LetterState::Waiting).into_iter().map(|head| head.letter).collect();
    heads.sort_by_key(|letter| (letter.next_try_at, letter.id));
    let mut times: Vec<Timestamp> = heads.iter().map(|letter| letter.next_try_at).collect();
    times.extend(heads.iter().map(|letter| letter.next_try_at.minus(Span(1))));
    times.push(Timestamp::MAX);
    for consumer in consumers {
        for until in &times {
            let expected: Vec<&Letter> =
                heads.iter().filter(|head| &head.consumer == consumer && head.next_try_at <= *until).collect();
            for limit in [1, 100] {
                let found = reader.due_letters(consumer, *until, limit).expect(READABLE);
                assert!(found.iter().eq(expected.iter().copied().take(limit)), "due at {until:?} by {limit}");
            }
        }
    }
}

fn endpoints(reader: &dyn StoreReader, model: &Model) {
    let webhooks = model.webhooks();
    assert_eq!(reader.webhooks().expect(READABLE), webhooks);
    for id in model.all.webhooks.keys() {
        let expected = webhooks.iter().find(|webhook| &webhook.id == id);
        assert_eq!(reader.webhook(id).expect(READABLE).as_ref(), expected);
    }
    let nobody = WebhookId::new("nobody").expect("a valid id");
    assert_eq!(reader.webhook(&nobody).expect(READABLE), None);
    let consumers: BTreeSet<&ConsumerName> = model.all.deliveries.iter().map(|delivery| &delivery.consumer).collect();
    for consumer in consumers {
        let expected = model.deliveries(consumer);
        let found = pages(97, |page| reader.deliveries(consumer, page), |delivery| delivery.id);
        assert_eq!(found, expected, "deliveries of {consumer}");
        for delivery in model.all.deliveries.iter().filter(|delivery| &delivery.consumer == consumer) {
            let kept = expected.iter().find(|kept| kept.id == delivery.id);
            assert_eq!(reader.delivery(delivery.id).expect(READABLE).as_ref(), kept);
        }
    }
    assert_eq!(reader.delivery(DeliveryId::from_number(1)).expect(READABLE), None);
}
