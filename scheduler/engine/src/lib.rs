//! The actors around the core, the committer, the gRPC services
