//! Python: project pages in JSON (PEP 691, 700, 792) and core metadata beside the wheels (PEP 658, 714).
//!
//! Format: <https://packaging.python.org/en/latest/specifications/simple-repository-api/> and
//! <https://packaging.python.org/en/latest/specifications/core-metadata/>.

mod extras;
mod filename;
mod headers;
mod metadata;
mod name;
pub(crate) mod order;
mod page;
mod parse;
pub(crate) mod plan;
mod releases;
mod requirement;
mod wheel;

pub(crate) use extras::Extras;
pub(crate) use parse::read;
