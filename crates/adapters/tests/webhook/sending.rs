//! What a delivery looks like, what comes of it, and where it does not go.

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt};
use ordain_adapters::webhook::{Lookup, Reach, WebhookClient, WebhookSecret, WebhookSettings, sign};
use ordain_domain::time::{Span, Timestamp};
use ordain_engine::port::webhook_sender::{
    EXCERPT_BYTES_MAX, EndpointAnswer, SendOutcome, SigningSecret, WebhookRequest, WebhookSender,
};
use tokio::net::TcpListener;

use super::endpoint::{Answer, Endpoint};

const BODY: &str = r#"{"specversion":"1.0","type":"order.paid"}"#;
const SECRETS: [&str; 2] =
    ["whsec_GB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5", "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="];

/// Answers one address and counts how often it was asked.
struct Fixed(IpAddr, Arc<AtomicUsize>);

impl Lookup for Fixed {
    fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let address = self.0;
        Box::pin(async move { Ok(vec![address]) })
    }
}

fn client(settings: WebhookSettings) -> WebhookClient {
    WebhookClient::new(settings).unwrap()
}

async fn deliver(client: &WebhookClient, url: &str, id: &str) -> SendOutcome {
    let request = WebhookRequest {
        url: Arc::from(url),
        id: Arc::from(id),
        sent_at: Timestamp(1_800_000_000_000_000),
        content_type: "application/cloudevents+json",
        body: Arc::from(BODY.as_bytes()),
        secrets: SECRETS.iter().map(|text| SigningSecret(Arc::from(*text))).collect(),
    };
    client.send(request).await
}

async fn send(url: &str) -> SendOutcome {
    deliver(&client(WebhookSettings::new(Reach::Anywhere)), url, "evt_7").await
}

fn answer(status: u16, excerpt: &str) -> EndpointAnswer {
    EndpointAnswer { status, excerpt: Arc::from(excerpt) }
}

fn failed(reason: &str) -> SendOutcome {
    SendOutcome::Failed(Arc::from(reason))
}

