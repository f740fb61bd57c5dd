//! Addresses of the hosts that feeds are fetched from: this host's own answer, see [`names`].

use std::net::SocketAddr;
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::Authority;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::host::names;

/// Addresses that are tried (the most that the client takes).
const MOST: usize = 16;
/// The longest wait where the request sets none.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks this host.
#[derive(Debug)]
pub(super) struct HostResolver;

impl Resolver for HostResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let port = uri.port_u16().or(match uri.scheme_str() {
            Some("https") => Some(443),
            Some("http") => Some(80),
            _ => None,
        });
        let host = uri.authority().map(Authority::host);
        let (Some(host), Some(port)) = (host, port) else { return Err(Error::HostNotFound) };
        let found = names::addresses(host, PATIENCE.min(*timeout.after)).into_iter();
        let found: Vec<SocketAddr> = found.map(|address| SocketAddr::new(address, port)).collect();
        let mut resolved = self.empty();
        config
            .ip_family()
            .keep_wanted(found.into_iter())
            .take(MOST)
            .for_each(|address| resolved.push(address));
        if resolved.is_empty() { Err(Error::HostNotFound) } else { Ok(resolved) }
    }
}
