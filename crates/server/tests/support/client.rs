//! Calls over HTTP as a test writes them, and answers as it looks at them.
//!
//! It knows the conventions of the contract (problems, keys) and no resource; those stand in `shop`.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// Speaks to one server. Clones share its connections.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    /// A client of the server at `base`, a URL or `unix:PATH`, with connections of its own.
    pub(crate) fn new(base: &str) -> Client {
        let builder = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60));
        let (builder, base) = match base.strip_prefix("unix:") {
            Some(path) => (builder.unix_socket(path), "http://localhost"),
            None => (builder, base),
        };
        Client { http: builder.build().expect("a client without TLS"), base: base.to_owned() }
    }

    /// A request that can still be given headers and a body.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// `GET path`
    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    /// `PUT path`
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::PUT, path).json(body)).await
    }

    /// `POST path` under a key that nobody else uses.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_keyed(path, &fresh_key(), body).await
    }

    /// `POST path` under a key.
    pub(crate) async fn post_keyed(&self, path: &str, key: &str, body: &Value) -> Answer {
        answer(self.request(Method::POST, path).header("Idempotency-Key", key).json(body)).await
    }

    /// The value of a metric with these labels, as it is written.
    pub(crate) async fn metric(&self, name: &str) -> String {
        let page = self.get("/metrics").await;
        let text = String::from_utf8(page.body).expect("metrics are text");
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).to_owned()
    }

    /// Waits until the server is ready.
    ///
    /// # Panics
    /// When it is not within `deadline`.
    pub(crate) async fn ready(&self, deadline: Duration) {
        let ready = async {
            loop {
                if try_answer(self.request(Method::GET, "/readyz")).await.is_ok_and(|answer| answer.status == 200) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let waited = tokio::time::timeout(deadline, ready).await;
        waited.unwrap_or_else(|_| panic!("the server is not ready within {deadline:?}"));
    }
}

/// A key that no other call of this process gets.
pub(crate) fn fresh_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Sends a request; the connection must hold.
pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    try_answer(request).await.expect("the server answers")
}

/// Sends a request to a server that may be gone.
///
/// # Errors
/// When the connection failed before the whole answer was there.
pub(crate) async fn try_answer(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
}

/// What a server said.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// A header as text, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are ASCII"))
    }

    /// The JSON body of an answer that must have this status.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        self.json()
    }

    /// The problem of an answer that must be one, with this status and code.
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(problem["code"], code, "{self}");
        assert_eq!(problem["status"], status, "{self}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self}");
        for member in ["type", "title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {self}");
        }
        problem
    }

    /// Whether it was answered from memory.
    pub(crate) fn is_replayed(&self) -> bool {
        self.header("idempotency-replayed") == "true"
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = String::from_utf8_lossy(&self.body).chars().take(2_000).collect();
        write!(formatter, "{} {:?} {body}", self.status, self.headers)
    }
}
