//! Runs the conformance suite against every store, each case a test of its own.

mod memory {
    use std::sync::Arc;

    use ordain_engine::port::store::{Poisoned, ShardStore, StoreReader};
    use ordain_store::{
        conformance::{Fixture, damages::Damage},
        memory::{MemoryReader, MemoryStore},
    };

    struct Memory {
        store: MemoryStore,
        reader: Arc<MemoryReader>,
    }

    impl Fixture for Memory {
        fn open() -> Memory {
            let (store, reader) = MemoryStore::new();
            Memory { store, reader }
        }

        fn store(&mut self) -> &mut dyn ShardStore {
            &mut self.store
        }

        fn reader(&self) -> Arc<dyn StoreReader> {
            let reader: Arc<MemoryReader> = Arc::clone(&self.reader);
            reader
        }

        fn reopen(self) -> Memory {
            Memory { store: self.reader.reopen(), reader: self.reader }
        }

        fn poisoned(&mut self) -> Vec<Poisoned> {
            self.reader.poisoned()
        }

        fn damage(&mut self, damage: &Damage) -> bool {
            self.reader.damage(damage)
        }
    }

    ordain_store::conformance_tests!(Memory);
}
