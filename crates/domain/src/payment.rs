//! Paying an order: attempts, what channels say of them, and what follows for the order.
//!
//! An attempt is its own row and its state is a fold over received facts: duplicates and disorder change nothing. This room
//! calls no channel; it writes messages to the outbox and is told the answers by commands.

mod account;
pub(crate) mod asking;
mod books;
mod command;
pub mod decide;
mod event;
mod money;
mod notification;
mod receipt;
mod report;
mod state;

pub use account::{Closing, LineAccount, OrderAccount};
pub use books::Books;
pub use command::{CallOutcome, OpenPayment, RefreshPayment, ResolveReceipt, TakeChannelAnswer, TakeNotification};
pub(crate) use decide::Attempt;
pub use event::{PaymentCaptured, PaymentEnded, PaymentOpened, PaymentSurplus, SurplusCause};
pub use receipt::{RECEIPT_BODY_MAX, Receipt, ReceiptVerdict, Resolution};
pub use report::{ChannelReport, PaymentReport, RefundReport, ReportedState};
pub use state::{PAYMENT_EDGES, Payment, PaymentStatus, PaymentStep, TransactionKey};
