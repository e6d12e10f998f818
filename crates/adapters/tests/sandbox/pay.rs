//! What a program can make the payer do, and what the merchant is then told: every misbehaviour that is asked for with the
//! payment, against the sandbox's own ledger.

use axum::http::{Method, StatusCode};
use ordain_adapters::channel::{conformance::Arrived, sandbox::Notify};
use ordain_domain::{
    payment::{ChannelReport, ReportedState},
    time::Span,
};
use ordain_engine::port::{
    clock::Clock,
    payment_channel::{Notification, NotificationProblem, PaymentChannel, RawNotification},
};
use serde_json::{Value, json};

use super::bench::Bench;

fn verified(bench: &Bench, arrived: &Arrived) -> Result<Notification, NotificationProblem> {
    let raw = RawNotification { headers: &arrived.headers, body: &arrived.body, arrived_at: arrived.at };
    bench.sandbox.channel().verify(&raw)
}

/// What a notification says of a payment, or that its signature does not hold.
fn told(bench: &Bench, arrived: &Arrived) -> (String, i64) {
    match verified(bench, arrived) {
        Ok(Notification { report: ChannelReport::Payment(report), .. }) => {
            let state = serde_json::to_value(report.state).unwrap();
            (state.as_str().unwrap().to_owned(), report.amount)
        }
        Ok(other) => panic!("not of a payment: {other:?}"),
        Err(problem) => (format!("{problem:?}"), 0),
    }
}

