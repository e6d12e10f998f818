//! Every command, and for each the rows it must have loaded.
//!
//! `keys` is asked in rounds: a cancel first names its order, and once that is loaded, the stock its locks are on. Keys that
//! depend on a row depend only on the part of it that never changes, so that an earlier command of the same batch cannot
//! make them wrong.

use crate::{
    after_sale::{
        ApproveAfterSale, OpenAfterSale, ReceiveAfterSale, RejectAfterSale, ReshipAfterSale, ShipBackAfterSale,
        WithdrawAfterSale,
    },
    catalog::command::{PutProducts, PutPromotion, PutTemplate},
    coupon::GrantCoupon,
    event::Actor,
    idempotency::{AnswerKey, Idempotency, KeyScope},
    ids::{AfterSaleId, OrderId},
    letter::{RecordDelivery, ReplayLetter, RewindConsumer, SettleEvents, SkipLetter},
    order::{CancelOrder, CloseOrder, PlaceOrder, decide::key_of},
    outbox::Task,
    payment::{
        CallOutcome, ChannelReport, OpenPayment, RefreshPayment, ResolveReceipt, TakeChannelAnswer, TakeNotification,
        TransactionKey,
    },
    points::AdjustPoints,
    refund::{RequestRefund, ResolveRefund, RetryRefund},
    rows::Wanted,
    shipment::{ConfirmReceipt, CreateShipment, ShipmentStatus, TrackShipment},
    stock::AdjustStock,
    user::{PutAddress, PutUser},
    webhook::{DeleteWebhook, DisableWebhook, NoteAttempts, PutWebhook, RotateSecret},
};
use alloc::sync::Arc;

/// What may be asked of a shard.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Places an order.
    PlaceOrder(PlaceOrder),
    /// Cancels an unpaid order.
    CancelOrder(CancelOrder),
    /// Closes an order whose payment window is over.
    CloseOrder(CloseOrder),
    /// Opens an attempt to pay an order.
    OpenPayment(OpenPayment),
    /// Asks a channel where an attempt stands.
    RefreshPayment(RefreshPayment),
    /// Takes what became of a call to a channel.
    TakeChannelAnswer(TakeChannelAnswer),
    /// Takes a channel's notification.
    TakeNotification(TakeNotification),
    /// Settles a quarantined notification.
    ResolveReceipt(ResolveReceipt),
    /// Asks the channels about an order's open attempts.
    AskChannels(OrderId),
    /// Gives money back.
    RequestRefund(RequestRefund),
    /// Tries a refund again.
    RetryRefund(RetryRefund),
    /// Settles a refund that was paid outside of its channel.
    ResolveRefund(ResolveRefund),
    /// Asks about an order's refunds, or sends them again.
    WorkRefunds(OrderId),
    /// Hands paid units to a carrier.
    CreateShipment(CreateShipment),
    /// Tells what a carrier said of a parcel.
    TrackShipment(TrackShipment),
    /// Confirms the receipt of everything that was shipped.
    ConfirmReceipt(ConfirmReceipt),
    /// Confirms the receipt of an order's parcels whose time to object is over.
    ConfirmDue(OrderId),
    /// Tells carriers of an order's parcels, or asks about them.
    AskCarriers(OrderId),
    /// Opens an after-sale.
    OpenAfterSale(OpenAfterSale),
    /// Agrees to an after-sale.
    ApproveAfterSale(ApproveAfterSale),
    /// Does not agree to it.
    RejectAfterSale(RejectAfterSale),
    /// Takes it back.
    WithdrawAfterSale(WithdrawAfterSale),
    /// Sends its goods back.
    ShipBackAfterSale(ShipBackAfterSale),
    /// Receives and inspects its goods.
    ReceiveAfterSale(ReceiveAfterSale),
    /// Sends its replacement.
    ReshipAfterSale(ReshipAfterSale),
    /// Does what an order's after-sales are due for.
    WorkAfterSales(OrderId),
    /// Receives or writes off stock.
    AdjustStock(AdjustStock),
    /// Grants a coupon.
    GrantCoupon(GrantCoupon),
    /// Adds or takes points.
    AdjustPoints(AdjustPoints),
    /// Creates or replaces products.
    PutProducts(PutProducts),
    /// Creates or replaces a promotion.
    PutPromotion(PutPromotion),
    /// Creates or replaces a coupon template.
    PutTemplate(PutTemplate),
    /// Creates or replaces a profile.
    PutUser(PutUser),
    /// Creates or replaces an address.
    PutAddress(PutAddress),
    /// Moves a consumer's cursor, and parks what it did not take.
    SettleEvents(SettleEvents),
    /// Takes what became of a try to deliver a letter.
    RecordDelivery(RecordDelivery),
    /// Tries a letter now.
    ReplayLetter(ReplayLetter),
    /// Gives a letter up.
    SkipLetter(SkipLetter),
    /// Moves a consumer back in the log.
    RewindConsumer(RewindConsumer),
    /// Creates or replaces a webhook endpoint.
    PutWebhook(PutWebhook),
    /// Deletes a webhook endpoint.
    DeleteWebhook(DeleteWebhook),
    /// Gives a webhook endpoint a new secret.
    RotateSecret(RotateSecret),
    /// Stops telling a webhook endpoint.
    DisableWebhook(DisableWebhook),
    /// Keeps tries to tell a webhook endpoint.
    NoteAttempts(NoteAttempts),
}

