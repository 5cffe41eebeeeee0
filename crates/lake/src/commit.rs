//! One try to commit new part files in the place of old rows, and what its failure means.

use std::time::Duration;

use arrow::datatypes::Field;
use deltalake::kernel::{Add, Remove};
use runlake_types::ProjectPath;

use crate::dropped::Dropped;
use crate::table::{Table, Transaction};
use crate::{Error, ErrorKind};

/// Tries of a commit when other writers are faster.
const ATTEMPTS: u32 = 30;

/// What is to be committed to a table.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(crate) project: &'a ProjectPath,
    /// The new part files.
    pub(crate) add: &'a [Add],
    /// The rows that they take the place of.
    pub(crate) dropped: &'a Dropped,
    /// Columns that the table gets when it does not have them.
    pub(crate) fields: &'a [Field],
    /// Names the commit, so that it is never carried out twice.
    pub(crate) transaction: &'a Transaction,
}

impl Change<'_> {
    /// Whether the change is in the table now. When another writer was faster, the table is at its version, a little time has passed, and
    /// the change can be tried again, up to a limit.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] after the last attempt, and when the store fails.
    pub(crate) async fn try_commit(&self, table: &mut Table, attempt: u32) -> Result<bool, Error> {
        let mut add = self.add.to_vec();
        let remove = self.dropped.take_out(table, self.project, &mut add).await?;
        let Err(error) = table.commit(add, remove, self.fields, self.transaction).await else { return Ok(true) };
        table.refresh().await?;
        // The answer to a commit can be lost after it was carried out.
        if table.has_committed(self.transaction).await? {
            return Ok(true);
        }
        if !matches!(error.kind(), ErrorKind::Conflict { .. }) || attempt >= ATTEMPTS {
            return Err(error);
        }
        tracing::debug!(%error, attempt, "another writer was faster: the commit is made anew");
        tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 20 + rand::random_range(0..100))).await;
        Ok(false)
    }
}

/// Part files that take the place of others with the same rows.
#[derive(Debug)]
pub(crate) struct Replacement<'a> {
    pub(crate) add: Vec<Add>,
    pub(crate) remove: Vec<Remove>,
    pub(crate) transaction: &'a Transaction,
}

impl Replacement<'_> {
    /// Commits once: when another writer took one of the files out meanwhile, the replacement is no longer right.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when another writer was faster, and when the store fails.
    pub(crate) async fn commit(self, table: &mut Table) -> Result<(), Error> {
        let remove = self.remove.into_iter().map(|remove| Remove { data_change: false, ..remove }).collect();
        table.commit(self.add, remove, &[], self.transaction).await
    }
}
