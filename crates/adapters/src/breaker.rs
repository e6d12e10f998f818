//! A circuit breaker: stops calling what mostly fails, and tries it carefully after a while.
//!
//! It is told the time and reads no clock, so that the same calls at the same times always meet the same breaker; the
//! libraries there are read the clock by themselves. It makes no calls and repeats none.

mod window;

use std::sync::{Mutex, PoisonError};

use ordain_domain::time::{Span, Timestamp};

use window::Window;

/// Parts in a whole of [`BreakerSettings::error_rate`].
pub const RATE_WHOLE: u32 = 10_000;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Share of calls that may fail, in parts of [`RATE_WHOLE`]; more opens it.
    pub error_rate: u32,
    /// Over how long calls are counted, at least 10 microseconds.
    pub window: Span,
    /// Fewer calls within the window never open it.
    pub minimum: u32,
    /// How long it stays open before one call is let through to try.
    pub cool_down: Span,
}

impl Default for BreakerSettings {
    /// More than 5 % of at least 20 calls in 30 s; tried again after 10 s.
    fn default() -> Self {
        BreakerSettings { error_rate: 500, window: Span::seconds(30), minimum: 20, cool_down: Span::seconds(10) }
    }
}

/// A call that was let through. What came of it must be told with [`Breaker::record`]; a permit that is lost counts for
/// nothing, and a lost trial is made again after the cool-down.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// What came of calls that began before the breaker last changed says nothing about what it found since.
    era: u64,
}

/// The call is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many calls failed; the next one is tried in {} ms", .retry_after.0.div_ceil(1_000))]
pub struct Refused {
    /// After how long a call may be let through.
    pub retry_after: Span,
}

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls pass and are counted.
    Closed,
    /// No call passes.
    Open,
    /// One call was let through; the others wait for what comes of it.
    HalfOpen,
}

#[derive(Debug)]
enum Standing {
    Closed(Window),
    Open { until: Timestamp },
    HalfOpen { since: Timestamp },
}

#[derive(Debug)]
struct Inner {
    standing: Standing,
    era: u64,
}

