//! Four flat tables: roots and how each was answered, nodes, edges, and what was read on the way.
//!
//! A root's nodes are counted from zero, and edges name them by that number; an edge without a `from` begins at the root.
//! The tables are sorted as the answers came, so that a root's rows are together.

use std::path::{Path, PathBuf};

use gleaner_model::{Answer, Graph, ROOT, ResolutionRecord};
use parquet::errors::ParquetError;

use super::manifest::{Common, FileRow};
use super::table::{Cell, Table};
use super::{Counts, at, beside};
use crate::exit::Failure;
use crate::resolution::{outcome, reason};

const ROOTS: &str = "message roots {
    REQUIRED BYTE_ARRAY root (UTF8);
    REQUIRED BYTE_ARRAY ecosystem (UTF8);
    REQUIRED BYTE_ARRAY outcome (UTF8);
    OPTIONAL BYTE_ARRAY reason (UTF8);
    REQUIRED INT64 position;
    REQUIRED INT64 nodes;
    REQUIRED INT64 edges;
    REQUIRED INT64 elapsed_us;
}";

const NODES: &str = "message nodes {
    REQUIRED BYTE_ARRAY root (UTF8);
    REQUIRED INT64 node;
    REQUIRED BYTE_ARRAY name (UTF8);
    REQUIRED BYTE_ARRAY version (UTF8);
    OPTIONAL BYTE_ARRAY path (UTF8);
}";

const EDGES: &str = "message edges {
    REQUIRED BYTE_ARRAY root (UTF8);
    OPTIONAL INT64 from;
    OPTIONAL INT64 to;
    REQUIRED BYTE_ARRAY requirement (UTF8);
    REQUIRED BYTE_ARRAY kind (UTF8);
}";

const READS: &str = "message reads {
    REQUIRED BYTE_ARRAY root (UTF8);
    REQUIRED BYTE_ARRAY name (UTF8);
    REQUIRED BYTE_ARRAY requirement (UTF8);
}";

const FILES: [&str; 4] = ["roots.parquet", "nodes.parquet", "edges.parquet", "reads.parquet"];

/// The manifest's file.
const MANIFEST: &str = "manifest.json";

/// The tables, on their way into a directory.
pub(super) struct Parquet {
    folder: PathBuf,
    tables: [Table; 4],
    common: Common,
}

impl Parquet {
    /// Begins a directory. One that is there must be an export, which this one takes the place of, or be empty.
    pub(super) fn begin(folder: &Path) -> Result<Self, Failure> {
        let is_other = folder.exists() && !folder.join(MANIFEST).exists();
        if is_other && std::fs::read_dir(folder).map_err(at(folder))?.next().is_some() {
            let message = format!("{} holds other things: name a new directory, or an empty one", folder.display());
            return Err(Failure::usage(message));
        }
        let part = beside(folder);
        if part.exists() {
            std::fs::remove_dir_all(&part).map_err(at(&part))?;
        }
        std::fs::create_dir_all(&part).map_err(at(&part))?;
        let [roots, nodes, edges, reads] = FILES.map(|file| part.join(file));
        let make = |path: &Path, schema| Table::create(path, schema);
        let tables = [make(&roots, ROOTS)?, make(&nodes, NODES)?, make(&edges, EDGES)?, make(&reads, READS)?];
        Ok(Self { folder: folder.to_owned(), tables, common: Common::default() })
    }

    pub(super) fn put(&mut self, root: &str, record: &ResolutionRecord) -> Result<(), Failure> {
        self.common.note(record);
        Ok(self.rows(root, record)?)
    }

    fn rows(&mut self, root: &str, record: &ResolutionRecord) -> Result<(), ParquetError> {
        let (resolved, none) = (&record.resolved, Graph::default());
        let answer = &resolved.resolution.answer;
        let graph = if let Answer::Graph(graph) = answer { graph } else { &none };
        let [roots, nodes, edges, reads] = &mut self.tables;
        roots.row([
            Cell::Text(root),
            Cell::Text(resolved.ecosystem.as_str()),
            Cell::Text(outcome(answer)),
            Cell::MaybeText(reason(answer).as_deref()),
            Cell::Number(resolved.position),
            Cell::Number(graph.nodes.len() as u64),
            Cell::Number(graph.edges.len() as u64),
            Cell::Number(resolved.elapsed_us),
        ])?;
        for (at, node) in (0..).zip(&graph.nodes) {
            let path = Cell::MaybeText(node.path.as_deref());
            nodes.row([Cell::Text(root), Cell::Number(at), Cell::Text(&node.name), Cell::Text(&node.version), path])?;
        }
        for edge in &graph.edges {
            let [from, to] = [edge.from, edge.to].map(|at| Cell::MaybeNumber((at != ROOT).then_some(at.into())));
            let (requirement, kind) = (Cell::Text(&edge.requirement), Cell::Text(edge.kind.as_str()));
            edges.row([Cell::Text(root), from, to, requirement, kind])?;
        }
        for read in &resolved.resolution.read {
            reads.row([Cell::Text(root), Cell::Text(read.name.as_str()), Cell::Text(&read.requirement)])?;
        }
        Ok(())
    }

