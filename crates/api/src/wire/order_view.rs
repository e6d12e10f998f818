//! Orders and quotes on the wire, written straight from the domain's values: nothing is copied but numbers.

use std::collections::BTreeMap;

use ordain_domain::{
    order::{CancelReason, Order, OrderStatus, Quantities},
    price::{Applied, AppliedKind, Price, PricedLine, Quote},
};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::{
    number_text::PrefixedId,
    time_text::Rfc3339,
    wire::address::{AddressBody, AddressView},
};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderStatus)]
pub(crate) enum StatusWord {
    Creating,
    PendingPayment,
    Closing,
    Paid,
    PartiallyShipped,
    Shipped,
    Delivered,
    Completed,
    Cancelled,
}

impl From<OrderStatus> for StatusWord {
    fn from(status: OrderStatus) -> StatusWord {
        match status {
            OrderStatus::Creating => StatusWord::Creating,
            OrderStatus::PendingPayment => StatusWord::PendingPayment,
            OrderStatus::Closing => StatusWord::Closing,
            OrderStatus::Paid => StatusWord::Paid,
            OrderStatus::PartiallyShipped => StatusWord::PartiallyShipped,
            OrderStatus::Shipped => StatusWord::Shipped,
            OrderStatus::Delivered => StatusWord::Delivered,
            OrderStatus::Completed => StatusWord::Completed,
            OrderStatus::Cancelled => StatusWord::Cancelled,
        }
    }
}

/// Why an order was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CancelReason)]
pub(crate) enum CancelReasonWord {
    Buyer,
    Merchant,
    Timeout,
    Rejected,
}

impl From<CancelReason> for CancelReasonWord {
    fn from(reason: CancelReason) -> CancelReasonWord {
        match reason {
            CancelReason::Buyer => CancelReasonWord::Buyer,
            CancelReason::Merchant => CancelReasonWord::Merchant,
            CancelReason::Timeout => CancelReasonWord::Timeout,
            CancelReason::Rejected => CancelReasonWord::Rejected,
        }
    }
}

/// One line of an order. Amounts are minor units for the whole line; `payable = goods - discount + shipping`, and the
/// payables of all lines add up to the total.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub(crate) struct LineView<'a> {
    /// Counted from 1.
    line: usize,
    sku: &'a str,
    title: &'a str,
    unit_price: i64,
    quantity: u32,
    goods: i64,
    /// Promotions, coupon and points.
    discount: i64,
    /// Share of the shipping fee.
    shipping: i64,
    payable: i64,
    /// Units with the carrier.
    shipped: u32,
    /// Units with the buyer.
    delivered: u32,
    /// Units that came back.
    returned: u32,
    /// Units that never left.
    cancelled: u32,
}

/// The lines of an order, written one after another.
#[derive(Debug)]
struct LinesOf<'a>(&'a Order);

impl Serialize for LinesOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let lines = self.0.placed.lines.iter().zip(&self.0.quantities).enumerate();
        serializer.collect_seq(lines.map(|(index, (line, quantities))| line_view(index, line, quantities)))
    }
}

fn line_view<'a>(index: usize, line: &'a PricedLine, quantities: &Quantities) -> LineView<'a> {
    LineView {
        line: index + 1,
        sku: line.sku.as_str(),
        title: &line.title,
        unit_price: line.unit_price,
        quantity: line.quantity,
        goods: line.goods,
        discount: line.discount(),
        shipping: line.shipping,
        payable: line.payable(),
        shipped: quantities.shipped,
        delivered: quantities.delivered + quantities.confirmed,
        returned: quantities.returned,
        cancelled: quantities.cancelled,
    }
}

/// What kind of thing made an order cheaper.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AppliedKind)]
enum AppliedKindWord {
    Promotion,
    Coupon,
    Points,
    /// A shipping fee that is not charged; not part of the price.
    Shipping,
}

/// One thing that made an order cheaper.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Applied)]
pub(crate) struct AppliedView<'a> {
    kind: AppliedKindWord,
    /// The promotion, the coupon's template, `points`, or `free_over`.
    id: &'a str,
    /// What it saved, minor units.
    amount: i64,
}

#[derive(Debug)]
struct AppliedTo<'a>(&'a [Applied]);

impl Serialize for AppliedTo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|applied| AppliedView {
            kind: match applied.kind {
                AppliedKind::Promotion => AppliedKindWord::Promotion,
                AppliedKind::Coupon => AppliedKindWord::Coupon,
                AppliedKind::Points => AppliedKindWord::Points,
                AppliedKind::Shipping => AppliedKindWord::Shipping,
            },
            id: &applied.id,
            amount: applied.amount,
        }))
    }
}

