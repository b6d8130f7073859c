//! An agent is a thread: started at once, or prepared to take another one's place, and started again after a panic.

use std::{
    io,
    panic::{self, AssertUnwindSafe},
    thread,
    time::Duration,
};

use super::{Handle, Parts, channel, run};
use crate::{chain::Chain, status::Status, trouble::Trouble};

/// Before the agent starts again.
const PAUSE: Duration = Duration::from_millis(500);

/// Starts the agent on a thread of its own. It ends when the last handle is dropped. Should it panic, it restarts with what
/// `again` makes, and everybody is signed out.
///
/// # Errors
///
/// When no thread can be had.
pub fn start<E: std::error::Error>(
    parts: Parts,
    again: impl FnMut() -> Result<Parts, E> + Send + 'static,
) -> io::Result<Handle> {
    let status = parts.status.clone();
    spawn(Some(parts), status, again)
}

/// Makes an agent that does nothing, and changes nothing, until [`Handle::begin`]. Then it makes its parts.
///
/// # Errors
///
/// When no thread can be had.
pub fn prepare<E: std::error::Error>(
    status: Status,
    make: impl FnMut() -> Result<Parts, E> + Send + 'static,
) -> io::Result<Handle> {
    spawn(None, status, make)
}

fn spawn<E: std::error::Error>(
    parts: Option<Parts>,
    status: Status,
    mut again: impl FnMut() -> Result<Parts, E> + Send + 'static,
) -> io::Result<Handle> {
    let (handle, mut orders, said) = channel();
    let live = move || {
        let mut next = parts;
        if next.is_none() && !orders.wait_for_begin() {
            return;
        }
        loop {
            let parts = match next.take().map_or_else(&mut again, Ok) {
                Ok(parts) => parts,
                Err(error) => {
                    tracing::error!(error = %Chain(&error), "the agent cannot start yet");
                    said.send_modify(|health| health.trouble = Some(Trouble::Disk));
                    thread::sleep(PAUSE);
                    // Nobody is answered now; whoever waits is told so.
                    if orders.are_over() {
                        return;
                    }
                    continue;
                }
            };
            let life = AssertUnwindSafe(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(run(parts, &mut orders, said.clone()));
                io::Result::Ok(())
            });
            match panic::catch_unwind(life) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::error!(%error, "the agent has no runtime"),
                Err(_) => tracing::error!("the agent panicked: it begins anew, and everybody is signed out"),
            }
            thread::sleep(PAUSE);
            status.metrics().agent_restarted();
            said.send_modify(|health| health.lives += 1);
        }
    };
    let _ = thread::Builder::new().name("agent".to_owned()).spawn(live)?;
    Ok(handle)
}
