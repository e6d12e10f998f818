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
        const COUNTS_UNPAID_EXACTLY: bool = true;

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
            // The deadline of an after-sale is stored once, in the row that the domain reads.
            let can = !matches!(damage, Damage::DueForgotten(_));
            assert!(!can || self.reader.damage(damage), "{damage:?} found no row");
            can
        }
    }

    ordain_store::conformance_tests!(Memory);
}

mod sqlite {
    use std::{path::PathBuf, sync::Arc};

    use ordain_domain::{
        ids::OrderId,
        payment::TransactionKey,
        time::{Span, Timestamp},
        timer::Timer,
    };
    use ordain_engine::port::store::{Poisoned, ShardStore, StoreReader};
    use ordain_store::{
        conformance::{Fixture, UNPAID_PER_USER_MAX, damages::Damage},
        sqlite::{KeyIndexSettings, SqliteReader, SqliteSettings, SqliteStore},
    };
    use rusqlite::{Connection, params};
    use tempfile::TempDir;

    /// A store on a file in a folder of its own, with an index that is cut so small that every case moves its runs.
    struct Sqlite {
        folder: TempDir,
        /// Every other time that it ends, it ends in a crash.
        crashes: bool,
        open: Option<(SqliteStore, Arc<SqliteReader>)>,
    }

    impl Sqlite {
        fn path(&self) -> PathBuf {
            self.folder.path().join("ordain.db")
        }

        fn come_up(&mut self) {
            let settings = SqliteSettings {
                path: self.path(),
                readers: 2,
                cache_bytes: 8 << 20,
                unsafe_synchronous_normal: false,
                answer_retention: Span::seconds(7 * 86_400),
                log_bytes_soft_max: 64 << 20,
                unpaid_per_user_max: UNPAID_PER_USER_MAX,
                key_index: KeyIndexSettings { memtable_entries: 20, fan_out: 3, page_entries: 7 },
            };
            self.open = Some(SqliteStore::open(&settings).expect("the store can be opened"));
        }

        fn opened(&self) -> &(SqliteStore, Arc<SqliteReader>) {
            self.open.as_ref().expect("the store is open")
        }

        /// The files as a crash at this moment would leave them, in a folder of their own.
        fn crash_image(&self) -> TempDir {
            let image = tempfile::tempdir().expect("a temporary folder");
            for name in ["ordain.db", "ordain.db-wal"] {
                let from = self.folder.path().join(name);
                if from.exists() {
                    std::fs::copy(from, image.path().join(name)).expect("a file can be copied");
                }
            }
            image
        }

        /// Another connection to the file.
        fn connection(&self) -> Connection {
            Connection::open(self.path()).expect("the file can be opened")
        }
    }

    impl Fixture for Sqlite {
        const COUNTS_UNPAID_EXACTLY: bool = false;

        fn open() -> Sqlite {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let mut fixture = Sqlite { folder, crashes: false, open: None };
            fixture.come_up();
            fixture
        }

        fn store(&mut self) -> &mut dyn ShardStore {
            &mut self.open.as_mut().expect("the store is open").0
        }

        fn reader(&self) -> Arc<dyn StoreReader> {
            let reader: Arc<SqliteReader> = Arc::clone(&self.opened().1);
            reader
        }

        fn reopen(mut self) -> Sqlite {
            self.crashes = !self.crashes;
            let image = self.crashes.then(|| self.crash_image());
            self.open = None;
            self.folder = image.unwrap_or(self.folder);
            self.come_up();
            self
        }

        fn poisoned(&mut self) -> Vec<Poisoned> {
            let connection = self.connection();
            let mut statement = connection
                .prepare("-- poisoned_list\nSELECT at, command, input, bug FROM poisoned ORDER BY number")
                .expect("the table is there");
            let poisoned = statement.query_map([], |row| {
                let command: String = row.get(1)?;
                assert_eq!(command, "place_order");
                Ok(Poisoned {
                    at: Timestamp(row.get(0)?),
                    command: "place_order",
                    input: row.get(2)?,
                    bug: row.get(3)?,
                })
            });
            poisoned.expect("the table can be read").collect::<Result<_, _>>().expect("its rows can be read")
        }

