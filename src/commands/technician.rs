//! The technician's PIN.

use jiff::Timestamp;
use vestibule::{
    audit::{Action, Record},
    wiring,
};

use super::{Site, report::say, staff::confirm};
use crate::Failure;

impl Site {
    /// Issues it, and prints it once.
    pub(crate) fn technician_pin(&self, yes: bool, json: bool) -> Result<(), Failure> {
        let mut directory = self.directory()?;
        if directory.has_technician().map_err(Failure::Directory)? {
            confirm(yes, "The technician's old PIN stops working. Issue a new one?")?;
        }
        let mut log = wiring::log(&directory).map_err(Failure::Audit)?;
        let _ = log.append(&Record::new(Timestamp::now(), Action::PinIssued, "technician")).map_err(Failure::Audit)?;
        let pin = wiring::digits(&directory.issue_technician_pin().map_err(Failure::Directory)?);
        if json {
            return say(&serde_json::json!({"result": "PIN issued", "pin": pin}).to_string());
        }
        say(&format!("PIN of the technician: {pin}. At the kiosk, hold the clock for three seconds."))
    }
}
