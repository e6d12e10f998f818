//! Paying at the sandbox, and what the sandbox's own ledger says: the truth about money in these tests.
//!
//! Like `shop` it asserts that its own calls succeed; what a test expects to be refused is called with `client` itself.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    client::{Answer, Client, answer},
    server::until,
};

/// Money that moved at the sandbox, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) captures: u32,
    pub(crate) refunds: u32,
}

impl Client {
    /// Opens an attempt, whatever comes of it.
    pub(crate) async fn try_open(&self, order: &str) -> Answer {
        self.post(&format!("/v1/orders/{order}/payments"), &json!({"channel": "sandbox"})).await
    }

    /// Opens an attempt that the channel takes; its id.
    pub(crate) async fn open(&self, order: &str) -> String {
        let payment = self.try_open(order).await.expect(201);
        assert_eq!(payment["status"], "pending", "{payment}");
        payment["id"].as_str().expect("a payment has an id").to_owned()
    }

    /// The payer acts on an attempt, whatever comes of it.
    pub(crate) async fn try_pay(&self, payment: &str, says: &Value) -> Answer {
        answer(self.request(Method::POST, &format!("/sandbox/v1/payments/{payment}/pay")).json(says)).await
    }

    /// The payer acts on an attempt.
    pub(crate) async fn pay(&self, payment: &str, says: &Value) -> Value {
        self.try_pay(payment, says).await.expect(200)
    }

    /// Another menu of faults.
    pub(crate) async fn faults(&self, menu: &Value) {
        self.put("/sandbox/v1/faults", menu).await.expect(200);
    }

    /// An attempt as it stands.
    pub(crate) async fn payment(&self, payment: &str) -> Value {
        self.get(&format!("/v1/payments/{payment}")).await.expect(200)
    }

    /// The refunds of an order.
    pub(crate) async fn refunds(&self, order: &str) -> Vec<Value> {
        list(self.get(&format!("/v1/orders/{order}/refunds")).await)
    }

    /// The attempts of an order, oldest first.
    pub(crate) async fn payments(&self, order: &str) -> Vec<Value> {
        let mut payments = list(self.get(&format!("/v1/orders/{order}/payments")).await);
        payments.reverse();
        payments
    }

    /// The types of an order's events, oldest first.
    pub(crate) async fn events(&self, order: &str) -> Vec<String> {
        let events = list(self.get(&format!("/v1/orders/{order}/events")).await);
        events.iter().map(|event| event["type"].as_str().expect("a type").to_owned()).collect()
    }

    /// The notifications of a verdict that name a payment; all of them where none is named.
    pub(crate) async fn receipts(&self, verdict: &str, payment: Option<&str>) -> Vec<Value> {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/ops/receipts?verdict={verdict}&limit=100{cursor}");
            let page = self.get(&path).await.expect(200);
            found.extend(page["data"].as_array().expect("a list").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        found.retain(|receipt| payment.is_none_or(|payment| receipt["payment_id"] == payment));
        found
    }

    /// How many notifications of each verdict name a payment: applied, known, quarantined.
    pub(crate) async fn verdicts(&self, payment: &str) -> [usize; 3] {
        let mut counts = [0; 3];
        for (count, verdict) in counts.iter_mut().zip(["applied", "known", "quarantined"]) {
            *count = self.receipts(verdict, Some(payment)).await.len();
        }
        counts
    }

    /// What moved for a payment.
    pub(crate) async fn moved(&self, payment: &str) -> Moved {
        let mut moved = Moved::default();
        for line in self.ledger().await.iter().filter(|line| line["payment_id"] == payment) {
            let amount = line["amount"].as_i64().expect("an amount");
            if line["kind"] == "capture" {
                moved = Moved { captured: moved.captured + amount, captures: moved.captures + 1, ..moved };
            } else {
                moved = Moved { refunded: moved.refunded + amount, refunds: moved.refunds + 1, ..moved };
            }
        }
        moved
    }

    /// Every movement of money.
    pub(crate) async fn ledger(&self) -> Vec<Value> {
        let (mut lines, mut after) = (Vec::new(), 0);
        loop {
            let page = self.get(&format!("/sandbox/v1/ledger?after={after}&limit=1000")).await.expect(200);
            let page = page["data"].as_array().expect("a list").clone();
            let Some(last) = page.last() else { return lines };
            after = last["number"].as_i64().expect("a number");
            lines.extend(page);
        }
    }

    /// Waits until the sandbox has nothing left to tell.
    pub(crate) async fn all_is_told(&self) {
        until("the sandbox has nothing left to tell", async || {
            let counts = self.get("/sandbox/v1/notifications").await.expect(200);
            (counts["pending"] == 0).then_some(())
        })
        .await;
    }

    /// Waits until an order is in a status; the order.
    pub(crate) async fn becomes(&self, order: &str, status: &str) -> Value {
        until(&format!("{order} is {status}"), async || {
            let seen = self.read(order).await;
            (seen["status"] == status).then_some(seen)
        })
        .await
    }

    /// Waits until an attempt is in a status; the attempt.
    pub(crate) async fn payment_becomes(&self, payment: &str, status: &str) -> Value {
        until(&format!("{payment} is {status}"), async || {
            let seen = self.payment(payment).await;
            (seen["status"] == status).then_some(seen)
        })
        .await
    }

    /// Waits until an order has as many refunds in a status; the refunds.
    pub(crate) async fn refunds_become(&self, order: &str, count: usize, status: &str) -> Vec<Value> {
        until(&format!("{count} refunds of {order} are {status}"), async || {
            let refunds = self.refunds(order).await;
            (refunds.len() == count && refunds.iter().all(|refund| refund["status"] == status)).then_some(refunds)
        })
        .await
    }

    /// The kinds of stuck things of an order.
    pub(crate) async fn stuck(&self, order: &str) -> Vec<Value> {
        let mut stuck = list(self.get("/v1/ops/stuck").await);
        stuck.retain(|thing| thing["order_id"] == order);
        stuck
    }

    /// How many things of this kind the metrics count as stuck.
    pub(crate) async fn stuck_count(&self, kind: &str) -> u64 {
        self.metric(&format!("ordain_stuck{{kind=\"{kind}\"}}")).await.parse().expect("a count")
    }
}

fn list(answer: Answer) -> Vec<Value> {
    answer.expect(200)["data"].as_array().expect("a list").clone()
}
