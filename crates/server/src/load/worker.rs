//! The connections: each sends a request, waits for its answer, counts it and takes the next.
//!
//! Closed loop: the next request starts when the last one is answered. Open loop: arrivals are meant for fixed times
//! (`schedule`), a waker hands one permit an arrival, and a free connection takes it. A thread runs its connections on a
//! runtime of its own, because the generator shares the machine with the server and threads that wake each other cost.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    client::{ClientError, Connection, Endpoint},
    clock,
    scenario::{RequestBuffers, Scenario},
    schedule::Schedule,
    tally::{Placed, Tally},
};
use crate::cli::Failure;

/// The waker of an open loop sleeps at least this long, so that it does not take the machine for itself.
const WAKE_DISTANCE: Duration = Duration::from_micros(200);
/// An arrival that is late by no more than the waker's distance is still sent, although the end has passed meanwhile.
const END_GRACE: Duration = Duration::from_millis(10);
const PAUSE_FIRST: Duration = Duration::from_millis(5);
const PAUSE_LONGEST: Duration = Duration::from_millis(200);
/// How long a connection tries to reach the server, unless it was told to retry for longer; then it ends.
const GONE_AFTER: Duration = Duration::from_secs(2);

/// Everything that the connections of a run share.
pub(super) struct Run {
    pub(super) endpoint: Endpoint,
    pub(super) scenario: Scenario,
    /// No request starts from here on.
    pub(super) end: Option<Instant>,
    /// Set for an open loop.
    pub(super) schedule: Option<Schedule>,
    /// Send a request whose connection was lost again for so long.
    pub(super) retry_for: Option<Duration>,
    /// Where each acknowledged order is written as one line of JSON.
    pub(super) acknowledged: Option<Mutex<BufWriter<File>>>,
    next: AtomicU64,
    permits: Semaphore,
    is_stopped: AtomicBool,
}

impl Run {
    pub(super) fn new(endpoint: Endpoint, scenario: Scenario) -> Run {
        Run {
            endpoint,
            scenario,
            end: None,
            schedule: None,
            retry_for: None,
            acknowledged: None,
            next: AtomicU64::new(0),
            permits: Semaphore::new(0),
            is_stopped: AtomicBool::new(false),
        }
    }

    /// Lets every connection finish the request it is at and then end.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        self.permits.close();
    }

    fn has_ended(&self, now: Instant) -> bool {
        self.is_stopped.load(Ordering::Relaxed) || self.end.is_some_and(|end| now >= end)
    }

    /// The number of the next request and when it is meant to start; `None` when there is none.
    async fn next_request(&self, tally: &Mutex<Tally>) -> Option<(u64, Instant)> {
        loop {
            if self.schedule.is_some() {
                self.permits.acquire().await.ok()?.forget();
            }
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.scenario.requests() {
                return None;
            }
            let now = clock::now();
            let Some(schedule) = self.schedule else {
                return (!self.has_ended(now)).then_some((number, now));
            };
            if number >= schedule.total() {
                return None;
            }
            let is_stopped = self.is_stopped.load(Ordering::Relaxed);
            if !is_stopped && self.end.is_none_or(|end| now < end + END_GRACE) {
                return Some((number, schedule.intended(number)));
            }
            lock(tally).unsent += 1;
        }
    }

    fn write_acknowledged(&self, placed: Placed<'_>) {
        let Some(file) = &self.acknowledged else { return };
        let mut key = Vec::new();
        self.scenario.write_key(placed.order, &mut key);
        let key = String::from_utf8_lossy(&key);
        let line = format!("{{\"id\":\"{}\",\"key\":\"{key}\",\"total\":{}}}\n", placed.id, placed.total);
        let written = file.lock().expect("no writer panics while it holds the file").write_all(line.as_bytes());
        if written.is_err() {
            // The missing lines show when the file is flushed at the end, which then fails too.
            self.stop();
        }
    }
}

/// A tally that one thread writes and the display reads.
pub(super) fn lock<T>(tally: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    tally.lock().expect("no thread panics while it counts")
}

/// Runs `connections` connections on `tallies.len()` threads until there is nothing left to send. `tick` is called
/// several times a second on the calling thread.
///
/// # Errors
/// When a thread cannot be started, or one of its tasks fell over.
pub(super) fn drive(
    run: &Arc<Run>,
    connections: usize,
    tallies: &[Arc<Mutex<Tally>>],
    mut tick: impl FnMut(),
) -> Result<(), Failure> {
    let (finished, all_finished) = mpsc::channel::<()>();
    let mut threads = Vec::new();
    for (index, tally) in tallies.iter().enumerate() {
        let share = connections / tallies.len() + usize::from(index < connections % tallies.len());
        let (run, tally, finished) = (Arc::clone(run), Arc::clone(tally), finished.clone());
        let name = format!("load-{index}");
        threads.push(std::thread::Builder::new().name(name).spawn(move || {
            let outcome = run_thread(&run, share, &tally);
            drop(finished);
            outcome
        })?);
    }
    drop(finished);
    let waker = run.schedule.map(|schedule| Waker { schedule, given: 0, extra: connections });
    wait(run, waker, &all_finished, &mut tick);
    for thread in threads {
        thread.join().map_err(|_| "a thread of the load generator panicked")??;
    }
    Ok(())
}

