//! The table of the comparison as Markdown.

use std::fmt::Write as _;

/// What several times the same job took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// The median of the times.
    pub seconds: f64,
    /// Rows made.
    pub rows: u64,
    /// The most memory of any.
    pub peak_bytes: u64,
    /// The median of the backend's seconds on a core.
    pub server_seconds: f64,
    /// Bytes of bodies that the backend sent.
    pub sent_bytes: u64,
    /// Bytes read of files, where they were counted.
    pub read_bytes: u64,
}

/// One row of the table.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// What was done.
    pub work: String,
    /// How the official SDK does it; `None` when it was not measured.
    pub sdk: Option<Measured>,
    /// How runlake does it.
    pub runlake: Measured,
    /// What is asked of runlake.
    pub must: &'static str,
    /// Seconds that the machine needs for the same bytes.
    pub floor_seconds: Option<f64>,
    /// What else there is to say.
    pub note: String,
}

/// The table.
pub fn markdown(lines: &[Line]) -> String {
    let mut table = String::from(
        "| work | official SDK | runlake | times faster | must reach | server CPU: SDK, runlake | peak memory of runlake | share of the physical limit | notes |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    let none = || "–".to_owned();
    for line in lines {
        let sdk = line.sdk.map_or_else(none, |sdk| seconds(sdk.seconds));
        let faster = line.sdk.map_or_else(none, |sdk| format!("{:.1}x", sdk.seconds / line.runlake.seconds));
        let server = line.sdk.map_or_else(none, |sdk| seconds(sdk.server_seconds));
        let share =
            line.floor_seconds.map_or_else(none, |floor| format!("{:.0} % of {}", 100.0 * floor / line.runlake.seconds, seconds(floor)));
        writeln!(
            table,
            "| {} | {sdk} | {} | {faster} | {} | {server}, {} | {} | {share} | {} |",
            line.work,
            seconds(line.runlake.seconds),
            line.must,
            seconds(line.runlake.server_seconds),
            megabytes(line.runlake.peak_bytes),
            line.note
        )
        .expect("writing to a String cannot fail");
    }
    table
}

/// One question, asked of runlake and of other engines.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The question.
    pub work: String,
    /// The other engines, by name.
    pub peers: Vec<(&'static str, Measured)>,
    /// How runlake answers it.
    pub runlake: Measured,
    /// What is asked of runlake.
    pub must: &'static str,
    /// What else there is to say.
    pub note: String,
}

/// The table of questions: a line for each engine beside runlake.
pub fn markdown_of_questions(questions: &[Asked]) -> String {
    let mut table = String::from(
        "| question | beside | it takes | runlake takes | times faster | must reach | peak memory: it, runlake | bytes read: it, runlake | notes |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for asked in questions {
        let ours = &asked.runlake;
        let alone = [("–", None)];
        let beside: Vec<(&str, Option<Measured>)> = asked.peers.iter().map(|(name, peer)| (*name, Some(*peer))).collect();
        for (name, peer) in if beside.is_empty() { &alone[..] } else { &beside[..] } {
            let of = |text: &dyn Fn(&Measured) -> String| peer.as_ref().map_or_else(|| "–".to_owned(), text);
            writeln!(
                table,
                "| {} | {name} | {} | {} | {} | {} | {}, {} | {}, {} | {} |",
                asked.work,
                of(&|peer| seconds(peer.seconds)),
                seconds(ours.seconds),
                of(&|peer| format!("{:.1}x", peer.seconds / ours.seconds)),
                asked.must,
                of(&|peer| megabytes(peer.peak_bytes)),
                megabytes(ours.peak_bytes),
                of(&|peer| megabytes(peer.read_bytes)),
                megabytes(ours.read_bytes),
                asked.note
            )
            .expect("writing to a String cannot fail");
        }
    }
    table
}

fn seconds(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.0} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

/// Bytes as people read them.
pub fn megabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}