impl Command {
    /// The word for it in metrics and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Command::PlaceOrder(_) => "place_order",
            Command::CancelOrder(_) => "cancel_order",
            Command::CloseOrder(_) => "close_order",
            Command::OpenPayment(_) => "open_payment",
            Command::RefreshPayment(_) => "refresh_payment",
            Command::TakeChannelAnswer(_) => "take_channel_answer",
            Command::TakeNotification(_) => "take_notification",
            Command::ResolveReceipt(_) => "resolve_receipt",
            Command::AskChannels(_) => "ask_channels",
            Command::RequestRefund(_) => "request_refund",
            Command::RetryRefund(_) => "retry_refund",
            Command::ResolveRefund(_) => "resolve_refund",
            Command::WorkRefunds(_) => "work_refunds",
            Command::CreateShipment(_) => "create_shipment",
            Command::TrackShipment(_) => "track_shipment",
            Command::ConfirmReceipt(_) => "confirm_receipt",
            Command::ConfirmDue(_) => "confirm_due",
            Command::AskCarriers(_) => "ask_carriers",
            Command::OpenAfterSale(_) => "open_after_sale",
            Command::ApproveAfterSale(_) => "approve_after_sale",
            Command::RejectAfterSale(_) => "reject_after_sale",
            Command::WithdrawAfterSale(_) => "withdraw_after_sale",
            Command::ShipBackAfterSale(_) => "ship_back_after_sale",
            Command::ReceiveAfterSale(_) => "receive_after_sale",
            Command::ReshipAfterSale(_) => "reship_after_sale",
            Command::WorkAfterSales(_) => "work_after_sales",
            Command::AdjustStock(_) => "adjust_stock",
            Command::GrantCoupon(_) => "grant_coupon",
            Command::AdjustPoints(_) => "adjust_points",
            Command::PutProducts(_) => "put_products",
            Command::PutPromotion(_) => "put_promotion",
            Command::PutTemplate(_) => "put_template",
            Command::PutUser(_) => "put_user",
            Command::PutAddress(_) => "put_address",
            Command::SettleEvents(_) => "settle_events",
            Command::RecordDelivery(_) => "record_delivery",
            Command::ReplayLetter(_) => "replay_letter",
            Command::SkipLetter(_) => "skip_letter",
            Command::RewindConsumer(_) => "rewind_consumer",
            Command::PutWebhook(_) => "put_webhook",
            Command::DeleteWebhook(_) => "delete_webhook",
            Command::RotateSecret(_) => "rotate_secret",
            Command::DisableWebhook(_) => "disable_webhook",
            Command::NoteAttempts(_) => "note_attempts",
        }
    }
}

