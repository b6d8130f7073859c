//! Contract tests: the simulator's answers and the client's requests are validated against `tests/kisi-openapi.yaml`.

use std::collections::BTreeSet;

use jsonschema::Validator;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use vestibule::{door::DoorId, kisi::Device, secret::Secret};

use crate::support::{
    bare_client::Bare,
    tls::{Server, sample},
};

const KIOSK: Device<'_> = Device { name: "Lobby", model: "kiosk" };

/// The parsed OpenAPI document.
pub(super) struct Contract(Value);

impl Contract {
    pub(super) fn read() -> Self {
        Self(serde_saphyr::from_str(include_str!("../../kisi-openapi.yaml")).unwrap())
    }

    /// Every documented error code with its class, status and meaning.
    pub(super) fn codes(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0["x-kisi-error-codes"].as_object().unwrap().iter().map(|(code, meaning)| (code.as_str(), meaning))
    }

    /// The path templates, and their path items.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0["paths"].as_object().unwrap().iter().map(|(template, item)| (template.as_str(), item))
    }

    /// Whether Kisi's document names this status for the operation.
    pub(super) fn has_status(operation: &Value, status: u16) -> bool {
        let family = format!("{}XX", status / 100);
        operation["responses"].get(status.to_string()).or_else(|| operation["responses"].get(family)).is_some()
    }

    /// Whether the operation refuses with this status although Kisi's document does not name it. The contract says why.
    pub(super) fn is_assumed_refusal(operation: &Value, status: u16) -> bool {
        !Self::has_status(operation, status) && operation["x-assumed-refusals"].get(status.to_string()).is_some()
    }

    /// The path template that matches a real path, and its path item. Literal segments win over parameters.
    fn item(&self, path: &str) -> Option<(&str, &Value)> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == parts.len() && template.iter().zip(&parts).all(|(t, p)| t.starts_with('{') || t == p)
        };
        let mut items: Vec<(&str, &Value)> = self.0["paths"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(t, _)| fits(t))
            .map(|(t, v)| (t.as_str(), v))
            .collect();
        items.sort_by_key(|(template, _)| template.matches('{').count());
        items.into_iter().next()
    }

    pub(super) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.0.pointer(reference.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut root = json!({"allOf": [schema]});
        root["components"] = self.0["components"].clone();
        jsonschema::options().should_validate_formats(true).build(&root).unwrap()
    }

    #[track_caller]
    fn check(&self, what: &str, schema: &Value, value: &Value) {
        let errors: Vec<String> = self
            .validator(schema)
            .iter_errors(value)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{what}: {errors:#?}");
    }

    /// Checks one answer, and returns its body.
    pub(super) async fn check_answer(&self, method: &Method, path: &str, answer: Response) -> Value {
        let bare = path.split('?').next().unwrap();
        let (template, item) = self.item(bare).unwrap_or_else(|| panic!("{path} is not in the contract"));
        let operation = &item[method.as_str().to_lowercase()];
        let status = answer.status().as_u16().to_string();
        let what = format!("{method} {template} {status}");
        let responses = operation["responses"].as_object().unwrap_or_else(|| panic!("{what}: no such operation"));
        let response = responses.get(&status).or(responses.get("5XX").filter(|_| status.starts_with('5')));
        let response = self.resolve(response.unwrap_or_else(|| panic!("{what}: no such status")));
        if let Some(headers) =
            response["headers"].as_object().filter(|headers| headers.contains_key("X-Collection-Range"))
        {
            let range = answer.headers()["x-collection-range"].to_str().unwrap();
            self.check(&what, &self.resolve(&headers["X-Collection-Range"])["schema"], &json!(range));
        }
        let text = answer.text().await.unwrap();
        let Some(schema) = response["content"]["application/json"].get("schema") else {
            assert!(status != "204" || text.is_empty(), "{what} has a body");
            return Value::Null;
        };
        let body: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{what}: not JSON: {text}"));
        self.check(&what, schema, &body);
        body
    }

    /// Checks one request: its operation exists, its query is known, its body fits.
    fn check_request(&self, method: &str, path: &str, query: &str, body: Option<&Value>) {
        let (template, item) = self.item(path).unwrap_or_else(|| panic!("{path} is not in the contract"));
        let operation = &item[method.to_lowercase()];
        let what = format!("{method} {template}");
        assert!(operation.is_object(), "{what}: no such operation");
        assert!(!operation["tags"].as_array().unwrap().contains(&json!("never")), "{what} must never be called");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let known: BTreeSet<&str> = parameters.iter().filter_map(|p| self.resolve(p)["name"].as_str()).collect();
        for (key, value) in query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap()) {
            assert!(known.contains(key), "{what}: unknown query `{key}`");
            let parameter = parameters.iter().map(|p| self.resolve(p)).find(|p| p["name"] == key).unwrap();
            if let Ok(number) = value.parse::<u64>() {
                self.check(&what, &parameter["schema"], &json!(number));
            }
        }
        if let Some(body) = body {
            self.check(&what, &operation["requestBody"]["content"]["application/json"]["schema"], body);
            self.check_closed(&what, &operation["requestBody"]["content"]["application/json"]["schema"], body);
        }
    }

    /// Every key of an object is a property of its schema.
    fn check_closed(&self, what: &str, schema: &Value, value: &Value) {
        let schema = self.resolve(schema);
        let (Some(properties), Some(fields)) = (schema["properties"].as_object(), value.as_object()) else { return };
        for (key, value) in fields {
            let property = properties.get(key).unwrap_or_else(|| panic!("{what}: `{key}` is not a field of Kisi's"));
            self.check_closed(what, property, value);
        }
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the table of what is asked")]
async fn every_answer_of_the_simulator_fits_the_contract() {
    let contract = Contract::read();
    let bare = Bare::start();
    let (ada_id, ada) = bare.login("ada@example.com").await;
    let (grace_id, grace) = bare.login("grace@example.com").await;
    let admin = bare.admin.clone();
    let set: Value = bare
        .post(&admin, "/event_sets", json!({"event_set": {"interval": "PT1H/2100-01-01T00:00:00Z"}}))
        .await
        .json()
        .await
        .unwrap();
    let mut seen = BTreeSet::new();
    let device = json!({"login": {"type": "device", "name": "K", "email": "ada@example.com", "expire": false}});
    let right = json!({"role_assignment": {"role_id": "group_basic", "applies_to_type": "Group", "applies_to_id": 12,
                       "assignee_type": "User", "assignee_id": 5, "valid_from": null, "valid_until": "2100-01-01T00:00:00Z"}});
    let get = |secret: &str, path: &str| (Method::GET, secret.to_owned(), path.to_owned(), None);
    let post =
        |secret: &str, path: &str, body: &Value| (Method::POST, secret.to_owned(), path.to_owned(), Some(body.clone()));
    let delete = |secret: &str, path: &str| (Method::DELETE, secret.to_owned(), path.to_owned(), None);
    let none = json!({});
    let requests = [
        get(&admin, "/logins?user_id=2"),
        get("wrong", "/logins"),
        post(&admin, "/logins", &device),
        post(&ada, "/logins", &json!({"login": {"type": "device", "email": "grace@example.com"}})),
        post(&admin, "/logins", &json!({"login": {"type": "device", "email": "nobody@example.com"}})),
        get(&ada, "/login"),
        get("wrong", "/login"),
        (Method::PUT, ada.clone(), "/login".to_owned(), Some(json!({"login": {"name": "Renamed"}}))),
        get(&ada, "/user"),
        get(&admin, "/organization"),
        get(&ada, "/locks"),
        get(&ada, "/locks?favorite=*&limit=3&offset=1"),
        get(&admin, "/locks"),
        get(&ada, "/locks/101"),
        get(&ada, "/locks/9999"),
        post(&ada, "/locks/101/unlock", &none),
        post("wrong", "/locks/101/unlock", &none),
        post(&ada, "/locks/201/unlock", &none),
        post(&ada, "/locks/9999/unlock", &none),
        post(&ada, "/locks/106/unlock", &none),
        post(&ada, "/locks/105/unlock", &none),
        post(&admin, "/locks/104/lock_down", &none),
        post(&ada, "/locks/104/lock_down", &none),
        get(&ada, "/locks/104"),
        post(&admin, "/locks/104/cancel_lockdown", &none),
        get(&ada, "/places"),
        get(&ada, "/places/1"),
        get(&ada, "/places/99"),
        post(&admin, "/places/2/lock_down", &none),
        post(&admin, "/places/2/cancel_lockdown", &none),
        get(&ada, "/floors?place_id=1"),
        get(&ada, "/floors"),
        get(&ada, "/floors?place_id=99"),
        get(&admin, "/users?email=ada@example.com"),
        get(&admin, "/users/2"),
        get(&ada, "/users/3"),
        get(&admin, "/users/99"),
        post(
            &admin,
            "/users",
            &json!({"user": {"email": "new@example.com", "name": "New", "send_emails": false, "confirm": true}}),
        ),
        post(&admin, "/users", &json!({"user": {"name": "Nobody"}})),
        (Method::PATCH, admin.clone(), "/users/6".to_owned(), Some(json!({"user": {"access_enabled": true}}))),
        get(&admin, "/groups?lock_id=101"),
        get(&admin, "/groups/12"),
        get(&ada, "/groups/12"),
        get(&admin, "/group_locks?group_id=12"),
        get(&admin, "/group_locks"),
        get(&admin, "/role_assignments?assignee_type=User&assignee_id=2"),
        post(&admin, "/role_assignments", &right),
        post(&admin, "/role_assignments", &json!({"role_assignment": {}})),
        delete(&admin, "/role_assignments/9999"),
        get(&admin, "/cards?uid=04A1B2C3D4E5F6"),
        get(&admin, "/cards"),
        get(&admin, "/card_assignments?card_id=301"),
        get(&admin, &format!("/event_sets/{}", set["id"])),
        get(&admin, "/event_sets/1"),
        post(&admin, "/event_sets", &json!({"event_set": {"interval": "2026-11-01T00:00:00Z/P1D"}})),
        post(&admin, "/event_sets", &json!({"event_set": {"interval": "yesterday"}})),
        post(&ada, "/event_sets", &json!({"event_set": {}})),
        get(&ada, "/events/types"),
        delete(&ada, &format!("/logins/{grace_id}")),
        delete(&admin, &format!("/logins/{ada_id}")),
        delete(&admin, &format!("/logins/{ada_id}")),
        delete(&grace, "/login"),
        get(&grace, "/user"),
    ];
    for (method, secret, path, body) in requests {
        let answer = bare.ask(&secret, method.clone(), &path, body).await;
        let _ = seen.insert(format!(
            "{method} {} {}",
            contract.item(path.split('?').next().unwrap()).unwrap().0,
            answer.status().as_u16()
        ));
        let _ = contract.check_answer(&method, &path, answer).await;
    }
    // Every operation of the contract that a client may call was requested at least once.
    for (path, item) in contract.0["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(method, _)| *method != "parameters") {
            let is_trap = operation["tags"].as_array().unwrap().contains(&json!("never"));
            let begin = format!("{} {path} ", method.to_uppercase());
            let was_asked = seen.iter().any(|asked| asked.starts_with(&begin));
            assert!(was_asked || is_trap, "{begin}was never requested");
        }
    }
}

