//! Connections on a few threads until each has ended, as in `worker`, for any book that they write.
//!
//! It is a closed loop and wakes nobody: each connection takes its next work itself.

use std::{
    future::Future,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use tokio::task::JoinSet;

use crate::cli::Failure;

/// How often the display is drawn.
const TICK: Duration = Duration::from_millis(250);

/// Runs `connections` members on `books.len()` threads until all have ended; those of a thread share its book. `stop` is
/// called on Ctrl-C, `tick` several times a second on the calling thread.
///
/// # Errors
/// When a thread cannot be started, or one of its members fell over.
pub(super) fn drive<Book, Ending>(
    connections: usize,
    books: &[Arc<Mutex<Book>>],
    (member, stop): (impl Fn(Arc<Mutex<Book>>) -> Ending, impl Fn() + Clone + Send + 'static),
    mut tick: impl FnMut(),
) -> Result<(), Failure>
where
    Book: Send + 'static,
    Ending: Future<Output = ()> + Send + 'static,
{
    let (finished, all_finished) = mpsc::channel::<()>();
    let mut threads = Vec::new();
    for (index, book) in books.iter().enumerate() {
        let share = connections / books.len() + usize::from(index < connections % books.len());
        let members: Vec<Ending> = (0..share).map(|_| member(Arc::clone(book))).collect();
        let (stop, finished) = (stop.clone(), finished.clone());
        threads.push(std::thread::Builder::new().name(format!("life-{index}")).spawn(move || {
            let outcome = run_thread(members, stop);
            drop(finished);
            outcome
        })?);
    }
    drop(finished);
    while all_finished.recv_timeout(TICK) != Err(mpsc::RecvTimeoutError::Disconnected) {
        tick();
    }
    for thread in threads {
        thread.join().map_err(|_| "a thread of the load generator panicked")??;
    }
    Ok(())
}

fn run_thread<Ending>(members: Vec<Ending>, stop: impl Fn() + Send + 'static) -> std::io::Result<()>
where
    Ending: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let interrupt = tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop();
            }
        });
        let mut running = JoinSet::new();
        for member in members {
            running.spawn(member);
        }
        while let Some(ended) = running.join_next().await {
            ended.map_err(std::io::Error::other)?;
        }
        interrupt.abort();
        Ok(())
    })
}
