//! Where requests may go.
//!
//! An address is looked at when it is connected to, not when its name is entered: a name may point
//! elsewhere by then.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mailgrant_mail::Trust;
use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(20);
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_mins(1);

/// The clients that send webhook requests, shared by all accounts. They follow no redirect, use no
/// proxy and repeat nothing by themselves.
#[derive(Debug, Default)]
pub(crate) struct Couriers {
    guarded: OnceLock<Client>,
    anywhere: OnceLock<Client>,
}

impl Couriers {
    /// The client for settings that allow what is [guarded](is_allowed), or not.
    pub(super) fn client(&self, trust: &Trust, anywhere: bool) -> Result<Client, String> {
        let made = if anywhere {
            &self.anywhere
        } else {
            &self.guarded
        };
        if let Some(client) = made.get() {
            return Ok(client.clone());
        }
        let client = build(trust, anywhere).map_err(|error| super::answer::in_words(&error))?;
        Ok(made.get_or_init(|| client).clone())
    }
}

fn build(trust: &Trust, anywhere: bool) -> Result<Client, reqwest::Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a client for webhooks alone, with every limit set"
    )]
    let client = Client::builder()
        .tls_backend_preconfigured(trust.config().as_ref().clone())
        .user_agent(concat!("Mailgrant/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .http1_only()
        .pool_idle_timeout(IDLE);
    if anywhere {
        client.build()
    } else {
        client.dns_resolver(Arc::new(Guarded)).build()
    }
}

/// Whether a URL that names an address names one that is allowed; a name is looked at later.
pub(super) fn names_an_allowed_address(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_allowed(address.into()),
        Some(Host::Ipv6(address)) => is_allowed(address.into()),
        Some(Host::Domain(_)) => true,
        None => false,
    }
}

/// Looks names up, and leaves out the addresses that are not allowed.
struct Guarded;

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|at| is_allowed(at.ip())).collect();
            if allowed.is_empty() {
                let why = format!("{} points to {REFUSED}", name.as_str());
                return Err(io::Error::other(why).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// What is said of an address that is not allowed.
pub(super) const REFUSED: &str = "an address that is link-local, a cloud's own or nobody's: \
                                  requests go there only where the account's settings allow it";

/// Whether mail may be sent to this address unless the settings say that anywhere is meant.
///
/// Refused is what is only reachable from this machine and has secrets to tell: link-local
/// addresses, where clouds keep what a machine may know about itself (169.254.169.254,
/// `fe80::/10`, AWS `fd00:ec2::254`, Alibaba 100.100.100.200), and what is no machine's address at all.
/// Loopback and private networks are where service desks live.
fn is_allowed(address: IpAddr) -> bool {
    const METADATA: [IpAddr; 2] = [
        IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
        IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    ];
    let address = address.to_canonical();
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast() || v4.octets()[0] == 0,
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local() || embedded(v6).is_some_and(|v4| !is_allowed(v4.into()))
        }
    };
    !link_local
        && !address.is_multicast()
        && !address.is_unspecified()
        && !METADATA.contains(&address)
}

/// The IPv4 address within one of IPv6 that is translated on the way (RFC 6052, `64:ff9b::/96`; 6to4,
/// RFC 3056; the deprecated IPv4-compatible form, RFC 4291, section 2.5.5.1).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let parts = address.segments();
    let from = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match parts {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(from(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_secrets_to_tell_is_refused_and_a_service_desk_is_not() {
        for refused in [
            "169.254.169.254",
            "169.254.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "255.255.255.255",
            "224.0.0.1",
            "100.100.100.200",
            "::",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "::a9fe:a9fe",
        ] {
            assert!(!is_allowed(refused.parse().unwrap()), "{refused}");
        }
        for allowed in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.7",
            "203.0.113.9",
            "100.64.0.1",
            "::1",
            "fd12:3456::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ] {
            assert!(is_allowed(allowed.parse().unwrap()), "{allowed}");
        }
    }

    #[test]
    fn an_address_in_the_url_is_looked_at_in_every_spelling() {
        for refused in [
            "http://169.254.169.254/latest/",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://[::ffff:a9fe:a9fe]/",
        ] {
            let url = Url::parse(refused).unwrap();
            assert!(!names_an_allowed_address(&url), "{refused}");
        }
        let desk = Url::parse("https://desk.example.com/").unwrap();
        assert!(names_an_allowed_address(&desk));
    }
}
