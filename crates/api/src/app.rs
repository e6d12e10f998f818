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
    Engine, EngineFailure,
    port::store::{StoreFailure, StoreReader},
    queue::Answers,
};
use prometheus_client::registry::Registry;
use tokio::sync::{Semaphore, watch};

use crate::{
    http::channels::Notifications,
    metrics::Metrics,
    problem::{Problem, ProblemCode},
    refusal::{problem_of_failure, problem_of_store},
    settings::ApiSettings,
};

/// How long a request with an idempotency key waits for its answer, or for that of its twin. The answer is kept, so the
/// caller asks again.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(5);

/// How long a request without a key waits for its answer. Longer than one with a key, because there is no asking again:
/// what became of it must be looked up.
const KEYLESS_WAIT_MAX: Duration = Duration::from_secs(10);

/// The state of the router.
pub(crate) struct App {
    pub(crate) engine: Arc<Engine>,
    pub(crate) settings: ApiSettings,
    pub(crate) metrics: Arc<Metrics>,
    /// Everything that `/metrics` writes.
    pub(crate) registry: Registry,
    /// True from the moment the server is told to stop. Streams end then, and `/readyz` says no.
    pub(crate) draining: watch::Receiver<bool>,
    /// What is counted of the notifications of each channel.
    pub(crate) notifications: Notifications,
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
        within(is_keyed, self.engine.execute(envelope(route, idempotency, command))).await
    }

    /// Sends commands that came together and waits for their answers.
    pub(crate) async fn execute_all(&self, envelopes: Vec<Envelope>) -> Result<Answers, Problem> {
        let are_keyed = envelopes.iter().all(|envelope| envelope.idempotency.is_some());
        within(are_keyed, self.engine.execute_all(envelopes)).await
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

/// An answer, or what to say when it does not come: what was sent to the engine cannot be taken back, so that nobody may say
/// that nothing was done.
async fn within<T>(is_keyed: bool, answer: impl Future<Output = Result<T, EngineFailure>>) -> Result<T, Problem> {
    let patience = if is_keyed { ANSWER_WAIT_MAX } else { KEYLESS_WAIT_MAX };
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => answer.map_err(|failure| problem_of_failure(&failure)),
        Err(_) if is_keyed => Err(Problem::new(
            ProblemCode::IdempotencyInProgress,
            "There is no answer for this key yet. Repeat the same request to get it.",
        )),
        Err(_) => Err(Problem::new(
            ProblemCode::Internal,
            "There is no answer yet, and it is not known whether the request is carried out. Look before repeating it.",
        )),
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
