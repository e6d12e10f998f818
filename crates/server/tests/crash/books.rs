//! What a careful caller writes down of its orders while the server comes and goes, and the load that such callers make.
//!
//! The books are held against the server only by what it answers; its files are not looked into.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use reqwest::Method;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::support::{
    client::{Client, try_answer},
    shop::{id, order},
};

/// Orders of one user that are open at a time are not what these tests are about.
pub(crate) const SETTINGS: &[&str] = &["orders.unpaid_per_user_max=1000000"];

const CALLERS: usize = 24;
const SKUS: u64 = 8;
const UNITS: i64 = 10_000_000;
const PRICE: i64 = 250;

/// The products that the load orders.
pub(crate) async fn open_shop(client: &Client) {
    for number in 0..SKUS {
        client.stocked(&sku(number), PRICE, UNITS).await;
    }
}

fn sku(number: u64) -> String {
    format!("s-{}", number % SKUS)
}

/// The order number `number`: one or two lines, so that locks of several products belong together.
fn numbered(number: u64) -> (String, Value) {
    let (first, second) = (sku(number), sku(number * 3 + 1));
    let lines = [(first.as_str(), 1 + (number % 3) as i64), (second.as_str(), 1)];
    let body = order(&format!("u-{}", number % 97), &lines[..1 + (number % 2) as usize]);
    (format!("order-{number}"), body)
}

/// What became of orders whose answer was never heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retried {
    /// How many there were.
    pub(crate) unanswered: usize,
    /// How many of them had been placed all the same.
    pub(crate) placed_before: usize,
}

/// What is known of every order that was ever sent.
#[derive(Default)]
pub(crate) struct Books {
    next: AtomicU64,
    /// Number and id of orders that were acknowledged.
    placed: Mutex<BTreeMap<u64, String>>,
    /// Numbers of orders that were sent and not answered.
    open: Mutex<BTreeSet<u64>>,
}

impl Books {
    /// How many orders were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.placed.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn sent(&self) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
        number
    }

    fn answered(&self, number: u64, order: &Value) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
        self.placed.lock().unwrap_or_else(PoisonError::into_inner).insert(number, id(order));
    }

    fn placed(&self) -> BTreeMap<u64, String> {
        self.placed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every acknowledged order can be read, and its key still stands for it.
    pub(crate) async fn all_are_there(self: &Arc<Self>, client: &Client) {
        let mut tasks = JoinSet::new();
        let placed: Vec<(u64, String)> = self.placed().into_iter().collect();
        for part in placed.chunks(placed.len().div_ceil(CALLERS).max(1)) {
            let (client, part) = (client.clone(), part.to_vec());
            tasks.spawn(async move {
                for (number, id) in part {
                    let found = client.read(&id).await;
                    assert_eq!(found["status"], "pending_payment", "{found}");
                    let (key, body) = numbered(number);
                    let again = client.place_keyed(&key, &body).await;
                    assert_eq!(again.expect(201)["id"], id.as_str(), "{key} stands for another order");
                    assert!(again.is_replayed(), "{key}: {again}");
                }
            });
        }
        tasks.join_all().await;
    }

    /// Sends what was never answered again.
    pub(crate) async fn retry_the_rest(&self, client: &Client) -> Retried {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut retried = Retried { unanswered: open.len(), placed_before: 0 };
        for number in open {
            let (key, body) = numbered(number);
            let answer = client.place_keyed(&key, &body).await;
            self.answered(number, &answer.expect(201));
            retried.placed_before += usize::from(answer.is_replayed());
        }
        retried
    }

    /// There are as many orders as keys, the stock is what they hold, and the invariants hold.
    pub(crate) async fn add_up(&self, client: &Client) {
        let placed = self.placed();
        let ids: BTreeSet<&String> = placed.values().collect();
        assert_eq!(ids.len(), placed.len(), "two keys stand for one order");
        assert_eq!(client.count("pending_payment").await, placed.len() as u64, "orders and keys");
        let mut held: BTreeMap<String, i64> = BTreeMap::new();
        for number in placed.keys() {
            for line in numbered(*number).1["lines"].as_array().expect("lines") {
                let sku = line["sku"].as_str().expect("a SKU").to_owned();
                *held.entry(sku).or_insert(0) += line["quantity"].as_i64().expect("a quantity");
            }
        }
        for number in 0..SKUS {
            let locked = held.get(&sku(number)).copied().unwrap_or(0);
            assert_eq!(client.stock(&sku(number)).await, [UNITS, locked, UNITS - locked, 0], "{}", sku(number));
        }
        client.verified().await;
    }
}

/// Callers that place one order after another until the server is gone.
pub(crate) struct Load(JoinSet<()>);

impl Load {
    /// Starts them, each with connections of its own.
    pub(crate) fn start(client: &Client, books: &Arc<Books>) -> Load {
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (client, books) = (client.clone(), Arc::clone(books));
            callers.spawn(async move { place_until_it_is_gone(&client, &books).await });
        }
        Load(callers)
    }

    /// Waits until all have noticed.
    pub(crate) async fn ended(self) {
        self.0.join_all().await;
    }
}

async fn place_until_it_is_gone(client: &Client, books: &Books) {
    loop {
        let number = books.sent();
        let (key, body) = numbered(number);
        let request = client.request(Method::POST, "/v1/orders").header("Idempotency-Key", key).json(&body);
        match try_answer(request).await {
            Ok(answer) if answer.status == 201 => books.answered(number, &answer.json()),
            // A server that stops may say so; the order stays open in the books.
            Ok(answer) if answer.status == 503 => return,
            Ok(answer) => panic!("{answer}"),
            Err(_) => return,
        }
    }
}
