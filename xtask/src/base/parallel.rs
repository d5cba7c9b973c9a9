//! Work spread over threads whose results come back in the order of the input.
//!
//! What the archive writers need and no more: bounded memory (at most `2 × threads` items are in flight), one state for
//! each thread (a repository handle, a compressor), the order of the input kept, the first error stops everything.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use anyhow::Result;

/// How many threads to use: `RELENG_THREADS` where it is a positive number, else what the system offers.
///
/// The number shapes no byte of any output; tests set the variable to prove that.
pub fn threads() -> usize {
    std::env::var("RELENG_THREADS")
        .ok()
        .and_then(|text| text.parse::<NonZero<usize>>().ok())
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZero::get)
}

/// Applies `work` to each item on `threads` threads and hands the results to `sink`, on the calling thread, in the
/// order of `items`.
///
/// `state` makes what a thread keeps for itself, on that thread. Errors: of several items that fail, the first in the
/// order of `items`, whatever the threads do; an error of `state` or `sink` counts at once.
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
    let in_flight = 2 * threads;
    let source = Mutex::new(items.enumerate());
    let (results, ordered) = sync_channel::<Result<(usize, Result<O>)>>(in_flight);
    // A worker pays one permit for each item and the sink gives it back: a slow item cannot let the others run away.
    let (permit, permits) = sync_channel::<()>(in_flight);
    let permits = Mutex::new(permits);
    let (source, permits, state, work) = (&source, &permits, &state, &work);
    thread::scope(move |scope| {
        for _ in 0..threads {
            let results = results.clone();
            scope.spawn(move || {
                let _alarm = Alarm(&results);
                let mut own = match state() {
                    Ok(own) => own,
                    Err(error) => return drop(results.send(Err(error))),
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
        }
        drop(results);
        for _ in 0..in_flight {
            permit.send(())?;
        }
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        // `ordered` moves in and `permit` is ours: an early return hangs up on the workers, and the scope can end.
        for answer in ordered {
            let (index, result) = answer?;
            waiting.insert(index, result);
            while let Some(ready) = waiting.remove(&due) {
                due += 1;
                sink(ready?)?;
                permit.send(())?; // never blocks: as many were taken as are given back
            }
        }
        Ok(())
    })
}

/// Tells the sink of a worker's panic, which would otherwise wait for its item for ever. The scope passes the panic on.
struct Alarm<'a, T>(&'a SyncSender<Result<T>>);

impl<T> Drop for Alarm<'_, T> {
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
            let slow_start = |_: &mut (), n: u64| {
                thread::sleep(std::time::Duration::from_micros(200 - n * 2));
                Ok(n)
            };
            ordered_map(
                0..100,
                threads,
                || Ok(()),
                slow_start,
                |n| {
                    seen.push(n);
                    Ok(())
                },
            )
            .unwrap();
            assert_eq!(seen, (0..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_error_anywhere_ends_the_work() {
        let work = |_: &mut (), n: u32| if n == 5 { anyhow::bail!("five") } else { Ok(n) };
        let failed = ordered_map(0.., 3, || Ok(()), work, |_| Ok(())).unwrap_err();
        assert_eq!(failed.to_string(), "five");
        let late = |_: &mut (), n: u32| -> Result<u32> {
            thread::sleep(std::time::Duration::from_millis(u64::from(4 - n.min(4))));
            anyhow::bail!("item {n}")
        };
        let failed = ordered_map(0.., 3, || Ok(()), late, |_| Ok(())).unwrap_err();
        assert_eq!(failed.to_string(), "item 0");
        let failed = ordered_map(0.., 3, || Ok(()), |_: &mut (), n: u32| Ok(n), |_| anyhow::bail!("sink")).unwrap_err();
        assert_eq!(failed.to_string(), "sink");
        let failed =
            ordered_map(0.., 3, || anyhow::bail!("state"), |_: &mut (), n: u32| Ok(n), |_| Ok(())).unwrap_err();
        assert_eq!(failed.to_string(), "state");
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_is_passed_on() {
        let work = |_: &mut (), n: u32| if n == 5 { panic!("five") } else { Ok(n) };
        drop(ordered_map(0.., 3, || Ok(()), work, |_| Ok(())));
    }
}
