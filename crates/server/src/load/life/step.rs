//! The steps of a life that goes well.

/// One step, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// `POST /v1/orders`
    Place,
    /// `POST /v1/orders/{id}/payments`
    Open,
    /// `POST /sandbox/v1/payments/{id}/pay`
    Pay,
    /// From the answer to the payer until that parcel was sent which the server took, because the order was paid.
    Notified,
    /// `POST /v1/orders/{id}/shipments`
    Ship,
    /// `POST /v1/shipments/{id}/tracking`
    Deliver,
    /// `POST /v1/orders/{id}/confirm-receipt`
    Confirm,
}

impl Step {
    /// Every step.
    pub(super) const ALL: [Step; 7] =
        [Step::Place, Step::Open, Step::Pay, Step::Notified, Step::Ship, Step::Deliver, Step::Confirm];

    /// The word for it in tables.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Step::Place => "place",
            Step::Open => "open",
            Step::Pay => "pay",
            Step::Notified => "notified",
            Step::Ship => "ship",
            Step::Deliver => "deliver",
            Step::Confirm => "confirm",
        }
    }
}
