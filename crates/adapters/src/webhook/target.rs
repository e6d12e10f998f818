//! Where a webhook goes: a URL that is checked before it is stored and again before each delivery.
//!
//! What stands in the URL is judged here, by the parser that the client uses too (WHATWG), so that both see the same host.
//! What a name resolves to is judged when the connection is made, not here.

use std::{fmt, net::IpAddr};

use url::{Host, Url};

use super::address;

/// Longest URL, in bytes.
pub const URL_LENGTH_MAX: usize = 2_048;
/// Ports below are those of other services. Who speaks HTTPS there uses 443.
const UNPRIVILEGED_PORT_MIN: u16 = 1_024;
/// Names that never leave a machine or a network (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`).
const LOCAL_NAMES: &[&str] = &["localhost", "local", "internal", "home.arpa", "localdomain"];

/// How far webhooks may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reach {
    /// Public addresses, over HTTPS.
    #[default]
    Public,
    /// Anything, over HTTP too: for development (`webhooks.allow_private`).
    Anywhere,
}

/// Why a URL is not a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Longer than [`URL_LENGTH_MAX`].
    #[error("must have at most 2048 bytes")]
    Length,
    /// White space, a control character or a backslash, which readers of URLs take differently.
    #[error("must not hold white space, control characters or backslashes")]
    Character,
    /// Not an absolute URL.
    #[error("must be an absolute URL")]
    Syntax,
    /// Neither `https` nor, where that is allowed, `http`.
    #[error("must begin with https://")]
    Scheme,
    /// A user name or a password.
    #[error("must not hold a user name or a password")]
    Userinfo,
    /// A name without a dot, one that ends in a dot, or one that never leaves a machine or a network.
    #[error("must name a public host")]
    Host,
    /// An address that is not public.
    #[error("must not name the address {0}, which is not public")]
    Address(IpAddr),
    /// A port of another service.
    #[error("must use the port 443 or one from 1024 on")]
    Port,
}

/// A checked URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// Checks a URL.
    ///
    /// # Errors
    /// See [`TargetError`].
    pub fn parse(text: &str, reach: Reach) -> Result<Target, TargetError> {
        if text.len() > URL_LENGTH_MAX {
            return Err(TargetError::Length);
        }
        if text.chars().any(|character| character.is_whitespace() || character.is_control() || character == '\\') {
            return Err(TargetError::Character);
        }
        let url = Url::parse(text).map_err(|_| TargetError::Syntax)?;
        match (url.scheme(), reach) {
            ("https", _) | ("http", Reach::Anywhere) => {}
            _ => return Err(TargetError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Userinfo);
        }
        if reach == Reach::Public {
            check_host(&url)?;
            let port = url.port_or_known_default().unwrap_or(0);
            if port != 443 && port < UNPRIVILEGED_PORT_MIN {
                return Err(TargetError::Port);
            }
        }
        Ok(Target(url))
    }

    /// The URL as the parser wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The parser has turned every spelling of an address (decimal, octal, hexadecimal, fewer than four parts, full width) into
/// the address by then.
fn check_host(url: &Url) -> Result<(), TargetError> {
    let refused = |refused: address::AddressRefused| TargetError::Address(refused.0);
    match url.host() {
        Some(Host::Ipv4(address)) => address::check(address.into()).map_err(refused),
        Some(Host::Ipv6(address)) => address::check(address.into()).map_err(refused),
        Some(Host::Domain(name)) if is_public_name(name) => Ok(()),
        Some(Host::Domain(_)) | None => Err(TargetError::Host),
    }
}

