//! The worker: fetch, pace, run, remember
