//! Starts threads. Every thread of the program is started here, because the system may refuse one: the limits of memory and of
//! processes apply to threads, and the functions of the standard library panic then.

use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

use crate::base::error::{Exit, Failure};

/// The stack of [`spawn_main`]. The stack of the first thread of a process is as large as `ulimit -s` says, which may be too small.
const MAIN_STACK: usize = 8 << 20;

/// Starts the thread that does the work of the program.
pub fn spawn_main<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>, Failure> {
    Builder::new().name("main".to_owned()).stack_size(MAIN_STACK).spawn(work).map_err(|error| refused(&error))
}

/// Starts a thread that may outlive its caller.
pub fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<JoinHandle<T>, Failure> {
    Builder::new().spawn(work).map_err(|error| refused(&error))
}

/// Starts a thread that ends before `scope` does.
pub fn spawn_scoped<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, Failure> {
    Builder::new().spawn_scoped(scope, work).map_err(|error| refused(&error))
}

fn refused(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("cannot start a thread: {error}")).help(
        "raise the limits of memory and processes: `ulimit -a` prints them; `RELENG_THREADS=1` needs fewer threads",
    )
}
