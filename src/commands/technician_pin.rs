//! The technician's PIN.

use jiff::Timestamp;
use vestibule::{
    staff::Pin,
    store::audit::{Action, Record},
    wiring,
};

use super::{Confirmation, Failure, Output, Site, ask::confirm, report::print_once};

impl Site {
    /// Issues the technician's PIN and prints it once. `keep`: only if there is none yet.
    pub(crate) fn technician_pin(&self, confirmation: Confirmation, keep: bool, output: Output) -> Result<(), Failure> {
        let mut directory = self.directory_alone()?;
        let mut log = wiring::writable_log(&directory)?;
        if directory.has_technician()? {
            if keep {
                let kept = "there is already a technician's PIN; it was kept";
                return output.result(&serde_json::json!({"result": "kept", "pin": null}), kept);
            }
            confirm(confirmation, "The technician's old PIN stops working. Issue a new one?")?;
        }
        let mut show = |pin: &Pin| {
            let pin = pin.expose_text();
            if output == Output::Json {
                return print_once(&serde_json::json!({"result": "PIN issued", "pin": pin}).to_string());
            }
            print_once(&format!("PIN of the technician: {pin}. To use it, hold the kiosk's clock for three seconds."))
        };
        let _ = directory.issue_technician_pin(&mut show)?;
        let _ = log.append(&Record::new(Timestamp::now(), Action::PinIssued, "technician"))?;
        Ok(())
    }
}
