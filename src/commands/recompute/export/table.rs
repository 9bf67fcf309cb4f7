//! One Parquet file of one flat table, written a group of rows at a time.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// Rows of a group: some megabytes, so that memory stays small and a reader can skip what it does not want.
const GROUP_ROWS: usize = 1 << 17;

/// A value of a row. Which of them a column has, its table's schema says.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    Text(&'a str),
    MaybeText(Option<&'a str>),
    Number(u64),
    MaybeNumber(Option<u64>),
}

/// A column's values of the group under way, and for each row whether it has one.
enum Values {
    Text(Vec<ByteArray>),
    Numbers(Vec<i64>),
}

struct Column {
    values: Values,
    /// Of a column whose values may be missing: 1 where one is there, else 0.
    levels: Option<Vec<i16>>,
}

/// A table that is being written.
pub(super) struct Table {
    writer: SerializedFileWriter<File>,
    columns: Vec<Column>,
    rows: u64,
    group: usize,
}

impl Table {
    /// Makes the file. The schema is in Parquet's own words: `message edges { REQUIRED BYTE_ARRAY root (UTF8); … }`.
    pub(super) fn create(path: &Path, schema: &str) -> Result<Self, ParquetError> {
        let schema = Arc::new(parse_message_type(schema)?);
        let columns = schema.get_fields().iter().map(|field| {
            let is_text = field.get_physical_type() == parquet::basic::Type::BYTE_ARRAY;
            let values = if is_text { Values::Text(Vec::new()) } else { Values::Numbers(Vec::new()) };
            Column { values, levels: field.is_optional().then(Vec::new) }
        });
        let columns = columns.collect();
        let properties = Arc::new(WriterProperties::builder().build());
        let writer = SerializedFileWriter::new(File::create(path)?, schema, properties)?;
        Ok(Self { writer, columns, rows: 0, group: 0 })
    }

    /// Adds a row; its cells are those of the schema.
    pub(super) fn row<const N: usize>(&mut self, cells: [Cell<'_>; N]) -> Result<(), ParquetError> {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.put(cell);
        }
        self.rows += 1;
        self.group += 1;
        if self.group == GROUP_ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        self.group = 0;
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else { break };
            let levels = column.levels.as_deref();
            match &column.values {
                Values::Text(values) => writer.typed::<ByteArrayType>().write_batch(values, levels, None)?,
                Values::Numbers(values) => writer.typed::<Int64Type>().write_batch(values, levels, None)?,
            };
            writer.close()?;
            column.clear();
        }
        group.close().map(drop)
    }

    /// Writes the last group, and the file's end. Answers how many rows there are.
    pub(super) fn end(mut self) -> Result<u64, ParquetError> {
        if self.group > 0 {
            self.flush()?;
        }
        self.writer.close()?;
        Ok(self.rows)
    }
}

impl Column {
    fn put(&mut self, cell: Cell<'_>) {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let (text, number) = match cell {
            Cell::Text(text) => (Some(text), None),
            Cell::MaybeText(text) => (text, None),
            Cell::Number(it) => (None, Some(number(it))),
            Cell::MaybeNumber(it) => (None, it.map(number)),
        };
        if let Some(levels) = &mut self.levels {
            levels.push(i16::from(text.is_some() || number.is_some()));
        }
        match &mut self.values {
            Values::Text(values) => values.extend(text.map(ByteArray::from)),
            Values::Numbers(values) => values.extend(number),
        }
    }

    fn clear(&mut self) {
        match &mut self.values {
            Values::Text(values) => values.clear(),
            Values::Numbers(values) => values.clear(),
        }
        if let Some(levels) = &mut self.levels {
            levels.clear();
        }
    }
}
