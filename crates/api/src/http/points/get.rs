//! `GET /v1/users/{user}/points`: the account and a page of its ledger, newest first. Who never had points has none.

use axum::{extract::State, http::HeaderMap, response::Response};
use ordain_domain::{ids::UserId, points::PointsAccount};
use ordain_engine::port::store::Before;

use crate::{
    answer,
    app::SharedApp,
    paging::{Page, PageQuery, Parameters, cursor_of, limit_of},
    path::Named,
    problem::Problem,
    wire::points::{EntryView, PointsWithEntriesView},
};

/// Read a user's points
#[utoipa::path(
    get, path = "/v1/users/{user}/points", tag = "users", operation_id = "get_points",
    params(("user" = String, Path, description = "The caller's name of the user"), PageQuery),
    responses((status = 200, body = PointsWithEntriesView), (status = 304, description = "The caller has this version"))
)]
pub(crate) async fn get_points(
    State(app): State<SharedApp>,
    Named(user): Named<UserId>,
    Parameters(query): Parameters<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = limit_of(query.limit.as_deref())?;
    let key: Option<u64> = cursor_of(query.cursor.as_deref(), |text| text.parse().ok())?;
    let (account, entries) = app
        .read_long(move |reader| {
            let account = reader.points(&user)?;
            let entries = reader.points_entries(&user, Before { key, limit: limit + 1 })?;
            Ok((account.unwrap_or_else(|| PointsAccount::empty(user)), entries))
        })
        .await?;
    let page = Page::of(entries, limit, |entry| entry.number.to_string());
    let page = page.map(EntryView::from);
    let view = PointsWithEntriesView {
        user_id: account.user_id.as_str(),
        balance: account.balance,
        frozen: account.frozen,
        version: account.version,
        entries: page.data,
        next_cursor: page.next_cursor,
    };
    Ok(answer::read(&headers, account.version, &view))
}
