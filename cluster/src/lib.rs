//! The channels between nodes and workers: TLS and mutual TLS
