//! What is asked on one connection: how many requests began, and whether one of them is not answered yet.
//!
//! It decides nothing and changes neither requests nor answers.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use axum::{Router, body::Body, extract::Request, response::Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tower::Service;

/// The requests of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Requests {
    /// How many have begun: their heads were there.
    pub(super) fn begun(&self) -> u64 {
        self.0.begun.load(Ordering::Relaxed)
    }

    /// Whether one is not answered yet. The answer of a stream is over when the stream is.
    pub(super) fn are_open(&self) -> bool {
        self.0.ended.load(Ordering::Relaxed) < self.begun()
    }

    fn begin(&self) -> Open {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        Open(self.clone())
    }
}

/// A request until its answer is made.
struct Open(Requests);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// The router of one connection.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    router: Router,
    requests: Requests,
}

impl Watched {
    /// Counts what goes to `router` in `requests`.
    pub(super) fn new(router: Router, requests: &Requests) -> Watched {
        Watched { router, requests: requests.clone() }
    }
}

impl Service<Request<Incoming>> for Watched {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let open = self.requests.begin();
        let answer = self.router.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            // Of a body whose length is known nothing is made while it is sent, and a caller that does not take it is let go.
            if answer.body().size_hint().exact().is_some() {
                return Ok(answer);
            }
            Ok(answer.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    let _ = &open;
                    frame
                }))
            }))
        })
    }
}
