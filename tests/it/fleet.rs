//! Many kiosks on one database: a real PostgreSQL that each test starts.

mod commands;
mod hostile;
mod hostile_statements;
mod pairing;
mod schema;
