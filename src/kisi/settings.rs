//! How to reach Kisi, and what is refused before anything is sent.

use std::time::Duration;

use reqwest::{Url, header};

use super::Error;
use crate::origin::{self, Proxy};

/// How to reach Kisi.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://api.kisi.io`, or any loopback address.
    pub base_url: String,
    /// An HTTP proxy, if the site has one. The environment is not asked.
    pub proxy: Option<Proxy>,
    /// The limit for an unlock.
    pub timeout: Duration,
    /// No more requests than this within a second. Kisi takes five from one person, over all their logins.
    pub per_second: usize,
    /// Where the kiosk is, north and east in degrees (WGS 84). Some doors ask.
    pub position: Option<(f64, f64)>,
    /// Partners name themselves.
    pub integration_identifier: Option<String>,
    /// Partners give an e-mail address.
    pub integration_contact: Option<String>,
    /// Certificates to trust.
    pub roots: Roots,
}

/// Which certificates prove that the server is Kisi.
#[derive(Debug, Clone)]
pub enum Roots {
    /// Those of the operating system.
    System,
    /// Only this one, in DER.
    Only(Vec<u8>),
}

pub(super) fn base_url(text: &str) -> Result<Url, Error> {
    let allowed = "an https address without a user name, or an address on loopback";
    origin::safe(text).ok_or_else(|| Error::Setting { key: "kisi.base_url", value: text.to_owned(), allowed })
}

/// # Source
///
/// Kisi: "Add necessary headers", for integration partners.
pub(super) fn partner_headers(settings: &Settings) -> Result<header::HeaderMap, Error> {
    let mut headers = header::HeaderMap::new();
    for (name, key, value) in [
        ("x-kisi-integration-identifier", "kisi.integration_identifier", &settings.integration_identifier),
        ("x-kisi-integration-contact", "kisi.integration_contact", &settings.integration_contact),
    ] {
        let Some(value) = value else { continue };
        let bad = |_| Error::Setting { key, value: value.clone(), allowed: "printable ASCII" };
        let _ = headers.insert(name, header::HeaderValue::from_str(value).map_err(bad)?);
    }
    Ok(headers)
}