#[tokio::test]
async fn a_delivery_is_signed_and_names_itself() {
    let mut endpoint = Endpoint::answering(Answer::status(204, "", "")).await;
    assert_eq!(send(&endpoint.url()).await, SendOutcome::Delivered(answer(204, "")));
    let received = endpoint.next().await;
    assert!(received.head.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{}", received.head);
    assert_eq!(received.body, BODY.as_bytes());
    let secrets: Vec<WebhookSecret> = SECRETS.iter().map(|text| text.parse().unwrap()).collect();
    let expected = [
        ("webhook-id", "evt_7"),
        ("webhook-timestamp", "1800000000"),
        ("webhook-signature", &sign(&secrets, "evt_7", 1_800_000_000, BODY.as_bytes())),
        ("content-type", "application/cloudevents+json"),
        ("host", &endpoint.address.to_string()),
    ];
    for (name, value) in expected {
        assert_eq!(received.header(name), Some(value), "{name}");
    }
    for name in ["authorization", "cookie", "referer", "traceparent"] {
        assert_eq!(received.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn what_comes_of_an_answer() {
    let slow_down = |status, retry_after: Option<u64>| SendOutcome::SlowDown {
        answer: answer(status, ""),
        retry_after: retry_after.map(Span::seconds),
    };
    let table = [
        (Answer::status(200, "", "ok"), SendOutcome::Delivered(answer(200, "ok"))),
        (Answer::status(202, "", ""), SendOutcome::Delivered(answer(202, ""))),
        (Answer::status(400, "", "no"), SendOutcome::Refused(answer(400, "no"))),
        (Answer::status(410, "", "bye"), SendOutcome::Gone(answer(410, "bye"))),
        (Answer::status(429, "retry-after: 120\r\n", ""), slow_down(429, Some(120))),
        (Answer::status(429, "retry-after: Fri, 15 Jan 2027 08:01:00 GMT\r\n", ""), slow_down(429, Some(60))),
        (Answer::status(502, "", ""), slow_down(502, None)),
        (Answer::status(503, "", ""), SendOutcome::Refused(answer(503, ""))),
        (Answer::status(503, "retry-after: 5\r\n", ""), slow_down(503, Some(5))),
        (Answer::status(504, "retry-after: soon\r\n", ""), slow_down(504, None)),
    ];
    for (endpoint, outcome) in table {
        let endpoint = Endpoint::answering(endpoint).await;
        assert_eq!(send(&endpoint.url()).await, outcome);
    }
}

#[tokio::test]
async fn a_redirect_leads_nowhere() {
    let mut inside = Endpoint::answering(Answer::status(200, "", "secret")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}\r\n", inside.url());
        let outside = Endpoint::answering(Answer::status(status, &location, "")).await;
        assert_eq!(send(&outside.url()).await, SendOutcome::Refused(answer(status, "")));
        assert!(!inside.was_reached(), "{status}");
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_connected_to() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let lookup = Arc::new(Fixed(listener.local_addr().unwrap().ip(), Arc::clone(&asked)));
    let client = client(WebhookSettings { lookup, ..WebhookSettings::new(Reach::Public) });
    // The port is a free one, which is above 1,023.
    let url = format!("https://shop.example:{}/hook", listener.local_addr().unwrap().port());
    let expected = failed("the address is refused: the address 127.0.0.1 is not public");
    assert_eq!(deliver(&client, &url, "evt_7").await, expected);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(listener.accept().now_or_never().is_none(), "somebody connected");
}

#[tokio::test]
async fn a_connection_goes_where_its_one_lookup_said() {
    let mut endpoint = Endpoint::answering(Answer::status(200, "", "")).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let lookup = Arc::new(Fixed(endpoint.address.ip(), Arc::clone(&asked)));
    let client = client(WebhookSettings { lookup, ..WebhookSettings::new(Reach::Anywhere) });
    let url = format!("http://shop.example:{}/hook", endpoint.address.port());
    for round in 1..=3 {
        let outcome = deliver(&client, &url, "evt_7").await;
        assert_eq!(outcome, SendOutcome::Delivered(answer(200, "")), "round {round}");
        endpoint.next().await;
        assert_eq!(asked.load(Ordering::SeqCst), round, "each connection is judged by a lookup of its own");
    }
}

#[tokio::test]
async fn little_of_an_answer_is_kept() {
    let table = [
        ("x".repeat(10 << 20), "x".repeat(EXCERPT_BYTES_MAX)),
        ("é".repeat(EXCERPT_BYTES_MAX), "é".repeat(EXCERPT_BYTES_MAX / 2)),
        ("a\0b".to_owned(), "a\0b".to_owned()),
    ];
    for (body, kept) in table {
        let endpoint = Endpoint::answering(Answer::status(200, "", &body)).await;
        assert_eq!(send(&endpoint.url()).await, SendOutcome::Delivered(answer(200, &kept)), "{} bytes", body.len());
    }
    let odd = Answer::Bytes(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n\xff\xfe bytes".to_vec());
    let endpoint = Endpoint::answering(odd).await;
    assert_eq!(send(&endpoint.url()).await, SendOutcome::Delivered(answer(200, "\u{fffd}\u{fffd} bytes")));
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_not_waited_for() {
    let timeout = Duration::from_millis(100);
    let half = b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    let table = [
        (Answer::Stall(Vec::new()), failed("no answer in time")),
        (Answer::Stall(b"HTTP/1.1 20".to_vec()), failed("no answer in time")),
        (Answer::Stall(half), SendOutcome::Delivered(answer(200, "half"))),
    ];
    for (stall, outcome) in table {
        let endpoint = Endpoint::answering(stall.clone()).await;
        let client = client(WebhookSettings { timeout, ..WebhookSettings::new(Reach::Anywhere) });
        assert_eq!(deliver(&client, &endpoint.url(), "evt_7").await, outcome, "{stall:?}");
    }
}

#[tokio::test]
async fn why_there_is_no_answer() {
    let hung_up = Endpoint::answering(Answer::Bytes(Vec::new())).await;
    let no_http = Endpoint::answering(Answer::Bytes(b"220 mail.example ESMTP\r\n".to_vec())).await;
    let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let table = [
        (hung_up.url(), "evt_7", "no answer: "),
        (no_http.url(), "evt_7", "no answer: "),
        (format!("http://{free}/"), "evt_7", "no connection: "),
        (format!("https://{free}/"), "evt_7", "no connection: "),
        ("ftp://127.0.0.1/".to_owned(), "evt_7", "the address is refused: the URL must begin with https://"),
        (hung_up.url(), "evt\n7", "the message cannot be sent: webhook-id holds"),
        (hung_up.url(), "évt_7", "the message cannot be sent: webhook-id holds"),
    ];
    let client = client(WebhookSettings::new(Reach::Anywhere));
    for (url, id, expected) in table {
        let outcome = deliver(&client, &url, id).await;
        let SendOutcome::Failed(reason) = outcome else { panic!("{url}: {outcome:?}") };
        assert!(reason.starts_with(expected), "{url}: {reason}");
    }
}

#[tokio::test]
async fn a_secret_that_is_none_signs_nothing() {
    let mut endpoint = Endpoint::answering(Answer::status(200, "", "")).await;
    let request = WebhookRequest {
        url: Arc::from(endpoint.url()),
        id: Arc::from("evt_7"),
        sent_at: Timestamp(0),
        content_type: "application/json",
        body: Arc::from(BODY.as_bytes()),
        secrets: vec![SigningSecret(Arc::from("whsec_c2hvcnQ="))],
    };
    let outcome = client(WebhookSettings::new(Reach::Anywhere)).send(request).await;
    assert_eq!(outcome, failed("the message cannot be sent: the secret must have 24 to 64 bytes"));
    assert!(!endpoint.was_reached());
}

#[test]
fn a_url_is_checked_for_people() {
    let public = client(WebhookSettings::new(Reach::Public));
    let anywhere = client(WebhookSettings::new(Reach::Anywhere));
    let table = [
        ("https://shop.example/hook", Ok(()), Ok(())),
        ("http://127.0.0.1:9000/hook", Err("must begin with https://".to_owned()), Ok(())),
        ("https://[::1]/", Err("must not name the address ::1, which is not public".to_owned()), Ok(())),
        ("hook", Err("must be an absolute URL".to_owned()), Err("must be an absolute URL".to_owned())),
    ];
    for (url, in_public, in_development) in table {
        assert_eq!((public.check_url(url), anywhere.check_url(url)), (in_public, in_development), "{url}");
    }
}