/// The price of an order, minor units: `total = goods - promotions - coupon - points + shipping`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Price)]
pub(crate) struct PriceView<'a> {
    goods: i64,
    promotions: i64,
    coupon: i64,
    points: i64,
    shipping: i64,
    total: i64,
    #[schema(value_type = Vec<AppliedView>)]
    applied: AppliedTo<'a>,
}

impl<'a> From<&'a Price> for PriceView<'a> {
    fn from(price: &'a Price) -> PriceView<'a> {
        PriceView {
            goods: price.goods,
            promotions: price.promotions,
            coupon: price.coupon,
            points: price.points,
            shipping: price.shipping,
            total: price.total,
            applied: AppliedTo(&price.applied),
        }
    }
}

/// An order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderView<'a> {
    #[schema(value_type = String, example = "ord_7251")]
    id: PrefixedId,
    user_id: &'a str,
    status: StatusWord,
    /// Number of its last event; the `ETag`.
    version: u64,
    currency: &'a str,
    #[schema(value_type = Vec<LineView>)]
    lines: LinesOf<'a>,
    price: PriceView<'a>,
    /// Money captured so far, minor units, also for a cancelled order.
    paid: i64,
    /// Money given back, minor units.
    refunded: i64,
    /// When its payment window ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Rfc3339,
    #[schema(value_type = String, format = DateTime)]
    created_at: Rfc3339,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Rfc3339,
    cancel_reason: Option<CancelReasonWord>,
    #[schema(value_type = Option<String>)]
    coupon_id: Option<PrefixedId>,
    #[schema(value_type = Option<AddressBody>)]
    shipping_address: Option<AddressView<'a>>,
    metadata: &'a BTreeMap<String, String>,
}

impl<'a> From<&'a Order> for OrderView<'a> {
    fn from(order: &'a Order) -> OrderView<'a> {
        let placed = order.placed.as_ref();
        OrderView {
            id: order.id.into(),
            user_id: placed.user_id.as_str(),
            status: order.status.into(),
            version: order.version,
            currency: placed.currency.as_str(),
            lines: LinesOf(order),
            price: PriceView::from(&placed.price),
            paid: order.paid,
            refunded: order.refunded,
            expires_at: Rfc3339(placed.expires_at),
            created_at: Rfc3339(placed.placed_at),
            updated_at: Rfc3339(order.updated_at),
            cancel_reason: order.cancel_reason.map(CancelReasonWord::from),
            coupon_id: placed.coupon.map(PrefixedId::from),
            shipping_address: placed.shipping_address.as_deref().map(AddressView::from),
            metadata: &placed.metadata,
        }
    }
}

/// A page of orders, newest first.
#[derive(Debug, ToSchema)]
#[schema(as = OrderPage)]
#[expect(dead_code, reason = "only its schema is used: pages are written by `paging`")]
pub(crate) struct OrderPage<'a> {
    data: Vec<OrderView<'a>>,
    next_cursor: Option<String>,
}

/// One line of a quote. Amounts are minor units for the whole line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuoteLine)]
pub(crate) struct QuoteLineView<'a> {
    /// Counted from 1.
    line: usize,
    sku: &'a str,
    title: &'a str,
    unit_price: i64,
    quantity: u32,
    goods: i64,
    discount: i64,
    shipping: i64,
    payable: i64,
}

impl<'a> QuoteLineView<'a> {
    /// Line number `index`, counted from 0.
    pub(crate) fn new(index: usize, line: &'a PricedLine) -> QuoteLineView<'a> {
        QuoteLineView {
            line: index + 1,
            sku: line.sku.as_str(),
            title: &line.title,
            unit_price: line.unit_price,
            quantity: line.quantity,
            goods: line.goods,
            discount: line.discount(),
            shipping: line.shipping,
            payable: line.payable(),
        }
    }
}

/// What an order would cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub(crate) struct QuoteView<'a> {
    currency: &'a str,
    lines: Vec<QuoteLineView<'a>>,
    price: PriceView<'a>,
}

impl<'a> QuoteView<'a> {
    /// The quote in the order's currency.
    pub(crate) fn new(currency: &'a str, quote: &'a Quote) -> QuoteView<'a> {
        let lines = quote.lines.iter().enumerate().map(|(index, line)| QuoteLineView::new(index, line)).collect();
        QuoteView { currency, lines, price: PriceView::from(&quote.price) }
    }
}
