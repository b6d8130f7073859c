//! The behavior of the simulator, tested with a plain HTTP client: logins, limits, door rules, events, webhooks.

use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use vestibule::simulator::{Simulator, rules, webhook, world::World};

use crate::support::bare_client::Bare;

/// HTTP status and Kisi's error code.
async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn requests_without_a_valid_login_are_rejected() {
    let bare = Bare::start();
    let http = Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/locks", bare.simulator.base_url());
    assert_eq!(refusal(http.get(&url).send().await.unwrap()).await, (401, "afc496".into()));
    let other = http.get(&url).header("Authorization", format!("KISI-LINK {}", bare.admin));
    assert_eq!(refusal(other.send().await.unwrap()).await, (401, "afc496".into()));
    assert_eq!(refusal(bare.get("wrong", "/locks").await).await, (401, "afc496".into()));
    assert_eq!(refusal(bare.get(&bare.admin, "/no/such/path").await).await, (404, "000404".into()));
}

#[tokio::test]
async fn the_forty_first_device_login_evicts_the_least_recently_used_one() {
    let bare = Bare::start();
    let mut logins = Vec::new();
    for _ in 0..40 {
        bare.simulator.with(|world| world.clock.advance(Duration::from_secs(1)));
        logins.push(bare.login("ada@example.com").await);
    }
    bare.simulator.with(|world| world.clock.advance(Duration::from_secs(1)));
    assert_eq!(bare.get(&logins[0].1, "/login").await.status(), 200, "the oldest is used");
    let _ = bare.login("ada@example.com").await;
    assert_eq!(bare.get(&logins[0].1, "/login").await.status(), 200);
    assert_eq!(bare.get(&logins[1].1, "/login").await.status(), 401, "the least recently used one is gone");
    assert_eq!(bare.get(&logins[2].1, "/login").await.status(), 200);
}

#[tokio::test]
async fn the_eleventh_api_login_fails_and_for_others_there_are_none() {
    let bare = Bare::start();
    let api = json!({"login": {"type": "api"}});
    for _ in 0..9 {
        assert_eq!(bare.post(&bare.admin, "/logins", api.clone()).await.status(), 200);
    }
    assert_eq!(bare.post(&bare.admin, "/logins", api).await.status(), 403);
    let other = json!({"login": {"type": "api", "email": "ada@example.com"}});
    assert_eq!(bare.post(&bare.admin, "/logins", other).await.status(), 403);
    let bad = bare.post(&bare.admin, "/logins", json!({"login": {"type": "phone"}})).await;
    assert_eq!(bad.status(), 422);
}

#[tokio::test]
async fn a_login_that_may_expire_dies_after_two_weeks_without_use() {
    let bare = Bare::start();
    let body = json!({"login": {"type": "device", "email": "ada@example.com"}});
    let made: Value = bare.post(&bare.admin, "/logins", body).await.json().await.unwrap();
    let secret = made["secret"].as_str().unwrap();
    let (_, kept) = bare.login("grace@example.com").await;
    bare.simulator.with(|world| world.clock.advance(Duration::from_hours(24 * 15)));
    assert_eq!(bare.get(secret, "/login").await.status(), 401);
    assert_eq!(bare.get(&kept, "/login").await.status(), 200, "`expire: false` never dies by itself");
}

#[tokio::test]
async fn forbidden_operations_are_recorded_as_violations() {
    let bare = Bare::start();
    let (id, secret) = bare.login("ada@example.com").await;
    let (_, other) = bare.login("ada@example.com").await;
    assert_eq!(bare.post(&secret, "/login/promote", json!({})).await.status(), 204);
    assert_eq!(bare.post(&bare.admin, &format!("/logins/{id}/promote"), json!({})).await.status(), 204);
    assert_eq!(bare.ask(&secret, Method::DELETE, "/login/elsewhere", None).await.status(), 204);
    assert_eq!(bare.get(&other, "/login").await.status(), 401);
    let text = json!({"login": {"type": "device", "email": "ada@example.com", "expire": "false"}});
    assert_eq!(bare.post(&bare.admin, "/logins", text).await.status(), 200);
    bare.simulator.with(|world| assert_eq!(world.violations.len(), 4, "{:?}", world.violations));
}

