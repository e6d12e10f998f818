//! Judges addresses at the moment of connecting, and connects to exactly those that were judged: a name that answers
//! something harmless to whoever asks first gains nothing by it (DNS rebinding).
//!
//! One address that is not public condemns the name: no honest name has both kinds.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{
    address::{self, AddressRefused},
    target::Reach,
};

/// Most addresses of a name that are tried.
const ADDRESSES_MAX: usize = 16;

/// Finds the addresses of a name.
pub trait Lookup: Send + Sync {
    /// All addresses of a host's name, at least one.
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The machine's own way to look names up.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

/// What the HTTP client resolves names with.
pub(super) struct GuardedResolver {
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) reach: Reach,
}

impl GuardedResolver {
    async fn resolve(lookup: Arc<dyn Lookup>, reach: Reach, host: String) -> Result<Vec<IpAddr>, ResolveError> {
        let mut addresses = lookup.lookup(host).await?;
        if addresses.is_empty() {
            return Err(ResolveError::NoAddress);
        }
        if reach == Reach::Public {
            addresses.iter().try_for_each(|address| address::check(*address))?;
        }
        addresses.truncate(ADDRESSES_MAX);
        Ok(addresses)
    }
}

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("the name has no address")]
    NoAddress,
    #[error("the name cannot be looked up")]
    Lookup(#[from] io::Error),
    #[error(transparent)]
    Refused(#[from] AddressRefused),
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let answer = GuardedResolver::resolve(Arc::clone(&self.lookup), self.reach, name.as_str().to_owned());
        Box::pin(async move {
            let addresses = answer.await?;
            // The client puts the port of the URL in the place of 0.
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Answers something else each time.
    struct Flipping(Mutex<Vec<Vec<IpAddr>>>);

    impl Lookup for Flipping {
        fn lookup(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            let answer = self.0.lock().unwrap().remove(0);
            Box::pin(async move { Ok(answer) })
        }
    }

    #[tokio::test]
    async fn every_address_is_judged_at_every_connection() {
        let table: [(&[&str], Reach, bool); 7] = [
            (&["8.8.8.8"], Reach::Public, true),
            (&["127.0.0.1"], Reach::Public, false),
            (&["8.8.8.8", "::1"], Reach::Public, false),
            (&["169.254.169.254"], Reach::Public, false),
            (&["8.8.8.8", "2606:4700::1"], Reach::Public, true),
            (&[], Reach::Public, false),
            (&["127.0.0.1"], Reach::Anywhere, true),
        ];
        let answers = table.iter().map(|row| row.0.iter().map(|text| text.parse().unwrap()).collect()).collect();
        let lookup: Arc<dyn Lookup> = Arc::new(Flipping(Mutex::new(answers)));
        for (addresses, reach, is_reached) in table {
            let resolver = GuardedResolver { lookup: Arc::clone(&lookup), reach };
            let answer = Resolve::resolve(&resolver, "rebinding.example".parse().unwrap()).await;
            let found: Option<Vec<String>> =
                answer.ok().map(|addresses| addresses.map(|address| address.ip().to_string()).collect());
            let expected = is_reached.then(|| addresses.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
            assert_eq!(found, expected, "{addresses:?}, {reach:?}");
        }
    }
}
