//! Many requests that all have to succeed, before and after the measuring: sent over a few connections at once and
//! patiently, because every one of them may be sent again without doing anything twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinSet;

use super::{
    client::{ClientError, Connection, Endpoint},
    clock,
};

/// Connections used at once: enough for the server to put requests into one batch.
const CONNECTIONS: usize = 32;
const PAUSE_FIRST: Duration = Duration::from_millis(10);
const PAUSE_LONGEST: Duration = Duration::from_millis(250);

/// An answer that outlives its connection's buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// Sends a request that may be repeated until it is answered by something else than 429 or 503, or until `patience` is
/// over; then the last outcome is given.
///
/// # Errors
/// The connection's last error.
pub(crate) async fn exchange_patiently(
    connection: &mut Connection,
    request: &[u8],
    patience: Duration,
) -> Result<Answer, ClientError> {
    let give_up_at = clock::now() + patience;
    let mut pause = PAUSE_FIRST;
    loop {
        let outcome = connection
            .exchange(request)
            .await
            .map(|response| Answer { status: response.status, body: response.body.to_vec() });
        let is_final = matches!(&outcome, Ok(answer) if !matches!(answer.status, 429 | 503));
        if is_final || clock::now() >= give_up_at {
            return outcome;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_LONGEST);
    }
}

/// Sends `count` repeatable requests, each rendered by `request` from its index, and gives their answers by index.
/// `done` is called after each.
///
/// # Errors
/// The first connection error that outlasts `patience`.
pub(crate) async fn exchange_all(
    endpoint: &Endpoint,
    count: usize,
    patience: Duration,
    request: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static,
    done: impl Fn() + Send + Sync + 'static,
) -> Result<Vec<Answer>, ClientError> {
    let next = Arc::new(AtomicUsize::new(0));
    let request = Arc::new(request);
    let done = Arc::new(done);
    let mut senders = JoinSet::new();
    for _ in 0..CONNECTIONS.min(count) {
        let (next, request, done) = (Arc::clone(&next), Arc::clone(&request), Arc::clone(&done));
        let mut connection = Connection::new(endpoint.clone());
        senders.spawn(async move {
            let mut answers = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return Ok::<_, ClientError>(answers);
                }
                let answer = exchange_patiently(&mut connection, &request(index), patience).await?;
                answers.push((index, answer));
                done();
            }
        });
    }
    let mut answers = Vec::with_capacity(count);
    while let Some(finished) = senders.join_next().await {
        answers.extend(finished.map_err(std::io::Error::other)??);
    }
    answers.sort_unstable_by_key(|(index, _)| *index);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}
