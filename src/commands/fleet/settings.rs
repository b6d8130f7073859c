//! `fleet set` and `fleet status`: what holds for the whole fleet.

use serde_json::{Value, json};
use vestibule::{
    fleet::{Setting, Settings},
    store::audit::Action,
};

use super::{
    super::{
        Output, Site,
        failure::Failure,
        report::{count, say},
    },
    Admin, Database,
};

impl Site {
    /// Changes these settings, and prints those that hold now.
    pub(crate) fn fleet_set(&self, database: &Database, changes: &[Setting], output: Output) -> Result<(), Failure> {
        let admin = Admin::open(database)?;
        if !changes.is_empty() {
            admin.run(admin.connection.set_all(changes))?;
            let site = self.clone().of_fleet(Some(database.clone()));
            let about = changes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            site.record_change((Action::Configuration, ""), &format!("fleet set {about}"))?;
        }
        let settings = admin.run(admin.connection.settings())?;
        if output == Output::Json {
            return output.json(&Value::Object(fields(&settings)));
        }
        lines(&settings).iter().try_for_each(|line| say(line))
    }

    pub(crate) fn fleet_status(database: &Database, output: Output) -> Result<(), Failure> {
        let admin = Admin::open(database)?;
        let settings = admin.run(admin.connection.settings())?;
        let kiosks = admin.run(admin.connection.kiosks())?;
        let here = kiosks.iter().filter(|kiosk| kiosk.expelled.is_none());
        let (all, connected) = (here.clone().count(), here.filter(|kiosk| kiosk.is_connected).count());
        if output == Output::Json {
            let mut line = fields(&settings);
            line.extend([
                ("version".to_owned(), json!(settings.schema_version)),
                ("generation".to_owned(), json!(settings.generation)),
                ("people".to_owned(), json!(settings.people)),
                ("kiosks".to_owned(), json!(all)),
                ("connected".to_owned(), json!(connected)),
            ]);
            return output.json(&Value::Object(line));
        }
        let people = count(usize::try_from(settings.people).unwrap_or_default(), "person", "people");
        let kiosks = count(all, "kiosk", "kiosks");
        say(&format!("version {}, {people}, {connected} of {kiosks} connected", settings.schema_version))?;
        lines(&settings).iter().try_for_each(|line| say(line))
    }
}

fn fields(settings: &Settings) -> serde_json::Map<String, Value> {
    let doors = settings.per_door.iter().map(|(door, per_day)| json!({"door": door.get(), "per_day": per_day}));
    let fields = [
        ("per_hour", json!(settings.per_hour)),
        ("per_day", json!(settings.per_day)),
        ("offline_days", json!(settings.offline_days)),
        ("keep_days", json!(settings.keep_days)),
        ("doors", doors.collect()),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn lines(settings: &Settings) -> Vec<String> {
    let limit = |at_most: i32| if at_most == 0 { "no limit".to_owned() } else { format!("at most {at_most}") };
    let mut lines = vec![
        format!("unlocks of a person per hour: {}", limit(settings.per_hour)),
        format!("unlocks of a person per day: {}", limit(settings.per_day)),
    ];
    let doors = settings.per_door.iter();
    lines.extend(
        doors.map(|(door, per_day)| format!("unlocks of a person per day at door {}: at most {per_day}", door.get())),
    );
    lines.push(format!("sign-in while the database is away: {} days", settings.offline_days));
    lines.push(format!("records are kept for {} days", settings.keep_days));
    lines
}
