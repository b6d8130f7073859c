//! The client's settings, and the checks before anything is sent.

use std::time::Duration;

use reqwest::{Url, header};

use super::Error;
use crate::base_url::{self, Proxy};

/// How the client reaches Kisi.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://api.kisi.io`, or an http or https address on loopback.
    pub base_url: String,
    /// An HTTP proxy, if the site has one. Proxy variables of the environment are ignored.
    pub proxy: Option<Proxy>,
    /// Total timeout of an unlock.
    pub timeout: Duration,
    /// Requests per second, at most. Kisi allows five per person, over all their logins.
    pub per_second: usize,
    /// Latitude and longitude of the kiosk in degrees (WGS 84), for doors with a geofence.
    pub position: Option<(f64, f64)>,
    /// The `X-Kisi-Integration-Identifier` header of an integration partner.
    pub integration_identifier: Option<String>,
    /// The `X-Kisi-Integration-Contact` header of an integration partner: an e-mail address.
    pub integration_contact: Option<String>,
    /// The root certificates to trust.
    pub roots: Roots,
}

/// Which root certificates the client trusts.
#[derive(Debug, Clone)]
pub enum Roots {
    /// The operating system's.
    System,
    /// Only this one, in DER.
    Only(Vec<u8>),
}

pub(super) fn base_url(text: &str) -> Result<Url, Error> {
    let allowed = "an https address without a user name, or an address on loopback";
    base_url::safe(text).ok_or_else(|| Error::Setting { key: "kisi.base_url", value: text.to_owned(), allowed })
}

/// Headers of every request, with those that Kisi asks integration partners to send.
///
/// # Source
///
/// Kisi: "Add necessary headers", for integration partners.
pub(super) fn default_headers(settings: &Settings) -> Result<header::HeaderMap, Error> {
    let mut headers = header::HeaderMap::new();
    // The client does not decompress.
    let _ = headers.insert(header::ACCEPT_ENCODING, header::HeaderValue::from_static("identity"));
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
