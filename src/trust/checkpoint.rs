//! Where a run may be killed by a test: nothing at all in a release.

/// Counts; in a debug build, the run is killed at the one that `WHYCERT_KILL_AT` names.
#[cfg(all(debug_assertions, unix))]
pub(super) fn checkpoint() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static PASSED: AtomicUsize = AtomicUsize::new(0);
    let here = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    let wanted = std::env::var("WHYCERT_KILL_AT").ok();
    if wanted.and_then(|at| at.parse().ok()) == Some(here) {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Nothing.
#[cfg(not(all(debug_assertions, unix)))]
pub(super) fn checkpoint() {}
