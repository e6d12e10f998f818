//! A receiver of webhooks on a free port of this machine: keeps what arrives, byte for byte, and answers as it is told.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::Value;

/// What is answered at a path.
#[derive(Clone, Debug)]
pub(crate) struct Says {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<&'static str>,
}

impl Says {
    pub(crate) const fn status(status: u16) -> Says {
        Says { status, retry_after: None }
    }
}

/// A message as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Message {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn id(&self) -> String {
        self.header("webhook-id").to_owned()
    }
}

#[derive(Debug, Default)]
struct Inner {
    arrived: Mutex<Vec<Message>>,
    /// What is answered next at a path, and then for ever; 204 where nothing is said.
    says: Mutex<BTreeMap<String, (VecDeque<Says>, Says)>>,
}

/// The receiver. It ends with the test.
pub(crate) struct Receiver {
    inner: Arc<Inner>,
    base: String,
}

impl Receiver {
    pub(crate) async fn start() -> Receiver {
        let inner = Arc::new(Inner::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("it is bound"));
        let router = Router::new().route("/{path}", post(take)).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Receiver { inner, base }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// From now on answers these, one after another, and then the last of them for ever.
    pub(crate) fn says(&self, path: &str, says: &[Says]) {
        let (last, first) = says.split_last().expect("something is said");
        let says = (first.iter().cloned().collect(), last.clone());
        self.inner.says.lock().expect("no test panics with it").insert(path.to_owned(), says);
    }

    /// Messages that arrived at a path, in their order.
    pub(crate) fn at(&self, path: &str) -> Vec<Message> {
        self.inner
            .arrived
            .lock()
            .expect("no test panics with it")
            .iter()
            .filter(|message| message.path == path)
            .cloned()
            .collect()
    }

    /// Their ids.
    pub(crate) fn ids(&self, path: &str) -> Vec<String> {
        self.at(path).iter().map(Message::id).collect()
    }
}

async fn take(State(inner): State<Arc<Inner>>, Path(path): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |value: &axum::http::HeaderValue| value.to_str().expect("headers are ASCII").to_owned();
    let headers = headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let body = String::from_utf8(body.to_vec()).expect("bodies are UTF-8");
    inner.arrived.lock().expect("no test panics with it").push(Message { path: path.clone(), headers, body });
    let says = {
        let mut says = inner.says.lock().expect("no test panics with it");
        let says = says.get_mut(&path);
        says.map_or(Says::status(204), |(next, always)| next.pop_front().unwrap_or_else(|| always.clone()))
    };
    let status = StatusCode::from_u16(says.status).expect("a status");
    match says.retry_after {
        Some(seconds) => (status, [("retry-after", seconds)], "said").into_response(),
        None => (status, "said").into_response(),
    }
}
