//! What Kisi documents and other people's clients rely on, asked of the simulator with a client that knows nothing of the
//! kiosk.

use jiff::Timestamp;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::bare_client::Bare;

async fn body(answer: Response) -> Value {
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.json().await.unwrap()
}

/// A request without an `Authorization` header.
async fn anonymous(bare: &Bare, method: Method, path: &str, body: Value) -> Response {
    bare.http.request(method, format!("{}{path}", bare.simulator.base_url())).json(&body).send().await.unwrap()
}

#[tokio::test]
async fn a_password_makes_a_login_without_a_header() {
    let bare = Bare::with(|world| {
        let ada = world.people.values_mut().find(|person| person.email == "ada@example.com").unwrap();
        ada.password = Some("correct horse".to_owned());
    });
    let sign_in = |password: &str| json!({"login": {"type": "device", "device_brand": "acme"}, "user": {"domain": "simulated", "email": "ada@example.com", "password": password}});
    let made = body(anonymous(&bare, Method::POST, "/logins", sign_in("correct horse")).await).await;
    assert_eq!((&made["email"], &made["device_brand"]), (&json!("ada@example.com"), &json!("acme")));
    assert_eq!(bare.get(made["secret"].as_str().unwrap(), "/locks").await.status(), 200);
    let refused = anonymous(&bare, Method::POST, "/logins", sign_in("wrong")).await;
    assert_eq!(refused.status(), 401);
    let said: Value = refused.json().await.unwrap();
    assert_eq!(
        (said["code"].as_str(), said["error"].as_str().unwrap().contains("Wrong e-mail")),
        (Some("afc516"), true)
    );
    // For somebody else, a password is not enough.
    let mut other = sign_in("correct horse");
    other["login"]["email"] = json!("grace@example.com");
    assert_eq!(anonymous(&bare, Method::POST, "/logins", other).await.status(), 403);
    let none = anonymous(&bare, Method::POST, "/logins", json!({"login": {}})).await;
    assert_eq!(none.status(), 401);
    assert_eq!(none.json::<Value>().await.unwrap()["code"], "afc496");
}

#[tokio::test]
async fn people_are_stored_as_they_are_sent() {
    let bare = Bare::start();
    let new = json!({"user": {"email": "new@example.com", "access_enabled": false, "notes": "Gate 3", "metadata": {"badge": 7}}});
    let made = body(bare.post(&bare.admin, "/users", new).await).await;
    assert_eq!(
        (&made["access_enabled"], &made["notes"], &made["metadata"]),
        (&json!(false), &json!("Gate 3"), &json!({"badge": 7}))
    );
    let path = format!("/users/{}", made["id"]);
    let change = json!({"user": {"notes": null, "metadata": {"floor": "2"}, "access_enabled": true}});
    assert_eq!(bare.ask(&bare.admin, Method::PATCH, &path, Some(change)).await.status(), 204);
    let now = body(bare.get(&bare.admin, &path).await).await;
    assert_eq!(
        (&now["access_enabled"], &now["notes"], &now["metadata"]),
        (&json!(true), &Value::Null, &json!({"floor": "2"}))
    );
}

#[tokio::test]
async fn role_assignments_are_kept_as_they_are_sent() {
    let bare = Bare::start();
    for (kind, id, assignee, role) in [
        ("Place", 1, "Team", "place_manager"),
        ("Organization", 1, "User", "organization_admin"),
        ("Group", 12, "Guest", "group_basic"),
    ] {
        let sent = json!({"role_id": role, "applies_to_type": kind, "applies_to_id": id, "assignee_type": assignee, "assignee_id": 4, "notify": true});
        let made = body(bare.post(&bare.admin, "/role_assignments", json!({"role_assignment": sent})).await).await;
        for (key, value) in sent.as_object().unwrap() {
            assert_eq!(made[key], *value, "{key} of {kind}");
        }
        let listed = body(
            bare.get(
                &bare.admin,
                &format!("/role_assignments?assignee_type={assignee}&applies_to_type={kind}&limit=250"),
            )
            .await,
        )
        .await;
        assert!(listed.as_array().unwrap().iter().any(|one| one["id"] == made["id"]), "{listed}");
        assert_eq!(
            bare.ask(&bare.admin, Method::DELETE, &format!("/role_assignments/{}", made["id"]), None).await.status(),
            204
        );
    }
}

/// API logins expire after six months without use, device logins after the organization's setting.
#[tokio::test]
async fn logins_expire_by_their_type() {
    let bare = Bare::start();
    let key = json!({"login": {"type": "api", "name": "Script"}});
    let secret = |made: Value| made["secret"].as_str().unwrap().to_owned();
    let api = secret(body(bare.post(&bare.admin, "/logins", key).await).await);
    let device = secret(body(bare.post(&bare.admin, "/logins", json!({"login": {"type": "device"}})).await).await);
    let days = |days: u64| std::time::Duration::from_hours(24 * days);
    bare.simulator.with(|world| world.clock.advance(days(15)));
    assert_eq!(bare.get(&device, "/login").await.status(), 401, "14 days");
    assert_eq!(bare.get(&api, "/login").await.status(), 200);
    bare.simulator.with(|world| world.clock.advance(days(180)));
    assert_eq!(bare.get(&api, "/login").await.status(), 200, "it was used since");
    bare.simulator.with(|world| world.clock.advance(days(184)));
    assert_eq!(bare.get(&api, "/login").await.status(), 401);
}

