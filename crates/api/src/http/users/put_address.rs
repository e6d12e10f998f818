//! `PUT /v1/users/{user}/addresses/{id}`: creates or replaces an address. Orders keep the copy they were placed with.

use axum::{extract::State, response::Response};
use ordain_domain::{
    answer::Answer,
    command::Command,
    ids::{AddressId, UserId},
    time::Timestamp,
    user::{PutAddress, UserAddress},
};

use crate::{
    answer,
    app::SharedApp,
    body::JsonBody,
    field_errors::FieldErrors,
    http::respond,
    path::NamedPair,
    preconditions::Precondition,
    problem::Problem,
    wire::address::{AddressBody, UserAddressView},
};

/// Create or replace an address of a user
#[utoipa::path(
    put, path = "/v1/users/{user}/addresses/{id}", tag = "users", operation_id = "put_address",
    params(
        ("user" = String, Path, description = "The caller's name of the user"),
        ("id" = String, Path, description = "The caller's name of the address"),
        ("If-Match" = Option<String>, Header)
    ),
    request_body = AddressBody,
    responses(
        (status = 200, body = UserAddressView, description = "Replaced"),
        (status = 201, body = UserAddressView, description = "Created")
    )
)]
pub(crate) async fn put_address(
    State(app): State<SharedApp>,
    NamedPair(user_id, id): NamedPair<UserId, AddressId>,
    precondition: Precondition,
    body: JsonBody,
) -> Result<Response, Problem> {
    let body = body.parse::<AddressBody<'_>>()?;
    let mut errors = FieldErrors::new();
    body.check(&mut errors, "");
    let address = errors.finish(Some(body.to_address()))?;
    let stored = || Ok(app.read(|reader| reader.address(&user_id, &id))?.map(|stored| stored.version));
    let expected_version = precondition.expected(stored)?;
    let address = UserAddress { user_id, id, address, version: 0, updated_at: Timestamp(0) };
    let reply = app.execute(None, None, Command::PutAddress(PutAddress { address, expected_version })).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::Address(address) => Some(answer::put(address.version, &UserAddressView::from(address))),
        _ => None,
    }))
}
