//! Goods, users and short ways to write commands for the cases. Nothing here is under test.

use std::{collections::BTreeMap, sync::Arc};

use ordain_domain::{
    catalog::{
        CouponKind, CouponTemplate, Product, ProductStatus,
        command::{PutProducts, PutTemplate},
    },
    command::{Command, Envelope},
    coupon::GrantCoupon,
    event::Actor,
    idempotency::Idempotency,
    ids::{AddressId, CouponId, OrderId, Sku, TemplateId, UserId},
    money::Currency,
    order::{CancelOrder, CancelReason, CloseOrder, PlaceOrder},
    points::AdjustPoints,
    price::RequestedLine,
    stock::AdjustStock,
    time::{Span, Timestamp},
    user::{Address, PutAddress, PutUser, User, UserAddress},
};

use super::bench::BEGIN;

/// Goods of a shop: `a` for 100 and `b` for 333 minor units with a thousand units each, `free` for nothing with a
/// thousand; coupon templates `tenth` (10 % off), `all` (100 % off the goods), `sent` (no shipping fee).
pub(super) fn stock_up() -> Vec<Envelope> {
    let products = [("a", 100), ("b", 333), ("free", 0)].map(|(name, price)| product(name, price));
    let mut envelopes = vec![operator(put_products(products.into()))];
    let templates = [
        ("tenth", CouponKind::PercentOff { percent: 10 }),
        ("all", CouponKind::PercentOff { percent: 100 }),
        ("sent", CouponKind::FreeShipping),
    ];
    envelopes.extend(templates.map(|(name, kind)| operator(put_template(template(name, kind)))));
    envelopes.extend(["a", "b", "free"].map(|name| operator(adjust(name, 1_000))));
    envelopes
}

pub(super) fn sku(text: &str) -> Sku {
    Sku::new(text).expect("a valid SKU")
}

pub(super) fn user(text: &str) -> UserId {
    UserId::new(text).expect("a valid user")
}

pub(super) fn template_id(text: &str) -> TemplateId {
    TemplateId::new(text).expect("a valid template")
}

pub(super) fn pounds() -> Currency {
    Currency::new("GBP").expect("three letters")
}

pub(super) fn product(name: &str, price: i64) -> Product {
    Product {
        sku: sku(name),
        title: Arc::from(name),
        price,
        currency: pounds(),
        status: ProductStatus::Active,
        weight_grams: None,
        attributes: BTreeMap::new(),
        version: 0,
        updated_at: Timestamp(0),
    }
}

pub(super) fn template(name: &str, kind: CouponKind) -> CouponTemplate {
    CouponTemplate {
        id: template_id(name),
        kind,
        currency: Some(pounds()),
        minimum_spend: 0,
        limit_total: None,
        limit_per_user: None,
        valid_from: Timestamp(0),
        valid_until: BEGIN.plus(Span::seconds(100_000_000)),
        version: 0,
    }
}

pub(super) fn put_products(products: Vec<Product>) -> Command {
    Command::PutProducts(PutProducts { products, expected_version: None })
}

pub(super) fn put_template(template: CouponTemplate) -> Command {
    Command::PutTemplate(PutTemplate { template: Arc::new(template), expected_version: None })
}

/// An order without anything special.
pub(super) fn basket(name: &str, lines: &[(&str, u32)]) -> PlaceOrder {
    let line = |(name, quantity): &(&str, u32)| RequestedLine { sku: sku(name), quantity: *quantity };
    PlaceOrder {
        user_id: user(name),
        currency: pounds(),
        lines: lines.iter().map(line).collect(),
        coupon: None,
        points: 0,
        shipping_address: None,
        expected_total: None,
        metadata: Arc::default(),
    }
}

pub(super) fn with_coupon(place: PlaceOrder, coupon: CouponId) -> PlaceOrder {
    PlaceOrder { coupon: Some(coupon), ..place }
}

pub(super) fn adjust(name: &str, delta: i64) -> Command {
    let reason = Arc::from("because");
    Command::AdjustStock(AdjustStock { sku: sku(name), delta, reason, expected_version: None })
}

pub(super) fn points(name: &str, delta: i64) -> Command {
    Command::AdjustPoints(AdjustPoints {
        user_id: user(name),
        delta,
        reason: Arc::from("because"),
        expected_version: None,
    })
}

pub(super) fn grant(name: &str, of: &str) -> Command {
    Command::GrantCoupon(GrantCoupon { user_id: user(name), template: template_id(of) })
}

pub(super) fn cancel(order: OrderId, reason: CancelReason, note: Option<&str>) -> Command {
    Command::CancelOrder(CancelOrder {
        order,
        reason,
        note: note.map(Arc::from),
        lines: Vec::new(),
        expected_version: None,
    })
}

pub(super) fn close(order: OrderId) -> Command {
    Command::CloseOrder(CloseOrder { order })
}

pub(super) fn put_user(name: &str, title: Option<&str>) -> Command {
    let user = User {
        id: user(name),
        name: title.map(Arc::from),
        email: title.map(|title| Arc::from(format!("{title}@example.org"))),
        phone: None,
        version: 0,
        updated_at: Timestamp(0),
    };
    Command::PutUser(PutUser { user, expected_version: None })
}

pub(super) fn address(town: &str) -> Arc<Address> {
    Arc::new(Address {
        name: Arc::from("A. Buyer"),
        phone: Some(Arc::from("+44 20 7946 0000")),
        country: Arc::from("GB"),
        region: None,
        city: Arc::from(town),
        street: Arc::from("1 Street\nrear building"),
        postcode: Some(Arc::from("AB1 2CD")),
    })
}

pub(super) fn put_address(name: &str, id: &str, town: &str) -> Command {
    let id = AddressId::new(id).expect("a valid id");
    let address = UserAddress { user_id: user(name), id, address: address(town), version: 0, updated_at: Timestamp(0) };
    Command::PutAddress(PutAddress { address, expected_version: None })
}

/// A command of the shop's staff without a key.
pub(super) fn operator(command: Command) -> Envelope {
    Envelope { actor: Actor::Operator, scope: Arc::from("POST /operator"), idempotency: None, command }
}

/// A placement by its buyer without a key.
pub(super) fn buyer(place: PlaceOrder) -> Envelope {
    let command = Command::PlaceOrder(place);
    Envelope { actor: Actor::Buyer, scope: Arc::from("POST /buyer"), idempotency: None, command }
}

/// The same command under a key. `request` stands for the request that the key was used with.
pub(super) fn keyed(envelope: Envelope, key: &str, request: u8) -> Envelope {
    let idempotency = Idempotency { key: Arc::from(key), fingerprint: [request; 32] };
    Envelope { idempotency: Some(idempotency), ..envelope }
}