/// A command with who asks and under which key.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    /// Who asks.
    pub actor: Actor,
    /// Within what the key is unique, for commands other than placing: the route and the caller. Empty where no key is
    /// taken.
    pub scope: Arc<str>,
    /// The caller's idempotency key.
    pub idempotency: Option<Idempotency>,
    /// What is asked.
    pub command: Command,
}

impl Envelope {
    /// Name of the answer that is kept under the command's key; none without a key.
    #[must_use]
    pub fn answer_key(&self) -> Option<AnswerKey> {
        let key = Arc::clone(&self.idempotency.as_ref()?.key);
        let scope = match &self.command {
            Command::PlaceOrder(place) => KeyScope::Place(place.user_id.clone()),
            _ => KeyScope::Route(Arc::clone(&self.scope)),
        };
        Some(AnswerKey { scope, key })
    }

    /// Whether `keys` may name more once the first rows are loaded.
    #[must_use]
    pub const fn has_rounds(&self) -> bool {
        !matches!(
            self.command,
            Command::PlaceOrder(_)
                | Command::AdjustStock(_)
                | Command::GrantCoupon(_)
                | Command::AdjustPoints(_)
                | Command::PutProducts(_)
                | Command::PutPromotion(_)
                | Command::PutTemplate(_)
                | Command::PutUser(_)
                | Command::PutAddress(_)
                | Command::SettleEvents(_)
                | Command::RewindConsumer(_)
                | Command::PutWebhook(_)
                | Command::DeleteWebhook(_)
                | Command::RotateSecret(_)
                | Command::DisableWebhook(_)
                | Command::NoteAttempts(_)
        )
    }

    /// Adds the keys of the rows that deciding this command reads, as far as those that are loaded let one tell.
    pub fn keys(&self, wanted: &mut Wanted<'_>) {
        if let Some(key) = self.answer_key() {
            wanted.answers(key);
        }
        match &self.command {
            Command::PlaceOrder(place) => self.keys_of_place(place, wanted),
            Command::AdjustStock(adjust) => {
                wanted.stock(adjust.sku.clone());
            }
            Command::GrantCoupon(grant) => {
                wanted.template_usage(grant.template.clone());
                wanted.user_template_usage((grant.user_id.clone(), grant.template.clone()));
            }
            Command::AdjustPoints(adjust) => {
                wanted.points(adjust.user_id.clone());
            }
            Command::PutUser(put) => {
                wanted.users(put.user.id.clone());
            }
            Command::PutAddress(put) => {
                wanted.addresses((put.address.user_id.clone(), put.address.id.clone()));
            }
            Command::SettleEvents(_)
            | Command::RecordDelivery(_)
            | Command::ReplayLetter(_)
            | Command::SkipLetter(_)
            | Command::RewindConsumer(_)
            | Command::PutWebhook(_)
            | Command::DeleteWebhook(_)
            | Command::RotateSecret(_)
            | Command::DisableWebhook(_)
            | Command::NoteAttempts(_) => keys_of_consumers(&self.command, wanted),
            Command::PutProducts(_) | Command::PutPromotion(_) | Command::PutTemplate(_) => {}
            _ => self.keys_of_money(wanted),
        }
    }

