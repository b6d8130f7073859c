//! Client for Kisi's API: logins, doors, unlocks. It retries list reads only, follows no redirects and stores no logins.

mod access;
mod admin;
mod retry;
mod response;
mod restriction;
mod connect;
mod error;
mod events;
mod list;
mod rate_limit;
mod reachability;
mod settings;
mod deprecation;
mod text;
mod wire;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use jiff::civil::DateTime;
use reqwest::{Certificate, Method, RequestBuilder, Response, Url, header, redirect};
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use zeroize::Zeroizing;

pub use self::{
    access::{Group, GroupRight, RestrictedDoor, Rights},
    admin::{Card, Device, DeviceLogin, Login, User},
    error::Error,
    events::{UnlockEvent, UnlockHistory},
    rate_limit::REQUESTS_PER_SECOND,
    restriction::Restriction,
    settings::{Roots, Settings},
    text::clean,
};
use self::{
    connect::Deadlines,
    deprecation::Deprecations,
    list::Query,
    rate_limit::{Kind, RateLimit},
    response::{json, unlocked},
    settings::{base_url, default_headers},
    text::appearance,
};
use crate::{
    base_url::{self, Proxy},
    door::{Door, DoorId, Outcome, PlaceId},
    error_chain::Chain,
    outage::Outage,
    secret::Secret,
};

/// Kisi's maximum for most lists, such as `GET /locks`.
pub const PAGE: usize = 250;
/// Doors (and places) read at most (R39).
const MAX_DOORS: usize = 2_000;
/// Limit for one connection, TLS included (R38).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest pause between two reads of a response (R38).
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// Total timeout of a request with a login, except the unlock, whose timeout is in the settings (R38).
const LIST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long idle connections stay open (R38): longer than the default session of 180 s, so that a late unlock still
/// finds one.
const POOL_IDLE: Duration = Duration::from_mins(4);
/// TCP keepalive interval: keeps NAT entries alive and detects dead connections.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Kisi's id of a login. Not a secret: it appears in Kisi's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LoginId(u64);

impl LoginId {
    /// Wraps the id that Kisi gave the login.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The id as Kisi writes it.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// The owner of a login, as returned by `GET /login`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginOwner {
    /// Kisi's id of the login.
    pub id: LoginId,
    /// Kisi's id of the person.
    pub user_id: Option<u64>,
    /// The person's name at Kisi, cleaned; empty if Kisi has none.
    pub name: String,
}

/// A list of doors, and whether it is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doors {
    /// Sorted by Kisi's `order_id`, then by name.
    pub doors: Vec<Door>,
    /// Number of items that could not be parsed.
    pub dropped: usize,
    /// Kisi has more doors than were read, or its paging did not end.
    pub truncated: bool,
}

/// Places under lock-down, with the start in the kiosk's local time if Kisi reports one.
pub type LockedDown = HashMap<PlaceId, Option<DateTime>>;

/// The current state of a door. A field is `None` when Kisi does not report it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoorNow {
    /// State of the contact sensor. `Some(false)` may also mean that the door has no sensor.
    pub open: Option<bool>,
    /// Whether the lock is unlocked right now.
    pub unlocked: Option<bool>,
}

/// HTTP client for Kisi. Cheap to clone: clones share connections and rate limit.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    settings: Arc<Settings>,
    rate_limit: RateLimit,
    deprecations: Deprecations,
}

impl Client {
    /// Creates a client without connecting.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when the base URL, the proxy or a partner header is not allowed; [`Error::Client`] when the HTTP
    /// client cannot be built, for instance without system certificates.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        // This fails if a provider is already installed. Every caller installs ring, so the error is ignored.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = base_url(&settings.base_url)?;
        let mut http = reqwest::Client::builder()
            .https_only(base.scheme() == "https")
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .http1_only()
            .tcp_nodelay(true)
            .tcp_keepalive(KEEPALIVE)
            .connect_timeout(CONNECT_TIMEOUT)
            .connector_layer(Deadlines)
            .read_timeout(READ_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(2)
            .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")))
            .default_headers(default_headers(settings)?);
        #[cfg(target_os = "linux")]
        {
            // The kernel must not deliver an unlock's bytes after its timeout (R38, R50). reqwest's default is 30 s.
            http = http.tcp_user_timeout(settings.timeout);
        }
        if let Some(proxy) = &settings.proxy {
            let bad = |allowed| Error::Setting { key: "kisi.proxy", value: proxy.to_string(), allowed };
            if base_url::is_loopback(&base) || base.scheme() != "https" {
                return Err(bad("empty while kisi.base_url is an address of this machine"));
            }
            http = http.proxy(reqwest::Proxy::all(proxy.expose().clone()).map_err(|_| bad(Proxy::ALLOWED))?);
        }
        if let Roots::Only(der) = &settings.roots {
            http = http.tls_certs_only([Certificate::from_der(der).map_err(Error::Client)?]);
        }
        let (settings, rate_limit, deprecations) =
            (Arc::new(settings.clone()), RateLimit::new(settings.per_second), Deprecations::default());
        Ok(Self { http: http.build().map_err(Error::Client)?, base, settings, rate_limit, deprecations })
    }

