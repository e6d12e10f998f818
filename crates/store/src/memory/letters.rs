//! Letters in memory, by looking at all of them.
//!
//! Only the questions that need a lane are here; rows are read where they lie.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    ids::{ConsumerName, LetterId},
    letter::{Letter, LetterState},
};
use ordain_engine::port::store::LaneHead;

/// The letters of a consumer about one subject, in the order of the log.
pub(super) fn lane(letters: &BTreeMap<LetterId, Arc<Letter>>, consumer: &ConsumerName, subject: &str) -> Vec<Letter> {
    let own = letters.values().filter(|letter| &letter.consumer == consumer && &*letter.subject == subject);
    let mut lane: Vec<Letter> = own.map(|letter| letter.as_ref().clone()).collect();
    lane.sort_by_key(|letter| letter.event);
    lane
}

/// First letters of their lanes that are in a state, oldest first.
pub(super) fn heads(letters: &BTreeMap<LetterId, Arc<Letter>>, state: LetterState) -> Vec<LaneHead> {
    let of_state = letters.values().filter(|letter| letter.state == state);
    let heads = of_state.filter_map(|letter| {
        let lane = lane(letters, &letter.consumer, &letter.subject);
        let is_first = lane.first().is_some_and(|first| first.id == letter.id);
        is_first.then(|| LaneHead { letter: letter.as_ref().clone(), behind: lane.len() as u64 - 1 })
    });
    heads.collect()
}
