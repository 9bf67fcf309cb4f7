//! How the program ends: one exit code a kind of ending, the same for every command.

use std::fmt;
use std::process::ExitCode;

use tonic::Code;

/// The documented endings. `docs/commands.md` and `gleaner help` list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything that was asked for is done.
    Done = 0,
    /// The answer is no: something is not there, or did not end well.
    No = 1,
    /// Wrong use: a flag, a purl, a setting.
    Usage = 2,
    /// It failed: a disk, a network, a scheduler that is away.
    Failed = 3,
    /// Credentials are missing or refused.
    Credentials = 4,
    /// Another process is in the way.
    InUse = 5,
    /// Stopped by a signal.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Failure {
    /// Wrong use.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string() }
    }

    /// It failed.
    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Failed, message: message.to_string() }
    }

    /// Another process is in the way.
    pub(crate) fn in_use(message: impl fmt::Display) -> Self {
        Self { exit: Exit::InUse, message: message.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error)
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        let exit = match status.code() {
            Code::NotFound => Exit::No,
            Code::InvalidArgument | Code::Unimplemented | Code::FailedPrecondition | Code::AlreadyExists => Exit::Usage,
            Code::Unauthenticated | Code::PermissionDenied => Exit::Credentials,
            _ => Exit::Failed,
        };
        Self { exit, message: status.message().to_owned() }
    }
}

impl From<gleaner_cluster::ChannelFailure> for Failure {
    fn from(failure: gleaner_cluster::ChannelFailure) -> Self {
        use gleaner_cluster::ChannelFailure;
        let exit = match failure {
            ChannelFailure::CertificateRequired { .. } | ChannelFailure::CertificateRefused { .. } => Exit::Credentials,
            _ => Exit::Failed,
        };
        Self { exit, message: format!("the scheduler cannot be reached: {failure}") }
    }
}

impl From<gleaner_store::StoreError> for Failure {
    fn from(error: gleaner_store::StoreError) -> Self {
        match error {
            gleaner_store::StoreError::InUse { .. } => Self::in_use(error),
            other => Self::failed(other),
        }
    }
}

impl From<gleaner_store::DocumentsError> for Failure {
    fn from(error: gleaner_store::DocumentsError) -> Self {
        Self::failed(error)
    }
}

impl From<gleaner_engine::EngineError> for Failure {
    fn from(error: gleaner_engine::EngineError) -> Self {
        match error {
            gleaner_engine::EngineError::Store(store) => store.into(),
            gleaner_engine::EngineError::Registry(wrong) => Self::usage(wrong),
            other => Self::failed(other),
        }
    }
}

impl From<gleaner_agent::AgentError> for Failure {
    fn from(error: gleaner_agent::AgentError) -> Self {
        match error {
            gleaner_agent::AgentError::InUse { .. } => Self::in_use(error),
            gleaner_agent::AgentError::Option { .. } => Self::usage(error),
            other => Self::failed(other),
        }
    }
}

impl From<gleaner_cluster::TlsError> for Failure {
    fn from(error: gleaner_cluster::TlsError) -> Self {
        Self::usage(error)
    }
}
