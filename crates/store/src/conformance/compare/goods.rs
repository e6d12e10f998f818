//! Compares what a store gives back of parcels and after-sales with its model.

use ordain_domain::{
    ids::{AfterSaleId, OrderId, ShipmentId},
    time::{Span, Timestamp},
};
use ordain_engine::port::store::StoreReader;

use super::{super::model::Model, READABLE, money::all_pages};

/// Every method of the reader that is about goods.
pub(super) fn all(reader: &dyn StoreReader, model: &Model) {
    for id in model.all.orders.keys() {
        assert_eq!(reader.shipments_of(*id).expect(READABLE), model.shipments_of(*id), "parcels of {id}");
        assert_eq!(reader.after_sales_of(*id).expect(READABLE), model.after_sales_of(*id), "after-sales of {id}");
    }
    for (id, shipment) in &model.all.shipments {
        assert_eq!(reader.shipment(*id).expect(READABLE).as_ref(), Some(shipment.as_ref()));
    }
    for (id, after_sale) in &model.all.after_sales {
        assert_eq!(reader.after_sale(*id).expect(READABLE).as_ref(), Some(after_sale.as_ref()));
    }
    assert_eq!(reader.shipment(ShipmentId::from_number(1)).expect(READABLE), None);
    assert_eq!(reader.after_sale(AfterSaleId::from_number(1)).expect(READABLE), None);
    assert_eq!(reader.shipments_of(OrderId::from_number(1)).expect(READABLE), []);
    assert_eq!(reader.after_sales_of(OrderId::from_number(1)).expect(READABLE), []);
    for before in [Timestamp(0), model.head.time, model.head.time.plus(Span::seconds(60)), Timestamp::MAX] {
        overdue(reader, model, before);
    }
}

fn overdue(reader: &dyn StoreReader, model: &Model, before: Timestamp) {
    let waits = |order: OrderId| model.after_sales_of(order).iter().any(|row| row.status.claims_units());
    let shipments = model.all.shipments.values().filter(|row| row.confirm_due.is_some_and(|at| at < before));
    let shipments: Vec<_> = shipments.filter(|row| !waits(row.order)).map(|row| (row.id, row.order)).collect();
    let after_sales = model.all.after_sales.values().filter(|row| row.due().is_some_and(|at| at < before));
    let after_sales: Vec<_> = after_sales.map(|row| (row.id, row.order)).collect();
    for limit in [1, 100] {
        let found = all_pages(|after| reader.overdue_shipments(after, before, limit).expect(READABLE));
        assert_eq!(found, shipments, "parcels to confirm before {before:?} by {limit}");
        let found = all_pages(|after| reader.overdue_after_sales(after, before, limit).expect(READABLE));
        assert_eq!(found, after_sales, "after-sales to work at before {before:?} by {limit}");
    }
}
