//! `GET /v1/users/{user}/addresses`: a user's addresses by id.

use axum::{extract::State, http::StatusCode, response::Response};
use ordain_domain::{
    ids::{AddressId, UserId},
    user::UserAddress,
};

use crate::{
    answer,
    app::SharedApp,
    paging::{Page, PageQuery, Parameters, cursor_of, limit_of},
    path::Named,
    problem::Problem,
    wire::address::{UserAddressPage, UserAddressView},
};

/// List a user's addresses, by id
#[utoipa::path(
    get, path = "/v1/users/{user}/addresses", tag = "users", operation_id = "list_addresses",
    params(("user" = String, Path, description = "The caller's name of the user"), PageQuery),
    responses((status = 200, body = UserAddressPage))
)]
pub(crate) async fn list_addresses(
    State(app): State<SharedApp>,
    Named(user): Named<UserId>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Response, Problem> {
    let limit = limit_of(query.limit.as_deref())?;
    let after = cursor_of(query.cursor.as_deref(), |text| AddressId::new(text).ok())?;
    let addresses = app.read_long(move |reader| reader.addresses(&user)).await?;
    let is_later = |address: &UserAddress| after.as_ref().is_none_or(|after| address.id > *after);
    let addresses: Vec<UserAddress> = addresses.into_iter().filter(is_later).take(limit + 1).collect();
    let page = Page::of(addresses, limit, |address| address.id.to_string());
    Ok(answer::json(StatusCode::OK, &page.map(UserAddressView::from)))
}
