//! Which shard holds what: users, orders and SKUs fall into buckets, buckets belong to shards.
//!
//! One process with one store has one shard, and every bucket belongs to it. The map is a value; nothing here moves data.

use ordain_domain::{
    command::{Command, Envelope},
    ids::{BUCKET_COUNT, Bucket},
    payment::ChannelReport,
};

/// Number of a shard, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardNumber(pub u16);

/// The first shard, through which the catalog is written.
pub const CATALOG_SHARD: ShardNumber = ShardNumber(0);

/// Which shard each bucket belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    shard_of_bucket: Vec<ShardNumber>,
}

impl Routing {
    /// Every bucket on one shard.
    #[must_use]
    pub fn single() -> Routing {
        Routing { shard_of_bucket: vec![ShardNumber(0); usize::from(BUCKET_COUNT)] }
    }

    /// The shard of a bucket.
    #[must_use]
    pub fn shard(&self, bucket: Bucket) -> ShardNumber {
        self.shard_of_bucket[usize::from(bucket.number())]
    }

    /// The shard that decides a command.
    #[must_use]
    pub fn shard_of(&self, envelope: &Envelope) -> ShardNumber {
        let bucket = match &envelope.command {
            Command::PlaceOrder(place) => place.user_id.bucket(),
            Command::CancelOrder(cancel) => cancel.order.bucket(),
            Command::CloseOrder(close) => close.order.bucket(),
            Command::OpenPayment(open) => open.order.bucket(),
            Command::RefreshPayment(refresh) => refresh.payment.bucket(),
            Command::TakeChannelAnswer(answer) => answer.order.bucket(),
            Command::TakeNotification(notification) => match &notification.report {
                Some(ChannelReport::Payment(report)) => report.payment.bucket(),
                Some(ChannelReport::Refund(report)) => report.refund.bucket(),
                None => Bucket::of_text(&notification.channel),
            },
            Command::ResolveReceipt(resolve) => resolve.receipt.bucket(),
            Command::AskChannels(order)
            | Command::WorkRefunds(order)
            | Command::ConfirmDue(order)
            | Command::AskCarriers(order)
            | Command::WorkAfterSales(order) => order.bucket(),
            Command::CreateShipment(create) => create.order.bucket(),
            Command::TrackShipment(track) => track.shipment.bucket(),
            Command::ConfirmReceipt(confirm) => confirm.order.bucket(),
            Command::OpenAfterSale(open) => open.order.bucket(),
            Command::ApproveAfterSale(approve) => approve.after_sale.bucket(),
            Command::RejectAfterSale(reject) => reject.after_sale.bucket(),
            Command::WithdrawAfterSale(withdraw) => withdraw.after_sale.bucket(),
            Command::ShipBackAfterSale(ship) => ship.after_sale.bucket(),
            Command::ReceiveAfterSale(receive) => receive.after_sale.bucket(),
            Command::ReshipAfterSale(reship) => reship.after_sale.bucket(),
            Command::RequestRefund(request) => request.order.bucket(),
            Command::RetryRefund(retry) => retry.refund.bucket(),
            Command::ResolveRefund(resolve) => resolve.refund.bucket(),
            Command::AdjustStock(adjust) => adjust.sku.bucket(),
            Command::GrantCoupon(grant) => grant.user_id.bucket(),
            Command::AdjustPoints(adjust) => adjust.user_id.bucket(),
            Command::PutUser(put) => put.user.id.bucket(),
            Command::PutAddress(put) => put.address.user_id.bucket(),
            Command::PutProducts(_) | Command::PutPromotion(_) | Command::PutTemplate(_) => return CATALOG_SHARD,
            // They are about a log and its readers, which lie with the log.
            Command::SettleEvents(_)
            | Command::RecordDelivery(_)
            | Command::ReplayLetter(_)
            | Command::SkipLetter(_)
            | Command::RewindConsumer(_)
            | Command::PutWebhook(_)
            | Command::DeleteWebhook(_)
            | Command::RotateSecret(_)
            | Command::DisableWebhook(_)
            | Command::NoteAttempts(_) => return CATALOG_SHARD,
        };
        self.shard(bucket)
    }
}
