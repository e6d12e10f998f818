//! What an answer, or the lack of one, means (Standard Webhooks 1.0.0, "Delivery"). What follows from it is decided
//! elsewhere.

use std::{error::Error, sync::Arc};

use ordain_domain::time::Span;
use ordain_engine::port::webhook_sender::{EndpointAnswer, SendOutcome};

use super::resolver::ResolveError;

/// What a status means. A redirect is a refusal; a success is one even if it asks to wait.
pub(super) fn of_answer(answer: EndpointAnswer, retry_after: Option<Span>) -> SendOutcome {
    match answer.status {
        200..=299 => SendOutcome::Delivered(answer),
        410 => SendOutcome::Gone(answer),
        429 | 502 | 504 => SendOutcome::SlowDown { answer, retry_after },
        _ if retry_after.is_some() => SendOutcome::SlowDown { answer, retry_after },
        _ => SendOutcome::Refused(answer),
    }
}

/// Why there was no answer, for people.
pub(super) fn of_failure(error: &reqwest::Error) -> SendOutcome {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(ResolveError::Refused(refused)) = inner.downcast_ref() {
            return failed(format!("the address is refused: {refused}"));
        }
        cause = inner.source();
    }
    failed(if error.is_connect() {
        format!("no connection: {}", chain(error))
    } else if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        format!("no answer: {}", chain(error))
    })
}

pub(super) fn failed(reason: impl Into<Arc<str>>) -> SendOutcome {
    SendOutcome::Failed(reason.into())
}

/// The causes of an error in one line. The outermost is left out: it repeats the URL, which the log knows.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts = Vec::new();
    let mut cause = error.source().or(Some(error));
    while let Some(inner) = cause {
        parts.push(inner.to_string());
        cause = inner.source();
    }
    parts.dedup();
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses() {
        let answer = |status| EndpointAnswer { status, excerpt: Arc::from("x") };
        let delivered = |status| SendOutcome::Delivered(answer(status));
        let refused = |status| SendOutcome::Refused(answer(status));
        let slow_down = |status, retry_after| SendOutcome::SlowDown { answer: answer(status), retry_after };
        let wait = Some(Span::seconds(7));
        let table = [
            (200, None, delivered(200)),
            (204, wait, delivered(204)),
            (299, None, delivered(299)),
            (301, None, refused(301)),
            (304, None, refused(304)),
            (400, None, refused(400)),
            (401, wait, slow_down(401, wait)),
            (410, wait, SendOutcome::Gone(answer(410))),
            (429, None, slow_down(429, None)),
            (429, wait, slow_down(429, wait)),
            (500, None, refused(500)),
            (502, None, slow_down(502, None)),
            (503, None, refused(503)),
            (503, wait, slow_down(503, wait)),
            (504, wait, slow_down(504, wait)),
        ];
        for (status, retry_after, expected) in table {
            assert_eq!(of_answer(answer(status), retry_after), expected, "{status}, {retry_after:?}");
        }
    }
}
