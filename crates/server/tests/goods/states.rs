//! The machine of after-sales over HTTP: in each state every step that does not belong there is refused, says which state it is,
//! and changes nothing.

use serde_json::json;

use crate::{Shop, support::shop::id};

const STEPS: [&str; 8] =
    ["approve", "reject", "withdraw", "ship-back", "receive:restock", "receive:scrap", "receive:refuse", "reship"];

/// Kind, state, and the steps that lead to it; `pay` pays the difference.
const STATES: [(&str, &str, &[&str]); 21] = [
    ("refund", "requested", &[]),
    ("refund", "rejected", &["reject"]),
    ("refund", "withdrawn", &["withdraw"]),
    ("refund", "refunding", &["approve"]),
    ("refund", "completed", &["approve"]),
    ("return", "requested", &[]),
    ("return", "approved", &["approve"]),
    ("return", "rejected", &["reject"]),
    ("return", "withdrawn", &["approve", "withdraw"]),
    ("return", "returning", &["approve", "ship-back"]),
    ("return", "refunding", &["approve", "ship-back", "receive:restock"]),
    ("return", "completed", &["approve", "receive:restock"]),
    ("exchange", "requested", &[]),
    ("exchange", "approved", &["approve"]),
    ("exchange", "rejected", &["approve", "receive:refuse"]),
    ("exchange", "withdrawn", &["approve", "withdraw"]),
    ("exchange", "returning", &["approve", "ship-back"]),
    ("exchange", "received", &["approve", "receive:restock"]),
    ("exchange", "reshipping", &["approve", "receive:restock", "pay"]),
    ("exchange", "refunding", &["approve", "receive:restock", "reject"]),
    ("exchange", "completed", &["approve", "pay", "receive:restock", "reship"]),
];

/// The steps that belong to a state.
fn allowed(state: &str) -> &'static [&'static str] {
    match state {
        "requested" => &["approve", "reject", "withdraw"],
        "approved" => &["withdraw", "ship-back", "receive"],
        "returning" => &["reject", "receive"],
        "received" => &["reject"],
        "reshipping" => &["reject", "reship"],
        _ => &[],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_do_not_belong_to_a_state_are_refused() {
    let shop = Shop::open(&["payments.refund_retries=", "breaker.minimum=1000"]).await;
    let client = &shop.client;
    for (kind, state, steps) in STATES {
        let order = shop.delivered(&[("a", 1)]).await;
        let row = match kind {
            "exchange" => client.exchange(&order, "b").await,
            _ => client.after_sale(&order, kind, &[(1, 1)]).await,
        };
        // A refund that the channel refuses keeps the after-sale waiting for it.
        let is_kept_waiting = state == "refunding";
        if is_kept_waiting {
            client.faults(&json!({"refund_refused": 1.0})).await;
        }
        for step in steps {
            if *step == "pay" {
                let attempt = id(&client.payments(&order).await.pop().expect("an attempt"));
                client.payment_becomes(&attempt, "pending").await;
                client.pay(&attempt, &json!({})).await;
                client.payment_becomes(&attempt, "succeeded").await;
            } else {
                client.step(&row, step).await;
            }
        }
        if is_kept_waiting {
            client.refunds_become(&order, 1, "manual").await;
        }
        let before = client.after_sale_becomes(&row, state).await;
        let (buckets, stock) = (client.buckets(&order).await, client.stock("b").await);
        for step in STEPS.iter().filter(|step| !allowed(state).iter().any(|name| step.starts_with(name))) {
            let refused = client.try_step(&row, step).await.refused(409, "after_sale_state");
            assert_eq!(refused["after_sale_status"], state, "{kind} {state}: {step}");
        }
        assert_eq!(client.row(&row).await, before, "{kind} {state}");
        assert_eq!((client.buckets(&order).await, client.stock("b").await), (buckets, stock), "{kind} {state}");
        if is_kept_waiting {
            client.faults(&json!({})).await;
            let refund = id(&client.refunds(&order).await[0]);
            client.post(&format!("/v1/refunds/{refund}/retry"), &json!({})).await.expect(200);
            client.after_sale_becomes(&row, "completed").await;
        }
    }
    for step in STEPS {
        client.try_step("aft_1", step).await.refused(404, "not_found");
    }
    shop.is_sound().await;
}
