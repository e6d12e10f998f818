//! The `webhook-signature` header of Standard Webhooks 1.0.0: over `id.timestamp.body`, one signature a secret, separated
//! by spaces, so that a receiver that knows the old or the new secret finds its own.
//!
//! It verifies nothing: receivers do.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};

use super::secret::{Scheme, WebhookSecret, key_pair};

/// The header's value for a delivery. `timestamp` is in seconds since 1970.
#[must_use]
pub fn sign(secrets: &[WebhookSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    let signatures: Vec<String> = secrets.iter().map(|secret| signature(secret, &signed)).collect();
    signatures.join(" ")
}

fn signature(secret: &WebhookSecret, signed: &[u8]) -> String {
    match secret.scheme {
        Scheme::Hmac => {
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret.bytes), signed);
            format!("v1,{}", STANDARD.encode(tag))
        }
        Scheme::Ed25519 => {
            let pair = key_pair(&secret.bytes).expect("a secret was checked when it was read");
            format!("v1a,{}", STANDARD.encode(pair.sign(signed)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Secret, id, timestamp, body, signature: computed by `standardwebhooks` 1.1.0 (PyPI), the scheme's own library; the
    /// first is the one in its documentation. The last row is by `cryptography` (PyPI), with the seed 0, 1, …, 31.
    const VECTORS: &[(&str, &str, i64, &str, &str)] = &[
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        ("whsec_GB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5", "evt_1", 0, "", "v1,1p+vpTyOSa2G38UaRA5ramOAvILbSU/3xjgC2zsK7Kw="),
        (
            "whsec_ICcuNTxDSlFYX2ZtdHuCiZCXnqWss7rByM/W3eTr8vk=",
            "evt_184467",
            1_763_683_200,
            r#"{"specversion":"1.0","type":"order.paid"}"#,
            "v1,8qIu9e+8xFp52Fgg5qGh2ONHhX/jIDjLCqgYn+rg6W0=",
        ),
        (
            "whsec_QEdOVVxjanF4f4aNlJuiqbC3vsXM09rh6O/2/QQLEhkgJy41PENKUVhfZm10e4KJkJeepayzusHIz9bd5Ovy+Q==",
            "018f-ä",
            1_763_683_201,
            "{\"name\":\"Zoë – 点心\"}\n",
            "v1,zDjJ7pC4soEMZsdZfA+ba3ko6veSwiUlDTNAfqabMd0=",
        ),
        (
            "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "evt_1",
            1_763_683_200,
            r#"{"a":1}"#,
            "v1a,zyVIB//dtWRNuNSYhkwBhzojT2DUuQJQcgMYt9eNY6oojCYlSWTjVrFYoazQu0X2cGFbF3zGSRDYRTvXLywZAA==",
        ),
    ];

    #[test]
    fn signatures_are_those_of_the_reference_library() {
        for (secret, id, timestamp, body, expected) in VECTORS {
            let secret: WebhookSecret = secret.parse().unwrap();
            assert_eq!(sign(&[secret], id, *timestamp, body.as_bytes()), *expected, "{id}");
        }
    }

    #[test]
    fn a_long_body_is_signed_whole() {
        let secret = "whsec_MDc+RUxTWmFob3Z9hIuSmaCnrrW8w8rR2N/m7fT7AgkQFx4lLDM6QUhPVl1ka3J5".parse().unwrap();
        let header = sign(&[secret], "evt_9223372036854775807", 32_503_680_000, "x".repeat(1_000).as_bytes());
        assert_eq!(header, "v1,+jxUNsHszYCcY4NxIwEc4Pa3Z2+ati0iBm6AtMht9B4=");
    }

    #[test]
    fn while_a_secret_is_rotated_both_sign() {
        let secrets: Vec<WebhookSecret> = VECTORS[1..3].iter().map(|vector| vector.0.parse().unwrap()).collect();
        let one_by_one: Vec<String> =
            secrets.iter().map(|secret| sign(std::slice::from_ref(secret), "a", 1, b"b")).collect();
        assert_eq!(sign(&secrets, "a", 1, b"b"), one_by_one.join(" "));
        assert_eq!(sign(&[], "a", 1, b"b"), "");
    }
}
