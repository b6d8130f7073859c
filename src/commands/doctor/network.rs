//! Checks the connection to Kisi step by step, to name the first step that fails.

use std::{io, net::SocketAddr, time::Duration};

use jiff::Timestamp;
use reqwest::Url;
use tokio::{net, time::timeout};
use vestibule::{
    config::Config,
    error_chain::Chain,
    kisi::{Client, Error},
    outage::Outage,
};

use super::{Finding, Severity, finding};

/// Allowed difference from Kisi's clock, in seconds. The `Date` header has whole seconds, and the response takes time.
const CLOCK: i64 = 10;
/// Timeout of one DNS lookup or TCP connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Checks DNS, TCP, TLS, HTTP and the clock. A wrong clock rejects valid certificates and puts wrong times into the audit
/// log.
pub(super) async fn network(config: &Config, client: &Client) -> Vec<Finding> {
    // With a proxy, check the connection to the proxy: it looks up Kisi's name and connects.
    let mut findings = Vec::new();
    let url = match &config.kisi.proxy {
        None => Url::parse(&config.kisi.base_url).ok(),
        Some(proxy) => {
            // `Display` hides the password.
            findings.push(finding("proxy", Severity::Well, proxy.to_string()));
            Some(proxy.expose().clone())
        }
    };
    let Some(url) = url else { return findings };
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
    let host = host.trim_matches(['[', ']']);
    match looked_up(host, port).await {
        Err(error) => {
            findings.push(finding("DNS", Severity::Unwell, format!("{host} cannot be looked up: {error}")));
            return findings;
        }
        Ok(addresses) => {
            let text = addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
            findings.push(finding("DNS", Severity::Well, format!("{host} is {text}")));
            findings.extend(connected(&addresses).await);
        }
    }
    match client.prove().await {
        Ok(there) => {
            if config.kisi.base_url.starts_with("https") {
                findings.push(finding("TLS", Severity::Well, "the certificate is good"));
            }
            findings.push(finding("HTTP", Severity::Well, format!("{} answers", config.kisi.base_url)));
            findings.push(clock(there));
        }
        Err(error) => findings.push(failed(&error)),
    }
    findings
}

async fn looked_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let found: Vec<SocketAddr> = timeout(PATIENCE, net::lookup_host((host, port))).await??.collect();
    if found.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(found) }
}

/// Connects to every address. One is enough for the kiosk, but each one that fails is a warning for the administrator.
async fn connected(addresses: &[SocketAddr]) -> Vec<Finding> {
    let (mut well, mut findings) = (0, Vec::new());
    for address in addresses {
        match timeout(PATIENCE, net::TcpStream::connect(address)).await {
            Ok(Ok(_)) => well += 1,
            Ok(Err(error)) => findings.push(finding("TCP", Severity::Warning, format!("{address}: {error}"))),
            Err(_) => findings.push(finding("TCP", Severity::Warning, format!("{address} does not answer"))),
        }
    }
    let health = if 0 < well { Severity::Well } else { Severity::Unwell };
    findings.push(finding("TCP", health, format!("{well} of {} addresses accept a connection", addresses.len())));
    findings
}

fn failed(error: &Error) -> Finding {
    let outage = error.outage();
    let about = match outage {
        Some(Outage::Unsafe | Outage::Clock) => "TLS",
        Some(Outage::Proxy) => "proxy",
        Some(
            Outage::Name
            | Outage::Unreachable
            | Outage::Portal
            | Outage::Intercepted
            | Outage::NoAnswer
            | Outage::Kisi
            | Outage::Disk,
        )
        | None => "HTTP",
    };
    let kind = outage.map_or("setting", Outage::name);
    finding(about, Severity::Unwell, format!("{kind}: {}", Chain(error)))
}

fn clock(there: Option<Timestamp>) -> Finding {
    match there.map(|there| Timestamp::now().duration_since(there).as_secs()) {
        None => finding("clock", Severity::Warning, "Kisi's response does not contain the time"),
        Some(off) if off.abs() <= CLOCK => finding("clock", Severity::Well, format!("{off} s from Kisi's")),
        Some(off) => finding("clock", Severity::Unwell, format!("{off} s from Kisi's: set it, preferably by NTP")),
    }
}
