//! The sandbox's notifications on the wire: their headers, their signature and their JSON.
//!
//! A notification is signed anew each time it is sent (HMAC-SHA256 over `timestamp.body`), so that a repetition of days
//! ago is not taken for a replay. Whether its words fit the payment is not judged here.

use std::{collections::BTreeMap, fmt, sync::Arc};

use aws_lc_rs::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use bytes::Bytes;
use ordain_domain::{
    ids::{PaymentId, RefundId},
    money::{AMOUNT_MAX, Currency},
    payment::{ChannelReport, PaymentReport, RefundReport, ReportedState},
    time::{Span, Timestamp},
};
use ordain_engine::port::payment_channel::{Notification, NotificationProblem, RawNotification};
use serde::{Deserialize, Serialize};

/// The header with the seconds since 1970 at which the notification was signed.
pub const TIMESTAMP_HEADER: &str = "sandbox-timestamp";
/// The header with `v1=` and the signature in lower-case hexadecimal digits.
pub const SIGNATURE_HEADER: &str = "sandbox-signature";
/// How far a signature's time may be from ours, both ways.
pub const TOLERANCE: Span = Span::seconds(300);
/// Most bytes of a notification's body.
pub const BODY_BYTES_MAX: usize = 64 << 10;

/// Bytes of a secret.
pub(super) const SECRET_BYTES: usize = 32;
/// Digits of seconds until the year 33,658; more is no time.
const TIMESTAMP_DIGITS_MAX: usize = 12;
const SCHEME: &str = "v1=";

/// The key under which the sandbox signs and its client verifies.
#[derive(Clone)]
pub(super) struct Secret(hmac::Key);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// A notification as it leaves: the headers' names in lower case, the body's bytes.
#[derive(Clone, Debug)]
pub struct OutgoingNotification {
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// JSON.
    pub body: Bytes,
}

