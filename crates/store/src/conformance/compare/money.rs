//! Compares what a store gives back of payments, refunds, notifications and the outbox with its model.

use ordain_domain::{
    ids::{OrderId, PaymentId, ReceiptId, RefundId},
    payment::ReceiptVerdict,
    time::{Span, Timestamp},
};
use ordain_engine::port::store::{Backlog, Before, StoreReader, StuckBefore};

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
    overdue(reader, model);
    stuck(reader, model);
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

/// Attempts and refunds whose next step was due, by pages.
fn overdue(reader: &dyn StoreReader, model: &Model) {
    for before in [Timestamp(0), model.head.time, model.head.time.plus(Span::seconds(60)), Timestamp::MAX] {
        let payments = model.all.payments.values().filter(|row| row.status.is_open());
        let payments = payments.filter(|row| row.query_at.is_some_and(|at| at < before));
        let expected: Vec<_> = payments.map(|row| (row.id, row.order)).collect();
        for limit in [1, 100] {
            let found = all_pages(|after| reader.overdue_payments(after, before, limit).expect(READABLE));
            assert_eq!(found, expected, "attempts to ask about before {before:?} by {limit}");
        }
        let refunds = model.all.refunds.values().filter(|row| row.is_open());
        let refunds = refunds.filter(|row| row.next_at.is_some_and(|at| at < before));
        let expected: Vec<_> = refunds.map(|row| (row.id, row.order)).collect();
        for limit in [1, 100] {
            let found = all_pages(|after| reader.overdue_refunds(after, before, limit).expect(READABLE));
            assert_eq!(found, expected, "refunds to work at before {before:?} by {limit}");
        }
    }
}

pub(super) fn all_pages<K: Copy + Ord, V>(page: impl Fn(Option<K>) -> Vec<(K, V)>) -> Vec<(K, V)> {
    let mut all: Vec<(K, V)> = Vec::new();
    loop {
        let found = page(all.last().map(|(key, _)| *key));
        if found.is_empty() {
            return all;
        }
        all.extend(found);
        assert!(all.is_sorted_by(|one, next| one.0 < next.0), "by id, no row twice");
    }
}

/// Everything that is stuck, and its counts.
fn stuck(reader: &dyn StoreReader, model: &Model) {
    for time in [Timestamp(0), model.head.time, Timestamp::MAX] {
        let before = StuckBefore { closing: time, messages: time, timers: time, after_sales: time };
        let mut expected = model.stuck(before);
        let found = reader.stuck(before, 10_000).expect(READABLE);
        assert_eq!(found, expected, "stuck before {time:?}");
        let mut kind = None;
        let mut kinds = expected.iter().map(|stuck| stuck.what.as_str()).collect::<Vec<_>>();
        kinds.dedup();
        expected.retain(|stuck| kind.replace(stuck.what.as_str()) != Some(stuck.what.as_str()));
        assert_eq!(reader.stuck(before, 1).expect(READABLE), expected, "the first of each kind");
        assert_eq!(expected.len(), kinds.len(), "kinds come one after the other");
    }
    for after_sales in [Timestamp(0), model.head.time, Timestamp::MAX] {
        let never = Timestamp(0);
        let everything = StuckBefore { closing: Timestamp::MAX, messages: never, timers: never, after_sales };
        let stuck = model.stuck(everything);
        let count = |word: &str| stuck.iter().filter(|stuck| stuck.what.as_str() == word).count() as u64;
        let messages = model.messages();
        let backlog = Backlog {
            messages: messages.len() as u64,
            oldest_message: messages.iter().map(|message| message.created_at).min(),
            closing_orders: count("closing_order"),
            manual_payments: count("manual_payment"),
            manual_refunds: count("manual_refund"),
            quarantined_receipts: count("quarantined_receipt"),
            waiting_after_sales: count("waiting_after_sale"),
            stopped_shipments: count("stopped_shipment"),
        };
        assert_eq!(reader.backlog(after_sales).expect(READABLE), backlog, "after-sales before {after_sales:?}");
    }
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
