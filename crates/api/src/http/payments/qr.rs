//! `GET /v1/payments/{id}/qr.svg`: where the payer pays, as a QR code (ISO/IEC 18004) to be scanned from a screen.

use std::fmt::Write as _;

use axum::{
    body::Body,
    extract::State,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS},
    },
    response::Response,
};
use ordain_domain::ids::PaymentId;
use qrcodegen::{QrCode, QrCodeEcc};

use super::payment_of;
use crate::{
    app::SharedApp,
    path::Named,
    preconditions::{entity_tag, is_unchanged},
    problem::{Problem, ProblemCode},
    wire::payment::pay_url,
};

/// Media type of the picture.
pub(crate) const SVG: &str = "image/svg+xml";
/// Light modules around the code; the standard asks for four.
const QUIET_ZONE: i32 = 4;

/// Show where the payer pays as a QR code
///
/// Refused with `payment_state` while there is no `pay_url`, and once there is nothing to pay any more.
#[utoipa::path(
    get, path = "/v1/payments/{id}/qr.svg", tag = "payments", operation_id = "get_payment_qr",
    params(("id" = String, Path, description = "`pay_…`")),
    responses(
        (status = 200, content_type = "image/svg+xml", body = String, description = "The code, black on white"),
        (status = 304, description = "The caller has this version")
    )
)]
pub(crate) async fn get_qr(
    State(app): State<SharedApp>,
    Named(id): Named<PaymentId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let payment = payment_of(&app, id)?;
    let refused = |detail: &'static str| {
        Problem::new(ProblemCode::PaymentState, detail).with("payment_status", payment.status.as_str())
    };
    let address = pay_url(&payment).ok_or_else(|| refused("There is no address to pay at."))?;
    let mut response = if is_unchanged(&headers, payment.version) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let code = QrCode::encode_text(address, QrCodeEcc::Medium);
        let code = code.map_err(|_| refused("The address to pay at is too long for a QR code."))?;
        let mut response = Response::new(Body::from(svg_of(&code)));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(SVG));
        response
    };
    let own = response.headers_mut();
    own.insert(ETAG, entity_tag(payment.version));
    // A code of a payment that has ended must not be shown from a cache.
    own.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    own.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    own.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// The code as one path: each run of dark modules of a row is a rectangle of height 1.
fn svg_of(code: &QrCode) -> String {
    let size = code.size();
    let whole = size + 2 * QUIET_ZONE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{whole}v{whole}H0z\"/><path d=\""
    );
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let dark = (x..size).take_while(|x| code.get_module(*x, y)).count();
            let dark = i32::try_from(dark).expect("a code has at most 177 modules a side");
            if dark > 0 {
                // Writing to a String cannot fail.
                let _ = write!(svg, "M{} {}h{dark}v1h-{dark}z", x + QUIET_ZONE, y + QUIET_ZONE);
            }
            x += dark.max(1);
        }
    }
    svg.push_str("\"/></svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paints the path back into modules.
    fn painted(svg: &str, size: i32) -> Vec<bool> {
        let path = svg.rsplit("<path d=\"").next().unwrap().strip_suffix("\"/></svg>").unwrap();
        let mut modules = vec![false; (size * size) as usize];
        for run in path.split('M').filter(|run| !run.is_empty()) {
            let (place, rest) = run.split_once('h').unwrap();
            let (x, y) = place.split_once(' ').unwrap();
            let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
            let (length, rest) = rest.split_once('v').unwrap();
            assert_eq!(rest, format!("1h-{length}z"));
            for x in x..x + length.parse::<i32>().unwrap() {
                modules[((y - QUIET_ZONE) * size + x - QUIET_ZONE) as usize] = true;
            }
        }
        modules
    }

    #[test]
    fn every_module_is_painted_and_no_other() {
        for text in ["a", "https://shop.example/sandbox/pay/pay_9223372036854775807?x=1", &"x".repeat(2_000)] {
            let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
            let size = code.size();
            let expected: Vec<bool> =
                (0..size).flat_map(|y| (0..size).map(move |x| (x, y))).map(|(x, y)| code.get_module(x, y)).collect();
            let svg = svg_of(&code);
            assert_eq!(painted(&svg, size), expected, "{text}");
            let whole = size + 8;
            assert!(svg.contains(&format!("viewBox=\"0 0 {whole} {whole}\"")), "{svg}");
        }
    }
}
