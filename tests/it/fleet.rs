//! Many kiosks on one database: a real PostgreSQL that each test starts.

mod adopt;
mod alerts;
mod audit;
mod commands;
mod demo;
mod doctor;
mod expel;
mod failover;
mod hostile;
mod hostile_statements;
mod intents;
mod kiosks;
mod link;
mod load;
mod pairing;
mod people;
mod restored;
mod schema;
mod settings;
mod shipping;
mod simulation;
mod status;
