//! The process as an operator meets it: what it refuses to start with, what it warns of, and whether `ordain verify` finds
//! what is wrong with data.
//!
//! Flags and the configuration by themselves are tested in `cli` and `config`.
//!
//! Needs: python3.

#[expect(dead_code, reason = "the suites share it, each uses its part")]
mod support {
    pub(crate) mod client;
    pub(crate) mod server;
    pub(crate) mod shop;
}

use std::process::{Command, Output};

use serde_json::{Value, json};
use support::{
    client::Client,
    server::{Data, Server, ordain, serve_command, until},
    shop::{id, order},
};

/// What a server that must not start says to that.
async fn refusal_to_start(data: &Data, settings: &[&str]) -> String {
    match Server::start(serve_command(&[], data.path(), settings)).await {
        Ok(server) => panic!("it starts with {settings:?}:\n{}", server.log()),
        Err(ended) => {
            assert_eq!(ended.status.code(), Some(1), "{settings:?}:\n{}", ended.log);
            ended.log
        }
    }
}

fn verify(data: &Data) -> Output {
    ordain(&["verify", "--data", data.path().to_str().expect("a path in UTF-8"), "--json"])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_dangerous_is_refused_with_its_reason() {
    let data = Data::new();
    let table: [(&[&str], &[&str]); 4] = [
        (&["listen.http=0.0.0.0:0"], &["0.0.0.0", "authentication", "127.0.0.1"]),
        (&["listen.http=[::]:0"], &["[::]", "authentication"]),
        (&["orders.payment_windw=2s"], &["orders.payment_windw", "orders.payment_window"]),
        (&["orders.lines_max=1001"], &["orders.lines_max", "1000"]),
    ];
    for (settings, words) in table {
        // The last --listen holds, so these settings come without it.
        let mut command = Command::new(env!("CARGO_BIN_EXE_ordain"));
        command.args(["serve", "--data"]).arg(data.path()).args(["--set", settings[0]]).env_clear();
        let ended = Server::start(command).await.err().unwrap_or_else(|| panic!("it starts with {settings:?}"));
        assert!(!ended.status.success(), "{settings:?}");
        for word in words {
            assert!(ended.log.contains(word), "{settings:?} should say {word}:\n{}", ended.log);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_weaker_than_the_default_is_said_at_start() {
    let data = Data::new();
    let server = data.serve(&["store.unsafe_synchronous_normal=true"]).await;
    let log = server.log();
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains(r#""level":"WARN""#)).collect();
    assert!(warnings.iter().any(|line| line.contains("unsafe_synchronous_normal")), "{log}");
    assert!(warnings.iter().any(|line| line.contains("authentication")), "{log}");
    server.stop().await;
    let server = data.serve(&[]).await;
    assert!(!server.log().contains("unsafe_synchronous_normal"), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn data_have_one_process_at_a_time() {
    let data = Data::new();
    let server = data.serve(&[]).await;
    server.client().stocked("a", 100, 5).await;
    let said = refusal_to_start(&data, &[]).await;
    assert!(said.contains("ordain.db") && said.contains("process"), "{said}");
    let checked = verify(&data);
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    assert!(String::from_utf8_lossy(&checked.stderr).contains("process"), "{checked:?}");
    assert_eq!(server.client().stock("a").await, [5, 0, 5, 0], "the first goes on");
    let taken = format!("listen.http={}", server.address());
    let other = Data::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ordain"));
    command.args(["serve", "--data"]).arg(other.path()).args(["--set", &taken]).env_clear();
    let ended = Server::start(command).await.err().expect("the address is taken");
    assert!(ended.log.contains(server.address()), "{}", ended.log);
    server.kill();
    data.serve(&[]).await.stop().await;
}

/// A file that is not ours, is newer than we are, or is no database.
#[tokio::test(flavor = "multi_thread")]
async fn foreign_data_are_refused_and_left_as_they_are() {
    let ours = Data::new();
    let server = ours.serve(&[]).await;
    server.client().stocked("a", 100, 5).await;
    server.stop().await;
    let table =
        [("another program's", "PRAGMA application_id = 7"), ("of a newer version", "PRAGMA user_version = 999")];
    for (name, statement) in table {
        let data = ours.copy();
        python(&data, statement);
        let before = std::fs::read(data.path().join("ordain.db")).expect("the file is there");
        let said = refusal_to_start(&data, &[]).await;
        assert!(said.contains("ordain.db"), "{name}: {said}");
        assert!(!said.contains("panicked"), "{name}: {said}");
        assert_eq!(std::fs::read(data.path().join("ordain.db")).expect("it is there"), before, "{name}");
    }
    let data = Data::new();
    std::fs::write(data.path().join("ordain.db"), "not a database, whatever its name says").expect("written");
    let said = refusal_to_start(&data, &[]).await;
    assert!(said.contains("ordain.db") && !said.contains("panicked"), "{said}");
}

/// Runs statements on the data past every guard of the schema.
fn python(data: &Data, statements: &str) {
    let script = "import sqlite3, sys\n\
        db = sqlite3.connect(sys.argv[1])\n\
        db.execute('PRAGMA ignore_check_constraints = 1')\n\
        cursor = db.cursor()\n\
        changed = 0\n\
        for statement in sys.argv[2].split(';'):\n\
        \x20   cursor.execute(statement)\n\
        \x20   changed += max(cursor.rowcount, 0) + statement.strip().upper().startswith('PRAGMA')\n\
        db.commit()\n\
        assert changed > 0, 'nothing was changed'\n\
        db.execute('PRAGMA wal_checkpoint(TRUNCATE)')\n";
    let file = data.path().join("ordain.db");
    let output =
        Command::new("python3").args(["-c", script]).arg(file).arg(statements).output().expect("python3 starts");
    assert!(output.status.success(), "{statements}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Data with something of everything: orders held, cancelled and paid, with coupon, points, promotions and payments.
async fn lived_in() -> Data {
    let data = Data::new();
    let server = data.serve(&["pricing.shipping_fee=399"]).await;
    let client = server.client();
    client.stocked("a", 1_000, 100).await;
    client.stocked("b", 333, 100).await;
    let template = json!({"kind": "percent_off", "percent": 10, "minimum_spend": 0, "limit_total": 2,
        "valid_from": "2020-01-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z"});
    client.put("/v1/coupon-templates/ten", &template).await;
    client.post("/v1/users/u/points/adjustments", &json!({"delta": 500, "reason": "gift"})).await.expect(200);
    let coupon = client.post("/v1/users/u/coupons", &json!({"template": "ten"})).await.expect(201);
    let mut rich = order("u", &[("a", 2), ("b", 3)]);
    rich["coupon_id"] = coupon["id"].clone();
    rich["points"] = json!(100);
    client.place(&rich).await;
    client.place(&order("u", &[("b", 1)])).await;
    let cancelled = client.place(&order("v", &[("a", 1)])).await;
    client.post(&format!("/v1/orders/{}/cancel", id(&cancelled)), &json!({"reason": "buyer"})).await.expect(200);
    pay_and_refund(&client).await;
    client.verified().await;
    server.stop().await;
    data
}

/// An order that was paid, and of which one of three units was given back; and one with an open attempt.
async fn pay_and_refund(client: &Client) {
    let paid = id(&client.place(&order("p", &[("a", 3)])).await);
    let open = async |order: &str| {
        let payment =
            client.post(&format!("/v1/orders/{order}/payments"), &json!({"channel": "sandbox"})).await.expect(201);
        let path = format!("/v1/payments/{}", id(&payment));
        until("the channel has the payment", async || {
            (client.get(&path).await.expect(200)["status"] == "pending").then_some(())
        })
        .await;
        id(&payment)
    };
    let payment = open(&paid).await;
    let answer = client.post(&format!("/sandbox/v1/payments/{payment}/pay"), &json!({})).await;
    assert!((200..300).contains(&answer.status), "{answer}");
    until("it is paid", async || (client.read(&paid).await["status"] == "paid").then_some(())).await;
    let unit = json!({"lines": [{"line": 1, "quantity": 1}], "reason": "it was scratched"});
    client.post(&format!("/v1/orders/{paid}/refunds"), &unit).await.expect(201);
    until("a third is back", async || (client.read(&paid).await["refunded"] == 1_133).then_some(())).await;
    let waiting = id(&client.place(&order("p", &[("b", 1)])).await);
    open(&waiting).await;
}

fn broken(report: &Value) -> Vec<u64> {
    let invariants = report["invariants"].as_array().expect("a list").iter();
    let broken = invariants.filter(|row| row["broken"].as_u64().is_some_and(|count| count > 0));
    broken.map(|row| row["invariant"].as_u64().expect("a number")).collect()
}

/// What `ordain verify` must find, one damage at a time: the number of the invariant and what is done to the data.
const DAMAGES: &[(u64, &str)] = &[
    (1, "UPDATE stock SET locked = locked + 1 WHERE sku = 'a'"),
    (1, "UPDATE stock SET on_hand = on_hand - 1 WHERE sku = 'a'"),
    (1, "UPDATE stock SET on_hand = on_hand + 1, received = received + 1 WHERE sku = 'a'"),
    (1, "UPDATE stock SET locked = 101 WHERE sku = 'b'"),
    (1, "DELETE FROM stock_movements WHERE sku = 'a'"),
    (1, "DELETE FROM stock WHERE sku = 'a'"),
    (1, "UPDATE stock_locks SET quantity = quantity + 1 WHERE state = 'held' AND sku = 'a'"),
    (2, "UPDATE stock_locks SET state = 'released' WHERE state = 'held' AND sku = 'a'"),
    (2, "UPDATE stock_locks SET state = 'held' WHERE state = 'released'"),
    (2, "UPDATE stock_locks SET order_id = 1 WHERE state = 'held' AND sku = 'a'"),
    (2, "DELETE FROM stock_locks WHERE state = 'held' AND sku = 'a'"),
    (3, "UPDATE orders SET version = version + 1 WHERE user_id = 'v'"),
    (3, "UPDATE orders SET status = 'paid', cancel_reason = NULL WHERE status = 'cancelled'"),
    (3, "UPDATE orders SET total = total + 1 WHERE user_id = 'v'"),
    (3, "UPDATE orders SET placed_at = placed_at - 1 WHERE user_id = 'v'"),
    (3, "UPDATE orders SET expires_at = expires_at + 1 WHERE user_id = 'v'"),
    (3, "UPDATE orders SET user_id = 'w' WHERE user_id = 'v'"),
    (3, "UPDATE events SET seq = 7 WHERE type = 'order.cancelled'"),
    (3, "DELETE FROM events WHERE type = 'order.cancelled'"),
    (3, "DELETE FROM events WHERE type = 'points.adjusted'"),
    (3, "DELETE FROM orders WHERE user_id = 'v'"),
    (3, "UPDATE events SET type = 'order.reinstated', data = '{\"payment\":1}' WHERE type = 'order.cancelled'"),
    (4, "UPDATE orders SET paid = 1 WHERE user_id = 'v'"),
    (4, "INSERT INTO order_accounts VALUES (1, 0, 0, 0, NULL, NULL, NULL, 0, '{}', 1)"),
    (4, "INSERT INTO order_accounts SELECT min(id), 5, 0, 0, NULL, NULL, NULL, 0, '{}', 1 FROM orders"),
    (4, "UPDATE order_accounts SET captured = captured + 1"),
    (4, "UPDATE payments SET order_id = 1"),
    (4, "DELETE FROM refunds"),
    (4, "UPDATE orders SET status = 'cancelled', cancel_reason = 'merchant' WHERE status = 'paid' AND user_id = 'p'"),
    (5, "INSERT INTO line_accounts VALUES (1, 0, 1, 1, 0, 0, 0)"),
    (5, "UPDATE line_accounts SET money = money - 1"),
    (5, "UPDATE line_accounts SET payable = payable + 1"),
    (5, "UPDATE refunds SET amount = amount - 1"),
    (5, "UPDATE payments SET refunded = captured + 1 WHERE captured > 0"),
    (6, "UPDATE payments SET counts = 0"),
    (6, "UPDATE channel_transactions SET payment_id = 1"),
    (6, "INSERT INTO channel_transactions VALUES ('sandbox', 'another', 1)"),
    (
        6,
        "UPDATE orders SET (token, fingerprint) = (SELECT o.token, o.fingerprint FROM orders o WHERE o.user_id = 'u' ORDER BY o.id LIMIT 1) \
         WHERE user_id = 'u'",
    ),
    (7, "UPDATE coupons SET state = 'granted', order_id = NULL"),
    (7, "UPDATE coupons SET state = 'used'"),
    (7, "UPDATE coupons SET order_id = 1"),
    (7, "DELETE FROM coupons"),
    (7, "UPDATE template_usage SET granted = 3"),
    (7, "UPDATE points SET balance = balance + 1"),
    (7, "UPDATE points SET frozen = 0"),
    (7, "UPDATE points SET balance = -1"),
    (7, "DELETE FROM points_entries WHERE number = 2"),
    (
        8,
        "UPDATE events SET data = json_set(data, '$.price.total', 1) WHERE position = (SELECT min(first_event) FROM orders)",
    ),
    (
        8,
        "UPDATE events SET data = json_set(data, '$.lines[0].goods', 1) WHERE position = (SELECT min(first_event) FROM orders)",
    ),
    (9, "DELETE FROM timers"),
    (9, "UPDATE timers SET due = 1"),
    (9, "DELETE FROM timers WHERE kind = 2"),
    (9, "UPDATE payments SET query_at = NULL"),
    (9, "UPDATE refunds SET status = 'unknown'"),
    (9, "INSERT INTO timers SELECT expires_at, 1, id FROM orders WHERE status = 'cancelled'"),
    (9, "INSERT INTO outbox VALUES (1, 1, 'open_payment', 1, 0)"),
];

#[tokio::test(flavor = "multi_thread")]
async fn verify_finds_every_planted_damage() {
    let sound = lived_in().await;
    let output = verify(&sound);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["clean"], broken(&report).len()), (&json!(true), 0), "{report:#}");
    let mut looked_at = std::collections::BTreeMap::<u64, u64>::new();
    for row in report["invariants"].as_array().expect("a list") {
        *looked_at.entry(row["invariant"].as_u64().expect("a number")).or_default() +=
            row["examined"].as_u64().unwrap_or(0);
    }
    assert!(looked_at.values().all(|count| *count > 0), "each looks at something: {looked_at:?}");
    let mut missed = Vec::new();
    for (invariant, damage) in DAMAGES {
        let data = sound.copy();
        python(&data, damage);
        let output = verify(&data);
        let found = serde_json::from_slice(&output.stdout).map(|report| broken(&report)).unwrap_or_default();
        if output.status.code() != Some(1) || !found.contains(invariant) {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            missed.push(format!("{invariant}: {damage}: exit {:?}, broken {found:?} {said}", output.status.code()));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    let tested: std::collections::BTreeSet<u64> = DAMAGES.iter().map(|(invariant, _)| *invariant).collect();
    let known: std::collections::BTreeSet<u64> =
        report["invariants"].as_array().expect("a list").iter().filter_map(|row| row["invariant"].as_u64()).collect();
    assert_eq!(tested, known, "every invariant has its damage");
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_needs_data() {
    let data = Data::new();
    let output = verify(&data);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no data"), "{output:?}");
}
