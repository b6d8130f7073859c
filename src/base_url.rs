//! Checks the addresses that logins may be sent to. It uses the HTTP client's URL parser, so that both read an address the
//! same way.

use url::{Host, Url};

/// Parses a base URL that nobody can eavesdrop on: https, or http on loopback, without user name, password or query.
pub fn safe(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    (is_safe && is_plain && url.has_host()).then_some(url)
}

/// Whether the host is Kisi or, for the simulator, this machine.
///
/// # Source
///
/// `threats.md`, R37 and T27.
pub fn is_kisis(url: &Url) -> bool {
    url.host_str() == Some("api.kisi.io") || is_loopback(url)
}

/// Whether the host is `localhost` or a loopback address.
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
    /// The allowed values, for error texts.
    pub const ALLOWED: &str = "the address of an HTTP proxy, such as http://proxy.example:3128";

    /// Parses a proxy address. `None` unless it is http or https with a host, and without path, query and fragment.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_http = matches!(url.scheme(), "http" | "https");
        let is_plain = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        (is_http && is_plain && url.has_host()).then_some(Self(url))
    }

    /// Returns the whole address with its password, for connecting. Search for this name in review.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// Replaces everything before the last `@` except the scheme, because it may contain a password. Also works on invalid
    /// addresses.
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

    /// A1: neither `Display` nor `Debug` shows a proxy's password.
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
    fn only_kisi_and_loopback_addresses_are_accepted() {
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