    /// The commands on an order's money; then those on its goods.
    fn keys_of_money(&self, wanted: &mut Wanted<'_>) {
        match &self.command {
            Command::CancelOrder(CancelOrder { order, .. }) => keys_of_goods(*order, wanted),
            Command::CloseOrder(CloseOrder { order }) => keys_of_holdings(*order, wanted),
            Command::OpenPayment(OpenPayment { order, .. })
            | Command::AskChannels(order)
            | Command::WorkRefunds(order) => keys_of_books(*order, wanted),
            Command::RefreshPayment(RefreshPayment { payment }) => {
                wanted.payments(*payment);
                if let Some(Some(row)) = wanted.loaded.payments.get(payment) {
                    keys_of_books(row.order, wanted);
                }
            }
            Command::TakeChannelAnswer(answer) => {
                match answer.task {
                    Task::AnnounceShipment(_) | Task::TrackShipment(_) => keys_of_goods(answer.order, wanted),
                    _ => keys_of_holdings(answer.order, wanted),
                }
                if let CallOutcome::Answered(report) = &answer.outcome {
                    keys_of_report(report, wanted);
                }
            }
            Command::TakeNotification(TakeNotification { report, .. }) => {
                if let Some(report) = report {
                    keys_of_report(report, wanted);
                }
            }
            Command::ResolveReceipt(ResolveReceipt { receipt, .. }) => {
                wanted.receipts(*receipt);
            }
            Command::RequestRefund(RequestRefund { order, .. }) => keys_of_holdings(*order, wanted),
            Command::RetryRefund(RetryRefund { refund }) | Command::ResolveRefund(ResolveRefund { refund, .. }) => {
                wanted.refunds(*refund);
                if let Some(Some(row)) = wanted.loaded.refunds.get(refund) {
                    keys_of_books(row.order, wanted);
                }
            }
            _ => self.keys_of_fulfilment(wanted),
        }
    }

    fn keys_of_fulfilment(&self, wanted: &mut Wanted<'_>) {
        match &self.command {
            Command::CreateShipment(CreateShipment { order, .. }) | Command::AskCarriers(order) => {
                keys_of_books(*order, wanted);
            }
            Command::ConfirmReceipt(ConfirmReceipt { order, .. }) | Command::ConfirmDue(order) => {
                keys_of_books(*order, wanted);
                keys_of_earning(*order, wanted);
            }
            Command::WorkAfterSales(order) => keys_of_goods(*order, wanted),
            Command::OpenAfterSale(open) => {
                keys_of_books(open.order, wanted);
                open.lines.iter().filter_map(|line| line.replacement.clone()).for_each(|key| wanted.stock(key));
            }
            Command::TrackShipment(track) => keys_of_tracking(track, wanted),
            Command::ApproveAfterSale(ApproveAfterSale { after_sale, .. })
            | Command::RejectAfterSale(RejectAfterSale { after_sale, .. })
            | Command::WithdrawAfterSale(WithdrawAfterSale { after_sale, .. })
            | Command::ShipBackAfterSale(ShipBackAfterSale { after_sale, .. })
            | Command::ReceiveAfterSale(ReceiveAfterSale { after_sale, .. })
            | Command::ReshipAfterSale(ReshipAfterSale { after_sale, .. }) => {
                keys_of_after_sale(*after_sale, wanted);
            }
            other => unreachable!("{} has its keys above", other.name()),
        }
    }

    fn keys_of_place(&self, place: &PlaceOrder, wanted: &mut Wanted<'_>) {
        let demand = place.demand();
        wanted.order_keys(key_of(place, self.idempotency.as_ref(), &demand));
        demand.into_keys().for_each(|key| wanted.stock(key));
        wanted.open_orders(place.user_id.clone());
        place.coupon.into_iter().for_each(|key| wanted.coupons(key));
        if place.points > 0 {
            wanted.points(place.user_id.clone());
        }
    }
}

/// An order with its account and the attempts and refunds that it names. Those that an earlier command of the batch adds are
/// in the batch itself.
fn keys_of_books(order: OrderId, wanted: &mut Wanted<'_>) {
    wanted.orders(order);
    wanted.accounts(order);
    let Some(Some(account)) = wanted.loaded.accounts.get(&order) else { return };
    account.payments.iter().copied().for_each(|key| wanted.payments(key));
    account.refunds.iter().copied().for_each(|key| wanted.refunds(key));
    account.shipments.iter().copied().for_each(|key| wanted.shipments(key));
    account.after_sales.iter().copied().for_each(|key| wanted.after_sales(key));
}

/// An order's books and everything that it holds or held: its locks and their stock, its coupon, its user's points and count.
fn keys_of_holdings(order: OrderId, wanted: &mut Wanted<'_>) {
    keys_of_books(order, wanted);
    wanted.locks(order);
    let Some(Some(order)) = wanted.loaded.orders.get(&order) else { return };
    order.placed.lines.iter().map(|line| line.sku.clone()).for_each(|key| wanted.stock(key));
    order.placed.coupon.into_iter().for_each(|key| wanted.coupons(key));
    wanted.open_orders(order.placed.user_id.clone());
    if order.placed.price.points > 0 {
        wanted.points(order.placed.user_id.clone());
    }
}

