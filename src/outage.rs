//! The kinds of outage in which the kiosk cannot open doors, distinct enough to be reported over the phone.

/// A kind of outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Outage {
    /// The DNS lookup of Kisi's host failed: no network or no DNS server.
    Name,
    /// No connection to Kisi's host: refused, no route, or timed out.
    Unreachable,
    /// The site's proxy does not respond or rejects the kiosk.
    Proxy,
    /// The TLS handshake failed: a wrong server, or an interception of the connection.
    Unsafe,
    /// The certificate is expired or not valid yet, or the clocks differ: probably the kiosk's clock is wrong.
    Clock,
    /// A redirect or the status 511 came instead of Kisi's response: the network requires a sign-in.
    Portal,
    /// Another response came that does not have the form of Kisi's: a filter, a proxy or a gateway answers in its place.
    Intercepted,
    /// The request was sent, but no complete response came.
    NoAnswer,
    /// Kisi responded with an error.
    Kisi,
    /// Audit records cannot be written: the disk is full, read-only or broken. Without a record no unlock is sent.
    Disk,
}

impl Outage {
    /// The name in logs, in `/readyz`, in the audit log and on the technician's screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Unreachable => "unreachable",
            Self::Proxy => "proxy",
            Self::Unsafe => "unsafe",
            Self::Clock => "clock",
            Self::Portal => "portal",
            Self::Intercepted => "intercepted",
            Self::NoAnswer => "no answer",
            Self::Kisi => "fault at Kisi",
            Self::Disk => "disk",
        }
    }
}
