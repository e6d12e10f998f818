//! After-sales: money back, goods back, or other goods for units that were shipped.
//!
//! An after-sale has up to three legs, and each may fail alone: the goods come back (the return), money goes back or a price
//! difference is paid (the money), other goods are sent (the replacement). Units are in at most one open after-sale. This room
//! calls nobody and moves no money by itself: refunds, attempts to pay and stock have rooms of their own.

mod claims;
mod command;
mod deadlines;
pub mod decide;
mod event;
mod receive;
mod replacement;
mod state;

pub use command::{
    AfterSaleRequestLine, ApproveAfterSale, InspectedLine, OpenAfterSale, ReceiveAfterSale, RejectAfterSale,
    ReshipAfterSale, ShipBackAfterSale, WithdrawAfterSale,
};
pub use event::{
    AfterSaleApproved, AfterSaleClosed, AfterSaleOpened, AfterSaleReceived, AfterSaleRejected, AfterSaleReshipped,
    AfterSaleShippedBack, AfterSaleWithdrawn, ReplacementReleased,
};
pub use state::{
    AFTER_SALE_EDGES, AfterSale, AfterSaleKind, AfterSaleLine, AfterSaleStatus, AfterSaleStep, Consignment, Inspection,
    LegState, ReplacementLeg,
};
