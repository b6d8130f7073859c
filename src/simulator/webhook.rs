//! Webhooks: each event is sent to a receiver on loopback, signed, and on request twice, late, or not at all.
//!
//! # Source
//!
//! Kisi OpenAPI document, `event_webhook` and `X-Signature`; that the signature is in hexadecimal is assumed.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    Shared, json,
    world::{Event, World},
};

/// How often the outbox is looked at.
const ROUND: Duration = Duration::from_millis(20);

/// A receiver, and how its deliveries fare.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhook {
    /// Where to send. Loopback only.
    pub url: String,
    /// Only these types; empty means all.
    pub enabled_events: Vec<String>,
    /// Signs the body.
    pub signature_key: Option<String>,
    /// Every event comes so many times; 0 is the usual once.
    pub repeats: u32,
    /// And so late, in milliseconds.
    pub delay_ms: i64,
    /// The next so many are lost.
    pub lost: u32,
    /// Later events overtake earlier ones that wait.
    pub out_of_order: bool,
}

/// A delivery that waits.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    due: Timestamp,
    url: String,
    key: Option<String>,
    body: String,
}

/// Queues an event for everybody who wants it.
pub(super) fn queue(world: &mut World, event: &Event) {
    let body = sample(event, world).to_string();
    let now = world.clock.now();
    let mut deliveries = Vec::new();
    for hook in &mut world.webhooks {
        if !hook.enabled_events.is_empty() && !hook.enabled_events.iter().any(|kind| kind == event.kind) {
            continue;
        }
        if 0 < hook.lost {
            hook.lost -= 1;
            continue;
        }
        let due = now.saturating_add(SignedDuration::from_millis(hook.delay_ms)).unwrap_or(now);
        for _ in 0..=hook.repeats {
            let delivery = Delivery { due, url: hook.url.clone(), key: hook.signature_key.clone(), body: body.clone() };
            let at = if hook.out_of_order { 0 } else { deliveries.len() };
            deliveries.insert(at, delivery);
        }
        if hook.out_of_order {
            world.outbox.splice(0..0, deliveries.drain(..)).for_each(drop);
        }
    }
    world.outbox.extend(deliveries);
}

/// Fewer fields than an event of a set: the documented sample has no `authenticated_by_*`.
fn sample(event: &Event, world: &World) -> Value {
    const FIELDS: [&str; 13] = [
        "uuid",
        "type",
        "success",
        "error_code",
        "error_message",
        "created_at",
        "actor_type",
        "actor_id",
        "actor_name",
        "object_type",
        "object_id",
        "object_name",
        "place_id",
    ];
    let all = json::event(event, world);
    let mut sample = json!({"organization_id": all.get("organization_id")});
    if let Some(fields) = sample.as_object_mut() {
        fields.extend(FIELDS.iter().filter_map(|key| Some(((*key).to_owned(), all.get(*key)?.clone()))));
    }
    sample
}

/// Sends what is due, for as long as the simulator runs.
pub(super) async fn deliver(shared: Shared) {
    // reqwest wants to know whose cryptography TLS would use, although there is none on loopback.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Ok(http) = reqwest::Client::builder().no_proxy().build() else { return };
    loop {
        tokio::time::sleep(ROUND).await;
        let due: Vec<Delivery> = {
            let mut world = shared.world();
            let now = world.clock.now();
            let waiting = std::mem::take(&mut world.outbox);
            let (due, waiting) = waiting.into_iter().partition(|delivery| delivery.due <= now);
            world.outbox = waiting;
            due
        };
        for delivery in due.into_iter().filter(|delivery| is_loopback(&delivery.url)) {
            let mut request = http.post(&delivery.url).header("content-type", "application/json");
            if let Some(key) = &delivery.key {
                request = request.header("x-signature", signature(key, delivery.body.as_bytes()));
            }
            if let Err(error) = request.body(delivery.body).send().await {
                tracing::warn!(error = %error.without_url(), "a webhook was not delivered");
            }
        }
    }
}

fn is_loopback(url: &str) -> bool {
    let url = url.parse::<reqwest::Url>().ok();
    let host = url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `sha256=` and the HMAC of the body in hexadecimal.
pub fn signature(key: &str, body: &[u8]) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(body);
    let hex: Vec<String> = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={}", hex.concat())
}
