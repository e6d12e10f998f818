//! Attempts to pay on the wire.

use std::{borrow::Cow, sync::Arc};

use axum::http::Uri;
use ordain_domain::{
    ids::{OrderId, PaymentId},
    payment::{OpenPayment, Payment, PaymentStatus},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{field_errors::FieldErrors, number_text::PrefixedId, problem::Problem, time_text::Rfc3339};

/// Longest `return_url`, in bytes.
const URL_LENGTH_MAX: usize = 2_048;

/// Opens an attempt to pay an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PaymentBody)]
pub(crate) struct PaymentBody<'a> {
    /// Name of a payment channel of this server.
    #[serde(borrow)]
    #[schema(value_type = String, example = "sandbox")]
    channel: Cow<'a, str>,
    /// Where the payer goes afterwards: an absolute http or https address of at most 2,048 characters.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, max_length = 2_048, example = "https://shop.example/thanks")]
    return_url: Option<Cow<'a, str>>,
}

impl PaymentBody<'_> {
    /// The command. `channels` are the names that there are.
    pub(crate) fn into_command<'n>(
        self,
        order: OrderId,
        channels: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<OpenPayment, Problem> {
        let mut errors = FieldErrors::new();
        if !channels.clone().any(|name| name == self.channel) {
            let names = channels.collect::<Vec<_>>().join(", ");
            let rule = if names.is_empty() {
                String::from("cannot be: no channel is set up")
            } else {
                format!("must be one of {names}")
            };
            errors.push(format_args!("/channel"), rule);
        }
        let return_url = self.return_url.as_deref();
        let is_good = return_url.is_none_or(is_web_address);
        let rule = "must be an absolute http or https address of at most 2,048 characters";
        errors.require(is_good, format_args!("/return_url"), rule);
        let command =
            OpenPayment { order, channel: Arc::from(self.channel.as_ref()), return_url: return_url.map(Arc::from) };
        errors.finish(Some(command))
    }
}

/// Whether a browser can be sent there: scheme and host are there, nobody's name is in front of the host, and every character
/// is one that RFC 3986 §2 allows, so that the text can stand in a page.
fn is_web_address(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    if text.len() > URL_LENGTH_MAX || !text.bytes().all(is_allowed) {
        return false;
    }
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let is_web = uri.scheme_str().is_some_and(|scheme| matches!(scheme, "http" | "https"));
    is_web && uri.authority().is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'))
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentStatus)]
pub(crate) enum PaymentStatusWord {
    /// The channel has not answered yet.
    Created,
    /// The channel waits for the payer.
    Pending,
    /// A call's answer was lost. The channel is asked until it answers; until then no other attempt may be opened.
    Unknown,
    /// Money was taken.
    Succeeded,
    /// No money was taken.
    Failed,
    /// Closed unpaid.
    Closed,
}

impl From<PaymentStatus> for PaymentStatusWord {
    fn from(status: PaymentStatus) -> PaymentStatusWord {
        match status {
            PaymentStatus::Created => PaymentStatusWord::Created,
            PaymentStatus::Pending => PaymentStatusWord::Pending,
            PaymentStatus::Unknown => PaymentStatusWord::Unknown,
            PaymentStatus::Succeeded => PaymentStatusWord::Succeeded,
            PaymentStatus::Failed => PaymentStatusWord::Failed,
            PaymentStatus::Closed => PaymentStatusWord::Closed,
        }
    }
}

/// An attempt to pay an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentView<'a> {
    #[schema(value_type = String, example = "pay_7252")]
    id: PrefixedId,
    #[schema(value_type = String, example = "ord_7251")]
    order_id: PrefixedId,
    /// Name of the channel.
    channel: &'a str,
    status: PaymentStatusWord,
    /// What it shall take, minor units.
    amount: i64,
    currency: &'a str,
    /// Where the payer pays; null before the channel has answered, and once there is nothing to pay any more.
    pay_url: Option<&'a str>,
    /// `pay_url` as a picture; a path on this server.
    qr_code_url: Option<String>,
    return_url: Option<&'a str>,
    /// After this the channel takes no money.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Rfc3339,
    /// Money that was taken, minor units.
    captured: i64,
    /// Money given back of it, minor units.
    refunded: i64,
    /// Money on its way back, minor units.
    refunding: i64,
    /// Whether its money is what pays the order. Money of any other attempt goes back.
    pays_order: bool,
    /// The channel's own number of the money movement.
    transaction: Option<&'a str>,
    /// Asking the channel came to its end without an answer: a person has to look. `refresh` begins anew.
    needs_attention: bool,
    /// Rises with each change; the `ETag`.
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Rfc3339,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Rfc3339,
}

