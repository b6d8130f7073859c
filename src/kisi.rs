//! A client of Kisi's API: logins, doors, unlock. It repeats nothing by itself, follows no redirect, and keeps no secret.

mod access;
mod admin;
mod again;
mod answer;
mod connect;
mod error;
mod list;
mod pace;
mod settings;
mod signs;
mod text;
mod wire;

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::{Timestamp, civil::DateTime};
use reqwest::{Certificate, Method, RequestBuilder, Response, Url, header, redirect, retry};
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use zeroize::Zeroizing;

pub use self::{
    access::{Bar, Barred, Group, GroupRight, Rights},
    admin::{Card, Device, DeviceLogin, Login, User},
    error::Error,
    settings::{Roots, Settings},
};
use self::{
    answer::{body, is_html, json, success},
    connect::Deadlines,
    list::Query,
    pace::{Kind, Pace},
    settings::{base_url, partner_headers},
    signs::Signs,
};
use crate::{
    chain::Chain,
    door::{Code, Door, DoorId, Outcome, PlaceId},
    origin::{self, Proxy},
    secret::Secret,
};

/// Kisi's maximum for most lists, such as `GET /locks`.
pub const PAGE: usize = 250;
/// More doors are not shown (R39).
const MAX_DOORS: usize = 2_000;
/// R38.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// R38.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// For everything but the unlock, whose limit is in the settings (R38).
const LIST_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer than the longest session, so that an unlock near its end still finds the connection open. Our choice: R38 has 20 s.
const POOL_IDLE: Duration = Duration::from_mins(4);
/// Keeps the connection open in routers between, and finds out when it is gone.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Kisi's id of a login. Not a secret: it appears in Kisi's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LoginId(u64);

impl LoginId {
    /// Names the login with this id at Kisi.
    pub const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The id as Kisi writes it.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A login as `GET /login` tells about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Names it.
    pub id: LoginId,
    /// Kisi's id of the person.
    pub user_id: Option<u64>,
    /// The name Kisi has for the person, cleaned.
    pub name: String,
}

/// A list of doors, and what is missing from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doors {
    /// In the order of Kisi's `order_id`, then by name.
    pub doors: Vec<Door>,
    /// Items that could not be read.
    pub dropped: usize,
    /// Kisi has more, or would not come to an end.
    pub truncated: bool,
}

/// Places that are locked down as a whole, and since when by the kiosk's clock.
pub type LockedDown = HashMap<PlaceId, Option<DateTime>>;

/// How a door is, as far as Kisi tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoorNow {
    /// What the contact sensor says. A door without one is never open.
    pub open: Option<bool>,
    /// It could be opened now.
    pub unlocked: Option<bool>,
}

/// Speaks to Kisi. Cheap to clone: clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    settings: Arc<Settings>,
    pace: Pace,
    signs: Signs,
}

