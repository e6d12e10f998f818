//! The table's names as ids that Ordain takes. The mapping keeps no memory: the same text gives the same id in any file.

use ordain_domain::ids::{Sku, UserId};

/// The SKU as it is when Ordain takes it; else with every other byte written as `:` and two hexadecimal digits
/// (`BANK CHARGES` is `BANK:20CHARGES`), which keeps different texts apart. `None` when that is empty or too long.
pub(super) fn sku_of(text: &str) -> Option<String> {
    if Sku::new(text).is_ok() {
        return Some(text.to_owned());
    }
    let mut mapped = String::with_capacity(text.len() + 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-') {
            mapped.push(char::from(byte));
        } else {
            mapped.push_str(&format!(":{byte:02X}"));
        }
    }
    Sku::new(&mapped).is_ok().then_some(mapped)
}

/// The buyer of an invoice: `u-CUSTOMER`, or `u-guest-INVOICE` where the table names no customer. `None` when Ordain
/// does not take that as a user id.
pub(super) fn user_of(customer: &str, invoice: &str) -> Option<String> {
    let user = if customer.is_empty() { format!("u-guest-{invoice}") } else { format!("u-{customer}") };
    UserId::new(&user).is_ok().then_some(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skus_are_kept_or_escaped() {
        let long = "x".repeat(65);
        let table = [
            ("85123A", Some("85123A")),
            ("gift_0001_20", Some("gift_0001_20")),
            ("BANK CHARGES", Some("BANK:20CHARGES")),
            ("a:b c", Some("a:3Ab:20c")),
            ("é", Some(":C3:A9")),
            ("", None),
            (long.as_str(), None),
        ];
        for (text, expected) in table {
            assert_eq!(sku_of(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn buyers_without_a_number_are_guests_of_their_invoice() {
        assert_eq!(user_of("17850", "536365").as_deref(), Some("u-17850"));
        assert_eq!(user_of("", "536544").as_deref(), Some("u-guest-536544"));
        assert_eq!(user_of("a b", "1"), None);
    }
}
