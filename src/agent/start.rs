//! The agent's thread: started at once, or prepared to replace a running one, and restarted after a panic.

use std::{
    io,
    panic::{self, AssertUnwindSafe},
    thread,
    time::Duration,
};

use super::{Handle, Parts, channel, run};
use crate::{error_chain::Chain, outage::Outage, session::Event, status::Status};

/// Pause before a restart, and between attempts to make the parts.
const PAUSE: Duration = Duration::from_millis(500);

/// Starts the agent on its own thread. It ends when the last handle is dropped. After a panic it restarts with new
/// parts from `make`, and the window gets [`Event::AgentRestarted`].
///
/// # Errors
///
/// When the operating system refuses the thread.
pub fn start<E: std::error::Error>(
    parts: Parts,
    make: impl FnMut() -> Result<Parts, E> + Send + 'static,
) -> io::Result<Handle> {
    let status = parts.status.clone();
    spawn(Some(parts), status, make)
}

/// Prepares an agent that does and changes nothing until [`Handle::begin`]. It makes its parts only then.
///
/// # Errors
///
/// When the operating system refuses the thread.
pub fn prepare<E: std::error::Error>(
    status: Status,
    make: impl FnMut() -> Result<Parts, E> + Send + 'static,
) -> io::Result<Handle> {
    spawn(None, status, make)
}

fn spawn<E: std::error::Error>(
    parts: Option<Parts>,
    status: Status,
    mut make: impl FnMut() -> Result<Parts, E> + Send + 'static,
) -> io::Result<Handle> {
    let (handle, mut port) = channel();
    let live = move || {
        let mut next = parts;
        if next.is_none() && !port.wait_for_begin() {
            return;
        }
        loop {
            let parts = match next.take().map_or_else(&mut make, Ok) {
                Ok(parts) => parts,
                Err(error) => {
                    tracing::error!(error = %Chain(&error), "the agent cannot start; retrying");
                    port.health.send_modify(|health| health.outage = Some(Outage::Disk));
                    thread::sleep(PAUSE);
                    if port.refuse_waiting() {
                        continue;
                    }
                    return;
                }
            };
            let life = AssertUnwindSafe(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(run(parts, &mut port));
                io::Result::Ok(())
            });
            match panic::catch_unwind(life) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::error!(%error, "the agent's runtime cannot be created; retrying"),
                Err(_) => tracing::error!("the agent panicked: it restarts, and everybody is signed out"),
            }
            port.say(Event::AgentRestarted);
            thread::sleep(PAUSE);
            status.metrics().agent_restarted();
        }
    };
    Ok(handle.runs_on(thread::Builder::new().name("agent".to_owned()).spawn(live)?))
}
