//! The decisions: lanes, fair share, leases, host budgets. Pure
