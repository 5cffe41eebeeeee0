//! Ctrl-C: the work is dropped where it stands, and since nothing half-written is ever visible, the same command goes on from there.

use crate::exit_code;

/// Runs `work` to its end, or until Ctrl-C.
pub(crate) async fn until_interrupted(work: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    tokio::select! {
        outcome = work => outcome,
        signal = tokio::signal::ctrl_c() => {
            signal?;
            crate::report::say("stopped; nothing is half-written, and the same command goes on from here");
            Ok(exit_code::INTERRUPTED)
        }
    }
}