/// A page in a browser may ask: the preflight request and the answer have their headers.
#[tokio::test]
async fn a_page_in_a_browser_can_use_the_api() {
    let bare = Bare::start();
    let url = format!("{}/locks", bare.simulator.base_url());
    let asked = bare.http.request(Method::OPTIONS, &url).header("Origin", "http://localhost:3000");
    let asked = asked
        .header("Access-Control-Request-Method", "GET")
        .header("Access-Control-Request-Headers", "authorization,x-kisi-integration-contact");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("access-control-allow-origin"), "*");
    assert_eq!(header("access-control-allow-headers"), "authorization,x-kisi-integration-contact");
    assert!(header("access-control-allow-methods").contains("PATCH"));
    let key = format!("KISI-LOGIN {}", bare.admin);
    let answer = bare
        .http
        .get(&url)
        .header("Origin", "http://localhost:3000")
        .header("Authorization", key)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert!(answer.headers()["access-control-expose-headers"].to_str().unwrap().contains("x-collection-range"));
    assert!(answer.headers().contains_key("x-collection-range"));
    assert!(
        !bare.get(&bare.admin, "/locks").await.headers().contains_key("access-control-allow-origin"),
        "no page asked"
    );
}

#[tokio::test]
async fn favorites_belong_to_a_person() {
    let bare = Bare::start();
    let (_, ada) = bare.login("ada@example.com").await;
    let (_, grace) = bare.login("grace@example.com").await;
    let ids = |doors: Value| -> Vec<u64> {
        doors.as_array().unwrap().iter().map(|door| door["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(bare.post(&ada, "/locks/104/favorite", json!({})).await.status(), 204);
    assert_eq!(ids(body(bare.get(&ada, "/locks?favorite=true").await).await), [104]);
    assert!(!ids(body(bare.get(&ada, "/locks?favorite=false").await).await).contains(&104));
    assert_eq!(ids(body(bare.get(&ada, "/locks?sort=favorite").await).await)[0], 104);
    let all = body(bare.get(&ada, "/locks?favorite=*").await).await;
    assert!(all.as_array().unwrap().iter().all(|door| door["favorite"] == json!(door["id"] == 104)), "{all}");
    assert_eq!(body(bare.get(&ada, "/locks/104?favorite=true").await).await["favorite"], true);
    assert!(ids(body(bare.get(&grace, "/locks?favorite=true").await).await).is_empty());
    assert_eq!(bare.post(&ada, "/locks/104/unfavorite", json!({})).await.status(), 204);
    assert!(ids(body(bare.get(&ada, "/locks?favorite=true").await).await).is_empty());
    assert_eq!(bare.post(&ada, "/locks/9999/favorite", json!({})).await.status(), 404);
}

/// A schedule that waits for the first person to arrive.
#[tokio::test]
async fn the_first_to_arrive_starts_a_waiting_schedule() {
    let until: Timestamp = "2100-01-01T00:00:00Z".parse().unwrap();
    let bare = Bare::with(|world| world.doors.get_mut(&101).unwrap().first_to_arrive_until = Some(until));
    let (_, ada) = bare.login("ada@example.com").await;
    let door = async || body(bare.get(&ada, "/locks/101").await).await;
    let before = door().await;
    assert_eq!(
        (
            &before["first_to_arrive_required_until"],
            &before["first_to_arrive_satisfied"],
            &before["on_scheduled_unlock"]
        ),
        (&json!("2100-01-01T00:00:00Z"), &json!(false), &json!(false))
    );
    assert_eq!(bare.post(&ada, "/locks/101/first_to_arrive", json!({})).await.status(), 204);
    let open = door().await;
    assert_eq!(
        (&open["first_to_arrive_satisfied"], &open["on_scheduled_unlock"], &open["unlocked"]),
        (&json!(true), &json!(true), &json!(true))
    );
    assert_eq!(bare.post(&ada, "/locks/101/last_to_leave", json!({})).await.status(), 204);
    assert_eq!(door().await["unlocked"], false);
    assert_eq!(bare.post(&ada, "/locks/102/first_to_arrive", json!({})).await.status(), 409, "nothing waits");
}

/// Each documented code has its sentence and, unless a test asks otherwise, its documented status.
#[tokio::test]
async fn every_code_has_its_sentence() {
    let bare = Bare::start();
    let (_, ada) = bare.login("ada@example.com").await;
    let contract = super::contract::Contract::read();
    for (code, meaning) in contract.codes() {
        let status = u16::try_from(meaning["status"].as_u64().unwrap()).unwrap();
        let fault = vestibule::simulator::fault::Fault::refuse(status, code);
        bare.simulator.with(|world| world.faults = vec![fault.at("POST", "/locks/101/unlock")]);
        let said: Value = bare.post(&ada, "/locks/101/unlock", json!({})).await.json().await.unwrap();
        let sentence = said["error"].as_str().unwrap().trim_end_matches('.').to_lowercase();
        assert_eq!(sentence, meaning["meaning"].as_str().unwrap().to_lowercase(), "{code}");
    }
}
