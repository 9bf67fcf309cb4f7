//! gleaner.v1: the wire messages and their conversions
