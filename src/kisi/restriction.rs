//! Restrictions that stop a kiosk from opening a door.

/// Why a kiosk cannot open a door for a person.
///
/// # Source
///
/// Kisi OpenAPI document, `Group` and `Lock`; `kisi.md`, section 8: which of them a kiosk can satisfy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Restriction {
    /// The door has no hardware.
    NotSetUp,
    /// The door's controller is offline now.
    Offline,
    /// The group has no app access, and a kiosk counts as an app.
    NoApps,
    /// Only a phone held to the reader opens the door.
    TapOnly,
    /// Only the person's primary device opens the door. Making the kiosk primary would demote the phone.
    PrimaryDevice,
    /// Only a device managed by the company opens the door.
    ManagedDevice,
    /// The door requires a proximity proof from its reader.
    Reader,
    /// The door requires a position, and this kiosk has none configured.
    Position,
    /// The person's access is switched off.
    SwitchedOff,
    /// The person has no right to any door.
    NoRights,
    /// The person's right has ended.
    Ended,
    /// The person's right has not begun yet.
    NotBegun,
}