impl Secret {
    pub(super) fn new(bytes: &[u8]) -> Secret {
        Secret(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Bytes for a secret that nobody knows. None when the machine has no randomness.
    pub(super) fn draw() -> Option<[u8; SECRET_BYTES]> {
        let mut bytes = [0; SECRET_BYTES];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Signs a body at `now`.
    pub(super) fn sign(&self, body: &str, now: Timestamp) -> OutgoingNotification {
        let timestamp = (now.millis().max(0) / 1_000).to_string();
        let tag = self.tag(&timestamp, body.as_bytes());
        let headers = BTreeMap::from([
            ("content-type".to_owned(), "application/json".to_owned()),
            (TIMESTAMP_HEADER.to_owned(), timestamp),
            (SIGNATURE_HEADER.to_owned(), format!("{SCHEME}{}", hexadecimal(tag.as_ref()))),
        ]);
        OutgoingNotification { headers, body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    /// Checks where a notification comes from, over the bytes as they arrived, and then reads it.
    pub(super) fn verify(&self, raw: &RawNotification<'_>) -> Result<Notification, NotificationProblem> {
        self.check(raw).map_err(NotificationProblem::Forged)?;
        read(raw.body).map_err(NotificationProblem::Unreadable)
    }

    fn check(&self, raw: &RawNotification<'_>) -> Result<(), &'static str> {
        if raw.body.len() > BODY_BYTES_MAX {
            return Err("the body is too long");
        }
        let timestamp = raw.headers.get(TIMESTAMP_HEADER).ok_or("there is no timestamp")?;
        let signature = raw.headers.get(SIGNATURE_HEADER).ok_or("there is no signature")?;
        let signed_at = signed_at(timestamp).ok_or("the timestamp is not one")?;
        let tag = signature.strip_prefix(SCHEME).and_then(binary).ok_or("the signature is not one")?;
        let signed = signed_bytes(timestamp, raw.body);
        hmac::verify(&self.0, &signed, &tag).map_err(|_| "the signature is wrong")?;
        let apart = raw.arrived_at.since(signed_at).0.max(signed_at.since(raw.arrived_at).0);
        if apart > TOLERANCE.0 { Err("the timestamp is too far from the time of arrival") } else { Ok(()) }
    }

    fn tag(&self, timestamp: &str, body: &[u8]) -> hmac::Tag {
        hmac::sign(&self.0, &signed_bytes(timestamp, body))
    }
}

fn signed_bytes(timestamp: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(timestamp.len() + 1 + body.len());
    bytes.extend_from_slice(timestamp.as_bytes());
    bytes.push(b'.');
    bytes.extend_from_slice(body);
    bytes
}

/// Seconds since 1970 in decimal digits and nothing else.
fn signed_at(text: &str) -> Option<Timestamp> {
    let is_number = (1..=TIMESTAMP_DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: i64 = is_number.then(|| text.parse().ok()).flatten()?;
    Some(Timestamp(seconds * 1_000_000))
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Exactly the bytes of a SHA-256, in lower-case digits.
fn binary(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 64 {
        return None;
    }
    text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// A notification's JSON. serde refuses members that are unknown or stand there twice, and numbers that are no integers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    event_id: String,
    merchant: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payment: Option<WirePayment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refund: Option<WireRefund>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WirePayment {
    id: String,
    state: ReportedState,
    amount: i64,
    currency: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transaction: Option<Arc<str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRefund {
    id: String,
    succeeded: bool,
    amount: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transaction: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Arc<str>>,
}

/// The JSON of a notification that says `report`.
pub(super) fn write(event_id: &str, merchant: &str, report: &ChannelReport) -> String {
    let (payment, refund) = match report {
        ChannelReport::Payment(report) => (
            Some(WirePayment {
                id: report.payment.to_string(),
                state: report.state,
                amount: report.amount,
                currency: report.currency.as_str().to_owned(),
                transaction: report.transaction.clone(),
            }),
            None,
        ),
        ChannelReport::Refund(report) => (
            None,
            Some(WireRefund {
                id: report.refund.to_string(),
                succeeded: report.succeeded == Some(true),
                amount: report.amount,
                transaction: report.transaction.clone(),
                reason: report.reason.clone(),
            }),
        ),
    };
    let wire = Wire { event_id: event_id.to_owned(), merchant: merchant.to_owned(), payment, refund };
    serde_json::to_string(&wire).expect("texts and integers are always JSON")
}

fn read(body: &[u8]) -> Result<Notification, String> {
    let wire: Wire = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let report = match (wire.payment, wire.refund) {
        (Some(payment), None) => ChannelReport::Payment(read_payment(payment)?),
        (None, Some(refund)) => ChannelReport::Refund(read_refund(refund)?),
        _ => return Err("it must speak of one payment or of one refund".to_owned()),
    };
    Ok(Notification { event_id: Arc::from(wire.event_id), merchant: Arc::from(wire.merchant), report })
}

fn read_payment(wire: WirePayment) -> Result<PaymentReport, String> {
    let payment: PaymentId = wire.id.parse().map_err(|_| "`id` is not a payment")?;
    Ok(PaymentReport {
        payment,
        state: wire.state,
        amount: read_amount(wire.amount)?,
        currency: Currency::new(&wire.currency).ok_or("`currency` is not one")?,
        transaction: wire.transaction,
        pay_url: None,
    })
}

fn read_refund(wire: WireRefund) -> Result<RefundReport, String> {
    let refund: RefundId = wire.id.parse().map_err(|_| "`id` is not a refund")?;
    Ok(RefundReport {
        refund,
        succeeded: Some(wire.succeeded),
        is_known: true,
        amount: read_amount(wire.amount)?,
        transaction: wire.transaction,
        reason: wire.reason,
    })
}

fn read_amount(amount: i64) -> Result<i64, String> {
    if (0..=AMOUNT_MAX).contains(&amount) { Ok(amount) } else { Err("`amount` is out of range".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_999_999);
    const PAYMENT: &str =
        r#"{"event_id":"e","merchant":"m","payment":{"id":"pay_7","state":"captured","amount":500,"currency":"GBP"}}"#;

    fn secret() -> Secret {
        Secret::new(&(0..32).collect::<Vec<u8>>())
    }

    fn verify(body: &str) -> Result<Notification, NotificationProblem> {
        let signed = secret().sign(body, NOW);
        secret().verify(&RawNotification { headers: &signed.headers, body: &signed.body, arrived_at: NOW })
    }

    #[test]
    fn the_signature_is_the_one_that_others_compute() {
        // hmac.new(bytes(range(32)), b"1800000000." + body, hashlib.sha256) in Python 3.
        let signed = secret().sign(PAYMENT, NOW);
        let expected = "v1=4b0b3dd841a02aadf66be552339db402ad8066417c443888295c26d73e188be8";
        assert_eq!((&*signed.headers[TIMESTAMP_HEADER], &*signed.headers[SIGNATURE_HEADER]), ("1800000000", expected));
    }

    #[test]
    fn a_key_of_somebody_else_does_not_sign() {
        let signed = Secret::new(&[7; SECRET_BYTES]).sign(PAYMENT, NOW);
        let raw = RawNotification { headers: &signed.headers, body: &signed.body, arrived_at: NOW };
        assert_eq!(secret().verify(&raw), Err(NotificationProblem::Forged("the signature is wrong")));
    }

    #[test]
    fn what_is_written_is_read() {
        let payment = PaymentReport {
            payment: PaymentId::from_number(7),
            state: ReportedState::Captured,
            amount: AMOUNT_MAX,
            currency: Currency::new("JPY").unwrap(),
            transaction: Some(Arc::from("sbc_7")),
            pay_url: None,
        };
        let refund = RefundReport {
            refund: RefundId::from_number(9),
            succeeded: Some(false),
            is_known: true,
            amount: 1,
            transaction: None,
            reason: Some(Arc::from("why \"not\"")),
        };
        for report in [ChannelReport::Payment(payment), ChannelReport::Refund(refund)] {
            let notification = verify(&write("e", "m", &report)).unwrap();
            assert_eq!((&*notification.event_id, &*notification.merchant), ("e", "m"));
            assert_eq!(notification.report, report);
        }
    }

    #[test]
    fn what_is_signed_and_odd_is_not_read() {
        let with = |from: &str, to: &str| {
            let body = PAYMENT.replace(from, to);
            assert_ne!(body, PAYMENT, "{from}");
            body
        };
        let refund = r#"{"event_id":"e","merchant":"m","refund":{"id":"rfd_7","succeeded":true,"amount":5}}"#;
        let table = [
            (PAYMENT.to_owned(), true),
            (refund.to_owned(), true),
            (format!(" {PAYMENT}\n"), true),
            (with("500", "1e2"), false),
            (with("500", "1e400"), false),
            (with("500", "500.0"), false),
            (with("500", "-1"), false),
            (with("500", "\"500\""), false),
            (with("500", "9007199254740992"), false),
            (with("500", "99999999999999999999"), false),
            (with("500", "500,\"amount\":1"), false),
            (with("\"merchant\":\"m\"", "\"merchant\":\"m\",\"merchant\":\"n\""), false),
            (with("\"merchant\":\"m\"", "\"merchant\":\"m\",\"extra\":1"), false),
            (with("\"merchant\":\"m\",", ""), false),
            (with("pay_7", "ord_7"), false),
            (with("pay_7", "pay_07"), false),
            (with("captured", "taken"), false),
            (with("GBP", "gbp"), false),
            (with("}}", "},\"refund\":{\"id\":\"rfd_7\",\"succeeded\":true,\"amount\":5}}"), false),
            (with("}}", "}} {}"), false),
            ("{\"event_id\":\"e\",\"merchant\":\"m\"}".to_owned(), false),
            ("[".repeat(10_000), false),
            ("null".to_owned(), false),
            (String::new(), false),
        ];
        for (body, is_read) in table {
            let verdict = verify(&body);
            let shown = &body[..body.len().min(120)];
            assert_eq!(verdict.is_ok(), is_read, "{shown}: {verdict:?}");
            assert!(is_read || matches!(verdict, Err(NotificationProblem::Unreadable(_))), "{shown}: {verdict:?}");
        }
    }

    #[test]
    fn a_body_that_is_too_long_is_not_even_hashed() {
        let verdict = verify(&" ".repeat(BODY_BYTES_MAX + 1));
        assert_eq!(verdict, Err(NotificationProblem::Forged("the body is too long")));
    }

    #[test]
    fn headers_have_one_form() {
        let table = [
            ("1800000000", Some(1_800_000_000_000_000)),
            ("0", Some(0)),
            ("", None),
            ("+1", None),
            ("-1", None),
            ("1.5", None),
            ("1e3", None),
            (" 1", None),
            ("9999999999999", None),
        ];
        for (text, expected) in table {
            assert_eq!(signed_at(text).map(|time| time.0), expected, "{text:?}");
        }
        let digits = "0123456789abcdef".repeat(4);
        assert_eq!(binary(&digits).map(|bytes| bytes.len()), Some(32));
        for text in [digits.to_uppercase(), digits[..62].to_owned(), format!("{digits}00"), "é".repeat(32)] {
            assert_eq!(binary(&text), None, "{text}");
        }
    }
}