/// Amounts of the captures in the ledger.
async fn captures(bench: &Bench) -> Vec<i64> {
    let (status, page) = bench.json(Method::GET, "/sandbox/v1/ledger", "").await;
    assert_eq!(status, StatusCode::OK);
    let lines = page["data"].as_array().unwrap();
    lines.iter().filter(|line| line["kind"] == "capture").map(|line| line["amount"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn what_is_asked_for_is_what_happens() {
    let captured = ("captured", 1_530);
    let forged = (r#"Forged("the signature is wrong")"#, 0);
    type Row<'a> = (&'a str, &'a [i64], &'a str, &'a [(&'a str, i64)]);
    let table: [Row<'_>; 11] = [
        ("", &[1_530], "captured", &[captured]),
        (r#"{"notify":"once"}"#, &[1_530], "captured", &[captured]),
        (r#"{"notify":"twice"}"#, &[1_530], "captured", &[captured, captured]),
        (r#"{"notify":"never"}"#, &[1_530], "captured", &[]),
        (r#"{"notify":"forged"}"#, &[], "open", &[forged]),
        (r#"{"notify":"wrong_amount"}"#, &[1], "captured", &[("captured", 1)]),
        (
            r#"{"notify":"reordered"}"#,
            &[1_530],
            "captured",
            &[captured, ("open", 1_530), ("authorised", 1_530), ("failed", 1_530)],
        ),
        (r#"{"outcome":"paid"}"#, &[1_530], "captured", &[captured]),
        (r#"{"outcome":"refused"}"#, &[], "refused", &[("failed", 1_530)]),
        (r#"{"outcome":"refused","notify":"twice"}"#, &[], "refused", &[("failed", 1_530); 2]),
        (r#"{"outcome":"refused","notify":"forged"}"#, &[], "open", &[forged]),
    ];
    for (body, taken, status, notifications) in table {
        let bench = Bench::started();
        bench.open(1).await;
        let (code, view) = bench.pay(1, body).await;
        assert_eq!((code, view["status"].as_str().unwrap()), (StatusCode::OK, status), "{body}");
        assert_eq!(captures(&bench).await, taken, "{body}");
        for expected in notifications {
            let arrived = bench.arrival().await;
            assert_eq!(told(&bench, &arrived), (expected.0.to_owned(), expected.1), "{body}");
        }
        bench.settled(0).await;
        assert!(bench.arrived().await.is_empty(), "{body}: more arrived");
    }
}

#[tokio::test]
async fn doubled_notifications_are_under_way_at_the_same_time_with_one_number() {
    let bench = Bench::started();
    bench.hold_answers();
    bench.open(1).await;
    bench.pay(1, r#"{"notify":"twice"}"#).await;
    let (first, second) = (bench.arrival().await, bench.arrival().await);
    assert_eq!((&first.headers, &first.body), (&second.headers, &second.body));
    bench.release_answers();
    bench.settled(0).await;
}

#[tokio::test]
async fn reordered_notifications_have_numbers_of_their_own() {
    let bench = Bench::started();
    bench.open(1).await;
    bench.pay(1, r#"{"notify":"reordered"}"#).await;
    let mut numbers = Vec::new();
    for _ in 0..4 {
        let arrived = bench.arrival().await;
        numbers.push(verified(&bench, &arrived).unwrap().event_id);
    }
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 4, "{numbers:?}");
}

#[tokio::test]
async fn a_late_notification_leaves_after_the_window_and_the_money_is_taken_at_once() {
    let bench = Bench::started();
    let request = bench.open(1).await;
    bench.pay(1, r#"{"notify":"late"}"#).await;
    assert_eq!(captures(&bench).await, [1_530]);
    // The books are reopened after the window, as if time had passed: what was due is sent then.
    bench.clock.move_to(request.expires_at);
    let bench = bench.reopened().await;
    bench.start();
    bench.clock.move_to(request.expires_at.plus(Span::milliseconds(1)));
    let arrived = bench.arrival().await;
    assert!(arrived.at > request.expires_at);
    assert_eq!(told(&bench, &arrived), ("captured".to_owned(), 1_530));
}

#[tokio::test]
async fn a_delayed_notification_waits_and_the_money_does_not() {
    let bench = Bench::started();
    bench.open(1).await;
    bench.pay(1, r#"{"delay_ms":60000}"#).await;
    assert_eq!(captures(&bench).await, [1_530]);
    bench.settled(1).await;
    assert!(bench.arrived().await.is_empty());
    bench.clock.move_to(bench.clock.now().plus(Span::seconds(60)));
    let bench = bench.reopened().await;
    bench.start();
    assert_eq!(told(&bench, &bench.arrival().await).0, "captured");
}

#[tokio::test]
async fn what_was_decided_is_decided() {
    // What happened before, the call, its status, and how often money was taken in the end.
    let paid = "pay";
    let table: [(&[&str], &str, u16, usize); 13] = [
        (&[], "", 200, 1),
        (&[paid], "", 200, 1),
        (&[paid], r#"{"even_if_closed":true}"#, 200, 1),
        (&[paid], r#"{"outcome":"refused"}"#, 409, 1),
        (&["refuse"], r#"{"outcome":"refused"}"#, 200, 0),
        (&["refuse"], "", 409, 0),
        (&["refuse"], r#"{"even_if_closed":true}"#, 200, 1),
        (&["close"], "", 409, 0),
        (&["close"], r#"{"outcome":"refused"}"#, 409, 0),
        (&["close"], r#"{"even_if_closed":true}"#, 200, 1),
        (&["expire"], "", 409, 0),
        (&["expire"], r#"{"even_if_closed":true}"#, 200, 1),
        (&["close", "expire"], r#"{"notify":"forged"}"#, 200, 0),
    ];
    for (before, body, status, taken) in table {
        let bench = Bench::started();
        let request = bench.open(1).await;
        for step in before {
            match *step {
                "refuse" => drop(bench.pay(1, r#"{"outcome":"refused"}"#).await),
                "close" => drop(bench.sandbox.channel().close(request.payment).await.unwrap()),
                "expire" => bench.clock.move_to(request.expires_at.plus(Span(1))),
                _ => drop(bench.pay(1, "").await),
            }
        }
        let (code, answer) = bench.pay(1, body).await;
        assert_eq!(code.as_u16(), status, "{before:?}, then {body}: {answer}");
        if status == 409 {
            assert_eq!(answer["code"], "payment_state", "{before:?}, then {body}");
        }
        assert_eq!(captures(&bench).await.len(), taken, "{before:?}, then {body}");
    }
}

#[tokio::test]
async fn paying_again_tells_again_only_when_asked_to_and_with_the_same_number() {
    let bench = Bench::started();
    bench.open(1).await;
    bench.pay(1, r#"{"notify":"never"}"#).await;
    bench.pay(1, "").await;
    bench.settled(0).await;
    assert!(bench.arrived().await.is_empty());
    let mut numbers = Vec::new();
    for _ in 0..2 {
        bench.pay(1, r#"{"notify":"once"}"#).await;
        numbers.push(verified(&bench, &bench.arrival().await).unwrap().event_id);
    }
    assert_eq!(numbers[0], numbers[1]);
    assert_eq!(captures(&bench).await, [1_530]);
}

#[tokio::test]
async fn a_payment_that_was_closed_before_it_was_opened_takes_no_money_at_all() {
    let bench = Bench::started();
    bench.sandbox.channel().close("pay_1".parse().unwrap()).await.unwrap();
    let report = {
        bench.open(1).await;
        bench.sandbox.channel().query("pay_1".parse().unwrap()).await.unwrap()
    };
    assert_eq!(report.state, ReportedState::Closed);
    for body in ["", r#"{"even_if_closed":true}"#] {
        assert_eq!(bench.pay(1, body).await.0, StatusCode::CONFLICT, "{body}");
    }
    assert!(captures(&bench).await.is_empty());
}

#[tokio::test]
async fn what_is_not_a_request_is_refused() {
    let bench = Bench::started();
    bench.open(1).await;
    let (pay, faults, ledger) = ("/sandbox/v1/payments/pay_1/pay", "/sandbox/v1/faults", "/sandbox/v1/ledger");
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(20_000));
    let (post, put, get) = (Method::POST, Method::PUT, Method::GET);
    let table = [
        (&post, pay, r#"{"outcome":"maybe"}"#, 400, "invalid_request"),
        (&post, pay, r#"{"outcom":"paid"}"#, 400, "invalid_request"),
        (&post, pay, r#"{"notify":"once","notify":"never"}"#, 400, "invalid_request"),
        (&post, pay, r#"{"delay_ms":-1}"#, 400, "invalid_request"),
        (&post, pay, r#"{"delay_ms":604800001}"#, 400, "invalid_request"),
        (&post, pay, r#"{"delay_ms":1.5}"#, 400, "invalid_request"),
        (&post, pay, r#"["paid",0,null,false]"#, 400, "invalid_request"),
        (&post, pay, r#"{} {}"#, 400, "invalid_request"),
        (&post, pay, "{", 400, "invalid_request"),
        (&post, pay, &long, 413, "payload_too_large"),
        (&post, pay, "choice=pay", 415, "unsupported_media_type"),
        (&put, pay, "{}", 405, "method_not_allowed"),
        (&post, "/sandbox/v1/payments/pay_2/pay", "{}", 404, "not_found"),
        (&post, "/sandbox/v1/payments/ord_1/pay", "{}", 404, "not_found"),
        (&get, "/sandbox/v1/payments/pay_2", "", 404, "not_found"),
        (&put, faults, r#"{"reply_lost":1.5}"#, 400, "invalid_request"),
        (&put, faults, r#"{"slow_ms":60001}"#, 400, "invalid_request"),
        (&put, faults, r#"{"dwn":true}"#, 400, "invalid_request"),
        (&put, faults, "", 415, "unsupported_media_type"),
        (&get, "/sandbox/v1/ledger?limit=0", "", 400, "invalid_request"),
        (&get, "/sandbox/v1/ledger?limit=1001", "", 400, "invalid_request"),
        (&get, "/sandbox/v1/ledger?from=1", "", 400, "invalid_request"),
        (&post, ledger, "{}", 405, "method_not_allowed"),
    ];
    for (method, path, body, status, code) in table {
        let (found, media_type, text) = bench.call(method.clone(), path, body).await;
        let row = format!("{method} {path} {}", &body[..body.len().min(60)]);
        assert_eq!((found.as_u16(), media_type.as_str()), (status, "application/problem+json"), "{row}: {text}");
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{row}");
    }
    assert!(captures(&bench).await.is_empty());
}

#[tokio::test]
async fn the_ledger_is_read_in_pages() {
    let bench = Bench::started();
    for number in 1..=5 {
        bench.open(number).await;
        bench.pay(number, r#"{"notify":"never"}"#).await;
    }
    let mut seen = Vec::new();
    let mut after = Some("0".to_owned());
    while let Some(cursor) = after {
        let (_, page) = bench.json(Method::GET, &format!("/sandbox/v1/ledger?after={cursor}&limit=2"), "").await;
        let lines = page["data"].as_array().unwrap();
        seen.extend(lines.iter().map(|line| line["payment_id"].as_str().unwrap().to_owned()));
        after = page["next_cursor"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ["pay_1", "pay_2", "pay_3", "pay_4", "pay_5"]);
    let (_, page) = bench.json(Method::GET, "/sandbox/v1/ledger?limit=1", "").await;
    let expected = json!({
        "number": 1, "kind": "capture", "payment_id": "pay_1", "refund_id": null, "transaction": "sbc_1",
        "amount": 1530, "currency": "GBP", "at": "2027-01-15T08:00:00Z"
    });
    assert_eq!(page["data"][0], expected);
}

#[test]
fn every_way_to_notify_has_its_word() {
    let words = ["once", "twice", "never", "late", "forged", "reordered", "wrong_amount"];
    for word in words {
        assert!(serde_json::from_value::<Notify>(json!(word)).is_ok(), "{word}");
    }
}