/// Hands out permits of an open loop.
struct Waker {
    schedule: Schedule,
    given: u64,
    /// Permits behind the last arrival, so that every connection learns that there is none.
    extra: usize,
}

impl Waker {
    fn wake(&mut self, run: &Run, now: Instant) {
        // Behind the end all the rest is due: connections count it as unsent.
        let due = if run.has_ended(now) { self.schedule.total() } else { self.schedule.due(now) };
        let mut permits = usize::try_from(due - self.given).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS / 2);
        self.given = due;
        if due == self.schedule.total() {
            permits += std::mem::take(&mut self.extra);
        }
        if permits > 0 && !run.permits.is_closed() {
            run.permits.add_permits(permits);
        }
    }
}

/// Waits on the calling thread until all threads let go of their ends of the channel.
fn wait(run: &Run, mut waker: Option<Waker>, all_finished: &mpsc::Receiver<()>, tick: &mut impl FnMut()) {
    const TICK: Duration = Duration::from_millis(250);
    let mut next_tick = clock::now() + TICK;
    loop {
        let now = clock::now();
        if now >= next_tick {
            tick();
            next_tick = now + TICK;
        }
        let mut wake_at = next_tick;
        if let Some(waker) = &mut waker {
            waker.wake(run, now);
            if waker.given < waker.schedule.total() {
                wake_at = wake_at.min(waker.schedule.intended(waker.given));
            }
        }
        let pause = wake_at.saturating_duration_since(now).max(WAKE_DISTANCE);
        if all_finished.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

fn run_thread(run: &Arc<Run>, connections: usize, tally: &Arc<Mutex<Tally>>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stopper = Arc::clone(run);
        let interrupt = tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stopper.stop();
            }
        });
        let mut senders = JoinSet::new();
        for _ in 0..connections {
            senders.spawn(keep_sending(Arc::clone(run), Arc::clone(tally)));
        }
        while let Some(ended) = senders.join_next().await {
            ended.map_err(std::io::Error::other)?;
        }
        interrupt.abort();
        Ok(())
    })
}

async fn keep_sending(run: Arc<Run>, tally: Arc<Mutex<Tally>>) {
    let mut connection = Connection::new(run.endpoint.clone());
    let mut buffers = RequestBuffers::default();
    while let Some((number, start)) = run.next_request(&tally).await {
        run.scenario.write_request(number, &mut buffers);
        let sent_at = clock::now();
        let is_answered = send(&run, &tally, &mut connection, (number, start, &buffers.request)).await;
        if !is_answered && clock::now() - sent_at >= GONE_AFTER {
            // Nobody answers: more arrivals of this connection would only be lost one by one.
            return;
        }
    }
}

/// Sends one request, again after a lost connection when the run says so. False when it was never answered.
///
/// A request that was never sent, because the server could not be reached, is tried again in any case, but not for long.
async fn send(
    run: &Run,
    tally: &Mutex<Tally>,
    connection: &mut Connection,
    (number, start, request): (u64, Instant, &[u8]),
) -> bool {
    let mut was_sent = false;
    let mut first_failure = None;
    let mut pause = PAUSE_FIRST;
    loop {
        let outcome = connection.exchange(request).await;
        let now = clock::now();
        let error = match outcome {
            Ok(response) => {
                let mut tally = lock(tally);
                tally.latency.saturating_record((now - start).as_micros() as u64);
                tally.take(&run.scenario, number, (&response, was_sent), |placed| run.write_acknowledged(placed));
                return true;
            }
            Err(error) => error,
        };
        was_sent |= !matches!(error, ClientError::Unreachable(_));
        let failed_at = *first_failure.get_or_insert(now);
        let limit = run.retry_for.unwrap_or(if was_sent { Duration::ZERO } else { GONE_AFTER });
        let is_again = now - failed_at < limit && !run.is_stopped.load(Ordering::Relaxed);
        {
            let mut tally = lock(tally);
            tally.connection_errors += 1;
            match (is_again, was_sent) {
                (true, true) => tally.retries += 1,
                (true, false) => {}
                (false, true) => tally.take_unanswered(&run.scenario, number),
                (false, false) => tally.unsent += 1,
            }
        }
        if !is_again {
            return false;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_LONGEST);
    }
}