fn is_public_name(name: &str) -> bool {
    let is_under = |local: &&str| name.strip_suffix(*local).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    name.contains('.') && !name.ends_with('.') && !LOCAL_NAMES.iter().any(is_under)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> Result<(), TargetError> {
        Target::parse(url, Reach::Public).map(|_| ())
    }

    #[test]
    fn an_address_is_seen_through_every_spelling() {
        let table = [
            ("https://127.0.0.1/", "127.0.0.1"),
            ("https://127.0.0.1./", "127.0.0.1"),
            ("https://127.1/", "127.0.0.1"),
            ("https://127.0.1/", "127.0.0.1"),
            ("https://2130706433/", "127.0.0.1"),
            ("https://0x7f000001/", "127.0.0.1"),
            ("https://0x7f.0.0.1/", "127.0.0.1"),
            ("https://0X7F.1/", "127.0.0.1"),
            ("https://0177.0.0.1/", "127.0.0.1"),
            ("https://017700000001/", "127.0.0.1"),
            ("https://0177.0x0.0.1/", "127.0.0.1"),
            ("https://127%2e0%2e0%2e1/", "127.0.0.1"),
            ("https://%31%32%37.0.0.1/", "127.0.0.1"),
            ("https://１２７.０.０.１/", "127.0.0.1"),
            ("https://127。0。0。1/", "127.0.0.1"),
            ("https://①②⑦.0.0.1/", "127.0.0.1"),
            ("https:127.0.0.1/", "127.0.0.1"),
            ("https:///127.0.0.1/", "127.0.0.1"),
            ("https://0/", "0.0.0.0"),
            ("https://10.0.0.1/", "10.0.0.1"),
            ("https://0xa9fea9fe/", "169.254.169.254"),
            ("https://2852039166/latest/meta-data/", "169.254.169.254"),
            ("https://169.254.43518/", "169.254.169.254"),
            ("https://[::]/", "::"),
            ("https://[::1]/", "::1"),
            ("https://[0:0:0:0:0:0:0:1]:8443/", "::1"),
            ("https://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"),
            ("https://[::ffff:7f00:1]/", "::ffff:127.0.0.1"),
            ("https://[::ffff:a9fe:a9fe]/", "::ffff:169.254.169.254"),
            ("https://[fe80::1]/", "fe80::1"),
            ("https://[fd00:ec2::254]/", "fd00:ec2::254"),
            ("https://[64:ff9b::7f00:1]/", "64:ff9b::7f00:1"),
            ("https://[2002:7f00:1::]/", "2002:7f00:1::"),
        ];
        for (url, address) in table {
            assert_eq!(check(url), Err(TargetError::Address(address.parse().unwrap())), "{url:?}");
        }
    }

    #[test]
    fn what_is_a_target() {
        let (scheme, syntax, host) = (Err(TargetError::Scheme), Err(TargetError::Syntax), Err(TargetError::Host));
        let (character, userinfo) = (Err(TargetError::Character), Err(TargetError::Userinfo));
        let long = format!("https://shop.example/{}", "a".repeat(URL_LENGTH_MAX));
        let table = [
            ("https://shop.example/hook", Ok(())),
            ("https://shop.example:8443/hook?a=b#c", Ok(())),
            ("HTTPS://SHOP.EXAMPLE", Ok(())),
            ("https://8.8.8.8/", Ok(())),
            ("https://[2606:4700:4700::1111]/", Ok(())),
            ("https://127.0.0.1.example.com/", Ok(())),
            ("https://münchen.example/", Ok(())),
            ("http://shop.example/hook", scheme),
            ("ftp://shop.example/", scheme),
            ("file:///etc/passwd", scheme),
            ("javascript:alert(1)", scheme),
            ("gopher://127.0.0.1:6379/_INFO", scheme),
            ("//shop.example/", syntax),
            ("shop.example/hook", syntax),
            ("", syntax),
            ("https://", syntax),
            ("https://shop.example:99999/", syntax),
            ("https://[::1/", syntax),
            ("https://256.256.256.256/", syntax),
            ("https://localhost/", host),
            ("https://LOCALHOST/", host),
            ("https://localhost./", host),
            ("https://a.localhost/", host),
            ("https://ⓛocalhost/", host),
            ("https://metadata.google.internal/", host),
            ("https://printer.local/", host),
            ("https://db/", host),
            ("https://shop.example./", host),
            ("https://user@shop.example/", userinfo),
            ("https://user:secret@shop.example/", userinfo),
            ("https://shop.example@127.0.0.1/", userinfo),
            ("https://:secret@shop.example/", userinfo),
            ("https://shop.example\\@127.0.0.1/", character),
            ("https://127.0.0.1\t/", character),
            ("https://shop.example/a b", character),
            (" https://shop.example/", character),
            ("https://shop.example/\r\nhost: a", character),
            ("https://shop.example\u{85}/", character),
            ("https://shop.example:22/", Err(TargetError::Port)),
            ("https://shop.example:80/", Err(TargetError::Port)),
            ("https://shop.example:0/", Err(TargetError::Port)),
            ("https://shop.example:1023/", Err(TargetError::Port)),
            ("https://shop.example:1024/", Ok(())),
            ("https://shop.example:443/", Ok(())),
            (&long, Err(TargetError::Length)),
        ];
        for (url, expected) in table {
            assert_eq!(check(url), expected, "{url:?}");
        }
    }

    #[test]
    fn development_reaches_everything_but_not_every_way() {
        let table = [
            ("http://127.0.0.1:8080/hook", Ok(())),
            ("http://localhost/", Ok(())),
            ("https://10.0.0.1/", Ok(())),
            ("ftp://127.0.0.1/", Err(TargetError::Scheme)),
            ("http://user@127.0.0.1/", Err(TargetError::Userinfo)),
            ("http://127.0.0.1/a b", Err(TargetError::Character)),
        ];
        for (text, expected) in table {
            assert_eq!(Target::parse(text, Reach::Anywhere).map(|_| ()), expected, "{text:?}");
        }
    }
}
