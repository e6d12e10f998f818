//! Sends one message over HTTP and waits for the answer, within bounds: no redirects, no proxies of the environment, a
//! total time, an answer of which little is read and less is kept.
//!
//! The client keeps connections to an endpoint for a while; each was judged when it was made.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use ordain_domain::time::{Span, Timestamp};
use ordain_engine::port::webhook_sender::{
    EXCERPT_BYTES_MAX, EndpointAnswer, SendOutcome, SigningSecret, WebhookRequest, WebhookSender,
};
use reqwest::{
    Response,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};

use super::{
    outcome::{failed, of_answer, of_failure},
    resolver::{GuardedResolver, Lookup, SystemLookup},
    retry_after,
    secret::WebhookSecret,
    signature::sign,
    target::{Reach, Target},
};

/// Time from the first packet to the end of the answer.
pub const TIMEOUT: Duration = Duration::from_secs(15);
/// Most bytes of an answer's body that are read.
pub const ANSWER_BYTES_MAX: usize = 64 << 10;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection is kept for the next message.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const IDLE_PER_HOST_MAX: usize = 4;
const USER_AGENT: &str = concat!("Ordain/", env!("CARGO_PKG_VERSION"), " (webhooks)");

/// How the client is set up.
#[derive(Clone)]
pub struct WebhookSettings {
    /// How far it may reach.
    pub reach: Reach,
    /// How it looks names up.
    pub lookup: Arc<dyn Lookup>,
    /// Total time of one try.
    pub timeout: Duration,
}

impl WebhookSettings {
    /// The machine's names and [`TIMEOUT`].
    #[must_use]
    pub fn new(reach: Reach) -> WebhookSettings {
        WebhookSettings { reach, lookup: Arc::new(SystemLookup), timeout: TIMEOUT }
    }
}

/// The client cannot be made: TLS lacks something on this machine.
#[derive(Clone, Debug, thiserror::Error)]
#[error("webhooks cannot be sent: {0}")]
pub struct WebhookClientFailure(String);

/// Sends webhooks over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct WebhookClient {
    client: reqwest::Client,
    reach: Reach,
}

impl fmt::Debug for WebhookClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "WebhookClient({:?})", self.reach)
    }
}

impl WebhookClient {
    /// Makes the client.
    ///
    /// # Errors
    /// The machine lacks what TLS needs.
    pub fn new(settings: WebhookSettings) -> Result<WebhookClient, WebhookClientFailure> {
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(Policy::none())
            .referer(false)
            // A proxy would look the name up by itself.
            .no_proxy()
            .https_only(settings.reach == Reach::Public)
            .timeout(settings.timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(settings.timeout))
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            .dns_resolver(GuardedResolver { lookup: settings.lookup, reach: settings.reach })
            .build()
            .map_err(|error| WebhookClientFailure(error.source().unwrap_or(&error).to_string()))?;
        Ok(WebhookClient { client, reach: settings.reach })
    }

    async fn exchange(&self, request: WebhookRequest) -> SendOutcome {
        // The URL was checked when it was stored, perhaps under other rules than those of today.
        let target = match Target::parse(&request.url, self.reach) {
            Ok(target) => target,
            Err(error) => return failed(format!("the address is refused: the URL {error}")),
        };
        let headers = match headers(&request) {
            Ok(headers) => headers,
            Err(reason) => return failed(format!("the message cannot be sent: {reason}")),
        };
        let now = request.sent_at;
        let message = self.client.post(target.url().clone()).headers(headers).body(Bytes::from_owner(request.body));
        match message.send().await {
            Err(error) => of_failure(&error),
            Ok(response) => {
                let (status, wait) = (response.status().as_u16(), wait(&response, now));
                of_answer(EndpointAnswer { status, excerpt: excerpt(response).await }, wait)
            }
        }
    }
}

impl WebhookSender for WebhookClient {
    fn send(&self, request: WebhookRequest) -> BoxFuture<'_, SendOutcome> {
        Box::pin(self.exchange(request))
    }

    fn draw_secret(&self) -> Option<SigningSecret> {
        WebhookSecret::draw().map(|secret| SigningSecret(Arc::from(secret.reveal())))
    }

    fn check_url(&self, url: &str) -> Result<(), String> {
        Target::parse(url, self.reach).map(|_| ()).map_err(|error| error.to_string())
    }
}

fn headers(request: &WebhookRequest) -> Result<HeaderMap, String> {
    let secrets = request.secrets.iter().map(|SigningSecret(text)| text.parse());
    let secrets: Vec<WebhookSecret> =
        secrets.collect::<Result<_, _>>().map_err(|error| format!("the secret {error}"))?;
    let timestamp = request.sent_at.millis().div_euclid(1_000);
    let signature = sign(&secrets, &request.id, timestamp, &request.body);
    let headers = [
        (CONTENT_TYPE, request.content_type),
        (HeaderName::from_static("webhook-id"), &request.id),
        (HeaderName::from_static("webhook-timestamp"), &timestamp.to_string()),
        (HeaderName::from_static("webhook-signature"), &signature),
    ];
    headers.into_iter().map(|(name, value)| Ok((name.clone(), header_value(&name, value)?))).collect()
}

/// `HeaderValue` takes bytes above ASCII, which not every receiver does.
fn header_value(name: &HeaderName, value: &str) -> Result<HeaderValue, String> {
    let value = Some(value).filter(|value| value.is_ascii()).and_then(|value| HeaderValue::from_str(value).ok());
    value.ok_or_else(|| format!("{name} holds characters that no header has"))
}

fn wait(response: &Response, now: Timestamp) -> Option<Span> {
    retry_after::parse(response.headers().get(RETRY_AFTER)?.to_str().ok()?, now)
}

/// The beginning of the body. That it breaks off or lasts too long changes nothing about the status that came before it.
async fn excerpt(mut response: Response) -> Arc<str> {
    let mut kept = Vec::new();
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        let room = EXCERPT_BYTES_MAX - kept.len();
        kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if read > ANSWER_BYTES_MAX {
            break;
        }
    }
    // A replaced byte is longer than the byte, so the text is cut once more.
    let text = String::from_utf8_lossy(&kept);
    let ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
    let end = ends.take_while(|end| *end <= EXCERPT_BYTES_MAX).last().unwrap_or(0);
    Arc::from(&text[..end])
}
