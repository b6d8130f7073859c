//! The connections to Kisi. Each visit gets new ones: the buffers of the old ones may still contain the last visit's
//! login.

use crate::{error_chain::Chain, kisi::Client};

/// The client, and whether its connections carry no login of an earlier visit.
pub(super) struct Connection {
    client: Client,
    is_fresh: bool,
}

impl Connection {
    pub(super) fn new(client: Client) -> Self {
        Self { client, is_fresh: true }
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Whether somebody may sign in over these connections.
    pub(super) fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// Replaces the connections. If that fails, the old ones stay and count as not fresh.
    pub(super) fn reconnect(&mut self) {
        let client = self.client.reconnected();
        self.is_fresh = client.is_ok();
        match client {
            Ok(client) => self.client = client,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "there are no new connections: nobody can sign in");
            }
        }
    }
}
