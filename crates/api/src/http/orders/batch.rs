//! `POST /v1/orders/batch`: up to 500 orders in one request, each with its own key, each answered for itself.
//!
//! The orders reach the engine together. What is wrong with one of them is said in its own place; only a body that is not
//! JSON fails as a whole.

use axum::{body::Body, extract::State, http::header::CONTENT_TYPE, response::Response};
use ordain_domain::{
    answer::{Answer, Reply},
    command::{Command, Envelope},
    idempotency::Idempotency,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::place::count;
use crate::{
    answer::JSON,
    app::{App, SharedApp, envelope},
    body::JsonBody,
    json_text::parse_json,
    problem::{FieldError, Place, Problem},
    refusal::{problem_of_failure, problem_of_refusal},
    submission::fingerprint,
    wire::{
        order_body::{BatchBody, OrderBody},
        order_view::OrderView,
        problem_view::ProblemView,
    },
};

/// Most orders of one request.
const ORDERS_MAX: usize = 500;
/// Room for the answer to one order.
const ITEM_CAPACITY: usize = 768;
const PATH: &str = "/v1/orders/batch";

/// What became of one order: `order` when the status is 201, `problem` otherwise.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchItem)]
struct ItemView<'a> {
    /// The status that the order alone would have been answered with.
    status: u16,
    /// Whether the answer is an earlier one.
    replayed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ProblemView>)]
    problem: Option<&'a Problem>,
}

/// What became of the orders, in their order.
#[derive(ToSchema)]
#[schema(as = BatchAnswer)]
#[expect(dead_code, reason = "only its schema is used: the answer is written item by item")]
struct BatchView<'a> {
    data: Vec<ItemView<'a>>,
}

/// Place several orders
#[utoipa::path(
    post, path = "/v1/orders/batch", tag = "orders", operation_id = "place_orders",
    request_body = BatchBody,
    responses((status = 200, body = BatchView, description = "Each order's own answer, in the order of the request"))
)]
pub(crate) async fn place_orders(State(app): State<SharedApp>, body: JsonBody) -> Result<Response, Problem> {
    let batch = body.parse::<BatchBody<'_>>()?;
    if batch.orders.is_empty() || batch.orders.len() > ORDERS_MAX {
        return Err(Problem::invalid(vec![FieldError::at("/orders", "must have from 1 to 500 orders")]));
    }
    let mut envelopes = Vec::with_capacity(batch.orders.len());
    let items: Vec<Result<(), Problem>> = batch
        .orders
        .iter()
        .map(|item| envelope_of(&app, item.get()).map(|envelope| envelopes.push(envelope)))
        .collect();
    let answers = app.execute_all(envelopes).await?;
    let mut answers = answers.into_iter();
    let mut written = Vec::with_capacity(items.len() * ITEM_CAPACITY);
    written.extend_from_slice(b"{\"data\":[");
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            written.push(b',');
        }
        let reply = item.and_then(|()| {
            let answer = answers.next().expect("every order that was sent has an answer");
            answer.map_err(|failure| problem_of_failure(&failure))
        });
        write_item(&app, reply, &mut written);
    }
    written.extend_from_slice(b"]}");
    let mut response = Response::new(Body::from(written));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    Ok(response)
}

fn envelope_of(app: &App, item: &str) -> Result<Envelope, Problem> {
    let rules = app.engine.rules();
    let (command, key) = parse_json::<OrderBody<'_>>(item.as_bytes())?.into_batch_command(rules.lines_max)?;
    if key.is_none() && rules.duplicate_window.0 == 0 {
        return Err(Problem::invalid_at(Place::Pointer("/idempotency_key".to_owned()), "is required"));
    }
    let idempotency = key.map(|key| Idempotency { key, fingerprint: fingerprint("POST", PATH, item.as_bytes()) });
    Ok(envelope(None, idempotency, Command::PlaceOrder(command)))
}

fn write_item(app: &App, reply: Result<Reply, Problem>, written: &mut Vec<u8>) {
    let (order, problem, replayed) = match reply {
        Err(problem) => {
            app.metrics.order_refused(problem.code());
            (None, Some(problem), false)
        }
        Ok(reply) => {
            count(app, &reply);
            match reply.outcome {
                Ok(Answer::Order(order)) => (Some(order), None, reply.replayed),
                Ok(_) => (None, Some(Problem::internal()), reply.replayed),
                Err(refusal) => (None, Some(problem_of_refusal(&refusal)), reply.replayed),
            }
        }
    };
    let view = ItemView {
        status: problem.as_ref().map_or(201, |problem| problem.status().as_u16()),
        replayed,
        order: order.as_deref().map(OrderView::from),
        problem: problem.as_ref(),
    };
    serde_json::to_writer(written, &view).expect("wire types hold only what JSON can hold");
}
