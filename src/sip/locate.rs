//! Where a SIP URI leads: transports and addresses in the order in which they are to be tried (RFC 3263).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::rdata::{NAPTR, SRV};
use hickory_resolver::proto::rr::{RData, RecordType};
use rsipstack::sip::uri::ParamsExt;
use rsipstack::sip::{Scheme, Transport, Uri};

use crate::transport::{DialError, DialErrorKind};

/// Records that lead further than this are a mistake of the zone, not a cluster.
const MOST_HOPS: usize = 16;

/// One place to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    /// UDP, TCP or TLS.
    pub transport: Transport,
    pub address: SocketAddr,
    /// The name that a certificate must be made out to: the one that was asked for, not the one a record led to
    /// (RFC 5922, section 4).
    pub name: String,
}

impl std::fmt::Display for Hop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.transport, self.address)
    }
}

/// A URI taken apart for RFC 3263.
struct Asked {
    host: String,
    port: Option<u16>,
    /// What the URI itself demands.
    transport: Option<Transport>,
    secure: bool,
}

impl Asked {
    fn of(uri: &Uri) -> Self {
        let secure = uri.scheme == Some(Scheme::Sips);
        let transport = match (uri.transport(), secure) {
            // `sips:…;transport=tcp` is TLS over TCP (RFC 3261, section 26.2.2).
            (Some(_), true) => Some(Transport::Tls),
            (Some(transport), false) => Some(*transport),
            (None, _) => None,
        };
        let host = uri.host_with_port.host.to_string().trim_matches(['[', ']']).to_owned();
        let port = uri.host_with_port.port.as_ref().map(|port| u16::from(*port));
        Self { host, port, transport, secure }
    }

    /// Without records that say otherwise.
    fn plain_transport(&self) -> Transport {
        self.transport.unwrap_or(if self.secure { Transport::Tls } else { Transport::Udp })
    }

    fn hop(&self, transport: Transport, address: SocketAddr) -> Hop {
        Hop { transport, address, name: self.host.clone() }
    }
}

fn default_port(transport: Transport) -> u16 {
    if transport == Transport::Tls { 5061 } else { 5060 }
}

/// The places of a URI, best first.
pub(super) async fn locate(uri: &Uri, dns: Option<SocketAddr>) -> Result<Vec<Hop>, DialError> {
    let asked = Asked::of(uri);
    if !matches!(asked.plain_transport(), Transport::Udp | Transport::Tcp | Transport::Tls) {
        let message = format!("{uri}: SIP over {} is not spoken; use transport=udp, tcp or tls", asked.plain_transport());
        return Err(DialError::new(DialErrorKind::Local, message));
    }
    let plain = |ip: IpAddr| {
        let transport = asked.plain_transport();
        asked.hop(transport, SocketAddr::new(ip, asked.port.unwrap_or(default_port(transport))))
    };
    if let Ok(ip) = asked.host.parse() {
        return Ok(vec![plain(ip)]);
    }
    let names = Names::new(dns)?;
    // A name without a dot is of this machine or its hosts file, and no zone has records for it.
    if asked.port.is_none() && asked.host.contains('.') {
        let found = names.by_records(&asked).await;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let addresses = names.addresses(&asked.host).await;
    let addresses = addresses.map_err(|why| {
        let message = format!("the host `{}` of {uri} cannot be found{why}", asked.host);
        DialError::new(DialErrorKind::Unreachable, message)
    })?;
    Ok(addresses.into_iter().map(plain).collect())
}

/// The system's name service, or the one server that the target names.
struct Names {
    resolver: Option<TokioResolver>,
    own_server: bool,
}

impl Names {
    fn new(dns: Option<SocketAddr>) -> Result<Self, DialError> {
        let builder = match dns {
            Some(server) => {
                let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
                connections.iter_mut().for_each(|connection| connection.port = server.port());
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![NameServerConfig::new(server.ip(), true, connections)]);
                Ok(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()))
            }
            None => TokioResolver::builder_tokio(),
        };
        // A machine without a resolver configuration still has its hosts file.
        let Ok(mut builder) = builder else { return Ok(Self { resolver: None, own_server: false }) };
        builder.options_mut().timeout = Duration::from_secs(2);
        builder.options_mut().attempts = 1;
        let resolver = builder.build().map_err(|error| DialError::local("no DNS resolver", error))?;
        Ok(Self { resolver: Some(resolver), own_server: dns.is_some() })
    }

    async fn records(&self, name: &str, kind: RecordType) -> Vec<RData> {
        let Some(resolver) = &self.resolver else { return Vec::new() };
        // The final dot keeps search domains out.
        match resolver.lookup(format!("{}.", name.trim_end_matches('.')), kind).await {
            Ok(found) => found.answers().iter().map(|record| record.data.clone()).collect(),
            Err(error) => {
                tracing::debug!(name, %kind, %error, "no records");
                Vec::new()
            }
        }
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, String> {
        if self.own_server {
            let mut found = self.records(host, RecordType::A).await;
            found.extend(self.records(host, RecordType::AAAA).await);
            let ip = |data: &RData| match data {
                RData::A(a) => Some(IpAddr::V4(a.0)),
                RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.0)),
                _ => None,
            };
            let found: Vec<IpAddr> = found.iter().filter_map(ip).collect();
            return if found.is_empty() { Err(String::new()) } else { Ok(found) };
        }
        let found = tokio::net::lookup_host((host, 0)).await.map_err(|error| format!(": {error}"))?;
        let mut found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        found.dedup();
        if found.is_empty() { Err(String::new()) } else { Ok(found) }
    }

    /// NAPTR, then SRV (RFC 3263, sections 4.1 and 4.2).
    async fn by_records(&self, asked: &Asked) -> Vec<Hop> {
        let mut services = match asked.transport {
            Some(transport) => vec![(transport, service(transport, &asked.host))],
            None => naptr_services(self.records(&asked.host, RecordType::NAPTR).await, asked.secure),
        };
        if services.is_empty() {
            let all = if asked.secure { &[Transport::Tls][..] } else { &[Transport::Udp, Transport::Tcp, Transport::Tls] };
            services = all.iter().map(|transport| (*transport, service(*transport, &asked.host))).collect();
        }
        let mut hops = Vec::new();
        for (transport, name) in services {
            let records = self.records(&name, RecordType::SRV).await;
            let records = records.into_iter().filter_map(|data| if let RData::SRV(srv) = data { Some(srv) } else { None });
            for srv in by_priority(records.collect()) {
                let target = srv.target.to_string();
                let addresses = self.addresses(target.trim_end_matches('.')).await.unwrap_or_default();
                hops.extend(addresses.into_iter().map(|ip| asked.hop(transport, SocketAddr::new(ip, srv.port))));
            }
        }
        hops.truncate(MOST_HOPS);
        hops
    }
}