    /// Creates a client with the same settings and no connections. The buffers of the old connections, which may contain a
    /// login, are freed when their last request has ended.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn reconnected(&self) -> Result<Self, Error> {
        Ok(Self { deprecations: self.deprecations.clone(), ..Self::new(&self.settings)? })
    }

    /// Deprecated operations, one text each, from the `Deprecation` and `Sunset` headers of Kisi's responses.
    pub fn announced(&self) -> Vec<String> {
        self.deprecations.all()
    }

    /// Checks that a login still works and returns its owner. This is Kisi's cheapest call.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 401 when the login does not work any more.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /login`.
    pub async fn who_am_i(&self, login: &Secret<String>) -> Result<LoginOwner, Error> {
        let request = self.request(Method::GET, &["login"], login)?.timeout(LIST_TIMEOUT);
        let login: wire::CurrentLogin = self.ask("GET /login", request).await?.0;
        Ok(LoginOwner {
            id: LoginId(login.id),
            user_id: login.user_id,
            name: login.user.and_then(|user| user.name).map(|name| text::clean(&name)).unwrap_or_default(),
        })
    }

    /// Lists the doors that this login may open, from all pages.
    ///
    /// # Errors
    ///
    /// Any. A page that cannot be read fails the whole list. An item that cannot be parsed is dropped and counted.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /locks` and `X-Collection-Range`.
    pub async fn doors(&self, login: &Secret<String>) -> Result<Doors, Error> {
        let all = Query { path: "locks", filter: &[], page: PAGE, max: MAX_DOORS };
        let list = self.list::<wire::Lock>("GET /locks", login, all, |lock| lock.id).await?;
        let has_position = self.settings.position.is_some();
        let mut doors: Vec<(Option<i64>, Door)> =
            list.items.into_iter().map(|lock| (lock.order_id, lock.into_door(has_position))).collect();
        doors.sort_by_cached_key(|(order, door)| (order.is_none(), *order, door.name.to_lowercase(), door.id));
        let mut doors: Vec<Door> = doors.into_iter().map(|(_, door)| door).collect();
        tell_apart(&mut doors);
        Ok(Doors { doors, dropped: list.dropped, truncated: list.truncated })
    }

    /// Lists the places under lock-down, and since when. Their locks do not show this flag.
    ///
    /// # Errors
    ///
    /// Any.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /places`.
    pub async fn places_locked_down(&self, login: &Secret<String>) -> Result<LockedDown, Error> {
        let all = Query { path: "places", filter: &[], page: PAGE, max: MAX_DOORS };
        let list = self.list::<wire::PlaceState>("GET /places", login, all, |place| place.id).await?;
        let locked_down = list.items.iter().filter(|place| place.locked_down == Some(true));
        Ok(locked_down.map(|place| (PlaceId::new(place.id), place.since())).collect())
    }

    /// Reads the current state of a door.
    ///
    /// # Errors
    ///
    /// Any.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /locks/{id}`.
    pub async fn look_at(&self, login: &Secret<String>, door: DoorId) -> Result<DoorNow, Error> {
        let request = self.request(Method::GET, &["locks", &door.get().to_string()], login)?;
        self.rate_limit.wait(Kind::Read).await;
        let lock: wire::LockNow = self.ask("GET /locks/{id}", request.timeout(LIST_TIMEOUT)).await?.0;
        Ok(DoorNow { open: lock.open, unlocked: lock.unlocked })
    }

    /// Sends one unlock request. It is never retried.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `POST /locks/{id}/unlock`; `threats.md`, R44 to R48.
    pub async fn unlock(&self, login: &Secret<String>, door: DoorId) -> Outcome {
        self.unlock_near(login, door, None, Instant::now() + self.settings.timeout).await
    }

    /// Like [`Self::unlock`], with the proximity code of the door's reader and a deadline. Nothing is sent after the
    /// deadline, even when a connection must be made first: after a stalled process, a stalled disk or on a slow network,
    /// the person may have left.
    pub async fn unlock_near(&self, login: &Secret<String>, door: DoorId, proof: Option<u16>, by: Instant) -> Outcome {
        self.unlock_and_tell(login, door, proof, by).await.0
    }

    /// Like [`Self::unlock_near`]. Also returns the outage that a failure points to; if Kisi refused, `None`.
    pub async fn unlock_and_tell(
        &self,
        login: &Secret<String>,
        door: DoorId,
        proof: Option<u16>,
        by: Instant,
    ) -> (Outcome, Option<Outage>) {
        match self.try_unlock(login, door, proof, by).await {
            Ok(()) => (Outcome::Accepted, None),
            Err(error) => {
                tracing::warn!(door = door.get(), error = %Chain(&error), "an unlock was not accepted");
                let outage = error.outage().filter(|outage| *outage != Outage::Kisi);
                (error.outcome(), outage)
            }
        }
    }

    async fn try_unlock(
        &self,
        login: &Secret<String>,
        door: DoorId,
        proof: Option<u16>,
        by: Instant,
    ) -> Result<(), Error> {
        let path = ["locks", &door.get().to_string(), "unlock"];
        let wanted = wire::Unlock::new(self.settings.position, proof);
        let request = self.request(Method::POST, &path, login)?.json(&wanted).timeout(self.settings.timeout);
        self.rate_limit.wait(Kind::Unlock).await;
        if by < Instant::now() {
            return Err(Error::Late);
        }
        unlocked(connect::until(by, self.send("POST /locks/{id}/unlock", request)).await?).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        request: RequestBuilder,
    ) -> Result<(T, Option<usize>), Error> {
        json(operation, self.send(operation, request).await?).await
    }

    /// Sends any request and records the deprecation headers of the response.
    async fn send(&self, operation: &'static str, request: RequestBuilder) -> Result<Response, Error> {
        let answer = request.send().await.map_err(Error::from_transport)?;
        self.deprecations.note(operation, answer.headers());
        Ok(answer)
    }

    fn request(&self, method: Method, path: &[&str], login: &Secret<String>) -> Result<RequestBuilder, Error> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(64 + login.expose().len()));
        bytes.extend_from_slice(b"KISI-LOGIN ");
        bytes.extend_from_slice(login.expose().as_bytes());
        let mut value = header::HeaderValue::from_bytes(&bytes).map_err(|_| Error::Secret)?;
        value.set_sensitive(true);
        let request = self.http.request(method, self.url(path)).header(header::AUTHORIZATION, value);
        Ok(request.header(header::ACCEPT, "application/json"))
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // A URL with the scheme http or https always accepts path segments, and `base_url` has checked the scheme.
        if let Ok(mut segments) = url.path_segments_mut() {
            let _ = segments.pop_if_empty().extend(path);
        }
        url
    }
}

/// Numbers doors whose names look the same in the same place: the second becomes `Lobby (2)` (R43). The order does not
/// change.
fn tell_apart(doors: &mut [Door]) {
    let place = |door: &Door| door.place.as_ref().map(|place| place.id);
    // A number must not make a name that another door has by itself, such as `Lobby (2)`.
    let original: HashSet<(String, Option<PlaceId>)> =
        doors.iter().map(|door| (appearance(&door.name), place(door))).collect();
    let mut used: HashSet<(String, Option<PlaceId>)> = HashSet::new();
    for door in doors {
        let at = place(door);
        if used.insert((appearance(&door.name), at)) {
            continue;
        }
        let numbered = (2_usize..).map(|number| format!("{} ({number})", door.name));
        let is_free = |name: &String| {
            let key = (appearance(name), at);
            !original.contains(&key) && used.insert(key)
        };
        door.name = { numbered }.find(is_free).unwrap_or_default();
    }
}
