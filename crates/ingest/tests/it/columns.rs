//! Comparing decoded rows column by column.

use std::fmt::Write as _;

use runlake_ingest::RowColumns;

/// All that there is to see of rows; floats by their bits.
pub(crate) fn shown(rows: &RowColumns) -> String {
    let mut out = format!("steps {:?}\n", rows.steps.as_ref().map(|steps| steps.values().to_vec()));
    let bits =
        |array: &arrow::array::Float64Array| array.iter().map(|value| value.map(|value| (value, value.to_bits()))).collect::<Vec<_>>();
    writeln!(out, "timestamps {:?}\nruntimes {:?}", bits(&rows.timestamps), bits(&rows.runtimes)).unwrap();
    for metric in &rows.metrics {
        let values = match arrow::array::AsArray::as_primitive_opt::<arrow::datatypes::Float64Type>(metric.values.as_ref()) {
            Some(floats) => format!("{:?}", bits(floats)),
            None => format!("{:?}", metric.values),
        };
        writeln!(out, "{} {:?} {values}", metric.path.to_json_text(), metric.kind).unwrap();
    }
    if let Some(rescued) = &rows.rescued {
        writeln!(out, "rescued {:?}", rescued.iter().collect::<Vec<_>>()).unwrap();
    }
    out
}