/// What moving an order's goods may change: all it holds, the stock of replacements, and the points that it may earn.
fn keys_of_goods(order: OrderId, wanted: &mut Wanted<'_>) {
    keys_of_holdings(order, wanted);
    keys_of_earning(order, wanted);
    let Some(Some(account)) = wanted.loaded.accounts.get(&order) else { return };
    for after_sale in account.after_sales.iter().filter_map(|id| wanted.loaded.after_sales.get(id)?.as_ref()) {
        after_sale.replacements().cloned().for_each(|key| wanted.stock(key));
    }
}

/// A completed order earns points.
fn keys_of_earning(order: OrderId, wanted: &mut Wanted<'_>) {
    if let Some(Some(row)) = wanted.loaded.orders.get(&order) {
        wanted.points(row.placed.user_id.clone());
    }
}

/// Only a parcel that comes back to the shop touches more than the order's own books.
fn keys_of_tracking(track: &TrackShipment, wanted: &mut Wanted<'_>) {
    wanted.shipments(track.shipment);
    let Some(Some(row)) = wanted.loaded.shipments.get(&track.shipment) else { return };
    if track.fact.status == ShipmentStatus::Returned {
        keys_of_goods(row.order, wanted);
    } else {
        keys_of_books(row.order, wanted);
    }
}

fn keys_of_after_sale(after_sale: AfterSaleId, wanted: &mut Wanted<'_>) {
    wanted.after_sales(after_sale);
    if let Some(Some(row)) = wanted.loaded.after_sales.get(&after_sale) {
        keys_of_goods(row.order, wanted);
    }
}

/// What a channel's word may change: the attempt or refund that it names, and from there the order with all it holds.
fn keys_of_report(report: &ChannelReport, wanted: &mut Wanted<'_>) {
    match report {
        ChannelReport::Payment(report) => {
            wanted.payments(report.payment);
            let Some(Some(payment)) = wanted.loaded.payments.get(&report.payment) else { return };
            keys_of_holdings(payment.order, wanted);
            if let Some(transaction) = &report.transaction {
                let channel = Arc::clone(&payment.channel);
                wanted.transactions(TransactionKey { channel, transaction: Arc::clone(transaction) });
            }
        }
        ChannelReport::Refund(report) => {
            wanted.refunds(report.refund);
            let Some(Some(refund)) = wanted.loaded.refunds.get(&report.refund) else { return };
            keys_of_books(refund.order, wanted);
        }
    }
}

/// The rows of consumers, letters and endpoints. A letter never changes its consumer.
fn keys_of_consumers(command: &Command, wanted: &mut Wanted<'_>) {
    match command {
        Command::SettleEvents(settle) => {
            wanted.cursors(settle.consumer.clone());
            if !settle.parked.is_empty() {
                wanted.letter_counts(settle.consumer.clone());
            }
        }
        Command::RecordDelivery(RecordDelivery { letter, .. })
        | Command::ReplayLetter(ReplayLetter { letter })
        | Command::SkipLetter(SkipLetter { letter, .. }) => {
            wanted.letters(*letter);
            if let Some(Some(row)) = wanted.loaded.letters.get(letter) {
                wanted.letter_counts(row.consumer.clone());
            }
        }
        Command::RewindConsumer(RewindConsumer { consumer, .. })
        | Command::NoteAttempts(NoteAttempts { consumer, .. }) => {
            wanted.cursors(consumer.clone());
        }
        Command::PutWebhook(PutWebhook { id, .. })
        | Command::DeleteWebhook(DeleteWebhook { id, .. })
        | Command::RotateSecret(RotateSecret { id, .. })
        | Command::DisableWebhook(DisableWebhook { id, .. }) => {
            wanted.webhooks(id.clone());
        }
        _ => unreachable!("only commands about consumers come here"),
    }
}
