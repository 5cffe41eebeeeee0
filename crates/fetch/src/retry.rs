//! When a failed request is sent again, and after how long.
//!
//! Requests that read may all be repeated, and so may writes that say what a thing is to be. A write whose second time means something
//! else is repeated only after failures that surely had no effect.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::{Error, ErrorKind, Failure};

/// Requests for an answer that is not JSON, or that speaks of an internal error: torn answers and moments of weakness are rare, a server that
/// is not W&B, and a run that its server can never give, are not.
const ATTEMPTS_ON_WHAT_MAY_LAST: u32 = 4;

/// The limits of retrying.
///
/// Retried are HTTP 408, 425, 429 and 5xx but 501, lost and refused connections, time-outs, bodies that end early, damaged gzip, GraphQL
/// errors whose words say that they pass, and, with four attempts, malformed JSON and GraphQL errors that speak of an internal error. The
/// wait doubles from [`first_wait`](Self::first_wait) to [`longest_wait`](Self::longest_wait), shortened by a random part of up to one
/// half; a `Retry-After` of the server replaces it exactly. Downloads that make progress before they break start anew with all attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Requests per call, the first one included. Default: 10. Set to 1 to disable retries.
    pub attempts: u32,
    /// Requests to a host that this client has never reached, when the connection fails. Default: 3, so that a wrong host name is
    /// reported within seconds.
    pub first_contact_attempts: u32,
    /// No wait is begun that would end later than this after the first request. Default: 5 minutes.
    pub total: Duration,
    /// The wait before the second request. Default: 0.5 s.
    pub first_wait: Duration,
    /// The longest computed wait. Default: 30 s.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 10,
            first_contact_attempts: 3,
            total: Duration::from_mins(5),
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// One request per call.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The wait after the attempt of this number, counted from 1; `shortened` is between 0 and 1.
    fn wait_after(&self, attempt: u32, shortened: f64) -> Duration {
        let doubled = self.first_wait.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
        doubled.min(self.longest_wait).mul_f64(1.0 - shortened.clamp(0.0, 1.0) / 2.0)
    }

    fn attempts_for(&self, kind: &ErrorKind, first_contact: bool) -> u32 {
        match kind {
            kind if !kind.is_retryable() => 1,
            // A host that does not even refuse has cost seconds already.
            ErrorKind::Connect { source, .. } if first_contact && source.is_timeout() => 1,
            ErrorKind::Connect { .. } if first_contact => self.first_contact_attempts.min(self.attempts),
            kind if kind.may_last() => ATTEMPTS_ON_WHAT_MAY_LAST.min(self.attempts),
            _ => self.attempts,
        }
    }
}

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeatable {
    /// The second time does what the first did.
    Always,
    /// The second time does something else: it is sent again only when the first surely did nothing.
    WithoutEffect,
}

/// The retrying of one call: made before the first request, asked after each failure.
#[derive(Debug)]
pub(crate) struct Retry<'a> {
    policy: &'a RetryPolicy,
    repeatable: Repeatable,
    operation: &'static str,
    started: Instant,
    attempt: u32,
    failed_since_progress: u32,
    since_progress: Instant,
}

impl<'a> Retry<'a> {
    pub(crate) fn new(policy: &'a RetryPolicy, operation: &'static str) -> Self {
        let now = Instant::now();
        Self { policy, repeatable: Repeatable::Always, operation, started: now, attempt: 1, failed_since_progress: 0, since_progress: now }
    }

    /// For a request that may not be repeated as reads are.
    pub(crate) fn with_repeatable(self, repeatable: Repeatable) -> Self {
        Self { repeatable, ..self }
    }

    /// How many requests have failed since the call began or last made progress.
    pub(crate) fn failed(&self) -> u32 {
        self.failed_since_progress
    }

    /// Bytes came and are kept, so the limits count from here.
    pub(crate) fn made_progress(&mut self) {
        self.failed_since_progress = 0;
        self.since_progress = Instant::now();
    }

    /// The error that ends the call.
    pub(crate) fn give_up(&self, kind: ErrorKind) -> Error {
        Error::new(self.operation, self.attempt, self.started.elapsed(), kind)
    }

    /// Returns after the wait before the next request, or with the error that ends the call. `first_contact` says that the
    /// host has never answered this client.
    pub(crate) async fn after(&mut self, failure: Failure, first_contact: bool) -> Result<(), Error> {
        let Failure { kind, retry_after } = failure;
        self.failed_since_progress += 1;
        let computed = self.policy.wait_after(self.failed_since_progress, rand::random());
        let wait = retry_after.unwrap_or(computed);
        let may_repeat = self.repeatable == Repeatable::Always || kind.is_without_effect();
        let over = !may_repeat || self.failed_since_progress >= self.policy.attempts_for(&kind, first_contact);
        if over || self.since_progress.elapsed().saturating_add(wait) > self.policy.total {
            return Err(self.give_up(kind));
        }
        tracing::warn!(
            operation = self.operation,
            attempt = self.attempt,
            wait_seconds = wait.as_secs_f64(),
            reason = %kind,
            "the request failed and is sent again"
        );
        sleep(wait).await;
        self.attempt += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit() {
        let policy = RetryPolicy::default();
        let waits: Vec<f64> = (1..=9).map(|attempt| policy.wait_after(attempt, 0.0).as_secs_f64()).collect();
        assert_eq!(waits, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]);
        assert_eq!(policy.wait_after(1, 1.0), Duration::from_millis(250));
        assert_eq!(policy.wait_after(u32::MAX, 0.0), Duration::from_secs(30));
    }

    #[test]
    fn kinds_have_their_own_limits() {
        let policy = RetryPolicy::default();
        let malformed = || serde_json::from_str::<i64>("1 2").unwrap_err();
        assert_eq!(policy.attempts_for(&ErrorKind::RateLimited { retry_after: None }, true), 10);
        assert_eq!(policy.attempts_for(&ErrorKind::Decode { path: ".".to_owned(), source: malformed() }, false), 4);
        let said = |message: &str| ErrorKind::GraphQl { messages: vec![message.to_owned()] };
        assert_eq!(policy.attempts_for(&said("internal server error"), false), 4);
        assert_eq!(policy.attempts_for(&said("context deadline exceeded"), false), 10);
        assert_eq!(policy.attempts_for(&said("the shard is gone"), false), 1);
        assert_eq!(policy.attempts_for(&ErrorKind::NoData, false), 1);
    }
}
