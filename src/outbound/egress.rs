//! Where calls may go: to public addresses, and to hosts that the operator has named.
//!
//! A vendor's host is written in a mapping file, and what a name resolves to is decided elsewhere. So that neither can
//! make the gateway call what stands beside it with a customer's credential (a metadata service, a database), every
//! address is looked at after the name was resolved, by the resolver that the connection itself uses: there is no time
//! between looking and connecting in which a name could change its mind. Redirects are not followed at all
//! (`transport`), and paths can't leave a vendor's base (`adapter::path`).

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Decides where calls may go. Clones share what the operator allows.
#[derive(Debug, Clone)]
pub(super) struct Egress {
    allowed: Arc<BTreeSet<String>>,
}

/// Why a host isn't called.
#[derive(Debug)]
pub(super) struct Private;

impl fmt::Display for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host's address is not a public one")
    }
}

impl std::error::Error for Private {}

impl Egress {
    /// To public addresses, and to these hosts whatever their addresses.
    pub(super) fn new(allowed: BTreeSet<String>) -> Self {
        Egress { allowed: Arc::new(allowed) }
    }

    /// Whether a URL that holds an address may be called. One with a name is judged when the name is resolved.
    pub(super) fn allows(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Ipv4(address)) => is_public(address.into()) || self.names(url),
            Some(Host::Ipv6(address)) => is_public(address.into()) || self.names(url),
            Some(Host::Domain(_)) => true,
            None => false,
        }
    }

    fn names(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| self.allowed.contains(host))
    }
}

impl Resolve for Egress {
    fn resolve(&self, name: Name) -> Resolving {
        let anywhere = self.allowed.contains(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let (allowed, refused): (Vec<SocketAddr>, Vec<SocketAddr>) =
                found.partition(|address| anywhere || is_public(address.ip()));
            if allowed.is_empty() && !refused.is_empty() {
                return Err(Private.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one that the internet routes.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = (a, b, c) == (192, 0, 0);
    let benchmarks = a == 198 && (b == 18 || b == 19);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || shared
        || protocols
        || benchmarks)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    if let Some(mapped) = inner(address) {
        return is_public_v4(mapped);
    }
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        // Site-local, which old networks still have.
        || first & 0xffc0 == 0xfec0
        || (first == 0x2001 && second == 0x0db8))
}

/// The IPv4 address that an IPv6 address stands for: a mapped or compatible one, or one behind NAT64 or 6to4.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let at = |index: usize| {
        let ([a, b], [c, d]) = (segments[index].to_be_bytes(), segments[index + 1].to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(at(6)),
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => Some(at(6)),
        [0x2002, ..] => Some(at(1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_beside_the_gateway_are_not_public() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn addresses_of_the_internet_are_public() {
        for address in
            ["1.1.1.1", "52.1.2.3", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
        {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn an_address_in_a_url_is_judged_however_it_is_spelt() {
        let egress = Egress::new(BTreeSet::from(["127.0.0.1".to_owned()]));
        for (url, allowed) in [
            ("http://127.0.0.1:9101/x", true),
            ("http://2130706433/x", true),
            ("http://127.0.0.2/x", false),
            ("http://0x7f.0.0.2/x", false),
            ("http://[::1]/x", false),
            ("https://1.1.1.1/x", true),
            ("https://api.capsulecrm.com/x", true),
        ] {
            assert_eq!(egress.allows(&Url::parse(url).unwrap()), allowed, "{url}");
        }
    }
}
