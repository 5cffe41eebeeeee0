//! The pause that a server asks for: before it has to refuse, by `RateLimit-Remaining: 0` with `RateLimit-Reset`
//! (<https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06>), or after, by HTTP 429 with `Retry-After`. All calls
//! of a client share it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, sleep_until};

/// No header makes a client pause longer than this.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub(crate) struct Pace {
    resume_at: Mutex<Option<Instant>>,
}

impl Pace {
    /// Returns at once, or when the pause that was asked for is over.
    pub(crate) async fn wait(&self) {
        let resume_at = *self.resume_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resume_at) = resume_at {
            sleep_until(resume_at).await;
        }
    }

    /// Takes note of an answer's headers.
    pub(crate) fn note(&self, headers: &HeaderMap, seconds_since_epoch: f64) {
        if let Some(pause) = pause_asked_for(headers, seconds_since_epoch) {
            tracing::debug!(seconds = pause.as_secs_f64(), "the server's rate limit is used up");
            self.pause(pause);
        }
    }

    /// Lets no request begin for so long, or for a minute at most.
    pub(crate) fn pause(&self, pause: Duration) {
        let resume_at = Instant::now() + pause.min(LONGEST_PAUSE);
        let mut shared = self.resume_at.lock().unwrap_or_else(PoisonError::into_inner);
        *shared = Some(shared.map_or(resume_at, |earlier| earlier.max(resume_at)));
    }
}

fn pause_asked_for(headers: &HeaderMap, seconds_since_epoch: f64) -> Option<Duration> {
    let number = |name: &str| {
        let value = headers.get(name).or_else(|| headers.get(format!("x-{name}")))?;
        value.to_str().ok()?.trim().parse::<f64>().ok()
    };
    if number("ratelimit-remaining")? > 0.0 {
        return None;
    }
    let reset = number("ratelimit-reset")?;
    // Most servers say in how many seconds, some at which Unix time.
    let seconds = if reset > 1e9 { reset - seconds_since_epoch } else { reset };
    Duration::try_from_secs_f64(seconds).ok().filter(|pause| !pause.is_zero())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_used_up_limit_is_a_pause() {
        let pause = |remaining: &'static str, reset: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("ratelimit-remaining", HeaderValue::from_static(remaining));
            headers.insert("ratelimit-reset", HeaderValue::from_static(reset));
            pause_asked_for(&headers, 1_900_000_000.0)
        };
        assert_eq!(pause("0", "1.5"), Some(Duration::from_millis(1500)));
        assert_eq!(pause("0", "1900000003"), Some(Duration::from_secs(3)));
        assert_eq!(pause("0", "99999"), Some(Duration::from_secs(99_999)));
        for (remaining, reset) in [("1", "5"), ("0", "0"), ("0", "-1"), ("0", "soon"), ("none", "5"), ("0", "NaN")] {
            assert_eq!(pause(remaining, reset), None, "{remaining} {reset}");
        }
    }
}
