//! What to ask a registry and what its answers mean. No I/O
