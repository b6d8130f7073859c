//! Calls that need an admin key: create and delete logins of other people, and list people and their cards.

use reqwest::Method;

use super::{Client, Error, LIST_TIMEOUT, LoginId, PAGE, Query, list::MAX, response::deleted, text, wire};
use crate::secret::Secret;

/// Kisi's maximum for `GET /users`.
const USERS_PAGE: usize = 100;

/// How a login describes its device at Kisi.
#[derive(Debug, Clone, Copy)]
pub struct Device<'a> {
    /// Display name.
    pub name: &'a str,
    /// Distinguishes this kiosk's logins from those of another kiosk with the same name.
    pub model: &'a str,
}

/// A login that was just created. Kisi returns its secret only once.
#[derive(Debug)]
pub struct Login {
    /// Kisi's id, for deleting the login and for reading events.
    pub id: LoginId,
    /// Authenticates requests as this person.
    pub secret: Secret<String>,
    /// Kisi's id of the person.
    pub user_id: Option<u64>,
    /// The person's name at Kisi, cleaned; empty if Kisi has none.
    pub name: String,
}

/// A login as listed for an admin: without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceLogin {
    /// Kisi's id of the login.
    pub id: LoginId,
    /// The `device_model` it was created with, if any.
    pub model: Option<String>,
}

/// A user at Kisi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Kisi's id of the person.
    pub id: u64,
    /// E-mail address at Kisi.
    pub email: String,
    /// Name at Kisi, cleaned; empty if Kisi has none.
    pub name: String,
    /// Whether access is on: neither an admin nor the company's directory service (SCIM) has switched it off.
    pub is_enabled: bool,
}

/// An activated card that is assigned to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Kisi's id of the person.
    pub user: u64,
    /// UID in hexadecimal digits, if the card has one.
    pub uid: Option<String>,
    /// Facility code and card number, if the card has both.
    pub wiegand: Option<(u64, u64)>,
}

impl Client {
    /// Creates a device login for a person. It never expires.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 401 for a wrong admin key, 403 when the key is not an admin's, 404 for an e-mail address
    /// that Kisi does not know. After [`Error::Unclear`] or [`Error::Malformed`], Kisi may have created a login whose
    /// secret is lost.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `POST /logins`; Kisi's guide to logins on behalf of users.
    pub async fn create_login(&self, admin: &Secret<String>, device: Device<'_>, email: &str) -> Result<Login, Error> {
        let login = wire::NewLogin {
            kind: "device",
            name: device.name,
            device_brand: "vestibule",
            device_model: device.model,
            os_name: std::env::consts::OS,
            email,
            expire: false,
        };
        let request = self.request(Method::POST, &["logins"], admin)?.json(&wire::CreateLogin { login });
        let created: wire::CreatedLogin = self.ask("POST /logins", request.timeout(LIST_TIMEOUT)).await?.0;
        if created.secret.is_empty() || !created.secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::NotKisi { status: 200 });
        }
        Ok(Login {
            id: LoginId(created.id),
            secret: Secret::new(created.secret),
            user_id: created.user_id,
            name: created.user.and_then(|user| user.name).map(|name| text::clean(&name)).unwrap_or_default(),
        })
    }

    /// Deletes a login.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 404 when the login does not exist, 401 or 403 when the key is not an admin's.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `DELETE /logins/{id}`.
    pub async fn delete_login(&self, admin: &Secret<String>, login: LoginId) -> Result<(), Error> {
        let request = self.request(Method::DELETE, &["logins", &login.0.to_string()], admin)?.timeout(LIST_TIMEOUT);
        deleted(self.send("DELETE /logins/{id}", request).await?).await
    }

    /// Lists the logins of a person, without their secrets.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 401 or 403 when the key is not an admin's.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /logins`.
    pub async fn logins_of(&self, admin: &Secret<String>, user: u64) -> Result<Vec<DeviceLogin>, Error> {
        let user = user.to_string();
        let of_user = Query { path: "logins", filter: &[("user_id", &user)], page: PAGE, max: PAGE };
        let list = self.list::<wire::ListedLogin>("GET /logins", admin, of_user, |login| login.id).await?;
        let logins = list.items.into_iter();
        Ok(logins.map(|login| DeviceLogin { id: LoginId(login.id), model: login.device_model }).collect())
    }

    /// Finds the user with this e-mail address, ignoring case.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 401 or 403 when the key is not an admin's.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /users`.
    pub async fn user(&self, admin: &Secret<String>, email: &str) -> Result<Option<User>, Error> {
        let found = self.users_with(admin, &[("email", email)]).await?;
        Ok(found.into_iter().find(|user| user.email.eq_ignore_ascii_case(email)))
    }

    /// Lists all users, or those with access to one place. Users without an e-mail address are left out.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 401 or 403 when the key is not an admin's.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /users`.
    pub async fn users(&self, admin: &Secret<String>, place: Option<u64>) -> Result<Vec<User>, Error> {
        let place = place.map(|place| place.to_string());
        let filter: Vec<(&str, &str)> = place.iter().map(|place| ("place_id", place.as_str())).collect();
        self.users_with(admin, &filter).await
    }

    async fn users_with(&self, admin: &Secret<String>, filter: &[(&str, &str)]) -> Result<Vec<User>, Error> {
        let query = Query { path: "users", filter, page: USERS_PAGE, max: MAX };
        let list = self.list::<wire::ListedUser>("GET /users", admin, query, |user| user.id).await?;
        let users = list.items.into_iter().filter_map(|user| {
            Some(User {
                id: user.id,
                email: user.email?,
                name: user.name.map(|name| text::clean(&name)).unwrap_or_default(),
                is_enabled: user.access_enabled != Some(false) && user.scim_access_enabled != Some(false),
            })
        });
        Ok(users.collect())
    }

    /// Lists every card that is assigned to a person. The card's two-factor PIN at Kisi is not parsed.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 401 or 403 when the key is not an admin's.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document, `GET /cards` and `GET /card_assignments`.
    pub async fn cards(&self, admin: &Secret<String>) -> Result<Vec<Card>, Error> {
        let in_use = |path| Query { path, filter: &[("status", "activated")], page: PAGE, max: MAX };
        let cards = self.list::<wire::ListedCard>("GET /cards", admin, in_use("cards"), |card| card.id).await?;
        let assigned = in_use("card_assignments");
        let owners = self.list::<wire::CardOwner>("GET /card_assignments", admin, assigned, |owner| owner.id).await?;
        let owners = owners.items.iter().filter(|owner| owner.assignee_type.as_deref() == Some("User"));
        let owners: std::collections::HashMap<u64, u64> =
            owners.filter_map(|owner| Some((owner.card_id?, owner.assignee_id?))).collect();
        let carried = cards.items.into_iter().filter_map(|card| {
            let wiegand = card.facility_code.zip(card.card_number);
            Some(Card { user: *owners.get(&card.id)?, uid: card.uid, wiegand })
        });
        Ok(carried.collect())
    }
}
