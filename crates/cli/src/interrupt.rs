//! Ctrl-C: the work is dropped where it stands, and since nothing half-written is ever visible, the same command goes on from there.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit_code;

#[cfg(unix)]
type Signal = tokio::signal::unix::Signal;
#[cfg(windows)]
type Signal = tokio::signal::windows::CtrlC;

/// Ctrl-C, listened for from when this is made.
#[derive(Debug)]
pub(crate) struct Interrupt(Signal);

impl Interrupt {
    /// Begins to listen. Must be called within a runtime.
    ///
    /// `tokio::signal::ctrl_c` would begin only when it is first waited for, which is after the work has taken its first steps.
    pub(crate) fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
        #[cfg(windows)]
        let signal = tokio::signal::windows::ctrl_c()?;
        Ok(Self(signal))
    }

    /// Runs `work` to its end, or until Ctrl-C, unless a part of the work takes it to itself.
    pub(crate) async fn or_end_of(mut self, work: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
        tokio::select! {
            biased;
            () = self.heard_by_all() => {
                HAS_GIVEN_UP.store(true, Ordering::Relaxed);
                crate::report::say("stopped; nothing is half-written, and the same command goes on from here");
                Ok(exit_code::INTERRUPTED)
            }
            outcome = work => outcome,
        }
    }

    async fn heard_by_all(&mut self) {
        loop {
            self.0.recv().await;
            if !IS_FOR_A_PART.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

/// Whether work was given up that may still go on, on threads that cannot be stopped.
static HAS_GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// Whether Ctrl-C gave up work that would be waited for at the end of the runtime.
pub(crate) fn has_given_up() -> bool {
    HAS_GIVEN_UP.load(Ordering::Relaxed)
}

/// Whether Ctrl-C ends a part of the work alone.
static IS_FOR_A_PART: AtomicBool = AtomicBool::new(false);

/// Runs a part of the work to its end, or until Ctrl-C, which then ends nothing else; whether it came to its end.
pub(crate) async fn ends_alone(part: impl Future<Output = ()>) -> std::io::Result<bool> {
    let mut interrupt = Interrupt::listen()?;
    IS_FOR_A_PART.store(true, Ordering::Relaxed);
    let has_ended = tokio::select! {
        () = part => true,
        _ = interrupt.0.recv() => {
            HAS_GIVEN_UP.store(true, Ordering::Relaxed);
            false
        }
    };
    // Whoever listens for the rest of the work hears of it first.
    tokio::task::yield_now().await;
    IS_FOR_A_PART.store(false, Ordering::Relaxed);
    Ok(has_ended)
}
