//! `POST /v1/channels/{channel}/notifications`: what a payment channel sends by itself.
//!
//! Verified over the raw bytes before a word of it is believed; then recorded and decided in one commit, and only after that
//! answered with the channel's own word for "taken". A channel repeats what was not answered so, which is why whatever was not
//! recorded is answered with an error.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, PROXY_AUTHORIZATION, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use ordain_domain::{
    answer::Answer,
    command::{Command, Envelope},
    event::Actor,
    payment::{Receipt, ReceiptVerdict, TakeNotification},
    time::Timestamp,
};
use ordain_engine::port::payment_channel::{NotificationProblem, PaymentChannel, RawNotification};

use super::Outcome;
use crate::{
    app::{App, SharedApp},
    body::read_body_up_to,
    path::{ChannelName, Named},
    problem::{FieldError, Problem, ProblemCode},
    refusal::{problem_of_failure, problem_of_refusal},
};

/// Longest body of a notification, in bytes.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Most bytes of headers that are kept with it.
const HEADERS_KEPT_MAX: usize = 4 << 10;
/// Headers that may carry somebody's secret: they are not kept.
const SECRET_HEADERS: [HeaderName; 5] = [
    AUTHORIZATION,
    PROXY_AUTHORIZATION,
    COOKIE,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("x-api-key"),
];

/// Take a notification of a payment channel
///
/// The body's bytes as the channel signed them, at most 64 KiB. A signature that does not hold is `unauthorized`; of those at
/// most ten a second and channel are kept, all are counted. A notification that names a payment that is not known is
/// `not_found`, so that the channel comes again. One that contradicts what is known touches nothing: it is quarantined, a
/// person is asked for, and the channel is told that it was taken.
#[utoipa::path(
    post, path = "/v1/channels/{channel}/notifications", tag = "payments", operation_id = "take_notification",
    params(("channel" = String, Path, description = "Name of the channel")),
    request_body(content = String, content_type = "*/*", description = "Whatever the channel sends"),
    responses((status = 200, content_type = "*/*", body = String, description = "The channel's own word for taken, after the commit"))
)]
pub(crate) async fn take_notification(
    State(app): State<SharedApp>,
    Named(ChannelName(name)): Named<ChannelName>,
    request: Request,
) -> Result<Response, Problem> {
    let channel = Arc::clone(app.engine.channel(&name).ok_or_else(|| Problem::not_found("channel"))?);
    let arrived_at = app.engine.now();
    let (parts, body) = request.into_parts();
    let body = read_body_up_to(&parts.headers, body, BODY_BYTES_MAX, &app.settings).await?;
    let headers = headers_of(&parts.headers);
    let raw = RawNotification { headers: &headers, body: &body, arrived_at };
    let verified = channel.verify(&raw);
    let arrived = Arrived { channel: channel.as_ref(), headers, body, arrived_at };
    match verified {
        Ok(notification) => {
            let is_for_us = *notification.merchant == *channel.merchant();
            let taken = TakeNotification {
                event_id: Some(notification.event_id),
                report: Some(notification.report),
                is_for_us,
                ..arrived.unread()
            };
            let receipt = record(&app, taken).await?;
            Ok(answer_of(channel.as_ref(), &receipt))
        }
        Err(NotificationProblem::Forged(reason)) => Ok(refuse_forgery(&app, &arrived, reason).await),
        Err(NotificationProblem::Unreadable(reason)) => {
            tracing::error!(channel = channel.name(), error.message = reason, "a signed notification cannot be read");
            app.notifications.count(channel.name(), Outcome::Unreadable);
            Err(Problem::invalid(vec![FieldError::at("", "is not a notification of this channel")]))
        }
    }
}

/// A notification as it arrived.
struct Arrived<'a> {
    channel: &'a dyn PaymentChannel,
    headers: BTreeMap<String, String>,
    body: Bytes,
    arrived_at: Timestamp,
}

impl Arrived<'_> {
    /// The command to record it without a word of what it says.
    fn unread(&self) -> TakeNotification {
        TakeNotification {
            channel: Arc::from(self.channel.name()),
            event_id: None,
            headers: kept_headers(&self.headers),
            body: Arc::from(self.body.as_ref()),
            arrived_at: self.arrived_at,
            report: None,
            is_for_us: false,
        }
    }
}

