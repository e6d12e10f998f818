//! How the sandbox misbehaves towards the merchant: which calls fail, and how.
//!
//! Every choice is a function of the seed, the kind of fault, the call's key and how often that key was called, so a run
//! repeats itself whatever the order of its calls. What the payer can make go wrong (forged, late, doubled
//! notifications) is said with the payment, not here.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Longest delay of an answer, in milliseconds.
pub const SLOW_MS_MAX: u64 = 60_000;
/// Longest time that a refund stays undecided, in milliseconds: a week.
pub const REFUND_SETTLES_MS_MAX: u64 = 7 * 24 * 3_600 * 1_000;
/// Most keys whose calls are counted; past them the counting begins anew.
const COUNTED_KEYS_MAX: usize = 1 << 20;

/// The menu of faults. Rates are shares of calls from 0 (never) to 1 (always).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// The merchant cannot reach the channel: nothing happens there and every call fails as unreachable. The payer still
    /// can, and notifications still leave, as with one cut line.
    pub down: bool,
    /// Milliseconds that an answer waits after its effect, at most [`SLOW_MS_MAX`].
    pub slow_ms: u64,
    /// Share of calls whose effect happens and whose answer is lost.
    pub reply_lost: f64,
    /// Share of keys whose first call fails without an effect, as with a status of 500, and whose later calls succeed.
    pub error_then_success: f64,
    /// Share of refunds that the channel refuses. The same refund again is refused again, until the menu changes.
    pub refund_refused: f64,
    /// Share of refunds that the channel accepts without saying whether they succeed, until `refund_settles_ms` later.
    pub refund_unknown: f64,
    /// Milliseconds after which such a refund is known to have succeeded and its notification leaves, at most
    /// [`REFUND_SETTLES_MS_MAX`].
    pub refund_settles_ms: u64,
    /// What the choices are made from.
    pub seed: u64,
}

/// A call of the merchant, as part of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Call {
    Open = 1,
    Query = 2,
    Close = 3,
    Refund = 4,
    QueryRefund = 5,
}

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// It never arrives.
    Unreachable,
    /// The channel stumbles before it does anything.
    Error,
    /// The channel does it and the answer is lost.
    ReplyLost,
}

/// What goes wrong with one refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefundMishap {
    /// It is refused.
    Refused,
    /// It stays undecided for this many milliseconds.
    Undecided(u64),
}

impl Faults {
    /// What is wrong with the menu: a member and why.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        let rates = [
            ("reply_lost", self.reply_lost),
            ("error_then_success", self.error_then_success),
            ("refund_refused", self.refund_refused),
            ("refund_unknown", self.refund_unknown),
        ];
        let delays = [
            ("slow_ms", self.slow_ms, SLOW_MS_MAX),
            ("refund_settles_ms", self.refund_settles_ms, REFUND_SETTLES_MS_MAX),
        ];
        let rate = rates.into_iter().find(|(_, rate)| !(0.0..=1.0).contains(rate));
        let delay = delays.into_iter().find(|(_, delay, most)| delay > most);
        rate.map(|(name, _)| (name, "must be from 0 to 1".to_owned()))
            .or_else(|| delay.map(|(name, _, most)| (name, format!("must be at most {most}"))))
    }

    fn strikes(&self, rate: f64, kind: u8, key: (Call, i64), attempt: u32) -> bool {
        if rate <= 0.0 {
            return false;
        }
        let mut bytes = [0; 14];
        bytes[0] = kind;
        bytes[1] = key.0 as u8;
        bytes[2..10].copy_from_slice(&key.1.to_le_bytes());
        bytes[10..].copy_from_slice(&attempt.to_le_bytes());
        // 53 bits, as many as an f64 holds: a number from 0 to just below 1.
        let drawn = (xxh3_64_with_seed(&bytes, self.seed) >> 11) as f64 / (1_u64 << 53) as f64;
        drawn < rate
    }

    /// What goes wrong with the `attempt`-th call (counted from 0) of a key.
    fn mishap(&self, key: (Call, i64), attempt: u32) -> Option<Mishap> {
        if self.down {
            return Some(Mishap::Unreachable);
        }
        if attempt == 0 && self.strikes(self.error_then_success, 1, key, 0) {
            return Some(Mishap::Error);
        }
        self.strikes(self.reply_lost, 2, key, attempt).then_some(Mishap::ReplyLost)
    }

    /// What goes wrong with a refund, each time it is asked for.
    pub(super) fn refund_mishap(&self, refund: i64) -> Option<RefundMishap> {
        let key = (Call::Refund, refund);
        if self.strikes(self.refund_refused, 3, key, 0) {
            return Some(RefundMishap::Refused);
        }
        self.strikes(self.refund_unknown, 4, key, 0).then_some(RefundMishap::Undecided(self.refund_settles_ms))
    }
}

