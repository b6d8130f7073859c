//! The technician's PIN.

use jiff::Timestamp;
use vestibule::{
    staff::Pin,
    store::audit::{Action, Record},
    wiring,
};

use super::{
    Site,
    report::{print_once, say},
    staff::confirm,
};
use crate::Failure;

impl Site {
    /// Issues the technician's PIN and prints it once. `keep`: only if there is none yet.
    pub(crate) fn technician_pin(&self, yes: bool, keep: bool, json: bool) -> Result<(), Failure> {
        let mut directory = self.directory_alone()?;
        let mut log = wiring::writable_log(&directory).map_err(Failure::Start)?;
        if directory.has_technician().map_err(Failure::Directory)? {
            if keep {
                return say("there is already a technician's PIN; it was kept");
            }
            confirm(yes, "The technician's old PIN stops working. Issue a new one?")?;
        }
        let mut show = |pin: &Pin| {
            let pin = wiring::digits(pin);
            if json {
                return print_once(&serde_json::json!({"result": "PIN issued", "pin": pin}).to_string());
            }
            print_once(&format!("PIN of the technician: {pin}. To use it, hold the kiosk's clock for three seconds."))
        };
        let _ = directory.issue_technician_pin(&mut show).map_err(Failure::Directory)?;
        let _ = log.append(&Record::new(Timestamp::now(), Action::PinIssued, "technician")).map_err(Failure::Audit)?;
        Ok(())
    }
}
