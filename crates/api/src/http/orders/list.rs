//! `GET /v1/orders`: a user's orders, or everybody's, newest first.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{
    ids::{OrderId, UserId},
    order::{Order, OrderStatus},
};
use ordain_engine::port::store::Before;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    answer,
    app::SharedApp,
    paging::{Page, Parameters, cursor_of, given, limit_of},
    problem::{Place, Problem},
    wire::order_view::{OrderPage, OrderView, StatusWord},
};

/// Which orders are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderQuery {
    /// Only orders of this user.
    user_id: Option<String>,
    /// Only orders in this status.
    #[param(value_type = Option<StatusWord>)]
    status: Option<String>,
    /// Rows of the page: 1 to 100, 20 unless said.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List orders, newest first
///
/// Everybody's orders are looked through 10,000 at a time, so a page may be short and still have a `next_cursor`.
#[utoipa::path(
    get, path = "/v1/orders", tag = "orders", operation_id = "list_orders",
    params(OrderQuery), responses((status = 200, body = OrderPage))
)]
pub(crate) async fn list_orders(
    State(app): State<SharedApp>,
    Parameters(query): Parameters<OrderQuery>,
) -> Result<Response, Problem> {
    let limit = limit_of(query.limit.as_deref())?;
    let key: Option<OrderId> = cursor_of(query.cursor.as_deref(), |text| text.parse().ok())?;
    let status = given(query.status.as_deref()).map(status_of).transpose()?;
    let user = given(query.user_id.as_deref()).map(|text| {
        UserId::new(text).map_err(|error| Problem::invalid_at(Place::Parameter("user_id"), error.to_string()))
    });
    let page: Page<Order> = match user.transpose()? {
        Some(user) => {
            let page = Before { key, limit: limit + 1 };
            let orders = app.read_long(move |reader| reader.orders_of_user(&user, status, page)).await?;
            Page::of(orders, limit, |order| order.id.to_string())
        }
        None => {
            let (data, next) = app.read_long(move |reader| reader.orders(status, Before { key, limit })).await?;
            Page { data, next_cursor: next.map(|id| id.to_string()) }
        }
    };
    Ok(answer::json(StatusCode::OK, &page.map(OrderView::from)))
}

fn status_of(word: &str) -> Result<OrderStatus, Problem> {
    OrderStatus::from_word(word).ok_or_else(|| {
        let words = OrderStatus::ALL.map(OrderStatus::as_str).join(", ");
        Problem::invalid_at(Place::Parameter("status"), format!("must be one of {words}"))
    })
}