#[tokio::test]
async fn every_request_of_the_client_fits_the_contract() {
    let contract = Contract::read();
    let (mut world, admin) = sample();
    let many = world.person_with_doors(600);
    let server = Server::start(world);
    let (client, admin) = (server.client(), Secret::new(admin));
    let _ = client.time().await.unwrap();
    let login = client.create_login(&admin, KIOSK, "ada@example.com").await.unwrap();
    let many = client.create_login(&admin, KIOSK, &many).await.unwrap();
    let _ = client.who_am_i(&login.secret).await.unwrap();
    let _ = client.doors(&login.secret).await.unwrap();
    let _ = client.doors(&many.secret).await.unwrap();
    let _ = client.places_locked_down(&login.secret).await.unwrap();
    let _ = client.unlock(&login.secret, DoorId::new(101)).await;
    let _ = client.look_at(&login.secret, DoorId::new(101)).await.unwrap();
    let settings = vestibule::kisi::Settings { position: Some((53.5, 9.9)), ..server.settings() };
    let placed = vestibule::kisi::Client::new(&settings).unwrap();
    let _ = placed
        .unlock_near(
            &login.secret,
            DoorId::new(107),
            Some(733),
            tokio::time::Instant::now() + std::time::Duration::from_secs(2),
        )
        .await;
    let ada = client.user(&admin, "ada@example.com").await.unwrap().unwrap();
    let logins = client.logins_of(&admin, ada.id).await.unwrap();
    assert!(logins.iter().any(|known| known.id == login.id && known.model.as_deref() == Some(KIOSK.model)));
    assert!(1 < client.users(&admin, None).await.unwrap().len());
    let at_the_annex = client.users(&admin, Some(2)).await.unwrap();
    assert!(!at_the_annex.is_empty() && at_the_annex.len() < client.users(&admin, None).await.unwrap().len());
    assert!(!client.cards(&admin).await.unwrap().is_empty());
    let rights = client.rights_of(&admin, ada.id).await.unwrap();
    let access = vestibule::enrol::access::Access::read(&client, &admin).await.unwrap();
    assert!(5 < access.count(&rights) && !access.blocked(&rights, jiff::Timestamp::now()).is_empty());
    client.delete_login(&admin, many.id).await.unwrap();
    server.simulator.with(|world| {
        assert!(world.violations.is_empty());
        let mut asked = 0;
        for request in world.requests.iter().filter(|request| request.method != "OPTIONS") {
            contract.check_request(&request.method, &request.path, &request.query, request.body.as_ref());
            asked += 1;
        }
        assert_eq!(asked, 35);
    });
}

