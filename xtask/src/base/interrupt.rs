//! SIGINT, SIGTERM and SIGHUP: the first one stops the work at the next safe place, the second one ends the process at once.
//!
//! A failure says `interrupted` and no more. The command that was interrupted adds what has become of its files, by
//! [`with_state`].

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
        // The order matters: the shutdown finds the flag set only at the second signal.
        signal_hook::flag::register_conditional_shutdown(signal, Exit::Interrupted as i32, requested.clone())?;
        signal_hook::flag::register(signal, requested.clone())?;
    }
    Ok(())
}

/// `Err` once a signal has arrived; long loops call it between two items.
pub fn check() -> Result<(), Failure> {
    match REQUESTED.get() {
        Some(requested) if requested.load(Ordering::Relaxed) => Err(Failure::new(Exit::Interrupted, "interrupted")),
        _ => Ok(()),
    }
}

/// The failure of the interrupt, if a signal has arrived: any other error may come from what was not done because of it.
pub fn or_interrupted(error: anyhow::Error) -> anyhow::Error {
    let is_interrupt = error.downcast_ref::<Failure>().is_some_and(|failure| failure.exit == Exit::Interrupted);
    match check() {
        Err(interrupted) if !is_interrupt => interrupted.into(),
        _ => error,
    }
}

/// Adds the state of the results to the failure of an interrupt, such as `` `target/dist` was not changed ``. Any other error
/// stays as it is.
pub fn with_state(error: anyhow::Error, state: impl FnOnce() -> String) -> anyhow::Error {
    match error.downcast_ref::<Failure>() {
        Some(failure) if failure.exit == Exit::Interrupted => {
            let message = format!("{}; {}", failure.message, state());
            Failure { message, ..failure.clone() }.into()
        }
        // A conversion would lose the context of the failure.
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_interrupt_gets_the_state() {
        let state = || "`target/dist` was not changed".to_owned();
        for (exit, wanted) in [(Exit::Interrupted, "stopped; `target/dist` was not changed"), (Exit::Failed, "stopped")]
        {
            let failure = with_state(Failure::new(exit, "stopped").into(), state).downcast::<Failure>().unwrap();
            assert_eq!((failure.exit, failure.message.as_str()), (exit, wanted));
        }
        assert_eq!(with_state(anyhow::anyhow!("other"), state).to_string(), "other");
        let within = anyhow::Error::from(Failure::new(Exit::Failed, "stopped")).context("in `a`");
        assert_eq!(format!("{:#}", with_state(within, state)), "in `a`: stopped");
    }
}