/// A breaker in front of one target.
#[derive(Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    inner: Mutex<Inner>,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(settings: BreakerSettings) -> Breaker {
        let standing = Standing::Closed(Window::new(settings.window));
        Breaker { settings, inner: Mutex::new(Inner { standing, era: 0 }) }
    }

    /// Asks to make a call at `now`.
    ///
    /// # Errors
    /// [`Refused`]: the call must not be made.
    pub fn pass(&self, now: Timestamp) -> Result<Permit, Refused> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let free_at = match inner.standing {
            Standing::Closed(_) => return Ok(Permit { era: inner.era }),
            Standing::Open { until } => until,
            // Whoever tried may never tell what came of it.
            Standing::HalfOpen { since } => since.plus(self.settings.cool_down),
        };
        if now < free_at {
            return Err(Refused { retry_after: free_at.since(now) });
        }
        inner.change(Standing::HalfOpen { since: now });
        Ok(Permit { era: inner.era })
    }

    /// Tells what came of a call that was let through.
    pub fn record(&self, permit: Permit, succeeded: bool, now: Timestamp) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if permit.era != inner.era {
            return;
        }
        let open = Standing::Open { until: now.plus(self.settings.cool_down) };
        match &mut inner.standing {
            Standing::Closed(window) => {
                window.count(succeeded, now);
                if !succeeded && self.is_too_much(window, now) {
                    inner.change(open);
                }
            }
            Standing::HalfOpen { .. } if succeeded => {
                inner.change(Standing::Closed(Window::new(self.settings.window)));
            }
            Standing::HalfOpen { .. } => inner.change(open),
            Standing::Open { .. } => unreachable!("no permit is given while a breaker is open"),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        match self.inner.lock().unwrap_or_else(PoisonError::into_inner).standing {
            Standing::Closed(_) => BreakerState::Closed,
            Standing::Open { .. } => BreakerState::Open,
            Standing::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    fn is_too_much(&self, window: &mut Window, now: Timestamp) -> bool {
        let (calls, failures) = window.counts(now);
        let (rate, whole) = (u64::from(self.settings.error_rate), u64::from(RATE_WHOLE));
        calls >= u64::from(self.settings.minimum) && failures * whole > calls * rate
    }
}

impl Inner {
    fn change(&mut self, standing: Standing) {
        self.standing = standing;
        self.era += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: BreakerSettings =
        BreakerSettings { error_rate: 2_500, window: Span::seconds(10), minimum: 4, cool_down: Span::seconds(5) };

    /// Second 100 and later, so that nothing depends on the beginning of time.
    fn at(seconds: u64) -> Timestamp {
        Timestamp(100_000_000).plus(Span::seconds(seconds))
    }

    /// Runs a script of `second:calls` and says how it was met: `+` a call that succeeds, `-` one that fails, `?` one whose
    /// outcome is never told. Answers one letter a call, `y` when it passed and `n` when not, and the last state.
    fn run(script: &str) -> (String, BreakerState) {
        let breaker = Breaker::new(SETTINGS);
        let mut met = String::new();
        for step in script.split_whitespace() {
            let (second, calls) = step.split_once(':').unwrap();
            let now = at(second.parse().unwrap());
            for call in calls.chars() {
                let permit = breaker.pass(now);
                met.push(if permit.is_ok() { 'y' } else { 'n' });
                if let Ok(permit) = permit
                    && call != '?'
                {
                    breaker.record(permit, call == '+', now);
                }
            }
        }
        (met, breaker.state())
    }

    #[test]
    fn scripts() {
        use BreakerState::{Closed, HalfOpen, Open};
        let table = [
            ("0:++++++++", "yyyyyyyy", Closed),
            // Too few calls to judge, and then one more.
            ("0:---", "yyy", Closed),
            ("0:----", "yyyy", Open),
            // A quarter may fail, more may not.
            ("0:+++-", "yyyy", Closed),
            ("0:+++--", "yyyyy", Open),
            // Failures are forgotten with the window.
            ("0:--- 11:+++-", "yyyyyyy", Closed),
            ("0:--- 9:-", "yyyy", Open),
            // Open for the cool-down, then one trial.
            ("0:---- 4:+", "yyyyn", Open),
            ("0:---- 5:++", "yyyyyy", Closed),
            ("0:---- 5:-+", "yyyyyn", Open),
            ("0:---- 5:- 9:+ 10:+", "yyyyyny", Closed),
            // The trial succeeds, and what was before does not count any more.
            ("0:---- 5:+ 6:---", "yyyyyyyy", Closed),
            ("0:---- 5:+ 6:----", "yyyyyyyyy", Open),
            // Nobody tells what came of the trial: the others wait, and then there is another.
            ("0:---- 5:?+ 9:+", "yyyyynn", HalfOpen),
            ("0:---- 5:? 10:+", "yyyyyy", Closed),
            // Calls of which nobody tells count for nothing.
            ("0:????????---", "yyyyyyyyyyy", Closed),
        ];
        for (script, met, state) in table {
            assert_eq!(run(script), (met.to_owned(), state), "{script}");
        }
    }

    #[test]
    fn what_began_before_a_change_says_nothing_after_it() {
        let breaker = Breaker::new(SETTINGS);
        let slow = breaker.pass(at(0)).unwrap();
        for _ in 0..4 {
            breaker.record(breaker.pass(at(0)).unwrap(), false, at(0));
        }
        assert_eq!(breaker.state(), BreakerState::Open);
        breaker.record(slow, true, at(1));
        assert_eq!(breaker.state(), BreakerState::Open);
        let trial = breaker.pass(at(5)).unwrap();
        breaker.record(slow, false, at(5));
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        breaker.record(trial, true, at(5));
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn a_refused_call_is_told_how_long_to_wait() {
        let breaker = Breaker::new(SETTINGS);
        for _ in 0..4 {
            breaker.record(breaker.pass(at(0)).unwrap(), false, at(0));
        }
        assert_eq!(breaker.pass(at(2)), Err(Refused { retry_after: Span::seconds(3) }));
        let _trial = breaker.pass(at(7)).unwrap();
        assert_eq!(breaker.pass(at(8)), Err(Refused { retry_after: Span::seconds(4) }));
    }
}