#[tokio::test]
async fn five_requests_a_second_of_one_person_over_all_their_logins() {
    let bare = Bare::start();
    let (_, first) = bare.login("ada@example.com").await;
    let (_, second) = bare.login("ada@example.com").await;
    let (_, grace) = bare.login("grace@example.com").await;
    bare.simulator.with(|world| {
        world.unlimited = false;
        world.clock.advance(Duration::from_secs(10));
    });
    for secret in [&first, &second, &first, &second, &first] {
        assert_eq!(bare.get(secret, "/login").await.status(), 200);
    }
    let refused = bare.get(&second, "/login").await;
    assert_eq!(refused.status(), 429);
    assert!(!refused.headers().contains_key("retry-after"));
    assert_eq!(refused.text().await.unwrap(), "");
    assert_eq!(bare.get(&grace, "/login").await.status(), 200, "somebody else has their own five");
    bare.simulator.with(|world| {
        world.switches.retry_after = Some("10".to_owned());
    });
    let refused = bare.get(&first, "/login").await;
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (429, "10"));
    bare.simulator.with(|world| world.clock.advance(Duration::from_secs(1)));
    assert_eq!(bare.get(&first, "/login").await.status(), 200);
}

#[tokio::test]
async fn ranges_are_as_asked_for_and_empty_lists_have_a_star() {
    let bare = Bare::start();
    let (_, ada) = bare.login("ada@example.com").await;
    let (_, nadia) = bare.login("nadia@example.com").await;
    let range = |answer: &Response| answer.headers()["x-collection-range"].to_str().unwrap().to_owned();
    assert_eq!(range(&bare.get(&ada, "/locks?offset=5&limit=10").await), "5-14/9");
    assert_eq!(range(&bare.get(&ada, "/locks").await), "0-49/9");
    assert_eq!(range(&bare.get(&ada, "/locks?limit=1000").await), "0-249/9");
    assert_eq!(range(&bare.get(&nadia, "/locks").await), "*/0");
    bare.simulator.with(|world| world.switches.strict_limit = true);
    assert_eq!(bare.get(&ada, "/locks?limit=1000").await.status(), 422);
    assert_eq!(bare.get(&ada, "/locks?limit=x").await.status(), 400);
}

