//! Where the database is.

use std::{str::FromStr, time::Duration};

use tokio_postgres::{
    Config,
    config::{ChannelBinding, Host, SslMode, TargetSessionAttrs},
};

use super::Error;

/// A host that does not answer is given up after this. The next one is tried then.
const CONNECT: Duration = Duration::from_secs(2);
/// A connection that carries nothing is tried after this.
const KEEP_ALIVE: Duration = Duration::from_mins(1);

/// Where the database is: hosts, ports, the database's name, and for admins the role. Never a password.
#[derive(Debug, Clone)]
pub struct Address {
    config: Config,
    is_local: bool,
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        let wrong = |url: &str, why: String| Error::Address { url: url.to_owned(), why };
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            // It may be an address with a password and a mistyped beginning.
            let shown = if url.contains("password") || url.contains('@') { "..." } else { url };
            return Err(wrong(shown, "it begins with postgres://".to_owned()));
        }
        // A parser's error may repeat what it cannot read, so that nothing of the address is shown.
        let mut config: Config = url
            .parse()
            .map_err(|_| wrong("postgres://...", "write it as postgres://host1,host2:5433/database".to_owned()))?;
        if config.get_password().is_some() {
            let why = "it contains a password, which every user of this machine can read. Leave it out";
            return Err(wrong("postgres://...", why.to_owned()));
        }
        let (hosts, name) = (config.get_hosts(), config.get_dbname());
        if hosts.is_empty() || name.is_none_or(str::is_empty) {
            return Err(wrong(url, "it needs a host and the name of the database".to_owned()));
        }
        let sockets = hosts.iter().filter(|host| !matches!(host, Host::Tcp(_))).count();
        let is_local = sockets == hosts.len();
        if 0 < sockets && !is_local {
            return Err(wrong(url, "it mixes hosts and sockets".to_owned()));
        }
        // Whatever the address says: TLS with the server's name checked, unless it is a socket of this machine, and
        // nobody between here and the server.
        let (tls, binding) = if is_local {
            (SslMode::Disable, ChannelBinding::Disable)
        } else {
            (SslMode::Require, ChannelBinding::Require)
        };
        let _ = config.ssl_mode(tls).channel_binding(binding).target_session_attrs(TargetSessionAttrs::ReadWrite);
        let _ = config.connect_timeout(CONNECT).keepalives_idle(KEEP_ALIVE).application_name("vestibule");
        Ok(Self { config, is_local })
    }
}

impl Address {
    /// The role that the address names.
    pub fn role(&self) -> Option<&str> {
        self.config.get_user()
    }

    /// Whether it is a socket of this machine, which needs no TLS and usually no password.
    pub fn is_local(&self) -> bool {
        self.is_local
    }

    /// For one connection.
    pub(super) fn config(&self) -> Config {
        self.config.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_without_a_password_are_taken_and_nothing_weakens_them() {
        for url in [
            "postgres://db.example/vestibule",
            "postgresql://alice@db1.example:5433,db2.example/vestibule?sslmode=disable&channel_binding=disable",
            "postgres://db.example/vestibule?target_session_attrs=any",
        ] {
            let address: Address = url.parse().unwrap();
            let config = address.config();
            assert!(!address.is_local());
            assert_eq!(config.get_ssl_mode(), SslMode::Require, "{url}");
            assert_eq!(config.get_channel_binding(), ChannelBinding::Require, "{url}");
            assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite, "{url}");
        }
        let socket: Address = "postgres://%2Frun%2Fpostgresql/vestibule".parse().unwrap();
        assert!(socket.is_local() && socket.role().is_none());
    }

    #[test]
    fn a_refused_address_says_why_and_repeats_no_password() {
        for (url, says) in [
            ("", "begins with postgres://"),
            ("db.example/vestibule", "begins with postgres://"),
            ("host=db.example password=canary-9f", "begins with postgres://"),
            ("postgres://alice:canary-9f@db.example/vestibule", "contains a password"),
            ("postgres://db.example/vestibule?password=canary-9f", "contains a password"),
            ("postgres://alice:canary-9f@db.example:port/vestibule", "write it as"),
            ("postgres://db.example", "name of the database"),
            ("postgres:///vestibule", "needs a host"),
            ("postgres://db.example,%2Frun%2Fpostgresql/vestibule", "mixes"),
        ] {
            let error = url.parse::<Address>().unwrap_err();
            assert!(error.to_string().contains(says), "{url}: {error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{url}: {error}");
        }
    }
}
