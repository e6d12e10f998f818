//! An engine at work over a SQLite store; it is driven without HTTP.

use std::{
    future::Future,
    sync::Arc,
    task::{Context, Waker},
};

use ordain_domain::{command::Envelope, ids::Sku, rules::Rules};
use ordain_engine::{
    BatchLimits, Engine, EngineParts,
    port::{clock::SystemClock, store::StoreReader},
};
use tokio::runtime::Runtime;

use super::{files::Files, shard::Shard};

/// The engine, and what drives it.
pub(crate) struct Running {
    engine: Arc<Engine>,
    runtime: Runtime,
}

impl Running {
    /// Puts a billion units of each SKU into the files and starts an engine on them, with at most so many commands a batch.
    pub(crate) fn start(files: &Files, rules: Rules, skus: &[Sku], commands_max: usize) -> Running {
        Shard::new(files.open().0, rules.clone()).stock_up(skus, 1_000_000_000);
        let (store, reader) = files.open();
        let engine = Engine::start(EngineParts {
            store: Box::new(store),
            reader,
            clock: Arc::new(SystemClock),
            channels: Vec::new(),
            carriers: Vec::new(),
            webhook_sender: None,
            rules,
            limits: BatchLimits { commands_max, queue_max: 16_384 },
            on_halt: Box::new(|halt| panic!("{halt}")),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
        Running { engine: engine.expect("the store can be read"), runtime }
    }

    /// Has each group of commands decided as one batch and kept, and takes the answers. The next groups wait in the queue
    /// while one is committed, as commands do in a busy server. The caller sleeps until the last of them is answered: it is not
    /// what is measured.
    pub(crate) fn place(&self, groups: Vec<Vec<Envelope>>) {
        let mut calls: Vec<_> = groups.into_iter().map(|group| Box::pin(self.engine.execute_all(group))).collect();
        for call in &mut calls {
            let submitted = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(submitted.is_pending(), "nothing is answered before it is committed");
        }
        self.runtime.block_on(async {
            for call in calls.into_iter().rev() {
                let answers = call.await.expect("the engine runs");
                let accepted = answers.iter().all(|answer| matches!(answer, Ok(reply) if reply.outcome.is_ok()));
                assert!(accepted, "a placement failed");
            }
        });
    }

    /// What the engine reads from.
    pub(crate) fn reader(&self) -> &Arc<dyn StoreReader> {
        self.engine.reader()
    }
}
