//! Shared by the tests: the shipped program with and without a display, a site, a Kisi over TLS, network faults.

pub(crate) mod bare_client;
pub(crate) mod bluez;
pub(crate) mod codes;
pub(crate) mod fault_proxy;
pub(crate) mod files;
pub(crate) mod fleet;
pub(crate) mod headless;
pub(crate) mod health;
pub(crate) mod histories;
pub(crate) mod installed;
pub(crate) mod keyboard;
pub(crate) mod kisi;
pub(crate) mod network_namespace;
pub(crate) mod postgres;
pub(crate) mod scenes;
pub(crate) mod raw_server;
pub(crate) mod screenshot;
pub(crate) mod tls;
pub(crate) mod touchscreen;
pub(crate) mod wire;