/// The menu in force, and how often each key was called since it came into force.
#[derive(Debug, Default)]
pub(super) struct FaultBox(Mutex<Menu>);

#[derive(Debug, Default)]
struct Menu {
    faults: Faults,
    calls: HashMap<(Call, i64), u32>,
}

impl FaultBox {
    pub(super) fn get(&self) -> Faults {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).faults.clone()
    }

    pub(super) fn set(&self, faults: Faults) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Menu { faults, calls: HashMap::new() };
    }

    /// Counts a call and says what goes wrong with it, and after how many milliseconds it is answered.
    pub(super) fn next(&self, call: Call, key: i64) -> (Option<Mishap>, u64) {
        let mut menu = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = menu.faults.reply_lost > 0.0 || menu.faults.error_then_success > 0.0;
        let attempt = if counts { menu.count(call, key) } else { 0 };
        (menu.faults.mishap((call, key), attempt), menu.faults.slow_ms)
    }
}

impl Menu {
    fn count(&mut self, call: Call, key: i64) -> u32 {
        if self.calls.len() >= COUNTED_KEYS_MAX {
            self.calls.clear();
        }
        let calls = self.calls.entry((call, key)).or_default();
        let attempt = *calls;
        *calls = calls.saturating_add(1);
        attempt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(faults: &Faults, attempts: u32) -> Vec<Option<Mishap>> {
        let faults_in_force = FaultBox::default();
        faults_in_force.set(faults.clone());
        (0..attempts).map(|_| faults_in_force.next(Call::Open, 7).0).collect()
    }

    #[test]
    fn a_key_meets_what_the_menu_says() {
        let table = [
            (Faults::default(), vec![None, None, None]),
            (Faults { down: true, ..Faults::default() }, vec![Some(Mishap::Unreachable); 3]),
            (Faults { reply_lost: 1.0, ..Faults::default() }, vec![Some(Mishap::ReplyLost); 3]),
            (Faults { error_then_success: 1.0, ..Faults::default() }, vec![Some(Mishap::Error), None, None]),
        ];
        for (faults, expected) in table {
            assert_eq!(struck(&faults, 3), expected, "{faults:?}");
        }
    }

    #[test]
    fn a_rate_is_the_share_it_says_and_repeats_itself() {
        let faults = Faults { reply_lost: 0.1, refund_refused: 0.1, seed: 42, ..Faults::default() };
        let lost = |key: i64| faults.mishap((Call::Close, key), 0).is_some();
        let count = (0..10_000).filter(|key| lost(*key)).count();
        assert!((850..1_150).contains(&count), "{count} of 10,000 calls struck");
        let other = Faults { seed: 43, ..faults.clone() };
        assert!((0..100).any(|key| lost(key) != other.mishap((Call::Close, key), 0).is_some()));
        assert!((0..100).all(|key| lost(key) == faults.mishap((Call::Close, key), 0).is_some()));
        let refused = (0..10_000).filter(|refund| faults.refund_mishap(*refund).is_some()).count();
        assert!((850..1_150).contains(&refused), "{refused} of 10,000 refunds struck");
    }

    #[test]
    fn what_is_no_menu() {
        let table = [
            (Faults::default(), None),
            (Faults { reply_lost: 1.0, slow_ms: SLOW_MS_MAX, ..Faults::default() }, None),
            (Faults { reply_lost: 1.01, ..Faults::default() }, Some("reply_lost")),
            (Faults { refund_refused: -0.1, ..Faults::default() }, Some("refund_refused")),
            (Faults { refund_unknown: f64::NAN, ..Faults::default() }, Some("refund_unknown")),
            (Faults { slow_ms: SLOW_MS_MAX + 1, ..Faults::default() }, Some("slow_ms")),
        ];
        for (faults, expected) in table {
            assert_eq!(faults.problem().map(|(member, _)| member), expected, "{faults:?}");
        }
    }
}
