//! A server that answers like the contract, and on demand breaks it: the check has to notice.
//!
//! Its rows live in a map behind one lock. It is no model of the engine; it has just enough for the load generator.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

/// How the server breaks the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Acknowledges orders without stock for them.
    Oversells,
    /// Acknowledges every 10th order without holding its stock.
    Forgets,
    /// Every 10th order costs a penny more than it should.
    WrongTotal,
    /// Every 10th order is placed and its connection closed without an answer.
    LosesAnswers,
    /// Every 10th order is answered with 500.
    Fails,
    /// Every order is answered with 503 `overloaded`.
    Overloaded,
    /// The first order is answered after this time.
    Stalls(Duration),
}

#[derive(Default)]
struct Rows {
    prices: HashMap<String, i64>,
    /// received, locked
    stock: HashMap<String, (i64, i64)>,
    answers: HashMap<String, (StatusCode, Value)>,
    orders: HashMap<String, Value>,
    asked: u64,
}

#[derive(Clone)]
struct Shop {
    rows: Arc<Mutex<Rows>>,
    fault: Fault,
}

/// A running server; it stops when it is dropped.
pub(crate) struct FakeServer {
    pub(crate) url: String,
    shop: Shop,
    _runtime: tokio::runtime::Runtime,
}

impl FakeServer {
    pub(crate) fn start(fault: Fault) -> FakeServer {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shop = Shop { rows: Arc::default(), fault };
        let router = Router::new()
            .route("/v1/products:import", post(import))
            .route("/v1/stock/{sku}", get(stock))
            .route("/v1/stock/{sku}/adjustments", post(adjust))
            .route("/v1/orders", post(place))
            .route("/v1/orders/batch", post(place_batch))
            .route("/v1/orders/{id}", get(read))
            .with_state(shop.clone());
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        FakeServer { url, shop, _runtime: runtime }
    }

    pub(crate) fn orders(&self) -> usize {
        self.shop.rows.lock().unwrap().orders.len()
    }

    /// Units received of a SKU and units locked.
    pub(crate) fn stock_of(&self, sku: &str) -> Option<(i64, i64)> {
        self.shop.rows.lock().unwrap().stock.get(sku).copied()
    }

    pub(crate) fn price_of(&self, sku: &str) -> Option<i64> {
        self.shop.rows.lock().unwrap().prices.get(sku).copied()
    }
}

async fn import(State(shop): State<Shop>, body: String) -> Json<Value> {
    let mut rows = shop.rows.lock().unwrap();
    let mut errors = Vec::new();
    for (index, line) in body.lines().enumerate() {
        match serde_json::from_str::<Value>(line) {
            Ok(product) if product["price"].is_u64() => {
                let sku = product["sku"].as_str().unwrap().to_owned();
                rows.prices.insert(sku, product["price"].as_i64().unwrap());
            }
            _ => errors.push(json!({"line": index + 1, "pointer": "/price", "detail": "must be a number"})),
        }
    }
    Json(json!({"imported": body.lines().count() - errors.len(), "failed": errors.len(), "errors": errors}))
}

async fn stock(State(shop): State<Shop>, Path(sku): Path<String>) -> Response {
    match shop.rows.lock().unwrap().stock.get(&sku) {
        None => problem(StatusCode::NOT_FOUND, "not_found").into_response(),
        Some((received, locked)) => Json(json!({
            "sku": sku, "on_hand": received, "locked": locked, "available": received - locked, "sold": 0,
            "received": received, "returned": 0, "version": 1,
        }))
        .into_response(),
    }
}

async fn adjust(
    State(shop): State<Shop>,
    Path(sku): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mut rows = shop.rows.lock().unwrap();
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let outcome = (StatusCode::OK, json!({}));
    if rows.answers.insert(key, outcome).is_none() {
        rows.stock.entry(sku).or_default().0 += body["delta"].as_i64().unwrap();
    }
    Json(json!({})).into_response()
}

async fn read(State(shop): State<Shop>, Path(id): Path<String>) -> Response {
    match shop.rows.lock().unwrap().orders.get(&id) {
        None => problem(StatusCode::NOT_FOUND, "not_found").into_response(),
        Some(order) => Json(order.clone()).into_response(),
    }
}

