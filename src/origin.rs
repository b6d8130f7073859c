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

/// Whether this address is on this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The address of an HTTP proxy. It may hold a password, which neither `Debug` nor `Display` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Url);

impl Proxy {
    /// What such an address looks like, for errors.
    pub const ALLOWED: &str = "the address of an HTTP proxy, such as http://proxy.example:3128";

    /// Reads one. `None` for anything but http or https to a host.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_http = matches!(url.scheme(), "http" | "https");
        let is_plain = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        (is_http && is_plain && url.has_host()).then_some(Self(url))
    }

    /// Gives all of it, the password too, to code that connects. Search for this name in review.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// What was written where an address is wanted, without what may be a password in it.
    pub fn redacted(text: &str) -> String {
        match text.rsplit_once('@') {
            Some((before, host)) => {
                let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
                format!("{scheme}://***@{host}")
            }
            None => text.to_owned(),
        }
    }
}

impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Self::redacted(self.0.as_str()))
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A1: a proxy's password is in no text that anybody reads.
    #[test]
    fn a_proxy_is_shown_without_its_password() {
        let proxy = Proxy::parse("http://kiosk:canary@proxy.example:3128").unwrap();
        assert_eq!(proxy.to_string(), "http://***@proxy.example:3128/");
        assert_eq!(format!("{proxy:?}"), "Proxy(http://***@proxy.example:3128/)");
        assert_eq!(proxy.expose().password(), Some("canary"));
        assert_eq!(Proxy::redacted("http//kiosk:can@ary@proxy"), "://***@proxy");
        for wrong in ["proxy.example:3128", "socks5://proxy.example", "http://proxy.example/path", "file:///etc", ""] {
            assert_eq!(Proxy::parse(wrong), None, "{wrong}");
        }
    }

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
