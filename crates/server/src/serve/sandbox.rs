//! The sandbox channel in the same process: its books beside the data, its pages under `/sandbox`, its notifications through
//! the server's own router.
//!
//! A notification takes the way that every channel's takes, from the raw body on; only the socket is left out.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{Method, Request},
};
use futures_util::future::BoxFuture;
use ordain_adapters::{
    carrier::sandbox::{SandboxCarrier, SandboxCarrierSettings, router as carrier_router},
    channel::sandbox::{NAME, NotificationSink, OutgoingNotification, Sandbox, SandboxSettings, router},
};
use tower::ServiceExt as _;

use crate::{
    cli::Failure,
    config::{Config, HttpAddress, StoreUrl},
};

/// The parties that the process plays against itself.
pub(super) struct Sandboxes {
    /// A payment channel.
    pub(super) channel: Arc<Sandbox>,
    /// A carrier.
    pub(super) carrier: Arc<SandboxCarrier>,
}

/// Opens the sandboxes, when it is wanted. `address` is where the server listens.
///
/// # Errors
/// When its books cannot be opened.
pub(super) fn open(config: &Config, address: &HttpAddress) -> Result<Option<Sandboxes>, Failure> {
    if !config.sandbox.enabled {
        return Ok(None);
    }
    let StoreUrl::Sqlite(path) = &config.store.url;
    let public_url = match (config.sandbox.public_url.as_str(), address) {
        ("", HttpAddress::Tcp(address)) => format!("http://{address}"),
        // No browser opens a socket of the file system: a proxy on this machine stands before it.
        ("", HttpAddress::Unix(_)) => "http://localhost".to_owned(),
        (url, _) => url.to_owned(),
    };
    let books = path.with_file_name("sandbox.db");
    let unopened = |failure: &dyn std::fmt::Display| format!("opening the sandbox channel's books: {failure}");
    // The sandbox is opened before the store, which would make the folder.
    if let Some(folder) = books.parent() {
        std::fs::create_dir_all(folder).map_err(|failure| unopened(&failure))?;
    }
    let parcels = SandboxCarrierSettings::new(Some(books.with_file_name("sandbox-parcels.ndjson")));
    let channel = Sandbox::open(SandboxSettings::new(books, public_url)).map_err(|failure| unopened(&failure))?;
    let carrier =
        SandboxCarrier::open(parcels).map_err(|failure| format!("opening the sandbox carrier's parcels: {failure}"))?;
    tracing::warn!("the sandbox payment channel is on: whoever reaches /sandbox can pay orders without money");
    Ok(Some(Sandboxes { channel, carrier }))
}

/// Serves the sandboxes beside the calls of `api` and lets the channel send notifications to them.
pub(super) fn mount(sandboxes: &Sandboxes, api: Router) -> Router {
    sandboxes.channel.start(Arc::new(OwnRouter(api.clone())));
    let pages = router(Arc::clone(&sandboxes.channel)).merge(carrier_router(Arc::clone(&sandboxes.carrier)));
    api.nest("/sandbox", pages)
}

/// Brings notifications to the router of this process.
struct OwnRouter(Router);

impl NotificationSink for OwnRouter {
    fn deliver(&self, notification: OutgoingNotification) -> BoxFuture<'_, Option<u16>> {
        let router = self.0.clone();
        Box::pin(async move {
            let mut request = Request::builder().method(Method::POST).uri(format!("/v1/channels/{NAME}/notifications"));
            for (name, value) in &notification.headers {
                request = request.header(name, value);
            }
            let request = request.body(Body::from(notification.body)).ok()?;
            match router.oneshot(request).await {
                Ok(response) => Some(response.status().as_u16()),
                Err(never) => match never {},
            }
        })
    }
}