async fn place(State(shop): State<Shop>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let key = headers.get("idempotency-key").map(|key| key.to_str().unwrap().to_owned());
    if let Some((status, answer)) = key.as_ref().and_then(|key| shop.rows.lock().unwrap().answers.get(key).cloned()) {
        return (status, [("idempotency-replayed", "true")], Json(answer)).into_response();
    }
    let (turn, outcome) = {
        let mut rows = shop.rows.lock().unwrap();
        rows.asked += 1;
        let turn = rows.asked;
        (turn, rows.place(&body, key, (shop.fault, turn)))
    };
    match shop.fault {
        // The panic ends the connection's task, which closes the connection without an answer.
        Fault::LosesAnswers if turn % 10 == 0 => panic!("this answer is lost on purpose"),
        Fault::Stalls(time) if turn == 1 => tokio::time::sleep(time).await,
        _ => {}
    }
    (outcome.0, Json(outcome.1)).into_response()
}

async fn place_batch(State(shop): State<Shop>, Json(body): Json<Value>) -> Json<Value> {
    let mut rows = shop.rows.lock().unwrap();
    let mut data = Vec::new();
    for order in body["orders"].as_array().unwrap() {
        rows.asked += 1;
        let turn = rows.asked;
        let (status, answer) = rows.place(order, None, (shop.fault, turn));
        let name = if status == StatusCode::CREATED { "order" } else { "problem" };
        assert!(order["idempotency_key"].is_string());
        data.push(json!({"status": status.as_u16(), name: answer}));
    }
    Json(json!({"data": data}))
}

impl Rows {
    fn place(&mut self, body: &Value, key: Option<String>, (fault, turn): (Fault, u64)) -> (StatusCode, Value) {
        let is_tenth = turn.is_multiple_of(10);
        if fault == Fault::Overloaded {
            return problem_value(StatusCode::SERVICE_UNAVAILABLE, "overloaded");
        }
        if fault == Fault::Fails && is_tenth {
            return problem_value(StatusCode::INTERNAL_SERVER_ERROR, "internal");
        }
        let outcome = self.decide(body, turn, (fault, is_tenth));
        if let Some(key) = key {
            self.answers.insert(key, outcome.clone());
        }
        outcome
    }

    fn decide(&mut self, body: &Value, turn: u64, (fault, is_tenth): (Fault, bool)) -> (StatusCode, Value) {
        let mut needed: HashMap<&str, i64> = HashMap::new();
        let mut total = 0;
        for line in body["lines"].as_array().unwrap() {
            let (sku, quantity) = (line["sku"].as_str().unwrap(), line["quantity"].as_i64().unwrap());
            *needed.entry(sku).or_default() += quantity;
            total += self.prices[sku] * quantity;
        }
        if body["expected_total"].as_i64() != Some(total) {
            return problem_value(StatusCode::CONFLICT, "price_changed");
        }
        let available = |sku: &str| self.stock.get(sku).map_or(0, |(received, locked)| received - locked);
        if fault != Fault::Oversells && needed.iter().any(|(sku, units)| available(sku) < *units) {
            return problem_value(StatusCode::CONFLICT, "insufficient_stock");
        }
        if !(fault == Fault::Forgets && is_tenth) {
            for (sku, units) in needed {
                self.stock.entry(sku.to_owned()).or_default().1 += units;
            }
        }
        let id = format!("ord_{turn}");
        let total = total + i64::from(fault == Fault::WrongTotal && is_tenth);
        let order = json!({
            "id": id, "user_id": body["user_id"], "price": {"goods": total, "total": total, "applied": []},
            "expires_at": "2999-01-01T00:00:00Z",
        });
        self.orders.insert(id, order.clone());
        (StatusCode::CREATED, order)
    }
}

fn problem_value(status: StatusCode, code: &str) -> (StatusCode, Value) {
    (status, json!({"type": "about:blank", "status": status.as_u16(), "code": code}))
}

fn problem(status: StatusCode, code: &str) -> (StatusCode, Json<Value>) {
    let (status, value) = problem_value(status, code);
    (status, Json(value))
}