/// Names in lower case; the values of a header that was sent several times stand in their order, parted by commas
/// (RFC 9110 §5.3).
fn headers_of(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        match all.get_mut(name.as_str()) {
            Some(values) => {
                values.push_str(", ");
                values.push_str(&value);
            }
            None => {
                all.insert(name.as_str().to_owned(), value.into_owned());
            }
        }
    }
    all
}

/// The headers that are kept, one `name: value` a line.
fn kept_headers(headers: &BTreeMap<String, String>) -> Arc<str> {
    let mut kept = String::with_capacity(512);
    for (name, value) in headers {
        let is_secret = SECRET_HEADERS.iter().any(|secret| secret.as_str() == name);
        if !is_secret && kept.len() + name.len() + value.len() + 3 <= HEADERS_KEPT_MAX {
            // Writing to a String cannot fail.
            let _ = writeln!(kept, "{name}: {value}");
        }
    }
    Arc::from(kept)
}

/// Records a notification and answers what was made of it; it is durable then.
async fn record(app: &App, taken: TakeNotification) -> Result<Arc<Receipt>, Problem> {
    let channel = Arc::clone(&taken.channel);
    let command = Command::TakeNotification(taken);
    let envelope = Envelope { actor: Actor::Channel, scope: Arc::from(""), idempotency: None, command };
    let reply = app.engine.execute(envelope).await;
    let (outcome, result) = match reply.map(|reply| reply.outcome) {
        Ok(Ok(Answer::Receipt(receipt))) => (Outcome::Taken(receipt.verdict), Ok(receipt)),
        Ok(Ok(_)) => (Outcome::Failed, Err(Problem::internal())),
        Ok(Err(refusal)) => (Outcome::Failed, Err(problem_of_refusal(&refusal))),
        Err(failure) => (Outcome::Failed, Err(problem_of_failure(&failure))),
    };
    app.notifications.count(&channel, outcome);
    result
}

/// What the channel is told of a notification that was recorded.
fn answer_of(channel: &dyn PaymentChannel, receipt: &Receipt) -> Response {
    match receipt.verdict {
        ReceiptVerdict::Applied | ReceiptVerdict::Known | ReceiptVerdict::Resolved => {}
        ReceiptVerdict::Quarantined => tracing::error!(
            channel = channel.name(),
            receipt_id = %receipt.id,
            payment_id = receipt.payment.map(tracing::field::display),
            reason = receipt.note.as_deref(),
            "a notification is quarantined; a person has to look"
        ),
        ReceiptVerdict::Unmatched => return Problem::not_found("payment").into_response(),
        // Only what was not verified is recorded as forged.
        ReceiptVerdict::Forged => return Problem::internal().into_response(),
    }
    let word = channel.acknowledgement();
    let mut response = Response::new(Body::from(word.body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(word.content_type));
    response
}

/// Refuses a forgery: counted always, kept while there is room for it in this second.
async fn refuse_forgery(app: &App, arrived: &Arrived<'_>, reason: &'static str) -> Response {
    let name = arrived.channel.name();
    if app.notifications.may_keep_forgery(name, arrived.arrived_at) {
        tracing::warn!(channel = name, reason, "a notification's signature does not hold");
        // It is refused all the same; the problem of keeping it is counted and in the log.
        drop(record(app, arrived.unread()).await);
    } else {
        app.notifications.count(name, Outcome::Forged);
    }
    let detail = format!("The signature does not hold: {reason}.");
    let mut response = Problem::new(ProblemCode::Unauthorized, detail).into_response();
    // RFC 9110 §15.5.2 asks for a challenge; how a notification is signed is the channel's own affair.
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Signature"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_kept_without_secrets_and_within_bounds() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("Sandbox-Signature", "v1=ab"),
            ("authorization", "Bearer secret"),
            ("Cookie", "secret"),
            ("x-api-key", "secret"),
            ("idempotency-key", "secret"),
            ("proxy-authorization", "secret"),
            ("x-twice", "one"),
            ("x-twice", "two"),
        ] {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers.insert("x-long", HeaderValue::from_str(&"x".repeat(HEADERS_KEPT_MAX)).unwrap());
        let all = headers_of(&headers);
        assert_eq!(all["authorization"], "Bearer secret", "the signature may be over any of them");
        assert_eq!(&*kept_headers(&all), "sandbox-signature: v1=ab\nx-twice: one, two\n");
    }
}