        fn damage(&mut self, damage: &Damage) -> bool {
            self.open = None;
            let changed = do_damage(&self.connection(), damage);
            self.come_up();
            assert!(changed.expect("the statement is right") > 0, "{damage:?} found no row");
            true
        }
    }

    /// How many rows were changed.
    fn do_damage(file: &Connection, damage: &Damage) -> rusqlite::Result<usize> {
        let number = |order: &OrderId| order.number();
        match damage {
            Damage::LockedCount(sku) => {
                file.execute("UPDATE stock SET locked = locked + 1 WHERE sku = ?1", [sku.as_str()])
            }
            Damage::LedgerEntryLost(sku, entry) => {
                let entry = i64::try_from(*entry).expect("a short ledger");
                file.execute("DELETE FROM stock_movements WHERE sku = ?1 AND number = ?2", params![sku.as_str(), entry])
            }
            Damage::LocksHeldAgain(order) => {
                file.execute("UPDATE stock_locks SET state = 'held' WHERE order_id = ?1", [number(order)])
            }
            Damage::PaidMoney(order) => file.execute("UPDATE orders SET paid = paid + 1 WHERE id = ?1", [number(order)]),
            Damage::EventLost(event) => file.execute("DELETE FROM events WHERE position = ?1", [event.number()]),
            Damage::KeyOfAnotherOrder(first, second) => file.execute(
                "UPDATE orders SET (token, fingerprint) = (SELECT token, fingerprint FROM orders WHERE id = ?1) WHERE id = ?2",
                [number(first), number(second)],
            ),
            Damage::CouponOfAnotherOrder(coupon, order) => {
                file.execute("UPDATE coupons SET order_id = ?1 WHERE id = ?2", [number(order), coupon.number()])
            }
            Damage::PointsBalance(user) => {
                file.execute("UPDATE points SET balance = balance + 1 WHERE user_id = ?1", [user.as_str()])
            }
            Damage::FrozenPoints(user) => {
                file.execute("UPDATE points SET frozen = frozen + 1 WHERE user_id = ?1", [user.as_str()])
            }
            Damage::AgreedTotal(order) => {
                file.execute("UPDATE orders SET total = total + 1 WHERE id = ?1", [number(order)])?;
                file.execute(
                    "UPDATE events SET data = json_set(data, '$.price.total', json_extract(data, '$.price.total') + 1)
                     WHERE position = (SELECT first_event FROM orders WHERE id = ?1)",
                    [number(order)],
                )
            }
            Damage::LockLost(order, sku) => {
                let lock = params![number(order), sku.as_str()];
                file.execute("DELETE FROM stock_locks WHERE order_id = ?1 AND sku = ?2", lock)
            }
            Damage::EventOfAnotherKind(event) => file.execute(
                "UPDATE events SET type = 'order.reinstated', data = '{\"payment\":1}' WHERE position = ?1",
                [event.number()],
            ),
            Damage::TimerLost(Timer { due, kind, order }) => file.execute(
                "DELETE FROM timers WHERE due = ?1 AND kind = ?2 AND order_id = ?3",
                [due.0, kind.number(), number(order)],
            ),
            Damage::TimerLeft(Timer { due, kind, order }) => {
                file.execute("INSERT INTO timers VALUES (?1, ?2, ?3)", [due.0, kind.number(), number(order)])
            }
            Damage::ConsumerAhead(consumer) => file.execute(
                "INSERT INTO cursors (consumer, position) SELECT ?1, last_event + 1 FROM shard_meta",
                [consumer.as_str()],
            ),
            books => do_damage_to_books(file, books),
        }
    }