#[tokio::test]
async fn locks_can_be_filtered_and_sorted() {
    let bare = Bare::start();
    let (_, ada) = bare.login("ada@example.com").await;
    let ids = async |query: &str| {
        let list: Vec<Value> = bare.get(&ada, &format!("/locks?{query}")).await.json().await.unwrap();
        list.iter().map(|lock| lock["id"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids("ids=103,101").await, [101, 103]);
    assert_eq!(ids("query=room").await, [103]);
    assert_eq!(ids("configured=false").await, [109]);
    assert_eq!(ids("unlocked=true").await, [106]);
    assert!(ids("place_id=2").await.is_empty());
    assert_eq!(ids("sort=-name&limit=1").await, [109]);
}

#[tokio::test]
async fn nearness_is_proven_by_a_position_or_by_the_beacon() {
    let bare = Bare::start();
    let (_, ada) = bare.login("ada@example.com").await;
    let unlock =
        async |door: u64, body: Value| refusal(bare.post(&ada, &format!("/locks/{door}/unlock"), body).await).await;
    let at = |latitude: f64, longitude: f64| json!({"context": {"location": {"latitude": latitude, "longitude": longitude}}});
    let without = |service: &str, field: &str| json!({"context": {"services": [{"type": service, field: false}]}});
    assert_eq!(unlock(108, at(53.5436, 9.9886)).await.0, 200);
    assert_eq!(unlock(108, at(53.60, 9.98)).await, (403, "a3995f".into()));
    assert_eq!(unlock(108, at(999.0, 9.98)).await, (403, "bbb99f".into()));
    assert_eq!(unlock(108, without("GPS", "authorized")).await, (403, "a7793f".into()));
    assert_eq!(unlock(108, without("GPS", "enabled")).await, (403, "a3799f".into()));
    assert_eq!(unlock(108, json!({})).await, (403, "a3793f".into()));

    assert_eq!(unlock(107, without("BLE", "authorized")).await, (403, "bb4fff".into()));
    assert_eq!(unlock(107, without("BLE", "enabled")).await, (403, "bb4bff".into()));
    assert_eq!(unlock(107, without("BLE", "available")).await, (403, "bb5bff".into()));
    let (_, major, minor) = bare.simulator.with(|world| rules::beacon(world, 107));
    let value = (u32::from(major) << 16) | u32::from(minor);
    assert_eq!(value >> 10, 107, "the upper bits name the lock");
    let code = value & 0x3ff;
    let proof = |code: u32| json!({"lock": {"proximity_proof": code.to_string()}});
    assert_eq!(unlock(107, proof(code ^ 1)).await, (403, "bb4faa".into()));
    assert_eq!(unlock(107, proof(code)).await.0, 200);
    bare.simulator.with(|world| world.clock.advance(Duration::from_secs(90)));
    assert_eq!(unlock(107, proof(code)).await, (403, "bb4faa".into()), "a code lives for a minute at most");
}

#[tokio::test]
async fn lock_downs_are_an_admins_and_bind_everybody() {
    let bare = Bare::start();
    let (_, ada) = bare.login("ada@example.com").await;
    assert_eq!(bare.post(&ada, "/locks/101/lock_down", json!({})).await.status(), 403);
    assert_eq!(bare.post(&bare.admin, "/locks/101/lock_down", json!({})).await.status(), 204);
    let lock: Value = bare.get(&ada, "/locks/101").await.json().await.unwrap();
    assert_eq!(lock["locked_down"], true);
    assert!(lock["locked_down_since"].is_string());
    assert_eq!(refusal(bare.post(&bare.admin, "/locks/101/unlock", json!({})).await).await, (403, "fad001".into()));
    assert_eq!(bare.post(&bare.admin, "/places/1/lock_down", json!({})).await.status(), 204);
    assert_eq!(refusal(bare.post(&ada, "/locks/101/unlock", json!({})).await).await, (403, "fad002".into()));
    for path in ["/places/1/cancel_lockdown", "/locks/101/cancel_lockdown"] {
        assert_eq!(bare.post(&bare.admin, path, json!({})).await.status(), 204);
    }
    assert_eq!(bare.post(&ada, "/locks/101/unlock", json!({})).await.status(), 200);
}

#[tokio::test]
async fn the_contact_sensor_follows_its_script() {
    let bare = Bare::start();
    let (_, ada) = bare.login("ada@example.com").await;
    let is_open = async || bare.get(&ada, "/locks/101").await.json::<Value>().await.unwrap()["open"] == true;
    let wait = |ms| bare.simulator.with(|world| world.clock.advance(Duration::from_millis(ms)));
    assert_eq!(bare.post(&ada, "/locks/101/unlock", json!({})).await.status(), 200);
    assert!(!is_open().await);
    wait(1_000);
    assert!(is_open().await);
    wait(3_500);
    assert!(!is_open().await);
    let kinds: Vec<_> = bare.simulator.with(|world| world.events.iter().map(|event| event.kind).collect());
    assert_eq!(kinds, ["login.create", "lock.unlock", "lock.opened", "lock.closed"]);
}

#[tokio::test]
async fn events_are_asked_for_polled_and_paged() {
    let bare = Bare::with(|world| world.switches.event_polls = 2);
    let (id, ada) = bare.login("ada@example.com").await;
    for _ in 0..3 {
        assert_eq!(bare.post(&ada, "/locks/102/unlock", json!({})).await.status(), 200);
    }
    let _ = bare.post(&ada, "/locks/201/unlock", json!({})).await;
    let filter =
        json!({"event_type": "lock.unlock", "event_authenticated_by_type": "Login", "event_authenticated_by_id": id});
    let set: Value = bare.post(&bare.admin, "/event_sets", json!({"event_set": filter})).await.json().await.unwrap();
    assert_eq!((&set["status"], &set["cursor"]), (&json!("in_progress"), &Value::Null));
    assert!(set.get("events").is_none());
    let path = format!("/event_sets/{}?limit=3", set["id"]);
    let poll = async |path: &str| bare.get(&bare.admin, path).await.json::<Value>().await.unwrap();
    assert_eq!(poll(&path).await["status"], "in_progress");
    let page = poll(&path).await;
    assert_eq!((page["events"].as_array().unwrap().len(), &page["cursor"]), (3, &json!("3")));
    let last = poll(&format!("{path}&cursor=3")).await;
    assert_eq!(last["cursor"], Value::Null);
    let refused = &last["events"][0];
    assert_eq!((&refused["success"], &refused["error_code"]), (&json!(false), &json!("fcd8ef")));
    assert_eq!((&refused["actor_email"], &refused["authenticated_by_id"]), (&json!("ada@example.com"), &json!(id)));
    let both = json!({"event_set": {"place_id": 1, "event_place_id": 1}});
    assert_eq!(bare.post(&bare.admin, "/event_sets", both).await.status(), 422);
    bare.simulator.with(|world| world.clock.advance(Duration::from_hours(25)));
    assert_eq!(bare.get(&bare.admin, &path).await.status(), 404);
}

#[tokio::test]
async fn webhooks_are_signed_and_can_be_doubled_late_or_lost() {
    use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let receive = async move |headers: HeaderMap, body: Bytes| {
        let signature = headers["x-signature"].to_str().unwrap().to_owned();
        sender.send((signature, body)).unwrap();
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let server = tokio::spawn(axum::serve(listener, Router::new().route("/hook", post(receive))).into_future());
    let hook = |url: &str| webhook::Webhook {
        url: url.to_owned(),
        enabled_events: vec!["lock.unlock".to_owned()],
        signature_key: Some("key".to_owned()),
        ..webhook::Webhook::default()
    };
    let bare = Bare::with(|world| {
        let twice = webhook::Webhook { repeats: 1, lost: 1, ..hook(&url) };
        world.webhooks = vec![twice, hook("http://example.com/never")];
    });
    let (_, ada) = bare.login("ada@example.com").await;
    for door in [102, 103] {
        assert_eq!(bare.post(&ada, &format!("/locks/{door}/unlock"), json!({})).await.status(), 200);
    }
    for _ in 0..2 {
        let waiting = tokio::time::timeout(Duration::from_secs(5), received.recv());
        let (signature, body) = waiting.await.unwrap().unwrap();
        assert_eq!(signature, webhook::signature("key", &body));
        let event: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&event["type"], &event["object_id"]), (&json!("lock.unlock"), &json!(103)), "the first was lost");
        assert!(event.get("authenticated_by_id").is_none());
    }
    // A delayed webhook waits for the simulated clock.
    bare.simulator.with(|world| (world.webhooks[0].delay_ms, world.webhooks[0].repeats) = (60_000, 0));
    let _ = bare.post(&ada, "/locks/102/unlock", json!({})).await;
    assert!(tokio::time::timeout(Duration::from_millis(200), received.recv()).await.is_err());
    bare.simulator.with(|world| world.clock.advance(Duration::from_mins(1)));
    assert!(tokio::time::timeout(Duration::from_secs(5), received.recv()).await.is_ok());
    server.abort();
}

#[tokio::test]
async fn a_scene_file_sets_places_people_faults_and_latency() {
    let scene = r#"
        latency_ms = 30
        unlimited = true
        places = [{ id = 1, name = "House" }]
        doors = [{ id = 1, name = "Door", place = 1 }]
        people = [{ id = 1, name = "Admin", email = "admin@example.com", admin = true }]
        faults = [{ path = "/locks", status = 503, code = "fac001", times = 1, headers = [["Sunset", "2027-01-01"]] }]
        switches = { no_range = true }
    "#;
    let mut world = World::parse(scene).unwrap();
    let admin = world.admin_key();
    let bare = Bare { simulator: Simulator::start(world).unwrap(), ..Bare::start() };
    let began = crate::support::headless::now();
    let refused = bare.get(&admin, "/locks").await;
    assert!(Duration::from_millis(30) <= began.elapsed());
    assert_eq!(refused.headers()["sunset"], "2027-01-01");
    assert_eq!(refusal(refused).await, (503, "fac001".into()));
    let list = bare.get(&admin, "/locks").await;
    assert!(!list.headers().contains_key("x-collection-range"));
    assert_eq!(list.json::<Value>().await.unwrap()[0]["name"], "Door");
}

#[test]
fn the_simulator_listens_on_loopback_only() {
    let error = Simulator::start_on("0.0.0.0:0".parse().unwrap(), World::sample().unwrap()).unwrap_err();
    assert!(error.to_string().contains("loopback only"), "{error}");
}

#[test]
fn a_scene_with_an_unknown_key_names_its_line() {
    let error = World::parse("[[doors]]\nid = 1\nname = \"A\"\nplace = 1\ncolour = \"red\"\n").unwrap_err();
    assert!(error.to_string().contains("line 5") && error.to_string().contains("colour"), "{error}");
}
