//! What every handler shares: the engine, the settings, the metrics, and how a command is sent.
//!
//! It decides nothing and formats nothing. The caller is always `operator`: nobody is authenticated, so the server listens
//! on loopback only.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use ordain_domain::{
    answer::Reply,
    catalog::Catalog,
    command::{Command, Envelope},
    event::Actor,
    idempotency::Idempotency,
};
use ordain_engine::{
    Engine,
    port::store::{StoreFailure, StoreReader},
};
use prometheus_client::registry::Registry;
use tokio::sync::{Semaphore, watch};

use crate::{
    metrics::Metrics,
    problem::{Problem, ProblemCode},
    refusal::{problem_of_failure, problem_of_store},
    settings::ApiSettings,
};

/// How long a request with an idempotency key waits for its answer, or for that of its twin. The answer is kept, so the
/// caller asks again.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(5);

/// The state of the router.
pub(crate) struct App {
    pub(crate) engine: Arc<Engine>,
    pub(crate) settings: ApiSettings,
    pub(crate) metrics: Arc<Metrics>,
    /// Everything that `/metrics` writes.
    pub(crate) registry: Registry,
    /// True from the moment the server is told to stop. Streams end then, and `/readyz` says no.
    pub(crate) draining: watch::Receiver<bool>,
    /// Reading all rows is for one caller at a time.
    pub(crate) verifying: Semaphore,
}

/// As the router holds it.
pub(crate) type SharedApp = Arc<App>;

/// The caller's part of an idempotency scope, in front of the route.
static NO_SCOPE: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(""));

impl App {
    /// Sends a command and waits for its answer. `route` is the scope of the key, besides the caller; placing has one of
    /// its own (the user), and what takes no key has none.
    pub(crate) async fn execute(
        &self,
        route: Option<&'static str>,
        idempotency: Option<Idempotency>,
        command: Command,
    ) -> Result<Reply, Problem> {
        let is_keyed = idempotency.is_some();
        let envelope = envelope(route, idempotency, command);
        let answer = self.engine.execute(envelope);
        if !is_keyed {
            return answer.await.map_err(|failure| problem_of_failure(&failure));
        }
        match tokio::time::timeout(ANSWER_WAIT_MAX, answer).await {
            Ok(answer) => answer.map_err(|failure| problem_of_failure(&failure)),
            Err(_) => Err(Problem::new(
                ProblemCode::IdempotencyInProgress,
                "There is no answer for this key yet. Repeat the same request to get it.",
            )),
        }
    }

    /// The catalog as the last committed batch left it.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        self.engine.catalog()
    }

    /// A read of few pages, on the calling thread.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&dyn StoreReader) -> Result<T, StoreFailure>) -> Result<T, Problem> {
        read(self.engine.reader().as_ref()).map_err(|failure| problem_of_store(&failure))
    }

    /// A read that may take long, on a thread that may block.
    pub(crate) async fn read_long<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn StoreReader) -> Result<T, StoreFailure> + Send + 'static,
    ) -> Result<T, Problem> {
        let reader = Arc::clone(self.engine.reader());
        let task = tokio::task::spawn_blocking(move || read(reader.as_ref()));
        match task.await {
            Ok(result) => result.map_err(|failure| problem_of_store(&failure)),
            Err(error) => {
                tracing::error!(error.message = %error, "a read panicked");
                Err(Problem::internal())
            }
        }
    }

    /// Whether the server takes new work.
    pub(crate) fn is_ready(&self) -> bool {
        !*self.draining.borrow() && !self.engine.is_stopping()
    }
}

/// A command of the operator.
pub(crate) fn envelope(route: Option<&'static str>, idempotency: Option<Idempotency>, command: Command) -> Envelope {
    let scope = match route {
        Some(route) if idempotency.is_some() => Arc::from(format!("{} {route}", Actor::Operator.as_str())),
        _ => Arc::clone(&NO_SCOPE),
    };
    Envelope { actor: Actor::Operator, scope, idempotency, command }
}
