//! Numbers as decimal digits, without going through the formatter: a request is built of a handful of them.

/// Most digits of a 64-bit number.
const DIGITS_MAX: usize = 20;

/// Appends `number` in decimal.
pub(super) fn write_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; DIGITS_MAX];
    let mut start = DIGITS_MAX;
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Reads the decimal digits at the start of `text`; `None` when there are none or they do not fit.
pub(super) fn read_number(text: &[u8]) -> Option<u64> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[..length]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_formatter_would_and_read_back() {
        for number in [0, 9, 10, 99, 100, 12_345, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            write_number(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
            out.extend_from_slice(b",1");
            assert_eq!(read_number(&out), Some(number));
        }
        for text in ["", "x1", "-1", "99999999999999999999"] {
            assert_eq!(read_number(text.as_bytes()), None, "{text:?}");
        }
    }
}
