//! The payment page, as a browser without scripts uses it.

use axum::http::{Method, StatusCode};
use ordain_domain::time::Span;
use ordain_engine::port::{clock::Clock, payment_channel::PaymentChannel};

use super::bench::Bench;

const PAGE: &str = "/sandbox/pay/pay_1";

async fn page(bench: &Bench) -> String {
    let (status, media_type, text) = bench.call(Method::GET, PAGE, "").await;
    assert_eq!((status, media_type.as_str()), (StatusCode::OK, "text/html; charset=utf-8"));
    text
}

#[tokio::test]
async fn an_open_payment_shows_what_is_to_be_decided() {
    let bench = Bench::started();
    bench.open(1).await;
    bench.clock.move_to(bench.clock.now().plus(Span::seconds(61)));
    let text = page(&bench).await;
    for part in [
        "15.30 GBP",
        "ord_1001",
        "pay_1",
        "13 min 59 s",
        "2027-01-15T08:15:00Z",
        "<form method=\"post\">",
        "value=\"pay\"",
        "value=\"refuse\"",
        "value=\"wait\"",
        "http-equiv=\"refresh\"",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains("shop.example"), "the way back is shown once it is decided");
}

#[tokio::test]
async fn a_button_leads_back_to_the_page_which_shows_the_result() {
    let table = [
        ("choice=pay", "Paid. Thank you.", 1),
        ("choice=refuse", "You refused to pay.", 0),
        ("choice=wait", "Time left", 0),
    ];
    for (form, result, taken) in table {
        let bench = Bench::started();
        bench.open(1).await;
        let (status, location, _) = bench.call(Method::POST, PAGE, form).await;
        assert_eq!((status, location.as_str()), (StatusCode::SEE_OTHER, "pay_1"), "{form}");
        let text = page(&bench).await;
        assert!(text.contains(result), "{form}: {result} is not in\n{text}");
        assert_eq!(bench.sandbox.ledger(0, 10).await.unwrap().len(), taken, "{form}");
        let is_decided = form != "choice=wait";
        let way_back = "href=\"https://shop.example/?a=&quot;&lt;b&gt;\"";
        assert_eq!(text.contains(way_back), is_decided, "{form}\n{text}");
        assert_eq!(text.contains("<form"), !is_decided, "{form}");
    }
}

#[tokio::test]
async fn whoever_comes_too_late_reads_why() {
    for (step, result) in [("expire", "The time to pay is over."), ("close", "The shop closed this payment.")] {
        let bench = Bench::started();
        let request = bench.open(1).await;
        match step {
            "expire" => bench.clock.move_to(request.expires_at.plus(Span(1))),
            _ => drop(bench.sandbox.channel().close(request.payment).await.unwrap()),
        }
        assert_eq!(bench.call(Method::POST, PAGE, "choice=pay").await.0, StatusCode::SEE_OTHER);
        assert!(page(&bench).await.contains(result), "{step}");
        assert!(bench.sandbox.ledger(0, 10).await.unwrap().is_empty(), "{step}");
    }
}

#[tokio::test]
async fn what_is_no_payment_or_no_choice_gets_a_page_too() {
    let bench = Bench::started();
    bench.open(1).await;
    let table = [
        (Method::GET, "/sandbox/pay/pay_2", "", 404),
        (Method::GET, "/sandbox/pay/%3Cscript%3E", "", 404),
        (Method::POST, "/sandbox/pay/pay_2", "choice=pay", 404),
        (Method::POST, PAGE, "choice=steal", 400),
        (Method::POST, PAGE, "choice=pay&choice=refuse", 400),
        (Method::POST, PAGE, "", 400),
    ];
    for (method, path, body, expected) in table {
        let (status, media_type, text) = bench.call(method.clone(), path, body).await;
        assert_eq!(
            (status.as_u16(), media_type.as_str()),
            (expected, "text/html; charset=utf-8"),
            "{method} {path} {body}"
        );
        assert!(!text.contains("<script>alert"), "{path}");
    }
}
