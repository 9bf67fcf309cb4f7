//! The ways in which a message can be wrong.

use std::fmt;

/// Why a message cannot be used. The field is named by its path, such as `jobs[3].purl`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    /// A field that must be there is not.
    #[error("`{field}` is missing")]
    Missing {
        /// The field's path.
        field: String,
    },
    /// A field has a value that it must not have.
    #[error("`{field}` is invalid: {reason}")]
    Invalid {
        /// The field's path.
        field: String,
        /// What is wrong with it, in words for people.
        reason: String,
    },
}

impl InvalidMessage {
    /// `field` must be there and is not.
    #[must_use]
    pub fn missing(field: impl Into<String>) -> Self {
        Self::Missing { field: field.into() }
    }

    /// `field` must not have the value that it has, for this `reason`.
    #[must_use]
    pub fn invalid(field: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self::Invalid { field: field.into(), reason: reason.to_string() }
    }

    /// The same, as seen from the message that holds the wrong one in its field `parent`.
    #[must_use]
    pub fn inside(self, parent: impl fmt::Display) -> Self {
        match self {
            Self::Missing { field } => Self::Missing { field: format!("{parent}.{field}") },
            Self::Invalid { field, reason } => Self::Invalid { field: format!("{parent}.{field}"), reason },
        }
    }

    /// The path of the field that is wrong.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::Missing { field } | Self::Invalid { field, .. } => field,
        }
    }
}

/// An enumeration's value is the zero that stands for none. Which field it stood in, its message knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no value was chosen")]
pub struct Unspecified;
