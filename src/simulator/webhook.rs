//! Webhooks: sends each event, signed, to receivers on loopback. Deliveries can be repeated, delayed or lost on request.
//!
//! # Source
//!
//! Kisi OpenAPI document, `event_webhook` and `X-Signature`. That the signature is hexadecimal is assumed.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    Shared, json,
    world::{Event, World},
};
use crate::hex;

pub use super::scene::Webhook;

/// How often the outbox is checked.
const ROUND: Duration = Duration::from_millis(20);

/// A queued delivery.
#[derive(Debug, Clone)]
struct Delivery {
    due: Timestamp,
    url: String,
    key: Option<String>,
    body: String,
}

/// Queues an event for every receiver of its type.
fn queue(outbox: &mut Vec<Delivery>, world: &mut World, event: &Event) {
    let body = sample(event, world).to_string();
    let mut deliveries = Vec::new();
    for hook in &mut world.webhooks {
        if !hook.enabled_events.is_empty() && !hook.enabled_events.iter().any(|kind| kind == event.kind) {
            continue;
        }
        if 0 < hook.lost {
            hook.lost -= 1;
            continue;
        }
        let due = event.at.saturating_add(SignedDuration::from_millis(hook.delay_ms)).unwrap_or(event.at);
        for _ in 0..=hook.repeats {
            let delivery = Delivery { due, url: hook.url.clone(), key: hook.signature_key.clone(), body: body.clone() };
            let at = if hook.out_of_order { 0 } else { deliveries.len() };
            deliveries.insert(at, delivery);
        }
        if hook.out_of_order {
            outbox.splice(0..0, deliveries.drain(..)).for_each(drop);
        }
    }
    outbox.extend(deliveries);
}

/// The body of a delivery. It has fewer fields than an event in an event set: the documented sample has no
/// `authenticated_by_*`.
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

/// Sends the due deliveries while the simulator runs.
pub(super) async fn deliver(shared: Shared) {
    // reqwest requires a crypto provider for TLS, although loopback does not use TLS.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Ok(http) = reqwest::Client::builder().no_proxy().build() else { return };
    // What is not due yet, and how many events of the log were queued.
    let (mut outbox, mut queued) = (Vec::new(), 0);
    loop {
        tokio::time::sleep(ROUND).await;
        let now = {
            let mut world = shared.world();
            let new: Vec<Event> = world.events.iter().skip(queued).cloned().collect();
            queued = world.events.len();
            for event in &new {
                queue(&mut outbox, &mut world, event);
            }
            world.clock.now()
        };
        let (due, waiting): (Vec<Delivery>, _) = outbox.into_iter().partition(|delivery| delivery.due <= now);
        outbox = waiting;
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

/// `sha256=` followed by the HMAC-SHA256 of the body in hexadecimal.
pub fn signature(key: &str, body: &[u8]) -> String {
    // HMAC accepts a key of any length, so this never fails.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(body);
    format!("sha256={}", *hex::encode(&mac.finalize().into_bytes()))
}
