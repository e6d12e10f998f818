//! Names in paths, as ids of the domain.
//!
//! A number id that is none of ours is `not_found`: nothing can have that name. A text id is the caller's own choice, so
//! a bad one is `invalid_request` and says what it may hold.

use axum::{
    extract::{FromRequestParts, Path, path::ErrorKind, rejection::PathRejection},
    http::request::Parts,
};
use ordain_domain::ids::{
    AddressId, AfterSaleId, CouponId, DeliveryId, IdError, LetterId, OrderId, PaymentId, PromotionId, ReceiptId,
    RefundId, ShipmentId, Sku, TemplateId, UserId, WebhookId,
};

use crate::problem::{Place, Problem};

/// An id that can stand in a path.
pub(crate) trait PathName: Sized {
    /// The id of a path segment.
    fn parse(text: &str) -> Result<Self, Problem>;
}

macro_rules! text_names {
    ($($id:ty: $parameter:literal),* $(,)?) => {
        $(impl PathName for $id {
            fn parse(text: &str) -> Result<Self, Problem> {
                let refused = |error: IdError| Problem::invalid_at(Place::Parameter($parameter), error.to_string());
                <$id>::new(text).map_err(refused)
            }
        })*
    };
}

text_names! { Sku: "sku", UserId: "user", PromotionId: "id", TemplateId: "id", AddressId: "id", WebhookId: "id" }

macro_rules! number_names {
    ($($id:ty: $thing:literal),* $(,)?) => {
        $(impl PathName for $id {
            fn parse(text: &str) -> Result<Self, Problem> {
                text.parse().map_err(|_| Problem::not_found($thing))
            }
        })*
    };
}

number_names! {
    OrderId: "order", AfterSaleId: "after-sale", CouponId: "coupon", PaymentId: "payment", RefundId: "refund", ReceiptId: "receipt",
    ShipmentId: "shipment",
    LetterId: "dead letter", DeliveryId: "delivery",
}

/// A channel as a caller names it; whether it is there is known by the engine.
#[derive(Debug)]
pub(crate) struct ChannelName(pub(crate) String);

impl PathName for ChannelName {
    fn parse(text: &str) -> Result<ChannelName, Problem> {
        Ok(ChannelName(text.to_owned()))
    }
}

/// The one id of a path.
#[derive(Debug)]
pub(crate) struct Named<T>(pub(crate) T);

impl<S: Send + Sync, T: PathName> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named<T>, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|error| refused(&error))?;
        T::parse(&text).map(Named)
    }
}

/// The two ids of a path.
#[derive(Debug)]
pub(crate) struct NamedPair<A, B>(pub(crate) A, pub(crate) B);

impl<S: Send + Sync, A: PathName, B: PathName> FromRequestParts<S> for NamedPair<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<NamedPair<A, B>, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((first, second)) = path.map_err(|error| refused(&error))?;
        Ok(NamedPair(A::parse(&first)?, B::parse(&second)?))
    }
}

fn refused(error: &PathRejection) -> Problem {
    match error {
        PathRejection::FailedToDeserializePathParams(error)
            if matches!(error.kind(), ErrorKind::InvalidUtf8InPathParam { .. }) =>
        {
            Problem::invalid_at(Place::Parameter("path"), "must be UTF-8 once its percent-encoding is undone")
        }
        _ => {
            tracing::error!(error.message = %error, "a handler and its route disagree about the path's parameters");
            Problem::internal()
        }
    }
}
