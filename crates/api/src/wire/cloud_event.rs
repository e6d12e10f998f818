//! Events as they leave for webhook endpoints: CloudEvents 1.0.2, JSON event format, structured mode.
//!
//! The data of an order's event have the very form of `GET /v1/orders/{id}/events`. It renders and sends nothing.

use ordain_domain::{
    event::{Event, EventRecord, Subject},
    ids::WebhookId,
    time::Timestamp,
};
use serde::Serialize;

use crate::{number_text::PrefixedId, time_text::Rfc3339, wire::event::EventData};

/// Who tells: the log of the one shard.
const SOURCE: &str = "/ordain/shard/0";
/// Type of a message that tells of nothing.
pub(crate) const TEST_TYPE: &str = "webhook.test";

/// Attributes and data of one event. `sequence` and `partitionkey` are the extensions of those names.
#[derive(Debug, Serialize)]
struct CloudEvent<'a, D> {
    specversion: &'static str,
    id: &'a str,
    source: &'static str,
    r#type: &'a str,
    subject: &'a str,
    time: Rfc3339,
    dataschema: String,
    datacontenttype: &'static str,
    /// Rises by one with each event of an order.
    sequence: String,
    partitionkey: &'a str,
    data: D,
}

impl<'a, D: Serialize> CloudEvent<'a, D> {
    fn new(id: &'a str, r#type: &'a str, subject: &'a str, time: Timestamp, sequence: u64, data: D) -> Self {
        CloudEvent {
            specversion: "1.0",
            id,
            source: SOURCE,
            r#type,
            subject,
            time: Rfc3339(time),
            dataschema: format!("https://ordain.dev/schemas/{type}/1"),
            datacontenttype: "application/json",
            sequence: sequence.to_string(),
            partitionkey: subject.split_once('/').map_or(subject, |(_, id)| id),
            data,
        }
    }

    fn rendered(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("wire types hold only what JSON can hold")
    }
}

/// What happened to something that is no order.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum OtherData<'a> {
    Stock { sku: &'a str, delta: i64, reason: &'a str, on_hand: i64 },
    Coupon { coupon_id: PrefixedId, user_id: &'a str, template: &'a str },
    Points { user_id: &'a str, delta: i64, reason: &'a str, balance: i64 },
    Skipped { dead_letter_id: String, consumer: &'a str, subject: &'a str, event_id: PrefixedId, reason: &'a str },
    Replayed { dead_letter_id: String, consumer: &'a str, subject: &'a str, event_id: PrefixedId },
    Rewound { consumer: &'a str, from: i64, to: i64 },
    Disabled { webhook_id: &'a str, reason: &'static str },
    Nothing {},
}

impl<'a> OtherData<'a> {
    fn of(event: &'a Event) -> OtherData<'a> {
        match event {
            Event::StockAdjusted(fact) => OtherData::Stock {
                sku: fact.sku.as_str(),
                delta: fact.delta,
                reason: &fact.note,
                on_hand: fact.on_hand,
            },
            Event::CouponGranted(fact) => OtherData::Coupon {
                coupon_id: fact.coupon_id.into(),
                user_id: fact.user_id.as_str(),
                template: fact.template.as_str(),
            },
            Event::PointsAdjusted(fact) => OtherData::Points {
                user_id: fact.user_id.as_str(),
                delta: fact.delta,
                reason: &fact.note,
                balance: fact.balance,
            },
            Event::LetterSkipped(fact) => OtherData::Skipped {
                dead_letter_id: fact.letter_id.to_string(),
                consumer: fact.consumer.as_str(),
                subject: &fact.subject,
                event_id: fact.event_id.into(),
                reason: &fact.reason,
            },
            Event::LetterReplayed(fact) => OtherData::Replayed {
                dead_letter_id: fact.letter_id.to_string(),
                consumer: fact.consumer.as_str(),
                subject: &fact.subject,
                event_id: fact.event_id.into(),
            },
            Event::ConsumerRewound(fact) => {
                OtherData::Rewound { consumer: fact.consumer.as_str(), from: fact.from, to: fact.to }
            }
            Event::WebhookDisabled(fact) => {
                OtherData::Disabled { webhook_id: fact.webhook_id.as_str(), reason: fact.reason.as_str() }
            }
            // Everything else is about an order and never comes here.
            _ => OtherData::Nothing {},
        }
    }
}

/// The body of a message about an event.
#[must_use]
pub fn cloud_event(record: &EventRecord) -> Vec<u8> {
    let (id, subject) = (PrefixedId::from(record.id), record.subject.to_string());
    let r#type = record.event.type_name();
    let data = match record.subject {
        Subject::Order(_) => EventData::of_order(&record.event),
        _ => None,
    };
    match data {
        Some(data) => CloudEvent::new(id.as_str(), r#type, &subject, record.at, record.seq, data).rendered(),
        None => {
            let data = OtherData::of(&record.event);
            CloudEvent::new(id.as_str(), r#type, &subject, record.at, record.seq, data).rendered()
        }
    }
}

/// A message that tells of nothing.
#[derive(Debug, Serialize)]
struct TestData {
    message: &'static str,
}

/// The id and the body of a test message.
pub(crate) fn test_message(webhook: &WebhookId, now: Timestamp) -> (String, Vec<u8>) {
    let (id, subject) = (format!("test_{}", now.0), format!("webhook/{webhook}"));
    let data = TestData { message: "This is a test. Nothing happened." };
    let body = CloudEvent::new(&id, TEST_TYPE, &subject, now, 1, data).rendered();
    (id, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ordain_domain::{
        event::Actor,
        ids::{EventId, OrderId, Sku},
        order::OrderPaid,
        stock::{StockAdjusted, state::MovementReason},
    };

    fn record(subject: Subject, event: Event) -> EventRecord {
        let at = Timestamp(1_795_219_200_123_456);
        EventRecord { id: EventId::from_number(7), subject, seq: 3, at, actor: Actor::Channel, previous: None, event }
    }

    #[test]
    fn an_event_of_an_order_has_every_attribute() {
        let record = record(Subject::Order(OrderId::from_number(7_251)), Event::OrderPaid(OrderPaid { paid: 1_530 }));
        let body = String::from_utf8(cloud_event(&record)).unwrap();
        let expected = r#"{"specversion":"1.0","id":"evt_7","source":"/ordain/shard/0","type":"order.paid","subject":"order/ord_7251","time":"2026-11-21T00:00:00.123456Z","dataschema":"https://ordain.dev/schemas/order.paid/1","datacontenttype":"application/json","sequence":"3","partitionkey":"ord_7251","data":{"paid":1530}}"#;
        assert_eq!(body, expected);
    }

    #[test]
    fn other_subjects_are_told_too() {
        let sku = Sku::new("85123A").unwrap();
        let fact = StockAdjusted {
            sku: sku.clone(),
            delta: -2,
            reason: MovementReason::WriteOff,
            note: "broken".into(),
            on_hand: 5,
            movement: 9,
        };
        let body = cloud_event(&record(Subject::Stock(sku), Event::StockAdjusted(fact)));
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&value["subject"], &value["partitionkey"]), (&"stock/85123A".into(), &"85123A".into()));
        assert_eq!(value["data"], serde_json::json!({"sku": "85123A", "delta": -2, "reason": "broken", "on_hand": 5}));
    }
}
