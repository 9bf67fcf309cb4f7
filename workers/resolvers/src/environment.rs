//! What can be wrong with an environment.

/// The environment cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEnvironment {
    /// No such key in this ecosystem.
    #[error("`{key}` is no environment key of {ecosystem}: use {known}")]
    UnknownKey {
        /// What was given.
        key: String,
        /// Whose environment it is.
        ecosystem: &'static str,
        /// The keys that there are, with commas.
        known: &'static str,
    },
    /// The value is none that this key can have.
    #[error("`{value}` is no value of the environment key `{key}`: {expected}")]
    Value {
        /// The key.
        key: String,
        /// What was given.
        value: String,
        /// What would do.
        expected: &'static str,
    },
}