impl Client {
    /// Makes a client. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] when the address is not https and not on loopback, or a setting cannot stand in a header;
    /// [`Error::Client`] when the system has no certificates.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        // Only the first provider counts, and it is this one wherever it is asked.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = base_url(&settings.base_url)?;
        let mut http = reqwest::Client::builder()
            .https_only(base.scheme() == "https")
            .redirect(redirect::Policy::none())
            .retry(retry::never())
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
            .default_headers(partner_headers(settings)?);
        #[cfg(target_os = "linux")]
        {
            // Longer than an unlock may take, the kernel must not try to deliver its bytes (R38, R50). reqwest has 30 s.
            http = http.tcp_user_timeout(settings.timeout);
        }
        if let Some(proxy) = &settings.proxy {
            let bad = |allowed| Error::Setting { key: "kisi.proxy", value: proxy.to_string(), allowed };
            if origin::is_loopback(&base) || base.scheme() != "https" {
                return Err(bad("none while kisi.base_url is an address of this machine"));
            }
            http = http.proxy(reqwest::Proxy::all(proxy.expose().clone()).map_err(|_| bad(Proxy::ALLOWED))?);
        }
        if let Roots::Only(der) = &settings.roots {
            http = http.tls_certs_only([Certificate::from_der(der).map_err(Error::Client)?]);
        }
        let (settings, pace, signs) = (Arc::new(settings.clone()), Pace::new(settings.per_second), Signs::default());
        Ok(Self { http: http.build().map_err(Error::Client)?, base, settings, pace, signs })
    }

    /// The same client without a connection: what was sent over the old ones is in no buffer any more once their last request
    /// is answered.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn anew(&self) -> Result<Self, Error> {
        Ok(Self { signs: self.signs.clone(), ..Self::new(&self.settings)? })
    }

    /// What Kisi announced to end, an operation each, and when: `Deprecation` and `Sunset` of its answers.
    pub fn announced(&self) -> Vec<String> {
        self.signs.all()
    }

    /// What time it is at Kisi, to the second. Opens a connection without saying who asks, so that the next request finds it open.
    ///
    /// Asks `OPTIONS /login`: harmless, without a login, and answered by every HTTP server with one status or another.
    ///
    /// # Errors
    ///
    /// When nobody answers, or somebody who is not Kisi, or Kisi has a fault. `None` when the answer does not tell the time.
    pub async fn time(&self) -> Result<Option<Timestamp>, Error> {
        let request = self.http.request(Method::OPTIONS, self.url(&["login"])).timeout(CONNECT_TIMEOUT + READ_TIMEOUT);
        let answer = self.send("OPTIONS /login", request).await?;
        let status = answer.status();
        // How Kisi answers this is not documented: whoever is there may refuse it, in any words. A page instead, an address to go
        // to, and a gateway with nothing behind it are other things.
        if status.is_success() && is_html(&answer) {
            return Err(Error::NotKisi);
        }
        if status.is_redirection() || matches!(status.as_u16(), 502..=504 | 511) {
            return Err(Error::from_status(status, Code::default(), None));
        }
        let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok()).map(str::to_owned);
        let _ = body(answer).await?;
        Ok(date.and_then(|date| jiff::fmt::rfc2822::parse(&date).ok()).map(|date| date.timestamp()))
    }

    /// Asks whether a login still works, and whose it is. The cheapest call that Kisi has.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 401 when the login is dead.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /login`.
    pub async fn who_am_i(&self, login: &Secret<String>) -> Result<Identity, Error> {
        let request = self.request(Method::GET, &["login"], login)?.timeout(LIST_TIMEOUT);
        let login: wire::CurrentLogin = self.ask("GET /login", request).await?.0;
        Ok(Identity {
            id: LoginId(login.id),
            user_id: login.user_id,
            name: login.user.and_then(|user| user.name).map(|name| text::clean(&name)).unwrap_or_default(),
        })
    }

    /// Lists the doors that this login may open, all pages of them.
    ///
    /// # Errors
    ///
    /// Any; one page that cannot be read fails the whole list, one item that cannot be read does not.
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

    /// Lists the places that are locked down as a whole, and since when. That flag is not in their locks.
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

    /// Asks how a door is now.
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
        self.pace.wait(Kind::Read).await;
        let lock: wire::LockNow = self.ask("GET /locks/{id}", request.timeout(LIST_TIMEOUT)).await?.0;
        Ok(DoorNow { open: lock.open, unlocked: lock.unlocked })
    }

    /// Opens a door once. Never repeats the request by itself.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `POST /locks/{id}/unlock`; `threats-and-faults.md`, R44 to R48.
    pub async fn unlock(&self, login: &Secret<String>, door: DoorId) -> Outcome {
        self.unlock_near(login, door, None, Instant::now() + self.settings.timeout).await
    }

    /// The same with what the reader at the door said. After `by` nothing is sent, whether a connection is there or has to be made
    /// first: a program that stood still, a disk that did, or a slow network must not open a door for somebody who has left.
    pub async fn unlock_near(&self, login: &Secret<String>, door: DoorId, proof: Option<u16>, by: Instant) -> Outcome {
        match self.try_unlock(login, door, proof, by).await {
            Ok(()) => Outcome::Accepted,
            Err(error) => {
                tracing::warn!(door = door.get(), error = %Chain(&error), "an unlock was not accepted");
                error.outcome()
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
        self.pace.wait(Kind::Unlock).await;
        if by < Instant::now() {
            return Err(Error::Late);
        }
        let sent = connect::until(by, self.send("POST /locks/{id}/unlock", request)).await;
        let answer = success(sent?).await?;
        if is_html(&answer) {
            return Err(Error::NotKisi);
        }
        // The status line has said it. The body is read only to leave the connection clean.
        if let Err(error) = body(answer).await {
            tracing::info!(door = door.get(), error = %Chain(&error), "the unlock was accepted, its answer is incomplete");
        }
        Ok(())
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        request: RequestBuilder,
    ) -> Result<(T, Option<usize>), Error> {
        json(operation, self.send(operation, request).await?).await
    }

    /// Every request leaves here.
    async fn send(&self, operation: &'static str, request: RequestBuilder) -> Result<Response, Error> {
        let answer = request.send().await.map_err(Error::from_transport)?;
        self.signs.note(operation, answer.headers());
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
        // A base with https or http can always take segments: `base_url` saw to it.
        if let Ok(mut segments) = url.path_segments_mut() {
            let _ = segments.pop_if_empty().extend(path);
        }
        url
    }
}

/// Two doors that look alike get a number. Their order does not change.
fn tell_apart(doors: &mut [Door]) {
    let mut seen: HashMap<(String, Option<PlaceId>), usize> = HashMap::new();
    for door in doors {
        let count = seen.entry((door.name.to_lowercase(), door.place.as_ref().map(|place| place.id))).or_insert(0);
        *count += 1;
        if 1 < *count {
            door.name = format!("{} ({count})", door.name);
        }
    }
}