    fn do_damage_to_books(file: &Connection, damage: &Damage) -> rusqlite::Result<usize> {
        let (sql, id) = match damage {
            Damage::CapturedOfAccount(order) => {
                ("UPDATE order_accounts SET captured = captured + 1 WHERE order_id = ?1", order.number())
            }
            Damage::PaymentsUnnamed(order) => (
                "UPDATE order_accounts SET lists = json_remove(lists, '$.payments') WHERE order_id = ?1",
                order.number(),
            ),
            Damage::MoneyKept(order) => ("UPDATE order_accounts SET refunding = 0 WHERE order_id = ?1", order.number()),
            Damage::RefundingOfPayment(payment) => {
                ("UPDATE payments SET refunding = refunding - 1 WHERE id = ?1", payment.number())
            }
            Damage::MoneyOfLine(order) => {
                ("UPDATE line_accounts SET money = money - 1 WHERE order_id = ?1 AND line = 0", order.number())
            }
            Damage::SecondCounts(payment) => ("UPDATE payments SET counts = 1 WHERE id = ?1", payment.number()),
            Damage::MessageOld(message) => ("UPDATE outbox SET created_at = 0 WHERE id = ?1", message.number()),
            Damage::MessageLost(message) => ("DELETE FROM outbox WHERE id = ?1", message.number()),
            Damage::QueryForgotten(payment) => ("UPDATE payments SET query_at = NULL WHERE id = ?1", payment.number()),
            Damage::StepForgotten(refund) => ("UPDATE refunds SET next_at = NULL WHERE id = ?1", refund.number()),
            Damage::TransactionLost(TransactionKey { channel, transaction }) => {
                let sql = "DELETE FROM channel_transactions WHERE channel = ?1 AND transaction_number = ?2";
                return file.execute(sql, [&**channel, &**transaction]);
            }
            goods => return do_damage_to_goods(file, goods),
        };
        file.execute(sql, [id])
    }

    fn do_damage_to_goods(file: &Connection, damage: &Damage) -> rusqlite::Result<usize> {
        let shipments = |change: &str| format!("UPDATE shipments SET {change} WHERE id = ?1");
        let after_sales = |change: &str| format!("UPDATE after_sales SET {change} WHERE id = ?1");
        let lists = |name: &str| {
            format!("UPDATE order_accounts SET lists = json_remove(lists, '$.{name}') WHERE order_id = ?1")
        };
        let more = |path: &str, by: i64| {
            after_sales(&format!("details = json_set(details, '{path}', json_extract(details, '{path}') + {by})"))
        };
        let (sql, id) = match damage {
            Damage::ParcelElsewhere(id) => (shipments("status = 'in_transit', confirm_due = NULL"), id.number()),
            Damage::ConfirmForgotten(id) => (shipments("confirm_due = NULL"), id.number()),
            Damage::ConfirmMoved(id) => (shipments("confirm_due = 0"), id.number()),
            Damage::CarrierForgotten(id) => (shipments("ask_at = 0"), id.number()),
            Damage::ParcelsUnnamed(order) => (lists("shipments"), order.number()),
            Damage::AfterSalesUnnamed(order) => (lists("after_sales"), order.number()),
            Damage::AfterSaleStuck(id) => (after_sales("status = 'refunding', due = NULL"), id.number()),
            Damage::ReturnForgotten(id) => (after_sales("ship_back_by = NULL"), id.number()),
            Damage::ReviewMoved(id) => (after_sales("review_due_at = 0"), id.number()),
            Damage::DueForgotten(id) => (after_sales("due = NULL"), id.number()),
            Damage::ClaimTooLarge(id) => (more("$.lines[0].quantity", 2), id.number()),
            Damage::KeptTooMany(id) => (more("$.lines[0].kept", 2), id.number()),
            Damage::DifferenceKept(id) => (more("$.replacement.paid", -1), id.number()),
            other => panic!("no statement does {other:?}"),
        };
        file.execute(&sql, [id])
    }

    ordain_store::conformance_tests!(Sqlite);
}
