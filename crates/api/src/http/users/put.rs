//! `PUT /v1/users/{user}`: creates or replaces a profile. An order needs none.

use axum::{extract::State, response::Response};
use ordain_domain::{answer::Answer, command::Command, ids::UserId, user::PutUser};

use crate::{
    answer,
    app::SharedApp,
    body::JsonBody,
    http::respond,
    path::Named,
    preconditions::Precondition,
    problem::Problem,
    wire::user::{UserBody, UserView},
};

/// Create or replace a user's profile
#[utoipa::path(
    put, path = "/v1/users/{user}", tag = "users", operation_id = "put_user",
    params(("user" = String, Path, description = "The caller's name of the user"), ("If-Match" = Option<String>, Header)),
    request_body = UserBody,
    responses((status = 200, body = UserView, description = "Replaced"), (status = 201, body = UserView, description = "Created"))
)]
pub(crate) async fn put_user(
    State(app): State<SharedApp>,
    Named(id): Named<UserId>,
    precondition: Precondition,
    body: JsonBody,
) -> Result<Response, Problem> {
    let user = body.parse::<UserBody<'_>>()?.into_user(id)?;
    let stored = || Ok(app.read(|reader| reader.user(&user.id))?.map(|stored| stored.version));
    let expected_version = precondition.expected(stored)?;
    let reply = app.execute(None, None, Command::PutUser(PutUser { user, expected_version })).await?;
    Ok(respond(reply, |answer| match answer {
        Answer::User(user) => Some(answer::put(user.version, &UserView::from(user))),
        _ => None,
    }))
}
