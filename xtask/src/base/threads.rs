//! Starts threads. Every thread of the program is started here, because the system may refuse one: the limits of memory and of
//! processes apply to threads, and the functions of the standard library panic then.

use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

use rustix::process::{Resource, getrlimit};

use crate::base::error::{Exit, Failure};

/// The stack that the work of the program needs, with a margin.
const STACK: usize = 8 << 20;

/// Runs the work of the program: on the first thread of the process, or, if `ulimit -s` gives that one less than [`STACK`], on
/// another thread. A panic was printed where it happened, and is the inner `Err`.
pub fn run_with_stack<T: Send + 'static>(work: fn() -> T) -> Result<std::thread::Result<T>, Failure> {
    if getrlimit(Resource::Stack).current.is_none_or(|bytes| bytes >= STACK as u64) {
        return Ok(std::panic::catch_unwind(work));
    }
    let started = Builder::new().name("main".to_owned()).stack_size(STACK).spawn(work);
    Ok(started.map_err(|error| refused(&error))?.join())
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
