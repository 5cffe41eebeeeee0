//! How far a column reaches, as statistics tell without a value being read.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use runlake_types::ProjectPath;

use crate::column_scan::{ColumnScan, FOOTERS_AHEAD};
use crate::part_file::PartFile;
use crate::row_group::FileColumns;
use crate::wanted_rows::WantedRows;
use crate::{Error, Lake};

/// What [`Lake::column_bounds`] gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnBounds {
    /// The smallest and the largest number in any row group that may hold wanted rows; `None` when no statistics tell.
    pub range: Option<(f64, f64)>,
    /// Bytes that were read of footers for it. Those that are known from before cost nothing.
    pub bytes_read: u64,
}

impl Lake {
    /// How far the first of the wanted columns reaches. What is wanted may reach less far: other runs can share the row groups, and rows can
    /// lack the other columns.
    ///
    /// ```
    /// # use runlake_lake::{ColumnScan, Lake, Location, RowsOf, import::{ImportOptions, import}};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let logs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/digits");
    /// # let lake = Lake::open_or_create(Location::folder(folder.path())?).await?;
    /// # import(&lake, &[logs], &ImportOptions::default(), &mut |_| {}).await?;
    /// # let project = lake.projects().await?.remove(0);
    /// let runs = lake.runs(&project).await?.into_iter().map(|run| run.record.path.run_id).collect();
    /// let scan = ColumnScan { rows_of: RowsOf::Histories, columns: vec!["_step".to_owned()], runs, steps: Some(10..20) };
    /// assert_eq!(lake.column_bounds(&project, &scan).await?.range, Some((10.0, 19.0)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the table or a footer cannot be read.
    pub async fn column_bounds(&self, project: &ProjectPath, scan: &ColumnScan) -> Result<ColumnBounds, Error> {
        let table = self.table(scan.rows_of.table()).await?;
        let (wanted, store, bytes_read) = (WantedRows::of(scan), table.part_store(), AtomicU64::new(0));
        let mut files = table.part_files(Some(project))?;
        files.retain(|file| !wanted.in_file(file).is_empty());
        let bounds_of = async |file: PartFile| {
            let footer = self.footers().of(&store, &file, &bytes_read).await?;
            let columns = FileColumns::new(footer, scan.columns.get(..1).unwrap_or_default());
            let groups = (0..columns.row_groups().len()).filter(|group| !wanted.in_group(&columns, *group).is_empty());
            Ok::<_, Error>(groups.filter_map(|group| columns.bounds_of(group, 0, wanted.steps())).reduce(widest))
        };
        let mut bounds = stream::iter(files.into_iter().map(bounds_of)).buffer_unordered(FOOTERS_AHEAD);
        let mut range: Option<(f64, f64)> = None;
        while let Some(bounds) = bounds.try_next().await? {
            range = range.into_iter().chain(bounds).reduce(widest);
        }
        Ok(ColumnBounds { range, bytes_read: bytes_read.load(Ordering::Relaxed) })
    }
}

fn widest(one: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    (one.0.min(other.0), one.1.max(other.1))
}
