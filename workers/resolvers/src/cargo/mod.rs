//! The rules of cargo.
