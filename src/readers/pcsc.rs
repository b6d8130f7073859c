//! PC/SC readers: the UID of a contactless card. The service tells when a card comes and goes; nothing is polled.

use std::ffi::CString;

use pcsc::{Context, Error, PNP_NOTIFICATION, Protocols, ReaderState, Scope, ShareMode, State};

use super::{AGAIN, Desk};
use crate::staff::{Read, UidForm};

/// "Get data": the UID.
///
/// # Source
///
/// PC/SC part 3, section 3.2.2.1.3.
const GET_UID: [u8; 5] = [0xff, 0xca, 0, 0, 0];
/// The answer ends with this if it is one.
const SUCCESS: [u8; 2] = [0x90, 0x00];
/// First byte of a UID that is drawn anew each time, as phones do.
///
/// # Source
///
/// ISO/IEC 14443-3, section 6.5.4.
pub(super) const RANDOM: u8 = 0x08;

/// Reads cards until the service or the reader is lost. Returns why.
pub(super) fn read(name: &str, form: UidForm, desk: &Desk) -> Result<(), String> {
    let context = Context::establish(Scope::User).map_err(refusal)?;
    let mut states = states(&context, name)?;
    // A card that lies there already was not presented now.
    let mut is_first = true;
    desk.works();
    while !desk.is_ended() {
        match context.get_status_change(AGAIN, &mut states) {
            Ok(()) | Err(Error::Timeout) => {}
            Err(error) => return Err(refusal(error)),
        }
        let mut is_plugged = false;
        for state in &mut states {
            let event = state.event_state();
            if state.name() == PNP_NOTIFICATION() {
                is_plugged |= event.contains(State::CHANGED) && !is_first;
            } else if event.intersects(State::UNKNOWN | State::UNAVAILABLE | State::IGNORE) {
                return Err(format!("the reader `{}` was unplugged", state.name().to_string_lossy()));
            } else if event.contains(State::CHANGED | State::PRESENT)
                && !state.current_state().contains(State::PRESENT)
                && !is_first
            {
                desk.scan(card(&context, state.name().into(), form));
            }
            state.sync_current_state();
        }
        if is_plugged {
            states = self::states(&context, name)?;
        }
        is_first = is_plugged;
    }
    Ok(())
}

/// The readers whose name contains `name`, and the one that stands for readers to come.
pub(super) fn states(context: &Context, name: &str) -> Result<Vec<ReaderState>, String> {
    let names = names(context)?;
    let mut states: Vec<ReaderState> = names
        .into_iter()
        .filter(|known| known.to_string_lossy().contains(name))
        .map(|known| ReaderState::new(known, State::UNAWARE))
        .collect();
    if states.is_empty() {
        return Err(match name {
            "" => "no PC/SC reader is attached".to_owned(),
            name => format!("no PC/SC reader with `{name}` in its name is attached"),
        });
    }
    states.push(ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE));
    Ok(states)
}

/// The names of all readers.
pub(super) fn names(context: &Context) -> Result<Vec<CString>, String> {
    let mut room = match context.list_readers_len() {
        Ok(length) => vec![0; length],
        Err(Error::NoReadersAvailable) => return Ok(Vec::new()),
        Err(error) => return Err(refusal(error)),
    };
    Ok(context.list_readers(&mut room).map_err(refusal)?.map(Into::into).collect())
}

/// The UID of the card on a reader. A card that is gone again, or has none, is not read.
fn card(context: &Context, reader: CString, form: UidForm) -> Read {
    let mut room = [0; 258];
    let answer = context
        .connect(&reader, ShareMode::Shared, Protocols::ANY)
        .and_then(|card| card.transmit(&GET_UID, &mut room).map(<[u8]>::to_vec));
    match answer {
        Ok(answer) => match answer.strip_suffix(&SUCCESS) {
            Some([RANDOM, _, _, _] | []) | None => Read::Garbled,
            Some(uid) => Read::Number(form.write(uid)),
        },
        Err(error) => {
            tracing::info!(%error, "a card cannot be read");
            Read::Garbled
        }
    }
}

/// Why the PC/SC service cannot be used.
pub(super) fn refusal(error: Error) -> String {
    if error == Error::SecurityViolation {
        "the PC/SC service refuses this account: a polkit rule is missing".to_owned()
    } else if matches!(error, Error::NoService | Error::ServiceStopped) {
        "the PC/SC service pcscd does not run".to_owned()
    } else {
        format!("the PC/SC service: {error}")
    }
}
