//! The HTTP door: health, readiness and metrics for operators