/// Where the payer pays, while there is something to pay.
pub(crate) fn pay_url(payment: &Payment) -> Option<&str> {
    payment.pay_url.as_deref().filter(|_| payment.status.is_open())
}

/// The path of a payment, with something behind it.
pub(crate) fn payment_path(id: PaymentId, rest: &str) -> String {
    format!("/v1/payments/{}{rest}", PrefixedId::from(id).as_str())
}

impl<'a> From<&'a Payment> for PaymentView<'a> {
    fn from(payment: &'a Payment) -> PaymentView<'a> {
        let pay_url = pay_url(payment);
        PaymentView {
            id: payment.id.into(),
            order_id: payment.order.into(),
            channel: &payment.channel,
            status: payment.status.into(),
            amount: payment.amount,
            currency: payment.currency.as_str(),
            pay_url,
            qr_code_url: pay_url.map(|_| payment_path(payment.id, "/qr.svg")),
            return_url: payment.return_url.as_deref(),
            expires_at: Rfc3339(payment.expires_at),
            captured: payment.captured,
            refunded: payment.refunded,
            refunding: payment.refunding,
            pays_order: payment.counts,
            transaction: payment.transaction.as_deref(),
            needs_attention: payment.is_manual,
            version: payment.version,
            created_at: Rfc3339(payment.created_at),
            updated_at: Rfc3339(payment.updated_at),
        }
    }
}

/// The attempts of an order, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentList)]
pub(crate) struct PaymentList<'a> {
    pub(crate) data: Vec<PaymentView<'a>>,
    /// Always null: an order's attempts are few and come whole.
    pub(crate) next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_text::parse_json;

    #[test]
    fn payers_are_sent_to_web_addresses_only() {
        let long = format!("https://shop.example/{}", "x".repeat(URL_LENGTH_MAX));
        let table = [
            ("https://shop.example/thanks?order=1#top", true),
            ("http://127.0.0.1:8080/", true),
            ("https://[::1]/", true),
            ("HTTPS://shop.example", true),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("ftp://shop.example/", false),
            ("//shop.example/", false),
            ("/thanks", false),
            ("shop.example", false),
            ("https://", false),
            ("https:///path", false),
            ("https://user@shop.example/", false),
            ("https://shop.example/a b", false),
            ("https://shop.example/\"><script>", false),
            ("https://shop.example/\u{e4}", false),
            ("https://shop.example/\r\nx", false),
            ("", false),
            (long.as_str(), false),
        ];
        for (text, expected) in table {
            assert_eq!(is_web_address(text), expected, "{text}");
        }
    }

    #[test]
    fn bodies_name_a_channel_that_is_there() {
        let table = [
            (r#"{"channel":"sandbox"}"#, Ok(None)),
            (r#"{"channel":"sandbox","return_url":null}"#, Ok(None)),
            (r#"{"channel":"sandbox","return_url":"https://a.example/"}"#, Ok(Some("https://a.example/"))),
            (r#"{"channel":"Sandbox"}"#, Err("/channel must be one of sandbox.")),
            (r#"{"channel":""}"#, Err("/channel must be one of sandbox.")),
            (r"{}", Err("/channel is required.")),
            (r#"{"channel":"sandbox","amount":1}"#, Err("/amount is not a known field.")),
        ];
        for (text, expected) in table {
            let command = parse_json::<PaymentBody<'_>>(text.as_bytes())
                .and_then(|body| body.into_command(OrderId::from_number(1), ["sandbox"].into_iter()));
            let found = command.map(|command| command.return_url);
            let detail = |problem| serde_json::to_value(problem).unwrap()["detail"].as_str().unwrap().to_owned();
            assert_eq!(found.map_err(detail), expected.map(|url| url.map(Arc::from)).map_err(str::to_owned), "{text}");
        }
    }
}
