//! `GET /v1/users/{user}`.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::ids::UserId;

use crate::{answer, app::SharedApp, path::Named, problem::Problem, wire::user::UserView};

/// Read a user's profile
#[utoipa::path(
    get, path = "/v1/users/{user}", tag = "users", operation_id = "get_user",
    params(("user" = String, Path, description = "The caller's name of the user")),
    responses((status = 200, body = UserView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_user(
    State(app): State<SharedApp>,
    Named(id): Named<UserId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user = app.read(|reader| reader.user(&id))?.ok_or_else(|| Problem::not_found("user"))?;
    Ok(answer::read(&headers, user.version, &UserView::from(&user)))
}
