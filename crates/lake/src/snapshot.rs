//! A table at one version for engines that read Parquet themselves: its columns and its part files, as the Delta log has them.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use futures::stream::BoxStream;
use object_store::ObjectStore;
use runlake_types::ProjectPath;

use crate::part_file::PartFile;
use crate::reader::read_columns;
use crate::{Error, Lake, TableName};

/// A table at one version. Later commits do not show, and its files stay until a vacuum after its time.
#[derive(Clone, Debug)]
pub struct TableSnapshot {
    /// The columns: `entity` and `project`, which stand in the names of the folders and not in the files, then those of the files. A file
    /// may lack columns that were added after it: they are null in all of its rows.
    pub schema: SchemaRef,
    /// The part files by project, then by the first run and step in them.
    pub files: Vec<SnapshotFile>,
}

/// A part file of a [`TableSnapshot`].
#[derive(Clone)]
pub struct SnapshotFile {
    /// Its path on local disk, or its address in a bucket.
    pub address: String,
    /// The project of all its rows.
    pub project: ProjectPath,
    /// How many rows it has.
    pub rows: u64,
    file: PartFile,
    store: Arc<dyn ObjectStore>,
}

impl SnapshotFile {
    /// Some columns of the file, those of them that it has, in the order of the file. Only their pages are fetched.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn read_columns(&self, names: &[&str]) -> Result<BoxStream<'static, Result<RecordBatch, Error>>, Error> {
        read_columns(Arc::clone(&self.store), &self.file, names).await
    }
}

impl fmt::Debug for SnapshotFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SnapshotFile").field("address", &self.address).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Lake {
    /// The newest version of a table, with the part files of these projects.
    ///
    /// # Errors
    /// When the Delta log cannot be read, or the lake does not have the table.
    pub async fn snapshot(&self, name: TableName, projects: &[ProjectPath]) -> Result<TableSnapshot, Error> {
        let table = self.table(name).await?;
        let mut files = table.part_files(None)?;
        files.retain(|file| projects.contains(&file.project));
        let files = files.into_iter().map(|file| SnapshotFile {
            address: self.address(name, &file),
            project: file.project.clone(),
            rows: file.rows,
            store: table.store(),
            file,
        });
        Ok(TableSnapshot { schema: Arc::clone(table.schema()), files: files.collect() })
    }

    /// Where a part file of the table lies.
    pub(crate) fn address(&self, name: TableName, file: &PartFile) -> String {
        let location = self.location();
        match location.as_folder() {
            Some(folder) => folder.join(name.as_str()).join(file.path.as_ref()).display().to_string(),
            None => format!("{}{}", location.table_url(name.as_str()), file.path),
        }
    }
}
