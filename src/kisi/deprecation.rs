//! Collects the deprecation notices that Kisi sends in response headers.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use reqwest::header::HeaderMap;

use super::text::clean;

/// The latest notice per operation. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Deprecations(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Deprecations {
    /// Records the deprecation headers of a response and logs a new notice.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document: `Deprecation` is the date of the deprecation, `Sunset` the date of the removal. Their format
    /// is not documented, so both are shown as received.
    pub(super) fn note(&self, operation: &'static str, headers: &HeaderMap) {
        let value = |name: &str| Some(clean(headers.get(name)?.to_str().ok()?));
        let (deprecation, sunset) = (value("deprecation"), value("sunset"));
        if deprecation.is_none() && sunset.is_none() {
            return;
        }
        let said = |value: Option<String>| value.unwrap_or_else(|| "unknown".to_owned());
        let text = format!("{operation}: deprecated since {}, to be removed on {}", said(deprecation), said(sunset));
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(operation, text.clone());
        if before.as_ref() != Some(&text) {
            tracing::warn!(text, "Kisi will remove an operation: update vestibule before that date");
        }
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
