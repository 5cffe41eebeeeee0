//! How many requests are in flight: one limit for all calls of a client, which finds out what the server bears.
//!
//! It grows by one for each round of requests that went well, and is halved when the server says that it is overloaded: HTTP 429 and 5xx,
//! and answers that do not come in time. Requests that began before a cut cannot cut again, so one bad moment counts once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests in flight before anything is known of the server.
const FIRST_LIMIT: usize = 12;

#[derive(Debug)]
pub(crate) struct Gate {
    slots: Arc<Semaphore>,
    state: Mutex<State>,
    largest: usize,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// Slots that a cut took away while they were in use: their passes do not give them back.
    owed: usize,
    /// Requests that went well since the limit last changed.
    went_well: usize,
    /// How often the limit was cut.
    cuts: u64,
}

impl Gate {
    /// A gate that never lets more than `largest` requests through at once.
    pub(crate) fn new(largest: usize) -> Self {
        let largest = largest.max(1);
        let limit = FIRST_LIMIT.min(largest);
        Self { slots: Arc::new(Semaphore::new(limit)), state: Mutex::new(State { limit, owed: 0, went_well: 0, cuts: 0 }), largest }
    }

    /// Waits for a slot, first come first served. Dropping the pass gives the slot back.
    pub(crate) async fn enter(&self) -> Pass<'_> {
        let permit = Arc::clone(&self.slots).acquire_owned().await.ok();
        let cuts = self.lock().cuts;
        Pass { gate: self, permit, cuts }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to have one request in flight.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    gate: &'a Gate,
    permit: Option<OwnedSemaphorePermit>,
    cuts: u64,
}

impl Pass<'_> {
    /// The answer came.
    pub(crate) fn went_well(self) {
        let mut state = self.gate.lock();
        state.went_well += 1;
        if state.went_well >= state.limit && state.limit < self.gate.largest {
            state.limit += 1;
            state.went_well = 0;
            if state.owed > 0 {
                state.owed -= 1;
            } else {
                self.gate.slots.add_permits(1);
            }
        }
    }

    /// The server has too much to do.
    pub(crate) fn overloaded(self) {
        let mut state = self.gate.lock();
        if state.cuts != self.cuts || state.limit == 1 {
            return;
        }
        let cut = state.limit / 2;
        state.limit -= cut;
        state.cuts += 1;
        state.went_well = 0;
        state.owed += cut - self.gate.slots.forget_permits(cut);
        tracing::debug!(limit = state.limit, "the server is overloaded: fewer requests at once");
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        if state.owed > 0
            && let Some(permit) = self.permit.take()
        {
            permit.forget();
            state.owed -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(gate: &Gate) -> usize {
        gate.lock().limit
    }

    #[tokio::test]
    async fn it_grows_slowly_and_is_halved_once_for_a_bad_moment() {
        let gate = Gate::new(14);
        for _ in 0..12 {
            gate.enter().await.went_well();
        }
        assert_eq!((limit(&gate), gate.slots.available_permits()), (13, 13));
        let mut passes = Vec::new();
        for _ in 0..13 {
            passes.push(gate.enter().await);
        }
        for pass in passes {
            pass.overloaded();
        }
        assert_eq!((limit(&gate), gate.slots.available_permits()), (7, 7));
        for _ in 0..200 {
            gate.enter().await.went_well();
        }
        assert_eq!((limit(&gate), gate.slots.available_permits()), (14, 14), "never more than the largest");
    }

    #[tokio::test]
    async fn one_request_always_gets_through() {
        let gate = Gate::new(1);
        gate.enter().await.overloaded();
        assert_eq!((limit(&gate), gate.slots.available_permits()), (1, 1));
    }
}
