//! The sandbox's payment page, for people: the amount, the order, the time that is left, and three buttons.
//!
//! It works without scripts: the time left is right at every load and the page loads itself anew; a script of a few lines
//! only counts the seconds in between. It is not part of the shop and borrows nothing of its looks.

use std::{
    fmt::Write,
    sync::{Arc, LazyLock},
};

use aws_lc_rs::digest;
use axum::{
    Form,
    extract::{Path, State, rejection::FormRejection},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ordain_domain::{money::Currency, time::Timestamp};
use serde::Deserialize;

use super::{Outcome, PayOrder, Sandbox, account::Account, http::payment_of, payer::PayProblem, view::status};
use crate::sandbox::{problem::Problem, time_text::time_text};

/// Seconds after which the page loads itself anew while the payment is open.
const REFRESH_SECONDS: u64 = 15;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f3f4f6;color:#1f2937}\
main{max-width:26rem;margin:8vh auto;padding:2rem;background:#fff;border-radius:.75rem;box-shadow:0 1px 4px #0002}\
h1{font-size:1rem;font-weight:600;color:#6b7280;margin:0 0 1rem}.amount{font-size:2.25rem;font-weight:700;margin:0}\
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:1rem 0}dt{color:#6b7280}\
dd{margin:0;overflow-wrap:anywhere}form{display:grid;gap:.5rem}\
button{font:inherit;padding:.7rem;border:1px solid #d1d5db;border-radius:.5rem;background:#fff;color:inherit;cursor:pointer}\
button.pay{background:#047857;border-color:#047857;color:#fff}.note{font-size:.85rem;color:#6b7280;margin:1.25rem 0 0}\
@media(prefers-color-scheme:dark){body{background:#111827;color:#e5e7eb}main{background:#1f2937}\
button{background:#111827;border-color:#4b5563}h1,dt,.note{color:#9ca3af}a{color:#6ee7b7}}";

/// Counts down between two loads. The page is right without it.
const SCRIPT: &str = "const t=document.getElementById('left');if(t){let s=Number(t.dataset.seconds);\
setInterval(()=>{s=Math.max(0,s-1);t.textContent=Math.floor(s/60)+' min '+String(s%60).padStart(2,'0')+' s'},1000)}";

/// The page runs this style and this script and no other, and sends its form to itself.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    HeaderValue::try_from(policy).expect("base64 and ASCII are a header's value")
});

/// The page of one payment.
pub(super) async fn show(State(sandbox): State<Arc<Sandbox>>, Path(payment): Path<String>) -> Response {
    let Ok(payment) = payment_of(&payment) else { return missing() };
    match sandbox.books.run(move |page| Ok((page.account(payment)?, page.now))).await {
        Ok((Some(account), now)) if !account.is_tombstone() => answer(StatusCode::OK, payment_page(&account, now)),
        Ok(_) => missing(),
        Err(failure) => Problem::from(failure).into_response(),
    }
}

/// A button of the page.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Pay,
    Refuse,
    Wait,
}

/// The page's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChoiceForm {
    choice: Choice,
}

/// A button was pressed. The answer leads back to the page, so that loading it again presses nothing.
pub(super) async fn decide(
    State(sandbox): State<Arc<Sandbox>>,
    Path(payment): Path<String>,
    form: Result<Form<ChoiceForm>, FormRejection>,
) -> Response {
    let Ok(payment) = payment_of(&payment) else { return missing() };
    let Ok(Form(form)) = form else {
        let text = notice("That was no choice", "The form takes one choice: pay, refuse or wait.");
        return answer(StatusCode::BAD_REQUEST, text);
    };
    let outcome = match form.choice {
        Choice::Pay => Some(Outcome::Paid),
        Choice::Refuse => Some(Outcome::Refused),
        Choice::Wait => None,
    };
    if let Some(outcome) = outcome {
        match sandbox.pay(payment, PayOrder { outcome, ..PayOrder::default() }).await {
            Ok(Err(PayProblem::Unknown)) => return missing(),
            // The page says why the choice came too late.
            Ok(Ok(_) | Err(PayProblem::Blocked(_))) => {}
            Err(failure) => return Problem::from(failure).into_response(),
        }
    }
    (StatusCode::SEE_OTHER, [(LOCATION, payment.to_string())]).into_response()
}

fn missing() -> Response {
    answer(StatusCode::NOT_FOUND, notice("No such payment", "The sandbox has no payment of this name."))
}

fn answer(status: StatusCode, page: String) -> Response {
    let headers: [(HeaderName, HeaderValue); 4] = [
        (CONTENT_SECURITY_POLICY, POLICY.clone()),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, Html(page)).into_response()
}

fn notice(title: &str, text: &str) -> String {
    document("", &format!("<h1>Sandbox</h1><p class=\"amount\">{title}</p><p>{text}</p>"))
}

fn payment_page(account: &Account, now: Timestamp) -> String {
    let status = status(account, now);
    let seconds = account.expires_at.since(now).0 / 1_000_000;
    let order = account.order.map(|order| order.to_string()).unwrap_or_default();
    let mut main = format!(
        "<h1>Sandbox payment</h1><p class=\"amount\">{} {}</p><dl><dt>Order</dt><dd>{order}</dd>\
         <dt>Payment</dt><dd>{}</dd><dt>Until</dt><dd>{}</dd></dl>",
        decimal(account.amount, account.currency),
        account.currency.as_str(),
        account.payment,
        time_text(account.expires_at),
    );
    if status == "open" {
        let written = write!(
            main,
            "<p>Time left: <strong id=\"left\" data-seconds=\"{seconds}\">{} min {:02} s</strong></p>\
             <form method=\"post\"><button class=\"pay\" name=\"choice\" value=\"pay\">Pay</button>\
             <button name=\"choice\" value=\"refuse\">Refuse</button>\
             <button name=\"choice\" value=\"wait\">Wait</button></form>\
             <p class=\"note\">No money moves here. This page stands in for a payment provider.</p><script>{SCRIPT}</script>",
            seconds / 60,
            seconds % 60,
        );
        written.expect("a text takes what is written");
        return document(&format!("<meta http-equiv=\"refresh\" content=\"{REFRESH_SECONDS}\">"), &main);
    }
    let result = match status {
        "captured" => "Paid. Thank you.",
        "refused" => "You refused to pay. No money was taken.",
        "expired" => "The time to pay is over. No money was taken.",
        _ => "The shop closed this payment. No money was taken.",
    };
    main.push_str(&format!("<p role=\"status\"><strong>{result}</strong></p>"));
    if let Some(url) = account.return_url.as_deref().filter(|url| is_web_link(url)) {
        main.push_str(&format!("<p><a href=\"{}\">Back to the shop</a></p>", escaped(url)));
    }
    document("", &main)
}

fn document(head: &str, main: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sandbox payment</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         {head}<style>{STYLE}</style></head><body><main>{main}</main></body></html>\n"
    )
}

/// An amount with the decimals of its currency (ISO 4217), which are not always two.
fn decimal(amount: i64, currency: Currency) -> String {
    let exponent = iso_currency::Currency::from_code(currency.as_str()).and_then(|known| known.exponent()).unwrap_or(0);
    let digits = usize::from(exponent);
    if digits == 0 {
        return amount.to_string();
    }
    let text = format!("{amount:0>width$}", width = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    format!("{whole}.{fraction}")
}

/// Only a link into the web: any other scheme may run something.
fn is_web_link(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        let table = [
            (1_530, "GBP", "15.30"),
            (5, "GBP", "0.05"),
            (100, "EUR", "1.00"),
            (1_530, "JPY", "1530"),
            (1_530, "KWD", "1.530"),
            (7, "KWD", "0.007"),
            (7, "XTS", "7"),
        ];
        for (amount, currency, expected) in table {
            assert_eq!(decimal(amount, Currency::new(currency).unwrap()), expected, "{amount} {currency}");
        }
    }

    #[test]
    fn only_web_links_lead_back() {
        let table = [
            ("https://shop.example/done?a=1&b=2", true),
            ("http://127.0.0.1:8080/", true),
            ("HTTPS://shop.example", true),
            ("javascript:alert(1)", false),
            ("java\nscript:alert(1)", false),
            ("data:text/html,x", false),
            ("//shop.example", false),
            ("/done", false),
            ("", false),
        ];
        for (url, expected) in table {
            assert_eq!(is_web_link(url), expected, "{url:?}");
        }
        assert_eq!(escaped("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    }
}
