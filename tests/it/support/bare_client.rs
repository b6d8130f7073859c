//! An HTTP client of the simulator that knows nothing of the kiosk.

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use vestibule::simulator::{Simulator, world::World};

use crate::support::tls::sample;

/// A simulator, its admin key, and an HTTP client that can send any request.
pub(crate) struct Bare {
    pub(crate) simulator: Simulator,
    pub(crate) admin: String,
    pub(crate) http: Client,
}

impl Bare {
    pub(crate) fn start() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut World)) -> Self {
        let (mut world, admin) = sample();
        change(&mut world);
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { simulator: Simulator::start(world).unwrap(), admin, http: Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) async fn ask(&self, secret: &str, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.simulator.base_url()));
        let request = request.header("Authorization", format!("KISI-LOGIN {secret}"));
        match body {
            Some(body) => request.json(&body),
            None => request,
        }
        .send()
        .await
        .unwrap()
    }

    pub(crate) async fn get(&self, secret: &str, path: &str) -> Response {
        self.ask(secret, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, secret: &str, path: &str, body: Value) -> Response {
        self.ask(secret, Method::POST, path, Some(body)).await
    }

    /// Creates a login for a person. Returns its id and secret.
    pub(crate) async fn login(&self, email: &str) -> (u64, String) {
        let body = json!({"login": {"type": "device", "name": "Test", "email": email, "expire": false}});
        let made: Value = self.post(&self.admin, "/logins", body).await.json().await.unwrap();
        (made["id"].as_u64().unwrap(), made["secret"].as_str().unwrap().to_owned())
    }
}