    /// Ends the files, writes the manifest, and puts the directory in its place.
    pub(super) fn end(self, counts: Counts, position: Option<u64>) -> Result<(), Failure> {
        let part = beside(&self.folder);
        let mut files = Vec::new();
        for (file, table) in FILES.into_iter().zip(self.tables) {
            files.push(FileRow::of(&part, file, table.end()?).map_err(at(&part))?);
        }
        let manifest = serde_json::to_string_pretty(&self.common.manifest(files, counts, position));
        let manifest = manifest.map_err(Failure::failed)? + "\n";
        std::fs::write(part.join(MANIFEST), manifest).map_err(at(&part))?;
        if self.folder.exists() {
            std::fs::remove_dir_all(&self.folder).map_err(at(&self.folder))?;
        }
        std::fs::rename(&part, &self.folder).map_err(at(&self.folder))
    }
}

impl From<ParquetError> for Failure {
    fn from(error: ParquetError) -> Self {
        Self::failed(format!("a Parquet file cannot be written: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use gleaner_model::Ecosystem;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;
    use crate::resolution::samples::{answered, npm_graph};

    fn rows(path: &Path) -> Vec<String> {
        let reader = SerializedFileReader::new(File::open(path).expect("it is there")).expect("a Parquet file");
        let rows = reader.get_row_iter(None).expect("rows");
        rows.map(|row| row.expect("a row").to_string()).collect()
    }

    #[test]
    fn what_is_written_can_be_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("export");
        let graph = npm_graph(
            &["node_modules/a a 1.0.0", "node_modules/b b 2.0.0"],
            &["root a ^1 normal", "a b ^2 peer", "b root * dev"],
        );
        let mut parquet = Parquet::begin(&path).expect("a new directory");
        parquet.put("pkg:npm/x", &answered(Ecosystem::Npm, Answer::Graph(graph))).expect("room");
        let refused = Answer::Unsatisfiable { reason: "a wants b".to_owned() };
        parquet.put("pkg:cargo/y", &answered(Ecosystem::Cargo, refused)).expect("room");
        assert!(!path.exists());
        let counts = Counts { roots: 2, graph: 1, unsatisfiable: 1, ..Counts::default() };
        parquet.end(counts, Some(12)).expect("room");
        let [roots, nodes, edges, reads] = FILES.map(|file| rows(&path.join(file)));
        assert_eq!(
            roots,
            [
                r#"{root: "pkg:npm/x", ecosystem: "npm", outcome: "graph", reason: null, position: 12, nodes: 2, edges: 3, elapsed_us: 417}"#,
                r#"{root: "pkg:cargo/y", ecosystem: "cargo", outcome: "unsatisfiable", reason: "a wants b", position: 12, nodes: 0, edges: 0, elapsed_us: 417}"#,
            ]
        );
        assert_eq!(
            nodes,
            [
                r#"{root: "pkg:npm/x", node: 0, name: "a", version: "1.0.0", path: "node_modules/a"}"#,
                r#"{root: "pkg:npm/x", node: 1, name: "b", version: "2.0.0", path: "node_modules/b"}"#,
            ]
        );
        assert_eq!(
            edges,
            [
                r#"{root: "pkg:npm/x", from: null, to: 0, requirement: "^1", kind: "normal"}"#,
                r#"{root: "pkg:npm/x", from: 0, to: 1, requirement: "^2", kind: "peer"}"#,
                r#"{root: "pkg:npm/x", from: 1, to: null, requirement: "*", kind: "dev"}"#,
            ]
        );
        assert_eq!(reads.len(), 2);
        let manifest = std::fs::read_to_string(path.join(MANIFEST)).expect("it is there");
        let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
        assert_eq!((&manifest["position"], &manifest["counts"]["roots"]), (&12.into(), &2.into()));
        assert_eq!(
            (&manifest["files"][2]["file"], &manifest["files"][2]["rows"]),
            (&"edges.parquet".into(), &3.into())
        );
        assert_eq!(manifest["environments"]["npm"]["rustc"], "1.95.0");
    }

    #[test]
    fn only_an_export_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("export");
        for _ in 0..2 {
            Parquet::begin(&path).expect("it may be replaced").end(Counts::default(), None).expect("room");
        }
        std::fs::create_dir(folder.path().join("empty")).expect("room");
        assert!(Parquet::begin(&folder.path().join("empty")).is_ok());
        std::fs::write(folder.path().join("mine"), "").expect("room");
        let refused = Parquet::begin(folder.path()).err().expect("it holds something else");
        assert!(refused.message.contains("holds other things"), "{refused}");
    }
}
