//! A run's exports on the service: how much of each is fetched at once, and a new address when the old one's time is over.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::FutureExt as _;
use runlake_fetch::{Client, ErrorKind as FetchError, FileEnd, SignedUrl};
use runlake_types::{HistoryKeys, RunPath};

use crate::export_reader::ExportReader;
use crate::projection::Projection;
use crate::ranged_file::{KnownParts, RangedFile};
use crate::step_profile::StepProfile;
use crate::{Error, ErrorKind, KindPlan};

/// How often new addresses are asked for while one file is read.
const MOST_RENEWALS: u32 = 3;

/// How often a file is fetched that cannot be read: one that was cut short on the way can be as long as its answer announced.
const ATTEMPTS_ON_A_SPOILT_FILE: u32 = 3;

/// One export, in hand as far as it was fetched.
#[derive(Clone, Debug)]
pub(crate) struct ExportFile {
    run: RunPath,
    size: u64,
    /// The last bytes; the whole of a small file.
    end: Bytes,
    /// What else was fetched, a little of it.
    known: KnownParts,
    address: Address,
}

impl ExportFile {
    /// Fetches the last `length` bytes of an export, which of a small one is everything.
    pub(crate) async fn open(client: &Client, run: &RunPath, url: SignedUrl, length: u64) -> Result<Self, Error> {
        let address = Address { client: client.clone(), run: run.clone(), url: Arc::new(Mutex::new(url)) };
        let FileEnd { bytes, size } = address.try_with(|client, url| async move { client.signed_end(&url, length).await }).await?;
        Ok(Self { run: run.clone(), size, end: bytes, known: KnownParts::default(), address })
    }

    fn is_whole(&self) -> bool {
        self.end.len() as u64 >= self.size
    }

    /// The bytes that are held of it.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.end.len() as u64
    }

    /// Reads the wanted columns.
    pub(crate) async fn columns(
        &self,
        wanted: &Projection,
        keys: Option<&HistoryKeys>,
        plan: &Arc<KindPlan>,
    ) -> Result<ExportReader, Error> {
        if self.is_whole() {
            return ExportReader::of_bytes(&self.run, self.end.clone(), wanted, keys, plan);
        }
        let (address, known) = (self.address.clone(), self.known.clone());
        // The steps are read to know the order, and once more with the other columns.
        let is_kept = *wanted == Projection::Steps;
        let fetch = move |range: Range<u64>| {
            let (address, known) = (address.clone(), known.clone());
            let fetch = async move {
                let request = |client: Client, url| {
                    let range = range.clone();
                    async move { client.signed_range(&url, range).await }
                };
                let bytes = address.try_with(request).await?;
                if is_kept {
                    known.keep(range.start, bytes.clone());
                }
                Ok(bytes)
            };
            fetch.boxed()
        };
        let file = RangedFile { size: self.size, end: self.end.clone(), known: self.known.clone(), fetch: Box::new(fetch) };
        ExportReader::of_file(&self.run, file, wanted, keys, plan).await
    }

    /// Which steps it has, from nothing but its column `_step`. A file that arrived spoilt is fetched again.
    pub(crate) async fn profile(&mut self, keys: Option<&HistoryKeys>) -> Result<StepProfile, Error> {
        let mut attempt = 1;
        loop {
            match self.read_profile(keys).await {
                Err(error)
                    if attempt < ATTEMPTS_ON_A_SPOILT_FILE && self.is_whole() && matches!(error.kind(), ErrorKind::Export { .. }) =>
                {
                    tracing::debug!(run = %self.run, %error, "an export cannot be read: fetching it again");
                    self.end = self.address.try_with(|client, url| async move { client.signed_bytes(&url).await }).await?;
                    self.size = self.held_bytes();
                    attempt += 1;
                }
                read => return read,
            }
        }
    }

    async fn read_profile(&self, keys: Option<&HistoryKeys>) -> Result<StepProfile, Error> {
        let mut steps = self.columns(&Projection::Steps, keys, &Arc::default()).await?;
        let mut profile = StepProfile::default();
        while let Some(part) = steps.next().await? {
            profile.add(&part);
        }
        Ok(profile)
    }
}

/// Where an export is, by an address that is good for a limited time.
#[derive(Clone, Debug)]
struct Address {
    client: Client,
    run: RunPath,
    url: Arc<Mutex<SignedUrl>>,
}

impl Address {
    /// Does `request` with the address, and again with a new one of the same file when its time is over.
    async fn try_with<T, Fut>(&self, request: impl Fn(Client, SignedUrl) -> Fut) -> Result<T, runlake_fetch::Error>
    where
        Fut: Future<Output = Result<T, runlake_fetch::Error>>,
    {
        let mut renewals = 0;
        loop {
            let url = self.url.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let error = match request(self.client.clone(), url.clone()).await {
                Err(error) if renewals < MOST_RENEWALS && matches!(error.kind(), FetchError::UrlExpired { .. }) => error,
                outcome => return outcome,
            };
            renewals += 1;
            tracing::debug!(run = %self.run, %url, "the address of an export is no longer good: asking for a new one");
            let fresh = self.client.parquet_history(&self.run).await?.urls;
            // The order of the exports is not stable, their paths are.
            let same = fresh.into_iter().find(|fresh| fresh.expose().path() == url.expose().path());
            let Some(same) = same else { return Err(error) };
            *self.url.lock().unwrap_or_else(PoisonError::into_inner) = same;
        }
    }
}
