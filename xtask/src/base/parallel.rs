//! Work spread over threads whose results come back in the order of the input.
//!
//! Memory is bounded: at most `2 × threads` items are in work or waiting. The first error stops everything. Where the system
//! gives fewer threads than requested, the others do the work.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use anyhow::Result;

use crate::base::error::{Exit, Failure};
use crate::base::number::parse_number;
use crate::base::threads;

/// The variable that limits the number of threads.
const VARIABLE: &str = "RELENG_THREADS";

/// The highest number of threads.
const MOST_THREADS: u32 = 1024;

/// The number of threads to use: `RELENG_THREADS`, or if it is missing or empty, the number of processors.
///
/// No output depends on the number; tests set the variable to prove that.
///
/// Errors (exit 2): the variable is not a number from 1 to 1024.
pub fn threads() -> Result<usize, Failure> {
    let stated = std::env::var_os(VARIABLE).unwrap_or_default().to_string_lossy().into_owned();
    if stated.is_empty() {
        return Ok(thread::available_parallelism().map_or(1, usize::from));
    }
    let number = parse_number(&stated).filter(|number| (1..=MOST_THREADS).contains(number));
    number.and_then(|number| usize::try_from(number).ok()).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`{VARIABLE}` is `{stated}`, which is not a number from 1 to {MOST_THREADS}"))
            .help("set the number of threads, or unset the variable to use all processors")
    })
}

/// Calls `work` for each item on `threads` threads, and `sink` for each result, on the calling thread and in the order of
/// `items`.
///
/// Errors: where several items fail, that of the first in the order of `items`; an error of `sink` stops everything at once.
pub fn map_in_order<I: Send, O: Send>(
    items: impl Iterator<Item = I> + Send,
    threads: usize,
    work: impl Fn(I) -> Result<O> + Sync,
    sink: impl FnMut(O) -> Result<()>,
) -> Result<()> {
    ordered_map(items, threads, || Ok(()), |(), item| work(item), sink)
}

/// Like [`map_in_order`], with a state for each thread (a repository handle, a compressor): `state` makes it on that thread,
/// and `work` gets it with each item.
///
/// Errors: as there; an error of `state` stops everything at once.
pub fn ordered_map<I, O, S>(
    items: impl Iterator<Item = I> + Send,
    threads: usize,
    state: impl Fn() -> Result<S> + Sync,
    work: impl Fn(&mut S, I) -> Result<O> + Sync,
    mut sink: impl FnMut(O) -> Result<()>,
) -> Result<()>
where
    I: Send,
    O: Send,
{
    let in_flight = 2 * threads; // items that were taken and are not in `sink` yet
    let source = Mutex::new(items.enumerate());
    let (results, ordered) = sync_channel::<Result<(usize, Result<O>)>>(in_flight);
    // A worker takes one permit for each item, and the sink gives it back. So the workers stop at `in_flight` items while
    // one slow item is not done.
    let (permit, permits) = sync_channel::<()>(in_flight);
    let permits = Mutex::new(permits);
    let (source, permits, state, work) = (&source, &permits, &state, &work);
    thread::scope(move |scope| {
        for number in 0..threads {
            let results = results.clone();
            let started = threads::spawn_scoped(scope, move || {
                let _guard = PanicGuard(&results);
                let mut own = match state() {
                    Ok(own) => own,
                    Err(error) => {
                        drop(results.send(Err(error))); // it fails where the sink has failed already
                        return;
                    }
                };
                loop {
                    if !permits.lock().is_ok_and(|permits| permits.recv().is_ok()) {
                        return; // the sink is gone
                    }
                    let next = source.lock().map(|mut items| items.next()).unwrap_or_default();
                    let Some((index, item)) = next else { return };
                    if results.send(Ok((index, work(&mut own, item)))).is_err() {
                        return; // the sink has failed; its error is the one that counts
                    }
                }
            });
            match started {
                Ok(_) => {}
                Err(refused) if number == 0 => return Err(refused.into()),
                Err(_) => break,
            }
        }
        drop(results);
        for _ in 0..in_flight {
            permit.send(())?;
        }
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        // An early return drops `ordered` and `permit`: the channels are closed, the workers end, and so does the scope.
        for received in ordered {
            let (index, result) = received?;
            waiting.insert(index, result);
            while let Some(ready) = waiting.remove(&due) {
                due += 1;
                sink(ready?)?;
                permit.send(())?; // never blocks: it replaces a permit that was taken
            }
        }
        Ok(())
    })
}

/// Ends the loop of the sink when a worker panics: without this, the loop would wait for the worker's item for ever. The scope
/// passes the panic on.
struct PanicGuard<'a, T>(&'a SyncSender<Result<T>>);

impl<T> Drop for PanicGuard<'_, T> {
    fn drop(&mut self) {
        if thread::panicking() {
            drop(self.0.send(Err(anyhow::anyhow!("a worker has panicked"))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_input() {
        for threads in [1, 2, 7] {
            let mut seen = Vec::new();
            let slow_start = |n: u64| {
                thread::sleep(std::time::Duration::from_micros(200 - n * 2));
                Ok(n)
            };
            let keep = |n| {
                seen.push(n);
                Ok(())
            };
            map_in_order(0..100, threads, slow_start, keep).unwrap();
            assert_eq!(seen, (0..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_error_anywhere_ends_the_work() {
        let work = |n: u32| if n == 5 { anyhow::bail!("five") } else { Ok(n) };
        let failed = map_in_order(0.., 3, work, |_| Ok(())).unwrap_err();
        assert_eq!(failed.to_string(), "five");
        let late = |n: u32| -> Result<u32> {
            thread::sleep(std::time::Duration::from_millis(u64::from(4 - n.min(4))));
            anyhow::bail!("item {n}")
        };
        let failed = map_in_order(0.., 3, late, |_| Ok(())).unwrap_err();
        assert_eq!(failed.to_string(), "item 0");
        let failed = map_in_order(0.., 3, Ok, |_: u32| anyhow::bail!("sink")).unwrap_err();
        assert_eq!(failed.to_string(), "sink");
        let failed =
            ordered_map(0.., 3, || anyhow::bail!("state"), |_: &mut (), n: u32| Ok(n), |_| Ok(())).unwrap_err();
        assert_eq!(failed.to_string(), "state");
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_is_passed_on() {
        let work = |n: u32| if n == 5 { panic!("five") } else { Ok(n) };
        drop(map_in_order(0.., 3, work, |_| Ok(())));
    }
}
