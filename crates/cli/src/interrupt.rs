//! Ctrl-C: the work is dropped where it stands, and since nothing half-written is ever visible, the same command goes on from there.

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

    /// Runs `work` to its end, or until Ctrl-C.
    pub(crate) async fn or_end_of(mut self, work: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
        tokio::select! {
            biased;
            _ = self.0.recv() => {
                crate::report::say("stopped; nothing is half-written, and the same command goes on from here");
                Ok(exit_code::INTERRUPTED)
            }
            outcome = work => outcome,
        }
    }
}
