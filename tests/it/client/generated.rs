//! Requests generated from the contract, as a stranger's client would send them: every answer of the simulator fits the
//! contract, and what cannot be read is refused with Kisi's error body. The seed is fixed.
//!
//! `VESTIBULE_GENERATED=2000 cargo test generated` is the long form: that many requests per operation instead of 40.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::contract::Contract;
use crate::support::bare_client::Bare;

/// Generates values that a schema allows.
struct Generator<'a> {
    contract: &'a Contract,
    random: fastrand::Rng,
}

impl Generator<'_> {
    /// A path and a query with values that the parameters allow.
    fn target(&mut self, template: &str, parameters: &[&Value]) -> (String, Vec<String>) {
        let all = parameters.iter().filter_map(|all| all.as_array()).flatten();
        let all: Vec<Value> = all.map(|one| self.contract.resolve(one).clone()).collect();
        let (mut path, mut query) = (template.to_owned(), Vec::new());
        for parameter in all {
            let name = parameter["name"].as_str().unwrap();
            let value = plain(&self.value(&parameter["schema"]));
            match parameter["in"].as_str() {
                Some("path") => path = path.replace(&format!("{{{name}}}"), &encoded(&value)),
                Some("query") if self.random.bool() || parameter["required"] == true => {
                    query.push(format!("{name}={}", encoded(&value)));
                }
                _ => {}
            }
        }
        (path, query)
    }

    fn value(&mut self, schema: &Value) -> Value {
        let schema = self.contract.resolve(schema).clone();
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
            return choices[self.random.usize(..choices.len())].clone();
        }
        let kind = match &schema["type"] {
            Value::String(kind) => kind.clone(),
            Value::Array(kinds) => kinds[self.random.usize(..kinds.len())].as_str().unwrap().to_owned(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)
                if schema.get("properties").is_some() =>
            {
                "object".to_owned()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return json!({}),
        };
        match kind.as_str() {
            "null" => Value::Null,
            "boolean" => json!(self.random.bool()),
            "integer" => self.integer(&schema),
            "number" => json!(self.random.f64() * 400.0 - 200.0),
            "array" => Value::Array((0..self.random.usize(..3)).map(|_| self.value(&schema["items"])).collect()),
            "object" => self.object(&schema),
            "string" => json!(self.text(&schema)),
            other => panic!("{other}"),
        }
    }

    fn integer(&mut self, schema: &Value) -> Value {
        let most = schema["maximum"].as_i64().unwrap_or(1 << 40);
        let known = [1, 2, 3, 5, 12, 101, 106, 301];
        json!(match self.random.u8(..6) {
            0 => 0,
            1 => -1,
            2 => most,
            3 => self.random.i64(-most..=most),
            _ => known[self.random.usize(..known.len())].min(most),
        })
    }

    fn object(&mut self, schema: &Value) -> Value {
        let required: BTreeSet<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut fields = Map::new();
        for (key, of) in schema["properties"].as_object().into_iter().flatten() {
            if required.contains(key.as_str()) || self.random.bool() {
                let _ = fields.insert(key.clone(), self.value(of));
            }
        }
        if let Some(more) = schema.get("additionalProperties").filter(|more| more.is_object()) {
            for number in 0..self.random.usize(..3) {
                let _ = fields.insert(format!("key{number}"), self.value(more));
            }
        }
        Value::Object(fields)
    }

    fn text(&mut self, schema: &Value) -> String {
        let pick = |random: &mut fastrand::Rng, of: &[&str]| of[random.usize(..of.len())].to_owned();
        match schema["format"].as_str() {
            Some("email") => {
                let number = self.random.u32(..1_000_000);
                let fresh = format!("new{number}@example.com");
                pick(&mut self.random, &["ada@example.com", "nobody@example.com", "ADA@example.com", &fresh])
            }
            Some("date-time") => pick(
                &mut self.random,
                &["2026-11-01T00:00:00Z", "1970-01-01T00:00:00+02:00", "2100-12-31T23:59:59.999Z"],
            ),
            Some("uri") => "https://example.com/a.png".to_owned(),
            Some(_) | None => pick(
                &mut self.random,
                &[
                    "",
                    "a",
                    "0",
                    "-1",
                    "Büro 会议室 🚪",
                    "x\u{0}y",
                    "null",
                    "1,2,3",
                    "%",
                    "PT1H/2026-11-01T00:00:00Z",
                    "%F0%9F",
                ],
            ),
        }
    }
}

fn requests() -> usize {
    std::env::var("VESTIBULE_GENERATED").map_or(40, |count| count.parse().unwrap())
}

