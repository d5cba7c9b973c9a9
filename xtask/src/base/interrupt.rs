//! SIGINT, SIGTERM and SIGHUP: the first asks the work to stop at the next safe place, the second ends the process at once.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::base::error::{Exit, Failure};

static REQUESTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Installs the handlers. Temporary folders are removed by their owners' `Drop` on the way out.
pub fn install() -> std::io::Result<()> {
    let requested = REQUESTED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // Order matters: the shutdown sees the flag only from the second signal on.
        signal_hook::flag::register_conditional_shutdown(signal, Exit::Interrupted as i32, requested.clone())?;
        signal_hook::flag::register(signal, requested.clone())?;
    }
    Ok(())
}

/// `Err` once a signal has arrived; long loops call it between two items.
pub fn check() -> Result<(), Failure> {
    match REQUESTED.get() {
        Some(requested) if requested.load(Ordering::Relaxed) => {
            Err(Failure::new(Exit::Interrupted, "interrupted; nothing was changed"))
        }
        _ => Ok(()),
    }
}
