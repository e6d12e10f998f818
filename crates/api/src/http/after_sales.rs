//! After-sales: open, read, list, and the steps of the shop and of the buyer.
//!
//! Which step may be taken when, what it does to goods and money, and every deadline are the domain's.

pub(crate) mod approve;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod open;
pub(crate) mod receive;
pub(crate) mod reject;
pub(crate) mod reship;
pub(crate) mod ship_back;
pub(crate) mod withdraw;

use axum::{http::StatusCode, response::Response};
use ordain_domain::{
    answer::{Answer, Reply},
    ids::AfterSaleId,
};

use crate::{
    answer, app::App, http::respond, preconditions::Precondition, problem::Problem, wire::after_sale::AfterSaleView,
};

/// The answer to a step of an after-sale.
fn stepped(reply: Reply) -> Response {
    respond(reply, |answer| match answer {
        Answer::AfterSale(after_sale) => {
            Some(answer::resource(StatusCode::OK, after_sale.version, &AfterSaleView::from(after_sale.as_ref())))
        }
        _ => None,
    })
}

/// The version that a step shall find.
fn expected(app: &App, precondition: Precondition, id: AfterSaleId) -> Result<Option<u64>, Problem> {
    precondition.expected(|| Ok(app.read(|reader| reader.after_sale(id))?.map(|after_sale| after_sale.version)))
}
