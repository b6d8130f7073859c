//! Where logins may go. Decided with the parser of the client itself, so that both read an address in the same way.

use url::{Host, Url};

/// An address over which nobody can read along: https, or this machine, without a user name or a query.
pub fn safe(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    (is_safe && is_plain && url.has_host()).then_some(url)
}

/// Whether this is Kisi, or a simulator on this machine.
///
/// # Source
///
/// `threats-and-faults.md`, R37 and T27.
pub fn is_kisis(url: &Url) -> bool {
    url.host_str() == Some("api.kisi.io") || is_loopback(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T27
    #[test]
    fn only_kisi_and_this_machine_are_kisis() {
        let allowed = |text: &str| safe(text).is_some_and(|url| is_kisis(&url));
        for ours in [
            "https://api.kisi.io",
            "https://API.kisi.io/",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
            "http://localhost",
        ] {
            assert!(allowed(ours), "{ours}");
        }
        for elsewhere in [
            "http://api.kisi.io",
            "https://api.kisi.io.evil.example",
            "https://u@api.kisi.io",
            "http://localhost:80@evil.example",
            "https://localhost:80@evil.example",
            "http://127.0.0.1.evil.example",
            "https://evil.example\\@api.kisi.io",
            "https://evil.example#@api.kisi.io",
            "http://0.0.0.0",
            "ftp://localhost",
            "api.kisi.io",
            "",
        ] {
            assert!(!allowed(elsewhere), "{elsewhere}");
        }
    }
}
