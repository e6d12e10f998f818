//! `GET /v1/users/{user}/addresses/{id}`.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::{AddressId, UserId};

use crate::{answer, app::SharedApp, path::NamedPair, problem::Problem, wire::address::UserAddressView};

/// Read an address of a user
#[utoipa::path(
    get, path = "/v1/users/{user}/addresses/{id}", tag = "users", operation_id = "get_address",
    params(
        ("user" = String, Path, description = "The caller's name of the user"),
        ("id" = String, Path, description = "The caller's name of the address")
    ),
    responses((status = 200, body = UserAddressView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_address(
    State(app): State<SharedApp>,
    NamedPair(user, id): NamedPair<UserId, AddressId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let address = app.read(|reader| reader.address(&user, &id))?.ok_or_else(|| Problem::not_found("address"))?;
    Ok(answer::read(&headers, address.version, &UserAddressView::from(&address)))
}
