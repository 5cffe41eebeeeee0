//! Errors for people: `error:`, each cause once, `hint:`, and the exit code that fits.

use std::io::Write as _;

use crate::exit_code;

/// A mistake in the arguments that no library saw.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct UsageError {
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// Writes a line to stderr. A closed stderr is nobody's problem.
pub(crate) fn say(line: &str) {
    let _nobody_listens = writeln!(std::io::stderr(), "{line}");
}

/// Reports `error` on stderr; gives the exit code. A reader that closed our pipe has seen enough, which is no error.
pub(crate) fn report(error: &anyhow::Error) -> u8 {
    let is_closed_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(is_closed_pipe) || error.to_string().contains("Broken pipe") {
        return exit_code::OK;
    }
    let mut seen: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        // A transparent error says what its source says.
        if seen.iter().any(|line| line.contains(&text)) {
            continue;
        }
        say(&if seen.is_empty() { format!("error: {text}") } else { format!("  caused by: {text}") });
        seen.push(text);
    }
    if let Some(hint) = hint(error) {
        say(&format!("hint: {hint}"));
    }
    code(error)
}

fn hint(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        None.or_else(|| cause.downcast_ref::<UsageError>().map(|error| error.hint.clone()))
            .or_else(|| cause.downcast_ref::<runlake_types::Error>().map(|error| error.hint().to_owned()))
            .or_else(|| cause.downcast_ref::<runlake_server::Error>().map(|error| error.hint().to_owned()))
            .or_else(|| cause.downcast_ref::<runlake::Error>().and_then(runlake::Error::hint))
            .or_else(|| cause.downcast_ref::<runlake_fetch::Error>().and_then(runlake_fetch::Error::hint))
            .or_else(|| cause.downcast_ref::<runlake_ingest::Error>().and_then(runlake_ingest::Error::hint))
            .or_else(|| cause.downcast_ref::<runlake_lake::Error>().and_then(runlake_lake::Error::hint))
            .or_else(|| cause.downcast_ref::<runlake_curves::Error>().and_then(runlake_curves::Error::hint))
            .or_else(|| cause.downcast_ref::<runlake_plot::Error>().and_then(runlake_plot::Error::hint))
            .or_else(|| cause.downcast_ref::<runlake_query::Error>().and_then(runlake_query::Error::hint))
            .or_else(|| cause.downcast_ref::<runlake_curves::Error>().and_then(runlake_curves::Error::hint))
    })
}

fn code(error: &anyhow::Error) -> u8 {
    error.chain().find_map(code_of).unwrap_or(exit_code::FAILURE)
}

fn code_of(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    use runlake_lake::ErrorKind as Lake;
    if cause.is::<UsageError>() || cause.is::<runlake_types::Error>() || cause.is::<runlake_curves::Error>() {
        return Some(exit_code::USAGE);
    }
    if let Some(error) = cause.downcast_ref::<runlake::Error>() {
        return match error.kind() {
            runlake::ErrorKind::Fetch(error) => Some(fetch_code(error)),
            runlake::ErrorKind::Ingest(error) => code_of(error),
            runlake::ErrorKind::Types(_) | runlake::ErrorKind::InvalidArgument { .. } => Some(exit_code::USAGE),
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<runlake_fetch::Error>() {
        return Some(fetch_code(error));
    }
    if let Some(error) = cause.downcast_ref::<runlake_ingest::Error>() {
        return match error.kind() {
            runlake_ingest::ErrorKind::Fetch(error) => Some(fetch_code(error)),
            runlake_ingest::ErrorKind::UnknownKey { .. } => Some(exit_code::USAGE),
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<runlake_query::Error>() {
        use runlake_query::ErrorKind as Query;
        return match error.kind() {
            Query::Lake(error) => code_of(error),
            Query::UnknownRun { .. } | Query::NoRuns { .. } => Some(exit_code::NOT_FOUND),
            Query::UnknownKey { .. }
            | Query::NotNumbers { .. }
            | Query::Pattern { .. }
            | Query::GroupBy { .. }
            | Query::Argument { .. }
            | Query::Curves(_)
            | Query::UnknownColumn { .. }
            | Query::Partition { .. }
            | Query::OutputTaken { .. }
            | Query::Sql(_)
            | Query::TableFile { .. } => Some(exit_code::USAGE),
            _ => None,
        };
    }
    match cause.downcast_ref::<runlake_lake::Error>()?.kind() {
        Lake::NoLake { .. } | Lake::ProjectNotFound { .. } | Lake::RunNotFound { .. } | Lake::NoLogs { .. } => Some(exit_code::NOT_FOUND),
        Lake::Location { .. } | Lake::NoProject { .. } | Lake::NotALake { .. } => Some(exit_code::USAGE),
        Lake::Fetch(error) => Some(fetch_code(error)),
        Lake::Ingest(error) => code_of(error),
        Lake::Offline(error)
            if matches!(
                error.kind(),
                runlake_ingest::offline::ErrorKind::Open { .. } | runlake_ingest::offline::ErrorKind::Search { .. }
            ) =>
        {
            Some(exit_code::NOT_FOUND)
        }
        _ => None,
    }
}

fn fetch_code(error: &runlake_fetch::Error) -> u8 {
    use runlake_fetch::ErrorKind as Fetch;
    match error.kind() {
        Fetch::Unauthenticated { .. } | Fetch::PermissionDenied { .. } | Fetch::NoApiKey { .. } | Fetch::InvalidKey { .. } => {
            exit_code::UNAUTHENTICATED
        }
        Fetch::RunNotFound { .. }
        | Fetch::ProjectNotFound { .. }
        | Fetch::FileNotFound { .. }
        | Fetch::ArtifactNotFound { .. }
        | Fetch::NotFound { .. } => exit_code::NOT_FOUND,
        Fetch::AlreadyExists { .. } | Fetch::LocalFile { .. } | Fetch::UnsafeName { .. } | Fetch::ArtifactState { .. } => {
            exit_code::FAILURE
        }
        Fetch::InvalidBaseUrl { .. } | Fetch::InvalidArgument { .. } => exit_code::USAGE,
        Fetch::Conflict { .. } => exit_code::FAILURE,
        _ => exit_code::SERVER,
    }
}
