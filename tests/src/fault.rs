//! Faults that a service, or the network before it, can have, and on which requests they come.
//!
//! This file decides; [`fault_proxy`](crate::fault_proxy) carries it out. Requests are told apart by what they ask for and not by the
//! name of their document, so that a script holds for any client.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

/// Something that goes wrong with one request.
#[derive(Clone)]
pub enum Fault {
    /// HTTP 429, with or without the seconds after which to come again.
    RateLimited(Option<&'static str>),
    /// The right answer, with headers that say that the limit is used up for so many seconds.
    LimitUsedUp(&'static str),
    /// An answer with this status and a web page, as gateways send it.
    Status(u16),
    /// A TCP reset before a byte of the answer.
    Reset,
    /// A TCP reset when half of the answer has been sent.
    ResetInBody,
    /// An answer that claims gzip and ends in the middle of it.
    TruncatedGzip,
    /// JSON that breaks off, in an answer that is whole.
    MalformedJson,
    /// HTTP 200 with a GraphQL error and the half of the data.
    PartialData(&'static str),
    /// Nothing for so long, then the right answer.
    SlowFirstByte(Duration),
    /// HTTP 403, as for a signed address whose time is over.
    Expired,
    /// More bytes announced than are sent.
    TooLong,
    /// Fewer bytes announced than there are; the rest is not sent.
    TooShort,
    /// The answer to the previous request of the same kind for the same run, in the place of the right one.
    PreviousAnswer,
    /// A page of a listing whose cursor is that of the page before.
    SameCursor,
    /// The right answer, and something happens before it is asked for.
    Happening(Arc<dyn Fn() + Send + Sync>),
}

impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RateLimited(wait) => write!(formatter, "RateLimited({wait:?})"),
            Self::LimitUsedUp(seconds) => write!(formatter, "LimitUsedUp({seconds})"),
            Self::Status(status) => write!(formatter, "Status({status})"),
            Self::Reset => formatter.write_str("Reset"),
            Self::ResetInBody => formatter.write_str("ResetInBody"),
            Self::TruncatedGzip => formatter.write_str("TruncatedGzip"),
            Self::MalformedJson => formatter.write_str("MalformedJson"),
            Self::PartialData(message) => write!(formatter, "PartialData({message})"),
            Self::SlowFirstByte(wait) => write!(formatter, "SlowFirstByte({wait:?})"),
            Self::Expired => formatter.write_str("Expired"),
            Self::TooLong => formatter.write_str("TooLong"),
            Self::TooShort => formatter.write_str("TooShort"),
            Self::PreviousAnswer => formatter.write_str("PreviousAnswer"),
            Self::SameCursor => formatter.write_str("SameCursor"),
            Self::Happening(_) => formatter.write_str("Happening"),
        }
    }
}

/// Which requests a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// Every one.
    All,
    /// GraphQL of any kind.
    Graphql,
    /// Pages of the listing of runs.
    Listings,
    /// Pages of history.
    HistoryPages,
    /// Downloads of exports and files.
    Downloads,
    /// Whatever is asked of the run of this id: GraphQL that names it in its variables, and its files.
    OfRun(&'static str),
}

/// When a rule strikes, among the requests that it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The request of this number, counted from 1.
    Nth(u32),
    /// Every request.
    Always,
    /// The first request of each kind and address; what is asked again is answered.
    OnceEach,
    /// Of a thousand different requests so many, chosen by the seed, and each of them at most twice: the same requests whatever their
    /// order, and never so often that a client may give up.
    Seldom {
        /// How many of a thousand.
        per_mille: u64,
        /// What chooses them.
        seed: u64,
    },
}

/// A fault, and on which requests it comes.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Which requests are looked at.
    pub on: Requests,
    /// Which of them are struck.
    pub when: When,
    /// With what.
    pub fault: Fault,
}

impl Rule {
    /// `fault` on those of the requests `on` that `when` says.
    pub fn new(on: Requests, when: When, fault: Fault) -> Self {
        Self { on, when, fault }
    }
}

/// What a request asks for, as far as rules tell requests apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Asked {
    /// The path of its target, without the query, which holds signatures that differ from call to call.
    pub(crate) path: String,
    /// The body.
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn is(&self, requests: Requests) -> bool {
        let is_graphql = self.path.ends_with("/graphql");
        match requests {
            Requests::All => true,
            Requests::Graphql => is_graphql,
            Requests::Listings => is_graphql && self.body.contains(" runs("),
            Requests::HistoryPages => is_graphql && self.body.contains("history(minStep"),
            Requests::Downloads => !is_graphql,
            Requests::OfRun(run) => {
                if is_graphql {
                    self.body.contains(&format!("\"{run}\""))
                } else {
                    self.path.split('/').any(|part| part == run)
                }
            }
        }
    }
}

/// Rules, and what they have seen so far. The first rule that strikes a request counts.
#[derive(Debug, Default)]
pub(crate) struct Script {
    rules: Vec<Rule>,
    seen: Vec<u32>,
    times_asked: HashMap<Asked, u64>,
}

impl Script {
    pub(crate) fn new(rules: Vec<Rule>) -> Self {
        Self { seen: vec![0; rules.len()], rules, times_asked: HashMap::new() }
    }

    /// The fault of this request, if it has one.
    pub(crate) fn strike(&mut self, asked: &Asked) -> Option<Fault> {
        let times = self.times_asked.entry(asked.clone()).or_default();
        *times += 1;
        let times = *times;
        let mut struck = None;
        for (rule, seen) in self.rules.iter().zip(&mut self.seen) {
            if !asked.is(rule.on) {
                continue;
            }
            *seen += 1;
            let strikes = match rule.when {
                When::Nth(number) => *seen == number,
                When::Always => true,
                When::OnceEach => times == 1,
                When::Seldom { per_mille, seed } => times <= 2 && chance(&(seed, asked, times)) < per_mille,
            };
            if strikes && struck.is_none() {
                struck = Some(rule.fault.clone());
            }
        }
        struck
    }
}

/// A number below 1000 that depends on nothing but `value`.
fn chance(value: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish() % 1000
}
