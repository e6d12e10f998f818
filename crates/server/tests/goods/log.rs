//! Where an order's units stand, folded here a second time from its log over HTTP, apart from the server's own code: at every
//! event the units of a line add up to what was ordered, and in the end the order shows these numbers and the status that
//! follows from them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{client::Client, server::until};

/// Units of one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Buckets {
    held: i64,
    waiting: i64,
    shipped: i64,
    delivered: i64,
    confirmed: i64,
    returned: i64,
    cancelled: i64,
}

impl Buckets {
    fn all(self) -> [i64; 7] {
        let Buckets { held, waiting, shipped, delivered, confirmed, returned, cancelled } = self;
        [held, waiting, shipped, delivered, confirmed, returned, cancelled]
    }

    /// Takes units from the buyer, first those that it may send back without a reason.
    fn leave_buyer(&mut self, count: i64) {
        let delivered = count.min(self.delivered);
        self.delivered -= delivered;
        self.confirmed -= count - delivered;
    }

    /// Takes units out of the bucket of their parcel.
    fn leave_parcel(&mut self, count: i64, is_delivered: bool) {
        *(if is_delivered { &mut self.delivered } else { &mut self.shipped }) -= count;
    }
}

/// What is known of an order from its log so far.
struct Told {
    lines: Vec<Buckets>,
    /// Whether each parcel counts as delivered.
    parcels: BTreeMap<String, bool>,
}

/// Holds an order against its log.
pub(crate) async fn follows(client: &Client, order: &str) {
    // A refund may be told between the two reads.
    let (shown, events) = until("an order and its log are of one version", async || {
        let events = client.get(&format!("/v1/orders/{order}/events")).await.expect(200)["data"].clone();
        let (shown, events) = (client.read(order).await, events.as_array().expect("a list").clone());
        (shown["version"] == json!(events.len())).then_some((shown, events))
    })
    .await;
    let quantities: Vec<i64> = rows(&shown["lines"]).map(|line| number(line, "quantity")).collect();
    let held = |quantity: &i64| Buckets { held: *quantity, ..Buckets::default() };
    let mut told = Told { lines: quantities.iter().map(held).collect(), parcels: BTreeMap::new() };
    for (event, seq) in events.iter().zip(1..) {
        assert_eq!(event["seq"], json!(seq), "the log has no hole: {event}");
        told.take(event);
        for (line, quantity) in told.lines.iter().zip(&quantities) {
            assert_eq!(line.all().iter().sum::<i64>(), *quantity, "the sum of the buckets after {event}");
            assert!(line.all().iter().all(|count| *count >= 0), "{line:?} after {event}");
        }
        let named = ["order.shipped", "order.delivered", "order.completed"].iter().find(|name| event["type"] == **name);
        if let Some(status) = named.and_then(|name| name.strip_prefix("order.")) {
            assert_eq!(told.status(), status, "the status is a function of the buckets at {event}");
        }
    }
    assert_eq!(shown["status"], told.status(), "the status is a function of the buckets: {shown}");
    for (line, shown) in told.lines.iter().zip(rows(&shown["lines"])) {
        let expected = [line.shipped, line.delivered + line.confirmed, line.returned, line.cancelled];
        let names = ["shipped", "delivered", "returned", "cancelled"];
        assert_eq!(names.map(|name| number(shown, name)), expected, "{shown}");
    }
}

impl Told {
    fn take(&mut self, event: &Value) {
        let data = &event["data"];
        let parcel = data["shipment_id"].as_str().unwrap_or_default().to_owned();
        match event["type"].as_str().expect("a type") {
            "order.paid" => self.lines.iter_mut().for_each(|line| (line.waiting, line.held) = (line.held, 0)),
            "order.cancelled" => self.lines.iter_mut().for_each(|line| {
                (line.cancelled, line.waiting, line.held) = (line.cancelled + line.waiting + line.held, 0, 0);
            }),
            "order.units_cancelled" => self.each(&data["lines"], |line, count| {
                (line.waiting, line.cancelled) = (line.waiting - count, line.cancelled + count);
            }),
            "shipment.created" => {
                self.parcels.insert(parcel, false);
                self.each(&data["lines"], |line, count| {
                    (line.waiting, line.shipped) = (line.waiting - count, line.shipped + count);
                });
            }
            "shipment.updated" => {
                let was_delivered = self.parcels[&parcel];
                self.each(&data["waiting"], |line, count| {
                    line.leave_parcel(count, was_delivered);
                    line.waiting += count;
                });
            }
            "shipment.delivered" => {
                self.parcels.insert(parcel, true);
                self.each(&data["lines"], |line, count| {
                    (line.shipped, line.delivered) = (line.shipped - count, line.delivered + count);
                });
            }
            "shipment.confirmed" => {
                let was_delivered = self.parcels[&parcel];
                self.each(&data["lines"], |line, count| {
                    line.leave_parcel(count, was_delivered);
                    line.confirmed += count;
                });
            }
            "after_sale.approved" => {
                self.each(&data["kept"], |line, count| {
                    line.leave_buyer(count);
                    line.confirmed += count;
                });
                self.each(&data["given_up"], |line, count| {
                    (line.shipped, line.returned) = (line.shipped - count, line.returned + count);
                });
            }
            "after_sale.received" => ["restocked", "scrapped"].iter().for_each(|name| {
                self.each(&data[*name], |line, count| {
                    line.leave_buyer(count);
                    line.returned += count;
                });
            }),
            _ => {}
        }
    }

    fn each(&mut self, units: &Value, mut step: impl FnMut(&mut Buckets, i64)) {
        for unit in units.as_array().into_iter().flatten() {
            let line = usize::try_from(number(unit, "line")).expect("a line") - 1;
            step(&mut self.lines[line], number(unit, "quantity"));
        }
    }

    fn status(&self) -> &'static str {
        let sum = |bucket: fn(&Buckets) -> i64| self.lines.iter().map(bucket).sum::<i64>();
        let [waiting, shipped, delivered] =
            [sum(|line| line.waiting), sum(|line| line.shipped), sum(|line| line.delivered)];
        let done = sum(|line| line.confirmed + line.returned);
        match (sum(|line| line.held), waiting, shipped + delivered + done) {
            (1.., ..) => "pending_payment",
            (_, 0, 0) => "cancelled",
            (_, 0, _) if shipped > 0 => "shipped",
            (_, 0, _) if delivered > 0 => "delivered",
            (_, 0, _) => "completed",
            (_, _, 0) => "paid",
            _ => "partially_shipped",
        }
    }
}

fn rows(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().expect("a list").iter()
}

fn number(row: &Value, name: &str) -> i64 {
    row[name].as_i64().unwrap_or_else(|| panic!("no {name}: {row}"))
}
