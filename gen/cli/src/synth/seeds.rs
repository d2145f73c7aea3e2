//! Tries place-and-route seeds side by side until one is good enough.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Mutex;
use std::thread;

/// Runs `attempt` for the seeds in their order, on up to `workers` threads, and starts no more once `good` holds
/// or an attempt fails.
///
/// Results come in the order of `seeds` up to the first good one, so they do not depend on which thread was
/// faster: a seed is started only after all seeds before it, and those in flight are waited for.
///
/// # Errors
/// The error of the first seed, in their order, that failed before any was good.
pub(super) fn try_until<T: Send, E: Send>(
    seeds: &[u32],
    workers: usize,
    attempt: impl Fn(u32) -> Result<T, E> + Sync,
    good: impl Fn(&T) -> bool + Sync,
) -> Result<Vec<(u32, T)>, E> {
    let next = AtomicUsize::new(0);
    let enough = AtomicBool::new(false);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers.clamp(1, seeds.len().max(1)) {
            scope.spawn(|| {
                while !enough.load(Ordering::SeqCst) {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    let Some(seed) = seeds.get(index) else { break };
                    let result = attempt(*seed);
                    if result.as_ref().map_or(true, &good) {
                        enough.store(true, Ordering::SeqCst);
                    }
                    let mut done = done.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    done.push((index, *seed, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    done.sort_by_key(|(index, ..)| *index);
    let mut results = Vec::new();
    for (_, seed, result) in done {
        let result = result?;
        let last = good(&result);
        results.push((seed, result));
        if last {
            break;
        }
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_results_end_at_the_first_good_seed_whichever_thread_is_faster() {
        for workers in 1..=4 {
            // Seed 20 is good but slow, seed 30 is good and fast.
            let attempt = |seed: u32| {
                thread::sleep(Duration::from_millis(if seed == 20 { 30 } else { 1 }));
                Ok::<u32, String>(seed)
            };
            let results = try_until(&[10, 20, 30, 40], workers, attempt, |seed| *seed >= 20);
            assert_eq!(results, Ok(vec![(10, 10), (20, 20)]), "{workers} workers");
        }
    }

    #[test]
    fn without_a_good_seed_all_are_tried() {
        let results = try_until(&[1, 2, 3], 2, Ok::<u32, String>, |_| false);
        assert_eq!(results, Ok(vec![(1, 1), (2, 2), (3, 3)]));
    }

    #[test]
    fn a_failure_ends_the_search_with_its_error() {
        for workers in 1..=3 {
            let attempt = |seed: u32| match seed {
                2 => Err("no room"),
                _ => Ok(seed),
            };
            let results = try_until(&[1, 2, 3, 4], workers, attempt, |_| false);
            assert_eq!(results, Err("no room"), "{workers} workers");
        }
    }
}
