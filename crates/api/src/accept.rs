//! Content negotiation (RFC 9110 §12.5.1) for an interface where each call has one representation.

use axum::http::{HeaderMap, header::ACCEPT};

/// Whether the caller takes `produced`, a media type without parameters. No `Accept` takes everything.
pub(crate) fn is_acceptable(headers: &HeaderMap, produced: &str) -> bool {
    if !headers.contains_key(ACCEPT) {
        return true;
    }
    let values = headers.get_all(ACCEPT).iter();
    let ranges = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    // The most specific range decides: `*/*, application/json;q=0` refuses JSON.
    let mut decided = (0, true);
    let mut has_range = false;
    for range in ranges.filter(|range| !range.trim().is_empty()) {
        has_range = true;
        let mut parts = range.split(';');
        let name = parts.next().unwrap_or_default().trim();
        let specificity = match specificity(name, produced) {
            Some(specificity) if specificity > decided.0 => specificity,
            _ => continue,
        };
        decided = (specificity, !parts.any(is_zero_weight));
    }
    !has_range || (decided.0 > 0 && decided.1)
}

/// How closely a range names the media type: 3 by itself, 2 by its main type, 1 by `*/*`.
fn specificity(range: &str, produced: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(produced) {
        return Some(3);
    }
    match range.split_once('/') {
        Some(("*", "*")) => Some(1),
        Some((main, "*")) if produced.split('/').next().is_some_and(|own| own.eq_ignore_ascii_case(main)) => Some(2),
        _ => None,
    }
}

fn is_zero_weight(parameter: &str) -> bool {
    let weight = parameter.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weight.is_some_and(|(_, weight)| weight.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_most_specific_range_decides() {
        let table: [(&[&str], bool); 13] = [
            (&[], true),
            (&[""], true),
            (&["*/*"], true),
            (&["application/json"], true),
            (&["Application/JSON; q=0.5"], true),
            (&["application/*"], true),
            (&["text/html, application/xhtml+xml, */*;q=0.8"], true),
            (&["text/html", "application/json"], true),
            (&["text/html"], false),
            (&["text/*, application/jsonx"], false),
            (&["*/*, application/json;q=0"], false),
            (&["application/json;q=0.0, */*"], false),
            (&["*/*;q=0"], false),
        ];
        for (values, expected) in table {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(ACCEPT, HeaderValue::from_str(value).unwrap());
            }
            assert_eq!(is_acceptable(&headers, "application/json"), expected, "{values:?}");
        }
    }
}
