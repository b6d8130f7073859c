//! Why no door can be opened from here, in kinds that a receptionist can tell a technician apart by.

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub enum Trouble {
    /// The name of Kisi's server cannot be looked up: no network, or no name server.
    Name,
    /// Nobody answers there: refused, no route, too slow.
    Unreachable,
    /// The proxy that the site has does not answer, or does not let the kiosk through.
    Proxy,
    /// The connection would not be safe: another server, or somebody between.
    Unsafe,
    /// The certificate does not fit the time: the kiosk's clock is wrong, most likely.
    Clock,
    /// A web page answered instead of Kisi: the network wants a sign-in.
    Portal,
    /// The question was sent, but no whole answer came.
    NoAnswer,
    /// Kisi answered that it has a fault, or something that nobody can read.
    Kisi,
    /// Nothing can be written down here: the disk is full, read-only or broken. Without a record no door opens.
    Disk,
}

impl Trouble {
    /// A word for logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Unreachable => "unreachable",
            Self::Proxy => "proxy",
            Self::Unsafe => "unsafe",
            Self::Clock => "clock",
            Self::Portal => "portal",
            Self::NoAnswer => "no answer",
            Self::Kisi => "fault at Kisi",
            Self::Disk => "disk",
        }
    }
}
