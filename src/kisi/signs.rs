//! What Kisi announces in passing: that an operation will end.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use reqwest::header::HeaderMap;

use super::text::clean;

/// What was announced, by operation. Clones see the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Signs(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Signs {
    /// Looks at the head of an answer. Says in the program's log what is new.
    ///
    /// # Source
    ///
    /// Kisi OpenAPI document: `Deprecation` says since when, `Sunset` from when on it may be gone. In which format is not
    /// documented, so both are shown as they came.
    pub(super) fn note(&self, operation: &'static str, headers: &HeaderMap) {
        let value = |name: &str| Some(clean(headers.get(name)?.to_str().ok()?));
        let (deprecation, sunset) = (value("deprecation"), value("sunset"));
        if deprecation.is_none() && sunset.is_none() {
            return;
        }
        let said = |value: Option<String>| value.unwrap_or_else(|| "not told".to_owned());
        let text = format!("{operation} ends: deprecated since {}, gone from {}", said(deprecation), said(sunset));
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(operation, text.clone());
        if before.as_ref() != Some(&text) {
            tracing::warn!(text, "Kisi announces an end: this program must be updated before");
        }
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