/// Every error code of the contract is known to the kiosk and has the class that the contract gives it.
#[tokio::test]
async fn every_code_of_the_contract_can_be_met_and_is_sorted_by_its_class() {
    use vestibule::{
        door::{Code, Outcome, Reason, Refusal, reason},
        simulator::fault::Fault,
    };
    let contract = Contract::read();
    let (world, admin) = sample();
    let server = Server::start(world);
    let client = server.client();
    let login = client.create_login(&Secret::new(admin), KIOSK, "ada@example.com").await.unwrap();
    let codes = contract.0["x-kisi-error-codes"].as_object().unwrap();
    assert_eq!(codes.len(), reason::all().count(), "a code is missing in one of the two");
    for (code, meaning) in codes {
        let status = u16::try_from(meaning["status"].as_u64().unwrap()).unwrap();
        server.simulator.with(|world| world.faults = vec![Fault::refuse(status, code).at("POST", "/locks/101/unlock")]);
        let class = match (meaning["class"].as_str().unwrap(), status) {
            ("login", 401) => Refusal::Login,
            ("right", _) => Refusal::Right,
            ("suspended", _) => Refusal::Suspended,
            ("later", _) => Refusal::Later,
            ("never", _) => Refusal::Never,
            ("prove", _) => Refusal::Prove,
            ("lockdown", _) => Refusal::LockedDown,
            ("gone", _) => Refusal::Gone,
            ("open", _) => Refusal::Open,
            ("offline", _) => Refusal::Offline,
            ("setup", _) => Refusal::Setup,
            ("partner", _) => Refusal::Partner,
            ("zone", _) => Refusal::Zone,
            ("foreign", _) => Refusal::Foreign,
            ("other", _) => Refusal::Other,
            other => panic!("{other:?} is a new class"),
        };
        assert!(reason::all().any(|(known, its)| known == code && its == class), "{code} is not in the table");
        let reason = Reason::new(status, Code::new(Some(code)));
        let expected = if 500 <= status { Outcome::Unknown(Some(reason)) } else { Outcome::Refused(reason) };
        assert_eq!(client.unlock(&login.secret, DoorId::new(101)).await, expected, "{code}");
        assert!(reason.is_known() && reason.class == class, "{code}");
    }
}