/// Percent-encodes a text for a query or a path.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The text of a query value.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[tokio::test]
async fn generated_requests_get_answers_of_the_contract() {
    let contract = Contract::read();
    let bare = Bare::start();
    let mut generator = Generator { contract: &contract, random: fastrand::Rng::with_seed(17) };
    let (mut statuses, mut undocumented) = (BTreeSet::new(), BTreeSet::new());
    for (template, item) in contract.paths() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            if operation["tags"].as_array().unwrap().contains(&json!("never")) {
                continue;
            }
            let what = format!("{} {template}", method.to_uppercase());
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            for _ in 0..requests() {
                let (path, query) = generator.target(template, &[&item["parameters"], &operation["parameters"]]);
                let body = operation["requestBody"]["content"]["application/json"]
                    .get("schema")
                    .map(|schema| generator.value(schema));
                // A deleted login of the caller would end the test.
                let secret = match generator.random.u8(..4) {
                    _ if what == "DELETE /login" => bare.login("grace@example.com").await.1,
                    0 => "wrong".to_owned(),
                    1 => bare.login("ada@example.com").await.1,
                    _ => bare.simulator.with(vestibule::simulator::world::World::admin_key),
                };
                let target = if query.is_empty() { path.clone() } else { format!("{path}?{}", query.join("&")) };
                let answer = bare.ask(&secret, method.clone(), &target, body.clone()).await;
                let status = answer.status().as_u16();
                let _ = statuses.insert(format!("{what} {status}"));
                assert!(status < 500 || status == 503, "{what}: {target} {body:?}: {status}");
                if Contract::is_assumed_refusal(operation, status) {
                    let refusal: Value = answer.json().await.unwrap();
                    assert!(refusal["errors"].is_object() || refusal["code"].is_string(), "{what}: {refusal}");
                    continue;
                }
                if !Contract::has_status(operation, status) {
                    let _ = undocumented
                        .insert(format!("{what} {status}: {target} {body:?}: {}", answer.text().await.unwrap()));
                    continue;
                }
                let _ = contract.check_answer(&method, &path, answer).await;
            }
        }
    }
    assert!(undocumented.is_empty(), "{undocumented:#?}");
    println!("{} kinds of answers", statuses.len());
    bare.simulator
        .with(|world| assert_eq!(world.violations.iter().filter(|what| !what.contains("is a string")).count(), 0));
}

/// A client's whole life: sign in, list, unlock, read the events, delete the login. The steps are repeated with other people
/// and doors.
#[tokio::test]
async fn a_login_lives_and_dies_as_documented() {
    let bare = Bare::start();
    let mut random = fastrand::Rng::with_seed(18);
    for _ in 0..10 {
        let email = ["ada@example.com", "grace@example.com"][random.usize(..2)];
        let (id, secret) = bare.login(email).await;
        let doors: Vec<Value> = bare.get(&secret, "/locks").await.json().await.unwrap();
        let door = doors[random.usize(..doors.len())]["id"].as_u64().unwrap();
        let unlocked = bare.post(&secret, &format!("/locks/{door}/unlock"), json!({})).await.status().is_success();
        let filter = json!({"event_set": {"event_type": "lock.unlock", "event_authenticated_by_type": "Login", "event_authenticated_by_id": id}});
        let set: Value = bare.post(&bare.admin, "/event_sets", filter).await.json().await.unwrap();
        let events = set["events"].as_array().unwrap();
        assert_eq!(events.len(), 1, "{set}");
        assert_eq!((&events[0]["success"], &events[0]["object_id"]), (&json!(unlocked), &json!(door)));
        assert_eq!(bare.ask(&bare.admin, Method::DELETE, &format!("/logins/{id}"), None).await.status(), 204);
        assert_eq!(bare.get(&secret, "/locks").await.status(), 401);
        assert_eq!(bare.ask(&bare.admin, Method::DELETE, &format!("/logins/{id}"), None).await.status(), 404);
    }
}

/// What cannot be read is refused with `{code, error}`, never with plain text.
#[tokio::test]
async fn unreadable_requests_get_kisis_error_body() {
    let bare = Bare::start();
    let url = |path: &str| format!("{}{path}", bare.simulator.base_url());
    let key = format!("KISI-LOGIN {}", bare.admin);
    let send = |method: Method, path: &str, kind: &str, body: &'static str| {
        bare.http
            .request(method, url(path))
            .header("Authorization", &key)
            .header("Content-Type", kind)
            .body(body)
            .send()
    };
    let json = "application/json";
    for (method, path, kind, body, status, code) in [
        (Method::POST, "/logins", json, "{", 400, "000400"),
        (Method::POST, "/logins", "text/plain", "{\"login\":{}}", 400, "000400"),
        (Method::POST, "/logins", "", "{\"login\":{}}", 400, "000400"),
        (Method::PATCH, "/users/2", json, "nonsense", 400, "000400"),
        (Method::POST, "/locks/101/unlock", json, "{", 400, "000400"),
        (Method::GET, "/locks/abc", json, "", 404, "000404"),
        (Method::GET, "/locks/-1", json, "", 404, "000404"),
        (Method::GET, "/users/99999999999999999999", json, "", 404, "000404"),
        (Method::DELETE, "/logins/%00", json, "", 404, "000404"),
        (Method::GET, "/nowhere", json, "", 404, "000404"),
        (Method::PUT, "/locks", json, "", 404, "000404"),
        (Method::GET, "/locks?limit=ten", json, "", 400, "000400"),
    ] {
        let answer = send(method.clone(), path, kind, body).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{method} {path} {kind:?}");
        assert_eq!(answer.headers()["content-type"], json, "{method} {path}");
        let said: Value = answer.json().await.unwrap();
        assert_eq!(said["code"], code, "{method} {path}");
        assert!(said["error"].as_str().unwrap().ends_with('.') && said["error"] != "Not specified.", "{said}");
    }
}
