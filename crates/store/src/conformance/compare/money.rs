//! Compares what a store gives back of payments, refunds, notifications and the outbox with its model.

use ordain_domain::{
    ids::{OrderId, PaymentId, ReceiptId, RefundId},
    payment::ReceiptVerdict,
};
use ordain_engine::port::store::{Before, StoreReader};

use super::{super::model::Model, READABLE};

/// Every method of the reader that is about money.
pub(super) fn all(reader: &dyn StoreReader, model: &Model) {
    for id in model.all.orders.keys() {
        let account = reader.account(*id).expect(READABLE);
        assert_eq!(account.as_ref(), model.all.accounts.get(id).map(AsRef::as_ref), "the account of {id}");
        assert_eq!(reader.payments_of(*id).expect(READABLE), model.payments_of(*id), "attempts of {id}");
        assert_eq!(reader.refunds_of(*id).expect(READABLE), model.refunds_of(*id), "refunds of {id}");
    }
    for (id, payment) in &model.all.payments {
        assert_eq!(reader.payment(*id).expect(READABLE).as_ref(), Some(payment.as_ref()));
    }
    for (id, refund) in &model.all.refunds {
        assert_eq!(reader.refund(*id).expect(READABLE).as_ref(), Some(refund.as_ref()));
    }
    for (id, receipt) in &model.all.receipts {
        assert_eq!(reader.receipt(*id).expect(READABLE).as_ref(), Some(receipt.as_ref()));
    }
    nothing(reader);
    receipts(reader, model);
    messages(reader, model);
}

fn nothing(reader: &dyn StoreReader) {
    let nobody = OrderId::from_number(1);
    assert_eq!(reader.account(nobody).expect(READABLE), None);
    assert_eq!(reader.payments_of(nobody).expect(READABLE), []);
    assert_eq!(reader.refunds_of(nobody).expect(READABLE), []);
    assert_eq!(reader.payment(PaymentId::from_number(1)).expect(READABLE), None);
    assert_eq!(reader.refund(RefundId::from_number(1)).expect(READABLE), None);
    assert_eq!(reader.receipt(ReceiptId::from_number(1)).expect(READABLE), None);
}

fn receipts(reader: &dyn StoreReader, model: &Model) {
    for verdict in ReceiptVerdict::ALL.map(Some).into_iter().chain([None]) {
        for limit in [2, 100] {
            let (mut all, mut key) = (Vec::new(), None);
            loop {
                let (found, next) = reader.receipts(verdict, Before { key, limit }).expect(READABLE);
                assert!(found.len() <= limit, "a page has at most {limit} notifications, not {}", found.len());
                all.extend(found);
                let Some(next) = next else { break };
                assert!(key.is_none_or(|key| next < key), "a page ends before it began: {next} after {key:?}");
                key = Some(next);
            }
            assert_eq!(all, model.receipts(verdict), "notifications in {verdict:?} by {limit}");
        }
    }
}

fn messages(reader: &dyn StoreReader, model: &Model) {
    let expected = model.messages();
    for limit in [2, 1_000] {
        let mut found = Vec::new();
        loop {
            let after = found.last().map(|message: &ordain_domain::outbox::Message| message.id);
            let page = reader.messages_after(after, limit).expect(READABLE);
            assert!(page.len() <= limit, "a page has at most {limit} messages, not {}", page.len());
            if page.is_empty() {
                break;
            }
            found.extend(page);
            assert!(found.len() <= expected.len(), "more messages than there are");
        }
        assert_eq!(found, expected, "the outbox by {limit}");
    }
}
