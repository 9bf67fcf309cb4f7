//! The rules of npm.