fn service(transport: Transport, host: &str) -> String {
    match transport {
        Transport::Udp => format!("_sip._udp.{host}"),
        Transport::Tls => format!("_sips._tcp.{host}"),
        _ => format!("_sip._tcp.{host}"),
    }
}

/// Transports and SRV names in the order of the zone, those that goldencall speaks.
fn naptr_services(records: Vec<RData>, secure: bool) -> Vec<(Transport, String)> {
    let mut records: Vec<NAPTR> =
        records.into_iter().filter_map(|data| if let RData::NAPTR(naptr) = data { Some(naptr) } else { None }).collect();
    records.sort_by_key(|record| (record.order, record.preference));
    let spoken = |record: NAPTR| {
        let transport = match String::from_utf8_lossy(&record.services).to_ascii_uppercase().as_str() {
            "SIP+D2U" if !secure => Transport::Udp,
            "SIP+D2T" if !secure => Transport::Tcp,
            "SIPS+D2T" => Transport::Tls,
            _ => return None,
        };
        record.flags.eq_ignore_ascii_case(b"s").then(|| (transport, record.replacement.to_string()))
    };
    records.into_iter().filter_map(spoken).collect()
}

/// Lowest priority first; within one, a draw by weight (RFC 2782).
fn by_priority(mut records: Vec<SRV>) -> Vec<SRV> {
    records.retain(|record| record.target.to_string() != ".");
    let draw = |record: &SRV| rand::random::<f64>().powf(1.0 / f64::from(record.weight.max(1)));
    records.sort_by_cached_key(|record| (record.priority, std::cmp::Reverse((draw(record) * 1e9) as u64)));
    records
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::rr::Name;

    use super::*;

    fn uri(text: &str) -> Uri {
        Uri::try_from(text).expect("a URI")
    }

    #[tokio::test]
    async fn numeric_hosts_need_no_records() {
        let cases = [
            ("sip:bot@10.0.0.5", "UDP 10.0.0.5:5060"),
            ("sip:bot@10.0.0.5:5070;transport=tcp", "TCP 10.0.0.5:5070"),
            ("sip:bot@10.0.0.5;transport=tls", "TLS 10.0.0.5:5061"),
            ("sips:bot@10.0.0.5", "TLS 10.0.0.5:5061"),
            ("sips:bot@10.0.0.5;transport=tcp", "TLS 10.0.0.5:5061"),
            ("sip:bot@[2001:db8::1]:5070", "UDP [2001:db8::1]:5070"),
            ("sip:bot@[::1]", "UDP [::1]:5060"),
        ];
        for (text, expected) in cases {
            let hops = locate(&uri(text), None).await.expect(text);
            assert_eq!(hops.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected], "{text}");
        }
    }

    #[tokio::test]
    async fn websockets_are_refused_by_name() {
        let error = locate(&uri("sip:bot@10.0.0.5;transport=ws"), None).await.expect_err("no WebSocket");
        assert!(error.message.contains("transport=udp, tcp or tls"), "{error}");
    }

    #[test]
    fn srv_records_of_one_priority_are_drawn_by_weight() {
        let record = |priority, weight, port| SRV::new(priority, weight, port, Name::from_ascii("a.example.").expect("name"));
        let first = |_| by_priority(vec![record(10, 90, 1), record(10, 10, 2), record(20, 100, 3)])[0].port;
        let ports: Vec<u16> = (0..1000).map(first).collect();
        let share = ports.iter().filter(|port| **port == 1).count();
        assert!((850..950).contains(&share) && !ports.contains(&3), "{share}");
    }

    #[test]
    fn naptr_gives_the_zones_own_order() {
        let record = |order, service: &str, name: &str| {
            let name = Name::from_ascii(name).expect("name");
            RData::NAPTR(NAPTR::new(order, 10, Box::from(*b"s"), service.as_bytes().into(), Box::from(*b""), name))
        };
        let records = vec![record(30, "SIP+D2U", "u.example."), record(10, "SIPS+D2T", "s.example."), record(20, "SIP+D2T", "t.example.")];
        let order = |secure| naptr_services(records.clone(), secure).into_iter().map(|(transport, _)| transport).collect::<Vec<_>>();
        assert_eq!(order(false), [Transport::Tls, Transport::Tcp, Transport::Udp]);
        assert_eq!(order(true), [Transport::Tls]);
    }
}
